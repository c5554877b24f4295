/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proxy.h"

#include <curl/curl.h>
#include <string.h>

#include "fetch.h"

struct addrinfo *
proxy_resolve (const char *host, const char *port)
{
  g_autofree char *bare = *host == '[' ? g_strndup (host + 1, strcspn (host + 1, "]")) : g_strdup (host);
  struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
  struct addrinfo *found = NULL;

  return getaddrinfo (bare, port, &hints, &found) == 0 ? found : NULL;
}

static void
proxy_list_add (GPtrArray *proxies, const char *url)
{
  CURLU *parts = curl_url ();
  char *host = NULL, *port = NULL;
  struct addrinfo *found = NULL;

  if (curl_url_set (parts, CURLUPART_URL, url, CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
      curl_url_get (parts, CURLUPART_HOST, &host, 0) == CURLUE_OK)
    {
      curl_url_get (parts, CURLUPART_PORT, &port, 0);
      found = proxy_resolve (host, port ? port : "1080"); /* as libcurl */
    }
  for (const struct addrinfo *each = found; each; each = each->ai_next)
    {
      struct sockaddr_storage *address = g_new0 (struct sockaddr_storage, 1);

      memcpy (address, each->ai_addr, each->ai_addrlen);
      g_ptr_array_add (proxies, address);
    }
  if (found)
    freeaddrinfo (found);
  curl_free (host);
  curl_free (port);
  curl_url_cleanup (parts);
}

GPtrArray *
proxy_list (void)
{
  GPtrArray *proxies = g_ptr_array_new_with_free_func (g_free);

  if (g_getenv (FETCH_PROXY))
    proxy_list_add (proxies, g_getenv (FETCH_PROXY));
  for (const char *const *name = fetch_proxies; *name; name++)
    if (g_getenv (*name) && g_ascii_strncasecmp (*name, "no_", 3) != 0)
      proxy_list_add (proxies, g_getenv (*name));
  return proxies;
}

bool
proxy_list_has (const GPtrArray *proxies, const struct sockaddr *address, socklen_t length)
{
  for (guint i = 0; i < proxies->len; i++)
    if (memcmp (proxies->pdata[i], address, length) == 0)
      return true;
  return false;
}
