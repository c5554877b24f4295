// SPDX-License-Identifier: LGPL-2.1-or-later
import { Link, useLocation } from "wouter";

import { useJobs } from "@rbee/hive-react";

import { _, chooseLanguage, currentLanguage, format, languages, ngettext } from "../i18n.ts";
import { Icon, Logo, type IconName } from "./icons.tsx";
import { isActive } from "./job-words.tsx";
import { setTheme, useTheme } from "./theme.ts";

function Tab({ to, icon, children, count }: { to: string; icon: IconName; children: string; count?: number }) {
  const [path] = useLocation();
  const here = to === "/" ? path === "/" || path.startsWith("/catalog/") : path.startsWith(to);

  return (
    <Link href={to} aria-current={here ? "page" : undefined}>
      <Icon name={icon} />
      {children}
      {count ? (
        <span className="count" aria-label={format(ngettext("{count} under way", "{count} under way", count), { count })}>
          {count}
        </span>
      ) : null}
    </Link>
  );
}

function Tabs() {
  const { jobs } = useJobs();

  return (
    <nav className="tabs" aria-label={_("Views")}>
      <Tab to="/" icon="catalog">
        {_("Catalog")}
      </Tab>
      <Tab to="/installed" icon="installed">
        {_("Installed")}
      </Tab>
      <Tab to="/running" icon="running">
        {_("Running")}
      </Tab>
      <Tab to="/models" icon="models">
        {_("Models")}
      </Tab>
      <Tab to="/jobs" icon="jobs" count={jobs?.filter(({ state }) => isActive(state)).length ?? 0}>
        {_("Jobs")}
      </Tab>
      <Tab to="/machine" icon="machine">
        {_("Machine")}
      </Tab>
    </nav>
  );
}

function ThemeSwitch() {
  const theme = useTheme();
  const other = theme === "dark" ? "light" : "dark";
  const label = other === "dark" ? _("Dark colours") : _("Light colours");

  return (
    <button type="button" className="button square quiet" onClick={() => setTheme(other)} aria-label={label} title={label}>
      <Icon name={other === "dark" ? "moon" : "sun"} />
    </button>
  );
}

/** Each language under its own name. */
function languageName(code: string): string {
  const name = new Intl.DisplayNames(code, { type: "language" }).of(code) ?? code;
  return name.charAt(0).toLocaleUpperCase(code) + name.slice(1);
}

function LanguageChoice() {
  return (
    <select
      className="choice"
      aria-label={_("Language")}
      value={currentLanguage()}
      onChange={(event) => chooseLanguage(event.target.value)}
    >
      {languages.map((code) => (
        <option key={code} value={code} lang={code}>
          {languageName(code)}
        </option>
      ))}
    </select>
  );
}

export function Tools() {
  return (
    <div className="tools">
      <LanguageChoice />
      <ThemeSwitch />
    </div>
  );
}

export function Header() {
  return (
    <header className="header">
      <div className="header-row">
        <Link className="brand" href="/">
          <Logo />
          rbee-hive
        </Link>
        <Tabs />
        <Tools />
      </div>
    </header>
  );
}
