/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store-send.h"

#include "scripts.h"
#include "store-access.h"

#define INSIDE_BUILD "/tmp/build"
#define NAME_TIMEOUT 10 /* s: for the registry's name */

static const Store *
find_store (const Configuration *configuration, const char *url)
{
  for (guint i = 0; i < configuration->stores->len; i++)
    if (g_str_equal (((Store *)configuration->stores->pdata[i])->url, url))
      return configuration->stores->pdata[i];
  return NULL;
}

bool
store_send_run (const Builder *builder, GError **error)
{
  const JobRequest *request = builder->request;
  const Store *store = find_store (builder->configuration, request->push_url);
  int64_t deadline = g_get_monotonic_time () + NAME_TIMEOUT * G_USEC_PER_SEC;
  g_autofree char *program = scripts_path ("rbee-hive-store");
  const char *url;
  g_autoptr (Output) progress = output_new (builder->log, builder->phase, LOG_STREAM_PROGRESS);
  g_autoptr (Sandbox) sandbox = store ? store_access_new (builder, store, deadline, &url, error) : NULL;
  const char *const command[] = { program, "put", INSIDE_BUILD, request->push_url, request->push_key, NULL };

  if (!store)
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED, "hive.conf has no store %s any more", request->push_url);
  if (!sandbox)
    return false;
  sandbox_bind_read_only (sandbox, request->work, INSIDE_BUILD);
  sandbox_set_output (sandbox, NULL, progress);
  log_writer_note (builder->log, builder->phase, "📤 Sending to %s...", store->name);
  if (!store_access_run (sandbox, command, builder->configuration->download_timeout, error))
    return false;
  log_writer_note (builder->log, builder->phase, "✓ Pushed to %s (key %.12s…)", request->push_url, request->push_key);
  return true;
}
