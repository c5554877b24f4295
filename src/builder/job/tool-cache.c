/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tool-cache.h"

#include <sys/stat.h>

#include "cache.h"

#define INSIDE "/tmp/worker-tools"

/* What tells one set of tools from another: which files they are. */
static char *
tool_cache_toolchain (const Configuration *configuration)
{
  static const char *const tools[] = { "ccache", "gcc", "clang", "sccache", "rustc",
                                       "cargo",  "go",  "node",  "npm",     "python3" };
  g_autofree char *path = toolchains_search_path (configuration->toolchains, SANDBOX_SYSTEM_PATH);
  g_auto (GStrv) folders = g_strsplit (path, ":", -1);
  GString *toolchain = g_string_new (NULL);

  for (size_t i = 0; i < G_N_ELEMENTS (tools); i++)
    for (char **folder = folders; *folder; folder++)
      {
        g_autofree char *file = g_build_filename (*folder, tools[i], NULL);
        struct stat st;

        if (stat (file, &st) < 0)
          continue;
        g_string_append_printf (toolchain, "%s %lld %lld\n", file, (long long)st.st_size, (long long)st.st_mtime);
        break;
      }
  return g_string_free (toolchain, FALSE);
}

bool
tool_cache_take (Builder *builder, GError **error)
{
  g_autofree char *toolchain = tool_cache_toolchain (builder->configuration);
  bool found;

  builder->tool_cache = cache_key (builder->request->worker_id,
                                   builder->request->files ? "recipe" : builder->catalog->own->url, toolchain, NULL);
  if (!cache_take (builder, CACHE_TOOLS, builder->tool_cache, &found, error))
    return false;
  if (found)
    log_writer_note (builder->log, builder->phase, "✓ Tools find what they kept of an earlier build");
  return true;
}

void
tool_cache_add (const Builder *builder, Sandbox *sandbox)
{
  static const struct
  {
    const char *name, *value;
  } variables[] = {
    { "CARGO_HOME", INSIDE "/cargo" },  { "GOMODCACHE", INSIDE "/go-mod" },
    { "GOCACHE", INSIDE "/go-build" },  { "npm_config_cache", INSIDE "/npm" },
    { "PIP_CACHE_DIR", INSIDE "/pip" }, { "CCACHE_DIR", INSIDE "/ccache" },
    { "CCACHE_MAXSIZE", "2G" },         { "SCCACHE_DIR", INSIDE "/sccache" },
    { "SCCACHE_CACHE_SIZE", "2G" },
  };
  g_autofree char *path = NULL;

  if (!builder->tool_cache)
    return;
  path = cache_path (builder, CACHE_TOOLS, builder->tool_cache);
  sandbox_bind (sandbox, path, INSIDE);
  for (size_t i = 0; i < G_N_ELEMENTS (variables); i++)
    sandbox_setenv (sandbox, variables[i].name, variables[i].value);
}
