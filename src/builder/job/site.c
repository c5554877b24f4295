/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "site.h"

#include "fetch.h"
#include "mirror.h"

#define CARGO_CONFIG "/tmp/worker-install/.cargo/config.toml" /* cargo looks above what it builds */

/* What tools ask when nobody tells them otherwise, and the variables by which they are told. */
static const struct
{
  const char *tool, *registry;
  const char *variables[2];
} registries[] = {
  { "cargo", "https://index.crates.io/", { NULL } },
  { "npm", "https://registry.npmjs.org/", { "npm_config_registry" } },
  { "pip", "https://pypi.org/simple/", { "PIP_INDEX_URL", "UV_DEFAULT_INDEX" } },
  { "go", "https://proxy.golang.org/", { "GOPROXY" } },
};

/* cargo has no variables for it. */
static bool
site_set_cargo (Sandbox *sandbox, const char *url, GError **error)
{
  g_autofree char *text = g_strdup_printf ("[source.crates-io]\nreplace-with = \"site\"\n\n"
                                           "[source.site]\nregistry = \"sparse+%s\"\n",
                                           url);

  return sandbox_bind_text (sandbox, text, CARGO_CONFIG, error);
}

/* git rewrites by the longest prefix, too. */
static void
site_set_git (Sandbox *sandbox, GPtrArray *mirrors)
{
  g_autofree char *count = g_strdup_printf ("%u", mirrors->len);

  for (guint i = 0; i < mirrors->len; i++)
    {
      const Mirror *mirror = mirrors->pdata[i];
      g_autofree char *key = g_strdup_printf ("GIT_CONFIG_KEY_%u", i);
      g_autofree char *value = g_strdup_printf ("GIT_CONFIG_VALUE_%u", i);
      g_autofree char *setting = g_strdup_printf ("url.%s.insteadOf", mirror->url);

      sandbox_setenv (sandbox, key, setting);
      sandbox_setenv (sandbox, value, mirror->prefix);
    }
  sandbox_setenv (sandbox, "GIT_CONFIG_COUNT", count);
  sandbox_setenv (sandbox, "CARGO_NET_GIT_FETCH_WITH_CLI", "true");
}

bool
site_add (const Builder *builder, Sandbox *sandbox, GError **error)
{
  GPtrArray *mirrors = builder->configuration->mirrors;

  if (mirrors->len == 0)
    return true;
  site_set_git (sandbox, mirrors);
  for (size_t i = 0; i < G_N_ELEMENTS (registries); i++)
    {
      g_autofree char *url = mirrors_rewrite (mirrors, registries[i].registry);

      for (size_t j = 0; url && j < G_N_ELEMENTS (registries[i].variables) && registries[i].variables[j]; j++)
        sandbox_setenv (sandbox, registries[i].variables[j], url);
      if (url && !registries[i].variables[0] && !site_set_cargo (sandbox, url, error))
        return false;
    }
  return true;
}

void
site_tell (const Builder *builder)
{
  for (size_t i = 0; i < G_N_ELEMENTS (registries); i++)
    {
      g_autofree char *url = mirrors_rewrite (builder->configuration->mirrors, registries[i].registry);
      g_autofree char *shown = url ? fetch_redact (url) : NULL;

      if (shown)
        log_writer_note (builder->log, builder->phase, "⇄ %s: %s instead of %s ([Mirror] in hive.conf)",
                         registries[i].tool, shown, registries[i].registry);
    }
}
