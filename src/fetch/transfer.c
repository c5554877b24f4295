/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transfer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "config.h"
#include "fetch.h"
#include "file.h"
#include "proxy.h"
#include "size.h"
#include "url-origin.h"

#define PROTOCOLS         "http,https,ftp"
#define STALL_SECONDS     30 /* so long may less than STALL_SPEED bytes a second come */
#define STALL_SPEED       100
#define PROGRESS_INTERVAL (G_USEC_PER_SEC / 5)
#define CUTS_MAX          4   /* in a row that bring nothing new */
#define ATTEMPTS_MAX      100 /* in all */
#define VALIDATOR_MAX     200

long
transfer_status (const Transfer *transfer)
{
  long status = 0;

  curl_easy_getinfo (transfer->curl, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

static int
transfer_truncate (Transfer *transfer)
{
  transfer->size = transfer->base = 0;
  g_clear_pointer (&transfer->validator, g_free);
  return ftruncate (STDOUT_FILENO, 0) < 0 || lseek (STDOUT_FILENO, 0, SEEK_SET) < 0 ? errno : 0;
}

/* The body begins: is it the rest of what is there, or all of it once more? */
static bool
transfer_begin (Transfer *transfer)
{
  long status = transfer_status (transfer);

  transfer->begun = true;
  if (transfer->size > 0 && status == 206 && transfer->range != (int64_t)transfer->size)
    {
      transfer->restart = true;
      return false;
    }
  transfer->partial = transfer->size == 0 && status == 206 && (transfer->range != 0 || transfer->whole < 0);
  if (transfer->partial)
    return false;
  if (transfer->size > 0 && status == 200)
    transfer->write_error = transfer_truncate (transfer);
  if (transfer->size == 0)
    {
      g_free (transfer->validator);
      transfer->validator = g_steal_pointer (&transfer->offered);
    }
  return transfer->write_error == 0;
}

bool
transfer_brings_file (const Transfer *transfer)
{
  const char *scheme = NULL;
  long status = transfer_status (transfer);

  curl_easy_getinfo (transfer->curl, CURLINFO_SCHEME, &scheme);
  return !scheme || g_ascii_strncasecmp (scheme, "http", 4) != 0 || status == 200 || status == 203 || status == 206;
}

/* A redirect that is ours to follow. */
static bool
transfer_is_redirected (const Transfer *transfer)
{
  long status = transfer_status (transfer);

  return transfer->steps && status >= 300 && status < 400;
}

static size_t
transfer_on_data (char *data, size_t one, size_t size, void *userdata)
{
  Transfer *transfer = userdata;
  int r;

  if (transfer_is_redirected (transfer) || (!transfer->locates && !transfer_brings_file (transfer)))
    return size;
  if (transfer->locates || (!transfer->begun && !transfer_begin (transfer)))
    return 0;
  transfer->too_large = transfer->size + size > transfer->max_size;
  if (transfer->too_large)
    return 0;

  r = file_write_all (STDOUT_FILENO, data, size);
  transfer->write_error = r < 0 ? -r : 0;
  if (r == 0)
    transfer->size += size;
  return r < 0 ? 0 : size;
}

/* The value of a header, when @line is that one. */
static char *
header_value (const char *line, size_t length, const char *name)
{
  size_t name_length = strlen (name);

  if (length <= name_length || g_ascii_strncasecmp (line, name, name_length) != 0)
    return NULL;
  return g_strstrip (g_strndup (line + name_length, MIN (length - name_length, VALIDATOR_MAX)));
}

/* "0-4/12"; either may be a star. */
static void
transfer_read_range (Transfer *transfer, const char *text)
{
  const char *whole = strchr (text, '/');

  transfer->range = g_ascii_isdigit (*text) ? g_ascii_strtoll (text, NULL, 10) : -1;
  transfer->whole = whole && g_ascii_isdigit (whole[1]) ? g_ascii_strtoll (whole + 1, NULL, 10) : -1;
}

static size_t
transfer_on_header (char *line, size_t one, size_t length, void *userdata)
{
  Transfer *transfer = userdata;
  g_autofree char *tag = header_value (line, length, "etag:");
  g_autofree char *date = header_value (line, length, "last-modified:");
  g_autofree char *range = header_value (line, length, "content-range:");

  if (length > 5 && strncmp (line, "HTTP/", 5) == 0)
    {
      g_clear_pointer (&transfer->offered, g_free);
      transfer->range = transfer->whole = -1;
    }
  /* A weak tag says nothing of bytes. */
  if (tag && *tag == '"')
    {
      g_free (transfer->offered);
      transfer->offered = g_steal_pointer (&tag);
    }
  else if (date && !transfer->offered)
    transfer->offered = g_steal_pointer (&date);
  if (range && g_ascii_strncasecmp (range, "bytes ", 6) == 0)
    transfer_read_range (transfer, range + 6);
  return length;
}

static int
transfer_on_progress (void *userdata, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up)
{
  Transfer *transfer = userdata;
  int64_t time = g_get_monotonic_time ();

  /* Until the body begins it is not known whether it comes on top of what is stored. */
  if (total > 0 && (transfer->begun ? transfer->base : 0) + total > transfer->max_size)
    transfer->too_large = true;
  if (transfer->too_large)
    return 1;

  if (now > 0 && time >= transfer->next_progress)
    {
      g_autofree char *so_far = size_to_string (transfer->base + now);

      if (total > 0)
        fprintf (stderr, "%d%%\n", (int)((transfer->base + now) * 100 / (transfer->base + total)));
      else
        fprintf (stderr, "%s\n", so_far);
      transfer->next_progress = time + PROGRESS_INTERVAL;
    }
  return 0;
}

/* Adds a condition on what is known of the content. It comes from a file, and a header ends with its line. */
static struct curl_slist *
add_condition (struct curl_slist *headers, const char *header, const char *value)
{
  g_autofree char *line = value ? g_strdup_printf ("%s: %s", header, value) : NULL;

  return line && strlen (value) <= VALIDATOR_MAX && !strpbrk (value, "\r\n") ? curl_slist_append (headers, line) :
                                                                               headers;
}

/* What is for the URL's own origin alone: who vouches for it, and the token, which libcurl sends to no other host, port
 * or scheme either when it follows redirects. */
static void
transfer_set_origin (Transfer *transfer, const char *url)
{
  bool own = url_is_same_origin (transfer->url, url);
  const char *token = own ? g_getenv (FETCH_TOKEN) : NULL;
  CURL *curl = transfer->curl;

  if (transfer->steps)
    {
      curl_easy_setopt (curl, CURLOPT_CAINFO, own ? g_getenv (FETCH_CA_FILE) : transfer->ca_file);
      curl_easy_setopt (curl, CURLOPT_CAPATH, own ? NULL : transfer->ca_path);
    }
  curl_easy_setopt (curl, CURLOPT_HTTPAUTH, token ? (long)CURLAUTH_BEARER : (long)CURLAUTH_BASIC);
  curl_easy_setopt (curl, CURLOPT_XOAUTH2_BEARER, token);
}

/* What fetch.h says a caller may know of a server. With authorities of its own, libcurl would have them judge those too
 * whom that redirects to. */
static void
transfer_set_server (Transfer *transfer)
{
  const char *proxy = g_getenv (FETCH_PROXY);
  const char *ca_file = NULL, *ca_path = NULL;
  CURL *curl = transfer->curl;

  if (proxy)
    {
      bool none = g_str_equal (proxy, "none");

      curl_easy_setopt (curl, CURLOPT_PROXY, none ? "" : proxy);
      curl_easy_setopt (curl, CURLOPT_NOPROXY, none ? "*" : "");
    }
  transfer->secure = g_getenv (FETCH_SECURE) && g_ascii_strncasecmp (transfer->url, "https:", 6) == 0;
  if (transfer->secure)
    {
      curl_easy_setopt (curl, CURLOPT_PROTOCOLS_STR, "https");
      curl_easy_setopt (curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
    }
  transfer->steps = g_getenv (FETCH_CA_FILE) != NULL;
  curl_easy_getinfo (curl, CURLINFO_CAINFO, &ca_file);
  curl_easy_getinfo (curl, CURLINFO_CAPATH, &ca_path);
  transfer->ca_file = g_strdup (ca_file);
  transfer->ca_path = g_strdup (ca_path);
  curl_easy_setopt (curl, CURLOPT_FOLLOWLOCATION, transfer->steps ? 0L : 1L);
  transfer_set_origin (transfer, transfer->url);
}

char *
transfer_header (const Transfer *transfer, const char *name)
{
  struct curl_header *header = NULL;

  return curl_easy_header (transfer->curl, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK &&
                 strlen (header->value) <= VALIDATOR_MAX && !strpbrk (header->value, "\r\n") ?
             g_strdup (header->value) :
             NULL;
}

/* Called with what a name stands for, also after a redirect: the one place where that can be seen. */
static curl_socket_t
transfer_open_socket (void *userdata, curlsocktype purpose, struct curl_sockaddr *address)
{
  Transfer *transfer = userdata;

  transfer->by_proxy = proxy_list_has (transfer->proxies, &address->addr, address->addrlen);
  if (transfer->foreign && !transfer->by_proxy && address_is_refused (&address->addr, address->addrlen))
    {
      g_free (transfer->internal);
      transfer->internal = address_to_string (&address->addr);
      return CURL_SOCKET_BAD;
    }
  return socket (address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void
transfer_set_options (Transfer *transfer, char *message)
{
  CURL *curl = transfer->curl;

  curl_easy_setopt (curl, CURLOPT_URL, transfer->url);
  curl_easy_setopt (curl, CURLOPT_PROTOCOLS_STR, PROTOCOLS);
  curl_easy_setopt (curl, CURLOPT_REDIR_PROTOCOLS_STR, PROTOCOLS);
  curl_easy_setopt (curl, CURLOPT_MAXREDIRS, (long)TRANSFER_REDIRECTS_MAX);
  curl_easy_setopt (curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
  curl_easy_setopt (curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt (curl, CURLOPT_CONNECTTIMEOUT, (long)MIN (transfer->timeout, 30));
  curl_easy_setopt (curl, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_SPEED);
  curl_easy_setopt (curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_SECONDS);
  curl_easy_setopt (curl, CURLOPT_USERAGENT, "rbee-hive/" PROJECT_VERSION);
  curl_easy_setopt (curl, CURLOPT_ERRORBUFFER, message);
  curl_easy_setopt (curl, CURLOPT_FAILONERROR, 1L);
  if (transfer->decodes)
    curl_easy_setopt (curl, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt (curl, CURLOPT_WRITEFUNCTION, transfer_on_data);
  curl_easy_setopt (curl, CURLOPT_WRITEDATA, transfer);
  curl_easy_setopt (curl, CURLOPT_HEADERFUNCTION, transfer_on_header);
  curl_easy_setopt (curl, CURLOPT_HEADERDATA, transfer);
  curl_easy_setopt (curl, CURLOPT_OPENSOCKETFUNCTION, transfer_open_socket);
  curl_easy_setopt (curl, CURLOPT_OPENSOCKETDATA, transfer);
  curl_easy_setopt (curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt (curl, CURLOPT_XFERINFOFUNCTION, transfer_on_progress);
  curl_easy_setopt (curl, CURLOPT_XFERINFODATA, transfer);
}

/* One request: for the rest, if there is a beginning that the server still has. */
static CURLcode
transfer_attempt (Transfer *transfer)
{
  g_autofree char *range = transfer->size > 0 ? g_strdup_printf ("%" G_GUINT64_FORMAT "-", transfer->size) : NULL;
  struct curl_slist *headers = range ? add_condition (NULL, "If-Range", transfer->validator) : NULL;
  int64_t left = (transfer->deadline - g_get_monotonic_time ()) / 1000;
  CURLcode code;

  if (!range)
    {
      headers = add_condition (headers, "If-None-Match", g_getenv (FETCH_ETAG));
      headers = add_condition (headers, "If-Modified-Since", g_getenv (FETCH_MODIFIED));
    }
  transfer->base = transfer->size;
  transfer->begun = transfer->restart = transfer->partial = false;
  transfer->range = transfer->whole = -1;
  curl_easy_setopt (transfer->curl, CURLOPT_RANGE, range);
  curl_easy_setopt (transfer->curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt (transfer->curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)transfer->max_size);
  curl_easy_setopt (transfer->curl, CURLOPT_TIMEOUT_MS, (long)MAX (left, 1));
  code = curl_easy_perform (transfer->curl);
  curl_easy_setopt (transfer->curl, CURLOPT_HTTPHEADER, NULL);
  curl_slist_free_all (headers);

  /* Nothing came, and that is all there is. */
  if (code == CURLE_OK && !transfer->begun && !transfer->locates && transfer_status (transfer) == 200)
    transfer->write_error = transfer_truncate (transfer);
  /* A part that begins where it should is as good as a connection that was cut. */
  return code == CURLE_OK && transfer->whole > (int64_t)transfer->size && transfer_status (transfer) == 206 ?
             CURLE_PARTIAL_FILE :
             code;
}

static bool
transfer_was_cut (const Transfer *transfer, CURLcode code)
{
  switch (code)
    {
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return transfer->size > 0;
    case CURLE_OPERATION_TIMEDOUT: /* or it stalled */
      return transfer->size > 0 && g_get_monotonic_time () < transfer->deadline;
    default:
      return false;
    }
}

/* Goes where the last response sent us, when that is for us to do. */
static bool
transfer_step (Transfer *transfer)
{
  char *next = NULL;
  g_autofree char *url = NULL;

  if (!transfer_is_redirected (transfer))
    return false;
  curl_easy_getinfo (transfer->curl, CURLINFO_REDIRECT_URL, &next);
  if (!next)
    return false;
  url = g_strdup (next); /* it is the handle's, until that has another one */
  curl_easy_setopt (transfer->curl, CURLOPT_URL, url);
  transfer_set_origin (transfer, url);
  return true;
}

CURLcode
transfer_run (Transfer *transfer, char *message)
{
  uint64_t furthest = transfer->size;
  unsigned cuts = 0, steps = 0;
  CURLcode code = CURLE_OK;

  transfer_set_options (transfer, message);
  transfer_set_server (transfer);
  for (unsigned attempt = 0; attempt < ATTEMPTS_MAX; attempt++)
    {
      code = transfer_attempt (transfer);
      if (code == CURLE_OK && transfer_step (transfer))
        {
          if (++steps > TRANSFER_REDIRECTS_MAX)
            return CURLE_TOO_MANY_REDIRECTS;
          continue;
        }
      if ((code == CURLE_HTTP_RETURNED_ERROR && transfer_status (transfer) == 416 && transfer->base > 0) ||
          transfer->restart)
        {
          transfer->write_error = transfer_truncate (transfer);
          if (transfer->write_error)
            return code;
          continue;
        }
      if (!transfer->resumes || !transfer_was_cut (transfer, code))
        return code;

      cuts = transfer->size > furthest ? 0 : cuts + 1;
      furthest = MAX (furthest, transfer->size);
      if (cuts == CUTS_MAX)
        return code;
      g_usleep ((G_USEC_PER_SEC / 10) << cuts);
    }
  return code;
}
