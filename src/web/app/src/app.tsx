// SPDX-License-Identifier: LGPL-2.1-or-later
import { CSPProvider } from "@base-ui/react/csp-provider";
import { Link, Route, Switch } from "wouter";

import { _ } from "./i18n.ts";
import { Catalog } from "./views/catalog.tsx";
import { Installed } from "./views/installed.tsx";
import { Job } from "./views/job.tsx";
import { Jobs } from "./views/jobs.tsx";
import { Machine } from "./views/machine.tsx";

export function App() {
  return (
    <CSPProvider disableStyleElements>
      <nav>
        <Link href="/">{_("Catalog")}</Link> <Link href="/installed">{_("Installed")}</Link> <Link href="/jobs">{_("Jobs")}</Link>{" "}
        <Link href="/machine">{_("Machine")}</Link>
      </nav>
      <main>
        <Switch>
          <Route path="/" component={Catalog} />
          <Route path="/installed" component={Installed} />
          <Route path="/jobs" component={Jobs} />
          <Route path="/jobs/:id">{({ id }) => <Job id={id} />}</Route>
          <Route path="/machine" component={Machine} />
        </Switch>
      </main>
    </CSPProvider>
  );
}
