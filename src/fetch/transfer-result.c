/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transfer-result.h"

#include <glib/gi18n.h>
#include <string.h>

#include "size.h"

/* Why a server is not believed to be who it should be. The numbers are OpenSSL's (X509_verify_cert_error_string(3)). */
static const char *
transfer_distrust (const Transfer *transfer, CURLcode code)
{
  long verdict = 0;

  curl_easy_getinfo (transfer->curl, CURLINFO_SSL_VERIFYRESULT, &verdict);
  if (code == CURLE_SSL_CACERT_BADFILE)
    return N_ ("the file of authorities has no certificates in PEM");
  switch (verdict)
    {
    case 0:
    case 1: /* libcurl's own, of a name that it compared first */
      return N_ ("its certificate is for another name");
    case 9:  /* not yet valid */
    case 10: /* expired */
      return N_ (
          "its certificate is not valid now, and its keeper has to renew it, unless this machine's clock is wrong");
    default:
      return N_ ("no authority that is trusted here vouches for it");
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
      return N_ (" (it is not ready yet)");
    case 204:
    case 205:
      return N_ (" (there is nothing)");
    case 407:
      return N_ (" (the proxy wants a name and a password)");
    case 429:
      return N_ (" (too many requests)");
    case 503:
      return N_ (" (it is busy)");
    case 511:
      return N_ (" (this network wants a login first)");
    default:
      return status >= 300 && status < 400 ? N_ (", and not where to look instead") :
             status < 300                  ? N_ (", with which no file comes") :
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
    return g_strdup_printf (N_ ("%s: the server sent a part (206) that is not all of what was asked for"), url);
  if (foreign)
    return g_strdup_printf (N_ ("%s: what answers there does not speak HTTP (%s)"), url, message);
  if (code == CURLE_OUT_OF_MEMORY)
    return g_strdup_printf (N_ ("%s: the head of the answer is too large, or memory has run out"), url);
  if (transfer->secure && code == CURLE_UNSUPPORTED_PROTOCOL)
    return g_strdup_printf (N_ ("%s redirects to what is not https"), url);
  if (transfer->internal && code == CURLE_COULDNT_CONNECT)
    return g_strdup_printf (N_ ("%s leads to %s, an address of this machine or its network's own: if it may, put that "
                                "into Allow= of [Network] in hive.conf; for a catalog AllowAddresses= of it does as "
                                "well, and for a recipe of your own --local-sources"),
                            url, transfer->internal);
  if (code == CURLE_OPERATION_TIMEDOUT)
    return g_strdup_printf (N_ ("%s took longer than %u s, or stalled"), url, transfer->timeout);
  if (code == CURLE_TOO_MANY_REDIRECTS)
    return g_strdup_printf (N_ ("%s redirects more than %d times"), url, TRANSFER_REDIRECTS_MAX);
  return g_strdup_printf (N_ ("%s cannot be fetched: %s"), url, *message ? message : curl_easy_strerror (code));
}

static FetchResult
transfer_refuse_status (long status, const char *url, char **ret_why)
{
  *ret_why = g_strdup_printf (N_ ("%s answered with HTTP status %ld%s"), url, status, status_explain (status));
  return status_is_busy (status)        ? FETCH_BUSY :
         status == 404 || status == 410 ? FETCH_NOT_FOUND :
         status == 401 || status == 403 ? FETCH_DENIED :
                                          FETCH_FAILED;
}

FetchResult
transfer_result (const Transfer *transfer, CURLcode code, const char *message, char **ret_why)
{
  g_autofree char *url = fetch_redact (transfer->url);
  g_autofree char *max_size = size_to_string (transfer->max_size);
  long status = transfer_status (transfer);

  if (transfer->write_error)
    {
      *ret_why = g_strdup_printf (N_ ("%s could not be stored: %s"), url, g_strerror (transfer->write_error));
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
      *ret_why = g_strdup_printf (N_ ("%s is larger than %s"), url, max_size);
      return FETCH_TOO_LARGE;
    }
  if (code == CURLE_OK || code == CURLE_HTTP_RETURNED_ERROR)
    return transfer_refuse_status (status, url, ret_why);
  if (code == CURLE_REMOTE_FILE_NOT_FOUND)
    {
      *ret_why = g_strdup_printf (N_ ("%s is not there"), url);
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
