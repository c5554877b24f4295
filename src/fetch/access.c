/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "access.h"

#include <netdb.h>
#include <string.h>

#include "address.h"
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

/* The server of @url, on @port where that names none. */
static void
allow_server (Sandbox *sandbox, const char *url, int port)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_PARSE_RELAXED, NULL);
  struct addrinfo *found = uri && g_uri_get_host (uri) ? resolve (g_uri_get_host (uri), 0) : NULL;

  for (const struct addrinfo *each = found; each; each = each->ai_next)
    {
      g_autofree char *address = address_to_string (each->ai_addr);
      g_autofree char *loopback =
          g_strdup_printf ("127.0.0.1:%d", g_uri_get_port (uri) < 0 ? port : g_uri_get_port (uri));

      sandbox_allow_address (sandbox, address_is_loopback (each->ai_addr) ? loopback : address);
    }
  if (found)
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
