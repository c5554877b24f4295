/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "access.h"

#include <netdb.h>
#include <string.h>

#include "address.h"
#include "fetch.h"
#include "mirror.h"

static struct addrinfo *
resolve (const char *host, int flags)
{
  const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags };
  struct addrinfo *found = NULL;

  return getaddrinfo (host, NULL, &hints, &found) == 0 ? found : NULL;
}

void
access_allow_catalog (Sandbox *sandbox, const CatalogConfiguration *catalog)
{
  g_autoptr (GUri) uri = g_uri_parse (catalog->url, G_URI_FLAGS_NONE, NULL);
  struct addrinfo *found = uri && g_uri_get_host (uri) ? resolve (g_uri_get_host (uri), AI_NUMERICHOST) : NULL;
  g_autofree char *text = found ? address_to_string (found->ai_addr) : NULL;

  for (char **allowed = catalog->network_allow; *allowed; allowed++)
    sandbox_allow_address (sandbox, *allowed);
  if (!found)
    return;
  if (address_kind (found->ai_addr) == ADDRESS_PRIVATE)
    sandbox_allow_address (sandbox, ADDRESS_ALL_PRIVATE);
  sandbox_allow_address (sandbox, text);
  freeaddrinfo (found);
}

/* The server of @uri, whose addresses are @found, on @port where that names none. */
static void
allow_addresses (Sandbox *sandbox, GUri *uri, const struct addrinfo *found, int port)
{
  g_autofree char *loopback = g_strdup_printf ("127.0.0.1:%d", g_uri_get_port (uri) < 0 ? port : g_uri_get_port (uri));

  for (const struct addrinfo *each = found; each; each = each->ai_next)
    {
      g_autofree char *address = address_to_string (each->ai_addr);

      sandbox_allow_address (sandbox, address_is_loopback (each->ai_addr) ? loopback : address);
    }
}

static void
allow_server (Sandbox *sandbox, const char *url, int port)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_PARSE_RELAXED, NULL);
  struct addrinfo *found = uri && g_uri_get_host (uri) ? resolve (g_uri_get_host (uri), 0) : NULL;

  if (!found)
    return;
  allow_addresses (sandbox, uri, found, port);
  freeaddrinfo (found);
}

void
access_allow_proxy (Sandbox *sandbox, const char *url)
{
  g_autofree char *whole = strstr (url, "://") ? g_strdup (url) : g_strconcat ("http://", url, NULL);

  allow_server (sandbox, whole, 1080); /* as libcurl has it */
}

void
access_allow_mirrors (Sandbox *sandbox, const Configuration *configuration)
{
  for (guint i = 0; i < configuration->mirrors->len; i++)
    {
      const Mirror *mirror = configuration->mirrors->pdata[i];

      allow_server (sandbox, mirror->url, g_str_has_prefix (mirror->url, "https:") ? 443 : 80);
    }
}

/* getaddrinfo(3) until @deadline. False when nobody has said anything by then; what waits for an answer is glibc's. */
static bool
resolve_until (const char *host, int64_t deadline, struct addrinfo **ret)
{
  int64_t left = MAX (deadline - g_get_monotonic_time (), 0);
  const struct timespec time = { .tv_sec = left / G_USEC_PER_SEC, .tv_nsec = left % G_USEC_PER_SEC * 1000 };
  struct gaicb *request = g_new0 (struct gaicb, 1);
  int result;

  request->ar_name = g_strdup (host);
  *ret = NULL;
  if (getaddrinfo_a (GAI_NOWAIT, &request, 1, NULL) == 0)
    gai_suspend ((const struct gaicb *const *)&request, 1, &time);
  result = gai_error (request);
  if (result == EAI_INPROGRESS && gai_cancel (request) != EAI_CANCELED)
    return false;
  *ret = result == 0 ? request->ar_result : NULL;
  g_free ((char *)request->ar_name);
  g_free (request);
  return result != EAI_INPROGRESS;
}

bool
access_allow_store (Sandbox *sandbox, const char *url, int64_t deadline)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  struct addrinfo *found;

  if (store_is_local (url))
    {
      sandbox_share_network (sandbox);
      return true;
    }
  if (!resolve_until (g_uri_get_host (uri), deadline, &found))
    return false;
  sandbox_allow_network (sandbox);
  fetch_allow_proxies (sandbox);
  if (!found)
    return true;
  allow_addresses (sandbox, uri, found, g_str_has_prefix (url, "https:") ? 443 : 80);
  freeaddrinfo (found);
  return true;
}
