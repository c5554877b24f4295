// SPDX-License-Identifier: LGPL-2.1-or-later
import { CSPProvider } from "@base-ui/react/csp-provider";
import { lazy, Suspense } from "react";
import { Route, Switch } from "wouter";

import { useJobs } from "@rbee/hive-react";

import { _ } from "./i18n.ts";
import { Boundary } from "./parts/boundary.tsx";
import { Connection } from "./parts/connection.tsx";
import { Header } from "./parts/header.tsx";
import { PageState } from "./parts/notice.tsx";
import { useBeginning } from "./parts/view.ts";
import { Catalog } from "./views/catalog.tsx";
import { HiveDown } from "./views/hive-down.tsx";

// What is not on the first view comes when it is looked at.
const Installed = lazy(() => import("./views/installed.tsx"));
const JobPage = lazy(() => import("./views/job.tsx"));
const Jobs = lazy(() => import("./views/jobs.tsx"));
const Machine = lazy(() => import("./views/machine.tsx"));
const Models = lazy(() => import("./views/models.tsx"));
const Running = lazy(() => import("./views/running.tsx"));

function Views() {
  const { jobs, reachable } = useJobs();

  useBeginning();
  if (!jobs && !reachable) return <HiveDown />;
  return (
    <Suspense>
      <Switch>
        <Route path="/">
          <Catalog />
        </Route>
        <Route path="/catalog/:id/recipe">{({ id }) => <Catalog recipe={id} />}</Route>
        <Route path="/installed">
          <Installed />
        </Route>
        <Route path="/running">
          <Running />
        </Route>
        <Route path="/models">
          <Models />
        </Route>
        <Route path="/jobs">
          <Jobs />
        </Route>
        <Route path="/jobs/:id">{({ id }) => <JobPage key={id} id={id} />}</Route>
        <Route path="/machine">
          <Machine />
        </Route>
        <Route>
          <PageState icon="empty" title={_("There is no such page")} />
        </Route>
      </Switch>
    </Suspense>
  );
}

export function App() {
  return (
    <CSPProvider disableStyleElements>
      <a className="skip" href="#main">
        {_("Skip to the content")}
      </a>
      <Header />
      <Connection />
      <main className="main" id="main" tabIndex={-1}>
        <Boundary>
          <Views />
        </Boundary>
      </main>
    </CSPProvider>
  );
}
