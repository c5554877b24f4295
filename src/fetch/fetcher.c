/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rbee-hive-fetch [OPTION…] URL MAX-SIZE TIMEOUT: started by fetch.c in a sandbox. The only place where libcurl is
 * used. */
#include "address.h"
#include "config.h"
#include "fetch.h"
#include "file.h"
#include "proxy.h"
#include "size.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROTOCOLS         "http,https,ftp"
#define REDIRECTS_MAX     5
#define STALL_SECONDS     30 /* so long may less than STALL_SPEED bytes a second come */
#define STALL_SPEED       100
#define PROGRESS_INTERVAL (G_USEC_PER_SEC / 5)
#define CUTS_MAX          4   /* in a row that bring nothing new */
#define ATTEMPTS_MAX      100 /* in all */
#define VALIDATOR_MAX     200

typedef struct
{
  const char *url;
  uint64_t max_size;
  int64_t deadline; /* monotonic */
  unsigned timeout;
  bool foreign;       /* must not reach this machine */
  bool secure;        /* nothing but https */
  bool resumes;       /* goes on where a connection was cut */
  bool locates;       /* wants to know where it is, not what */
  bool steps;         /* follows redirects itself, not libcurl */
  bool decodes;       /* asks for nothing compressed, but understands what comes so all the same */
  GPtrArray *proxies; /* of struct sockaddr_storage: what may be reached all the same */

  uint64_t size;   /* of what is stored */
  char *validator; /* of what is stored: an entity tag or a date; NULL: unknown */

  /* Whom this machine trusts, as libcurl was built to know */
  char *ca_file, *ca_path;

  /* Of one response */
  CURL *curl;
  char *offered; /* its validator */
  uint64_t base; /* what was stored before it */
  int64_t range; /* where it says that it begins; -1: it does not */
  int64_t whole; /* how large it says that all is; -1: it does not */
  bool begun;    /* its body has */
  bool restart;  /* it doesn't go on where we are */
  bool partial;  /* it is a part of what was asked for */
  bool by_proxy;
  char *internal;  /* an address that it must not reach */
  int write_error; /* errno */
  bool too_large;
  int64_t next_progress;
} Transfer;

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
  long status = 0;

  transfer->begun = true;
  curl_easy_getinfo (transfer->curl, CURLINFO_RESPONSE_CODE, &status);
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

