/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rbee-hive-fetch [OPTION…] URL MAX-SIZE TIMEOUT: started by fetch.c in a sandbox. */
#include <glib/gi18n.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "fetch.h"
#include "proxy.h"
#include "transfer-result.h"
#include "transfer.h"

/* What another tool than libcurl is to reach: each of its addresses must be one that it may. */
static FetchResult
transfer_resolve (Transfer *transfer, char **ret_address, char **ret_why)
{
  g_autoptr (GUri) uri = g_uri_parse (transfer->url, G_URI_FLAGS_PARSE_RELAXED, NULL);
  g_autofree char *port = uri && g_uri_get_port (uri) > 0 ? g_strdup_printf ("%d", g_uri_get_port (uri)) : NULL;
  struct addrinfo *found = uri && g_uri_get_host (uri) ? proxy_resolve (g_uri_get_host (uri), port) : NULL;
  g_autofree char *url = fetch_redact (transfer->url);

  for (const struct addrinfo *each = found; each; each = each->ai_next)
    if (transfer->foreign && address_is_refused (each->ai_addr, each->ai_addrlen))
      transfer->internal = address_to_string (each->ai_addr);
  if (found && !transfer->internal)
    *ret_address = address_to_string (found->ai_addr);
  if (found)
    freeaddrinfo (found);
  if (*ret_address)
    return FETCH_OK;
  if (transfer->internal)
    return transfer_result (transfer, CURLE_COULDNT_CONNECT, "", ret_why);
  *ret_why = g_strdup_printf (N_ ("%s cannot be reached: there is no such machine"), url);
  return FETCH_FAILED;
}

static FetchResult
transfer_fetch (Transfer *transfer, char **ret_url, char **ret_address, char **ret_why)
{
  char message[CURL_ERROR_SIZE] = "";
  const char *url = NULL, *address = NULL;
  FetchResult result;

  result = transfer_result (transfer, transfer_run (transfer, message), message, ret_why);
  curl_easy_getinfo (transfer->curl, CURLINFO_EFFECTIVE_URL, &url);
  curl_easy_getinfo (transfer->curl, CURLINFO_PRIMARY_IP, &address);
  *ret_url = g_strdup (url);
  *ret_address = g_strdup (transfer->by_proxy ? "" : address);
  return result;
}

int
main (int argc, char **argv)
{
  g_autofree char *validator = NULL;
  gboolean foreign = FALSE, locate = FALSE, decode = FALSE;
  curl_off_t wait = 0;
  const GOptionEntry options[] = {
    { "resume", 0, 0, G_OPTION_ARG_STRING, &validator,
      "Standard output holds the beginning, of which the server said this; go on there, also when cut", "VALIDATOR" },
    { "foreign", 0, 0, G_OPTION_ARG_NONE, &foreign, "Reach no address of this machine", NULL },
    { "locate", 0, 0, G_OPTION_ARG_NONE, &locate, "Say only where it is", NULL },
    { "decode", 0, 0, G_OPTION_ARG_NONE, &decode, "Undo what the server compressed for its way here", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("URL MAX-SIZE TIMEOUT");
  Transfer transfer = { 0 };
  g_autofree char *why = NULL;
  g_autofree char *url = NULL;
  g_autofree char *address = NULL;
  g_autofree char *etag = NULL;
  g_autofree char *modified = NULL;
  g_autofree char *encoding = NULL;
  FetchResult result;

  g_option_context_set_summary (context, "Fetches a URL to standard output. Started by rbee-hive-builder.");
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, NULL) || argc != 4)
    {
      fprintf (stderr, "Usage: rbee-hive-fetch [OPTION…] URL MAX-SIZE TIMEOUT (started by rbee-hive-builder)\n");
      return 2;
    }
  transfer.url = argv[1];
  transfer.max_size = g_ascii_strtoull (argv[2], NULL, 10);
  transfer.timeout = g_ascii_strtoull (argv[3], NULL, 10);
  transfer.deadline = g_get_monotonic_time () + (int64_t)transfer.timeout * G_USEC_PER_SEC;
  transfer.foreign = foreign;
  transfer.locates = locate;
  transfer.decodes = decode;
  transfer.resumes = validator != NULL;
  if (validator)
    {
      off_t end = lseek (STDOUT_FILENO, 0, SEEK_END);

      transfer.size = MAX (end, 0);
      transfer.validator = *validator ? g_steal_pointer (&validator) : NULL;
    }

  signal (SIGPIPE, SIG_IGN);
  curl_global_init (CURL_GLOBAL_DEFAULT);
  transfer.curl = curl_easy_init ();
  transfer.proxies = proxy_list ();
  if (locate && !g_str_has_prefix (transfer.url, "http"))
    result = transfer_resolve (&transfer, &address, &why);
  else
    result = transfer_fetch (&transfer, &url, &address, &why);
  etag = transfer_header (&transfer, "ETag");
  modified = transfer_header (&transfer, "Last-Modified");
  encoding = decode ? NULL : transfer_header (&transfer, "Content-Encoding");
  curl_easy_getinfo (transfer.curl, CURLINFO_RETRY_AFTER, &wait);
  curl_easy_cleanup (transfer.curl);
  g_free (transfer.ca_file);
  g_free (transfer.ca_path);
  curl_global_cleanup ();

  dprintf (FETCH_OUTCOME_FD, "%d %d %u\n%s\n%.8000s\n%s\n%s\n%s\n%s\n%.2000s", result, transfer.write_error,
           (unsigned)CLAMP (wait, 0, 86400), transfer.validator ? transfer.validator : "", url ? url : transfer.url,
           address ? address : "", etag ? etag : "", modified ? modified : "", encoding ? encoding : "",
           why ? why : "");
  g_free (transfer.validator);
  g_free (transfer.offered);
  g_free (transfer.internal);
  return result == FETCH_OK ? 0 : 1;
}
