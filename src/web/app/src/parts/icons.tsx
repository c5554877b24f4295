// SPDX-License-Identifier: LGPL-2.1-or-later
import type { ReactNode } from "react";

const PATHS = {
  catalog: <path d="M3 3h5v5H3zM12 3h5v5h-5zM3 12h5v5H3zM12 12h5v5h-5z" />,
  installed: <path d="M10 2.5 17 6v8l-7 3.5L3 14V6zM3.2 6.1 10 9.5l6.8-3.4M10 9.5v8" />,
  running: <path d="M6 3.8 16 10 6 16.2z" />,
  models: <path d="M10 2.8 17 6.3 10 9.8 3 6.3zM3 10l7 3.5 7-3.5M3 13.7l7 3.5 7-3.5" />,
  jobs: <path d="M2.5 10h3l2.2-6 4.2 12 2.2-6h3.4" />,
  machine: <path d="M6 6h8v8H6zM8 3v3M12 3v3M8 14v3M12 14v3M3 8h3M3 12h3M14 8h3M14 12h3" />,
  sun: (
    <path d="M10 6.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7M10 1.8v1.7M10 16.5v1.7M1.8 10h1.7M16.5 10h1.7M4.2 4.2l1.2 1.2M14.6 14.6l1.2 1.2M15.8 4.2l-1.2 1.2M5.4 14.6l-1.2 1.2" />
  ),
  moon: <path d="M16.5 12.2A7 7 0 1 1 7.8 3.5a5.6 5.6 0 0 0 8.7 8.7z" />,
  check: <path d="m4 10.5 4 4 8-9" />,
  cross: <path d="m5 5 10 10M15 5 5 15" />,
  dash: <path d="M5 10h10" />,
  open: <path d="M11.5 3.5h5v5M16.2 3.8 9.5 10.5M8 4.5H3.5v12h12V12" />,
  copy: <path d="M7.5 7.5h9v9h-9zM12.5 7.5v-4h-9v9h4" />,
  download: <path d="M10 3v10M6 9.5l4 4 4-4M3.5 17h13" />,
  search: <path d="M8.7 3.2a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11M13 13l4 4" />,
  up: <path d="m5 12.5 5-5 5 5" />,
  down: <path d="m5 7.5 5 5 5-5" />,
  right: <path d="m7.5 5 5 5-5 5" />,
  left: <path d="m12.5 5-5 5 5 5" />,
  pause: <path d="M7 4.5v11M13 4.5v11" />,
  follow: <path d="M10 3v9M6 8.5l4 4 4-4M4 17h12" />,
  warning: <path d="M10 3 18 16.5H2zM10 8v4M10 14.2v.1" />,
  info: <path d="M10 2.8a7.2 7.2 0 1 1 0 14.4 7.2 7.2 0 0 1 0-14.4M10 9v5M10 6.2v.1" />,
  recipe: <path d="M5 2.8h7l3.5 3.5v11H5zM12 2.8v3.5h3.5M7.5 10h5.5M7.5 13h5.5" />,
  key: <path d="M12.8 3.2a4 4 0 1 1 0 8 4 4 0 0 1 0-8M10 10l-6.6 6.6M5.4 14.6l2 2M8 12l1.6 1.6" />,
  plug: <path d="M7.5 2.8v4M12.5 2.8v4M5 6.8h10v3a5 5 0 0 1-10 0zM10 14.8v3" />,
  clock: <path d="M10 2.8a7.2 7.2 0 1 1 0 14.4 7.2 7.2 0 0 1 0-14.4M10 6v4.3l2.8 1.7" />,
  globe: (
    <path d="M10 2.8a7.2 7.2 0 1 1 0 14.4 7.2 7.2 0 0 1 0-14.4M2.8 10h14.4M10 2.8c-4.6 4-4.6 10.4 0 14.4M10 2.8c4.6 4 4.6 10.4 0 14.4" />
  ),
  again: <path d="M16.5 10A6.5 6.5 0 1 1 14 4.9M14.5 2v3.4h-3.4" />,
  build: <path d="m3.2 14.8 6.5-6.5 2 2-6.5 6.5zM8.8 5.2 12 2.8l5 5-2.6 3z" />,
  flask: <path d="M8 2.8v5L3.8 16.5h12.4L12 7.8v-5M6.8 2.8h6.4M6 12.5h8" />,
  bin: <path d="M3.5 5.5h13M8 5.5V3h4v2.5M5 5.5l.8 11.7h8.4L15 5.5M8.4 8.5v5.6M11.6 8.5v5.6" />,
  stop: <path d="M6.8 2.8h6.4l4 4v6.4l-4 4H6.8l-4-4V6.8zM7 10h6" />,
  empty: <path d="M3.5 8 10 4.5 16.5 8v6L10 17.5 3.5 14z" />,
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof PATHS;

/** A drawing beside words, which say the same. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      {PATHS[name]}
    </svg>
  );
}

export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path className="logo-cell" d="M16 2 28 9v14l-12 7L4 23V9z" />
      <path className="logo-line" d="M16 9.2 21.9 12.6v6.8L16 22.8l-5.9-3.4v-6.8z" />
    </svg>
  );
}