static long
transfer_status (const Transfer *transfer)
{
  long status = 0;

  curl_easy_getinfo (transfer->curl, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

/* A file comes with 200 or 203, and with 206 when that is all of it or the rest that was asked for. */
static bool
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
  long status = 0;

  curl_easy_getinfo (transfer->curl, CURLINFO_RESPONSE_CODE, &status);
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

  if (total > 0 && transfer->base + total > transfer->max_size)
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
  bool own = fetch_is_same_origin (transfer->url, url);
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

/* One header of the last answer; NULL when it has none, or one that is no use. */
static char *
transfer_header (const Transfer *transfer, const char *name)
{
  struct curl_header *header = NULL;

  return curl_easy_header (transfer->curl, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK &&
                 strlen (header->value) <= VALIDATOR_MAX && !strpbrk (header->value, "\r\n") ?
             g_strdup (header->value) :
             NULL;
}

/* Whether the network around us keeps us from there: its routes say so, and its loopback is its own, in which only the
 * ports are there that were allowed. */
static bool
transfer_is_refused (const struct sockaddr *address, socklen_t length)
{
  bool loopback = address_is_loopback (address);
  g_auto (Fd) fd = socket (address->sa_family, (loopback ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);

  return fd >= 0 && connect (fd, address, length) < 0 && (loopback || errno == EACCES);
}

/* Called with what a name stands for, also after a redirect: the one place where that can be seen. */
static curl_socket_t
transfer_open_socket (void *userdata, curlsocktype purpose, struct curl_sockaddr *address)
{
  Transfer *transfer = userdata;

  transfer->by_proxy = proxy_list_has (transfer->proxies, &address->addr, address->addrlen);
  if (transfer->foreign && !transfer->by_proxy && transfer_is_refused (&address->addr, address->addrlen))
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
  curl_easy_setopt (curl, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
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
  curl_easy_setopt (transfer->curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)(transfer->max_size - transfer->size));
  curl_easy_setopt (transfer->curl, CURLOPT_TIMEOUT_MS, (long)MAX (left, 1));
  code = curl_easy_perform (transfer->curl);
  curl_easy_setopt (transfer->curl, CURLOPT_HTTPHEADER, NULL);
  curl_slist_free_all (headers);

  /* Nothing came, and that is all there is. */
  if (code == CURLE_OK && !transfer->begun && !transfer->locates)
    {
      long status = 0;

      curl_easy_getinfo (transfer->curl, CURLINFO_RESPONSE_CODE, &status);
      if (status == 200)
        transfer->write_error = transfer_truncate (transfer);
    }
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

/* Until all is there, or it makes no sense any more. */
static CURLcode
transfer_run (Transfer *transfer)
{
  uint64_t furthest = transfer->size;
  unsigned cuts = 0, steps = 0;
  CURLcode code = CURLE_OK;

  for (unsigned attempt = 0; attempt < ATTEMPTS_MAX; attempt++)
    {
      long status = 0;

      code = transfer_attempt (transfer);
      curl_easy_getinfo (transfer->curl, CURLINFO_RESPONSE_CODE, &status);
      if (code == CURLE_OK && transfer_step (transfer))
        {
          if (++steps > REDIRECTS_MAX)
            return CURLE_TOO_MANY_REDIRECTS;
          continue;
        }
      if ((code == CURLE_HTTP_RETURNED_ERROR && status == 416 && transfer->base > 0) || transfer->restart)
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

/* Why a server is not believed to be who it should be. The numbers are OpenSSL's (X509_verify_cert_error_string(3)). */
static const char *
transfer_distrust (const Transfer *transfer, CURLcode code)
{
  long verdict = 0;

  curl_easy_getinfo (transfer->curl, CURLINFO_SSL_VERIFYRESULT, &verdict);
  if (code == CURLE_SSL_CACERT_BADFILE)
    return "the file of who is to vouch for it has no certificates in PEM";
  switch (verdict)
    {
    case 0:
    case 1: /* libcurl's own, of a name that it compared first */
      return "its certificate is for another name";
    case 9:  /* not yet valid */
    case 10: /* expired */
      return "its certificate is not valid now, and its keeper has to renew it, unless this machine's clock is wrong";
    default:
      return "nobody who is trusted here vouches for it";
    }
}

/* What says of itself that another time may be better: not what the server never does, and no login to a network. */
static bool
status_is_busy (long status)
{
  return status == 202 || status == 408 || status == 425 || status == 429 ||
         (status >= 500 && status <= 599 && status != 501 && status != 505 && status != 511);
}

static const char *
status_explain (long status)
{
  switch (status)
    {
    case 202:
      return " (it is not ready yet)";
    case 204:
    case 205:
      return " (there is nothing)";
    case 407:
      return " (the proxy wants a name and a password)";
    case 429:
      return " (too many requests)";
    case 503:
      return " (it is busy)";
    case 511:
      return " (this network wants a login first)";
    default:
      return status >= 300 && status < 400 ? ", and not where to look instead" :
             status < 300                  ? ", with which no file comes" :
                                             "";
    }
}

static bool
code_is_busy (CURLcode code)
{
  return code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR ||
         code == CURLE_PARTIAL_FILE || code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM;
}

/* Why it failed, for all that has no result of its own. */
static char *
transfer_explain (const Transfer *transfer, CURLcode code, const char *message, const char *url)
{
  bool foreign = strstr (message, "HTTP/0.9") || code == CURLE_WEIRD_SERVER_REPLY;

  if (transfer->partial || (code == CURLE_PARTIAL_FILE && transfer->whole > (int64_t)transfer->size))
    return g_strdup_printf ("%s: the server sent a part (206) that is not all of what was asked for", url);
  if (foreign)
    return g_strdup_printf ("%s: what answers there does not speak HTTP (%s)", url, message);
  if (code == CURLE_OUT_OF_MEMORY)
    return g_strdup_printf ("%s: the head of the answer is too large, or memory has run out", url);
  if (transfer->secure && code == CURLE_UNSUPPORTED_PROTOCOL)
    return g_strdup_printf ("%s redirects to what is not https", url);
  if (transfer->internal && code == CURLE_COULDNT_CONNECT)
    return g_strdup_printf ("%s leads to %s, an address of this machine or its network's own: if it may, put that "
                            "into Allow= of [Network] in hive.conf, or AllowAddresses= of the catalog, or build "
                            "with --local-sources",
                            url, transfer->internal);
  if (code == CURLE_OPERATION_TIMEDOUT)
    return g_strdup_printf ("%s took longer than %u s, or stalled", url, transfer->timeout);
  if (code == CURLE_TOO_MANY_REDIRECTS)
    return g_strdup_printf ("%s redirects more than %d times", url, REDIRECTS_MAX);
  return g_strdup_printf ("%s cannot be fetched: %s", url, *message ? message : curl_easy_strerror (code));
}

static FetchResult
transfer_refuse_status (long status, const char *url, char **ret_why)
{
  *ret_why = g_strdup_printf ("%s answered with HTTP status %ld%s", url, status, status_explain (status));
  return status_is_busy (status)        ? FETCH_BUSY :
         status == 404 || status == 410 ? FETCH_NOT_FOUND :
         status == 401 || status == 403 ? FETCH_DENIED :
                                          FETCH_FAILED;
}

static FetchResult
transfer_result (const Transfer *transfer, CURLcode code, const char *message, char **ret_why)
{
  g_autofree char *url = fetch_redact (transfer->url);
  g_autofree char *max_size = size_to_string (transfer->max_size);
  long status = transfer_status (transfer);

  if (transfer->write_error)
    {
      *ret_why = g_strdup_printf ("%s could not be stored: %s", url, g_strerror (transfer->write_error));
      return FETCH_NOT_STORED;
    }
  if (transfer->locates && (code == CURLE_OK || code == CURLE_WRITE_ERROR))
    return FETCH_OK;
  if (code == CURLE_OK && status == 304)
    return FETCH_NOT_MODIFIED;
  if (code == CURLE_OK && transfer_brings_file (transfer) && (status != 206 || transfer->begun))
    return FETCH_OK;
  if (transfer->too_large || code == CURLE_FILESIZE_EXCEEDED)
    {
      *ret_why = g_strdup_printf ("%s is larger than %s", url, max_size);
      return FETCH_TOO_LARGE;
    }
  if (code == CURLE_OK || code == CURLE_HTTP_RETURNED_ERROR)
    return transfer_refuse_status (status, url, ret_why);
  if (code == CURLE_REMOTE_FILE_NOT_FOUND)
    {
      *ret_why = g_strdup_printf ("%s is not there", url);
      return FETCH_NOT_FOUND;
    }
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
    {
      *ret_why = g_strdup_printf ("%s: %s (%s)", url, transfer_distrust (transfer, code), message);
      return FETCH_UNTRUSTED;
    }
  *ret_why = transfer_explain (transfer, code, message, url);
  /* Resuming has tried again already. */
  return code_is_busy (code) && transfer->whole < 0 && !(transfer->resumes && transfer->size > 0) ? FETCH_BUSY :
                                                                                                    FETCH_FAILED;
}

/* What another tool than libcurl is to reach: each of its addresses must be one that it may. */
static FetchResult
transfer_resolve (Transfer *transfer, char **ret_address, char **ret_why)
{
  g_autoptr (GUri) uri = g_uri_parse (transfer->url, G_URI_FLAGS_PARSE_RELAXED, NULL);
  g_autofree char *port = uri && g_uri_get_port (uri) > 0 ? g_strdup_printf ("%d", g_uri_get_port (uri)) : NULL;
  struct addrinfo *found = uri && g_uri_get_host (uri) ? proxy_resolve (g_uri_get_host (uri), port) : NULL;
  g_autofree char *url = fetch_redact (transfer->url);

  for (const struct addrinfo *each = found; each; each = each->ai_next)
    if (transfer->foreign && transfer_is_refused (each->ai_addr, each->ai_addrlen))
      transfer->internal = address_to_string (each->ai_addr);
  if (found && !transfer->internal)
    *ret_address = address_to_string (found->ai_addr);
  if (found)
    freeaddrinfo (found);
  if (*ret_address)
    return FETCH_OK;
  if (transfer->internal)
    return transfer_result (transfer, CURLE_COULDNT_CONNECT, "", ret_why);
  *ret_why = g_strdup_printf ("%s cannot be reached: there is no such machine", url);
  return FETCH_FAILED;
}

static FetchResult
transfer_fetch (Transfer *transfer, char **ret_url, char **ret_address, char **ret_why)
{
  char message[CURL_ERROR_SIZE] = "";
  const char *url = NULL, *address = NULL;
  FetchResult result;

  transfer_set_options (transfer, message);
  transfer_set_server (transfer);
  result = transfer_result (transfer, transfer_run (transfer), message, ret_why);
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
