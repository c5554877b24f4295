/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "origin-check.h"

#include <string.h>

struct OriginCheck
{
  const Configuration *configuration;
  GHashTable *hosts; /* names, without ports */
  char *expected;    /* the same, for people */
};

/* "[::1]:7835" → "[::1]" */
static char *
host_name (const char *host)
{
  const char *colon = strrchr (host, ':');
  const char *bracket = strrchr (host, ']');
  size_t length = colon && (!bracket || colon > bracket) ? (size_t)(colon - host) : strlen (host);

  return g_ascii_strdown (host, (gssize)length);
}

static void
origin_check_add_host (OriginCheck *check, char *host)
{
  g_hash_table_add (check->hosts, host);
}

OriginCheck *
origin_check_new (const Configuration *configuration, const Listener *listener)
{
  OriginCheck *check = g_new0 (OriginCheck, 1);
  g_autofree char **names = NULL;

  check->configuration = configuration;
  check->hosts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  origin_check_add_host (check, g_strdup ("localhost"));
  for (guint i = 0; i < listener->hosts->len; i++)
    origin_check_add_host (check, g_strdup (listener->hosts->pdata[i]));
  for (char **host = configuration->allowed_hosts; *host; host++)
    origin_check_add_host (check, g_strdup (*host));
  if (configuration->public_origin)
    origin_check_add_host (check, host_name (strstr (configuration->public_origin, "://") + 3));
  names = (char **)g_hash_table_get_keys_as_array (check->hosts, NULL);
  check->expected = g_strjoinv (", ", names);
  return check;
}

void
origin_check_free (OriginCheck *check)
{
  if (!check)
    return;
  g_hash_table_unref (check->hosts);
  g_free (check->expected);
  g_free (check);
}

static Problem *
origin_check_host (const OriginCheck *check, const Head *head)
{
  g_autofree char *name = host_name (head->values[HEADER_HOST]);

  if (g_hash_table_contains (check->hosts, name))
    return NULL;
  return problem_new (
      HTTP_MISDIRECTED_REQUEST, PROBLEM_DENIED, "AllowedHosts",
      "The request is for %s; this is %s. If it is meant for this machine, name it in AllowedHosts= (or "
      "PublicOrigin=, behind a proxy) in [Bridge]",
      head->values[HEADER_HOST], check->expected);
}

/* The page that we serve: under the name by which it was asked for, or that of the proxy in front. */
static bool
origin_check_is_own (const OriginCheck *check, const Head *head, const char *origin)
{
  g_autofree char *own = g_strconcat ("http://", head->values[HEADER_HOST], NULL);
  const char *public = check->configuration->public_origin;

  return g_ascii_strcasecmp (origin, own) == 0 || (public && g_ascii_strcasecmp (origin, public) == 0);
}

static bool
origin_check_is_allowed (const OriginCheck *check, const char *origin)
{
  for (char **allowed = check->configuration->allowed_origins; *allowed; allowed++)
    if (g_ascii_strcasecmp (origin, *allowed) == 0)
      return true;
  return false;
}

/* A link to the page, on any other page: nothing but opening it. */
static bool
head_is_navigation (const Head *head)
{
  return head->method == METHOD_GET && g_strcmp0 (head->values[HEADER_SEC_FETCH_MODE], "navigate") == 0 &&
         g_strcmp0 (head->values[HEADER_SEC_FETCH_DEST], "document") == 0 && !g_str_has_prefix (head->path, "/v1/");
}

static Problem *
origin_check_site (const OriginCheck *check, const Head *head)
{
  const char *site = head->values[HEADER_SEC_FETCH_SITE];

  if (!site || g_str_equal (site, "same-origin") || g_str_equal (site, "none") || head_is_navigation (head))
    return NULL;
  return problem_new (HTTP_FORBIDDEN, PROBLEM_DENIED, "AllowedOrigins",
                      "The request comes from another site (Sec-Fetch-Site: %s), without an Origin that may ask. "
                      "AllowedOrigins= in [Bridge] lists those that may",
                      site);
}

Problem *
origin_check_request (const OriginCheck *check, Request *request)
{
  const Head *head = request->head;
  const char *origin = head->values[HEADER_ORIGIN];
  Problem *problem;

  /* No browser is at the other end of a Unix socket. */
  if (request->peer->is_unix)
    return NULL;
  problem = origin_check_host (check, head);
  if (problem)
    return problem;
  if (!origin)
    return origin_check_site (check, head);
  if (origin_check_is_own (check, head, origin))
    return NULL;
  if (origin_check_is_allowed (check, origin))
    {
      request->cross_origin = g_strdup (origin);
      return NULL;
    }
  return problem_new (
      HTTP_FORBIDDEN, PROBLEM_DENIED, "AllowedOrigins",
      "The request comes from the page %s; expected was http://%s%s%s. Other pages that may ask are named "
      "in AllowedOrigins=, and a proxy in front in PublicOrigin= in [Bridge]",
      origin, head->values[HEADER_HOST], check->configuration->public_origin ? " or " : "",
      check->configuration->public_origin ? check->configuration->public_origin : "");
}
