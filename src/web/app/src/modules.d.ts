// SPDX-License-Identifier: LGPL-2.1-or-later
/// <reference types="vite/client" />

declare module "virtual:translations" {
  interface Translation {
    plural: (n: number) => number;
    messages: Record<string, string | string[]>;
    /** The hive's, which are filled by printf. */
    sentences: [id: string, text: string][];
  }
  const translations: Record<string, () => Promise<Translation>>;
  export default translations;
}
