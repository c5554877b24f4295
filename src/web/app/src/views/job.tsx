// SPDX-License-Identifier: LGPL-2.1-or-later
import { useJob } from "@rbee/hive-react";

export function Job({ id }: { id: string }) {
  const { log, length, state, error } = useJob(id);

  return (
    <>
      <h1>{id}</h1>
      <p role="status">{state}</p>
      {error && <p role="alert">{error.message}</p>}
      <pre>{log.slice(length - 100, length).join("\n")}</pre>
    </>
  );
}
