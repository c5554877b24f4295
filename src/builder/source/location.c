/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "location.h"

#include <stdlib.h>
#include <string.h>

#include "catalog.h"
#include "fetch.h"

#define ANSWER_MAX (64 * 1024 * 1024)

void
location_clear (Location *location)
{
  g_clear_pointer (&location->url, g_free);
  g_clear_pointer (&location->host, g_free);
  g_clear_pointer (&location->address, g_free);
  g_clear_pointer (&location->folder, g_free);
}

/* A checkout that somebody else wrote is shown nothing of the caller's but itself. */
static bool
location_check_own (const Builder *builder, const Source *source, const char *folder, GError **error)
{
  g_autofree char *own = builder->own_folder ? realpath (builder->own_folder, NULL) : NULL;
  g_autofree char *real = own ? realpath (folder, NULL) : NULL;
  size_t length = own ? strlen (own) : 0;

  if (!builder->own_folder || (real && strncmp (real, own, length) == 0 && strchr ("/", real[length])))
    return true;
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
               "The source %s lies outside of the recipe's folder %s: if the recipe may have it, say --local-sources",
               source->url, builder->own_folder);
  return false;
}

static bool
location_find_folder (Builder *builder, const Source *source, Location *location, GError **error)
{
  if (!catalog_configuration_is_local (builder->catalog->own))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID,
                   "The source %s is a repository on this machine, which only a catalog on this machine may name",
                   source->url);
      return false;
    }
  location->folder = g_filename_from_uri (source->url, NULL, NULL);
  location->url = g_strdup ("file://" LOCATION_INSIDE);
  if (location->folder && g_file_test (location->folder, G_FILE_TEST_IS_DIR))
    return location_check_own (builder, source, location->folder, error);
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE,
               "There is no repository at %s that the job's user can read", source->url);
  return false;
}

/* The URL that a probe ended at, without the probe. */
static bool
location_set_url (Location *location, const char *probed, const char *probe, const char *why, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (probed, G_URI_FLAGS_PARSE_RELAXED | G_URI_FLAGS_ENCODED, NULL);

  if (!uri || !g_uri_get_host (uri) || !g_str_has_suffix (probed, probe))
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_SOURCE_UNAVAILABLE,
                   "%s redirects to %s, which is not a repository: name that one's own URL in the recipe", why, probed);
      return false;
    }
  location->url = g_strndup (probed, strlen (probed) - strlen (probe));
  location->host = g_hostname_to_ascii (g_uri_get_host (uri)); /* as it is looked up */
  return true;
}

bool
location_find (Builder *builder, const Source *source, const char *probe, Location *ret_location, GError **error)
{
  const char *address = source_address (source);
  bool http = g_str_has_prefix (address, "http");
  const char *separator = !http || !*probe || g_str_has_suffix (address, "/") ? "" : "/";
  g_autofree char *url = g_strconcat (address, separator, http ? probe : "", NULL);
  g_autofree char *shown = fetch_redact (address);
  g_autofree char *probed = NULL;
  g_autofree char *why = NULL;
  const Fetch fetch = { .configuration = builder->configuration,
                        .url = url,
                        .max_size = ANSWER_MAX,
                        .timeout = MIN (builder->configuration->download_timeout, 120),
                        .catalog = builder->catalog->own,
                        .log = builder->log,
                        .phase = "sources" };
  FetchResult result;

  if (source_is_local_repository (source) && !source->mirror)
    return location_find_folder (builder, source, ret_location, error);
  if (source->mirror || catalog_configuration_is_own (builder->catalog->own))
    {
      ret_location->url = g_strdup (address);
      return true;
    }

  result = fetch_locate (&fetch, &probed, &ret_location->address, &why);
  if (result != FETCH_OK)
    return fetch_set_source_error (result, why, builder->request->work, error);
  return location_set_url (ret_location, probed, http ? probe : "", shown, error);
}

void
location_allow (const Location *location, const Builder *builder, Sandbox *sandbox)
{
  if (location->folder)
    {
      sandbox_bind_read_only (sandbox, location->folder, LOCATION_INSIDE);
      return;
    }
  fetch_allow_network (sandbox, builder->configuration, builder->catalog->own);
  if (location->host && *location->address)
    sandbox_pin_host (sandbox, location->host, location->address);
}
