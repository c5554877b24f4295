/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge-client.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "client.h"
#include "error.h"
#include "file.h"
#include "json.h"

#define ANSWER_MAX (64 * 1024)
#define PATIENCE   30 /* seconds */

static void
bridge_client_set_errno (GError **error, const BridgeAddress *bridge, int errnum)
{
  if (errnum == EACCES)
    g_set_error (error, CLIENT_ERROR, EXIT_STATUS_REFUSED,
                 _ ("You may not use %s: only root and the members of group rbee may. After 'sudo usermod -aG rbee "
                    "$USER', log in again."),
                 bridge->socket);
  else
    g_set_error (error, CLIENT_ERROR, EXIT_STATUS_NO_HIVE, _ ("No bridge answers at %s: %s\n%s"), bridge->socket,
                 g_strerror (errnum), bridge->advice);
}

static int
bridge_client_connect (const BridgeAddress *bridge, GError **error)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  struct timeval patience = { .tv_sec = PATIENCE };
  g_auto (Fd) fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (g_strlcpy (address.sun_path, bridge->socket, sizeof address.sun_path) >= sizeof address.sun_path)
    {
      bridge_client_set_errno (error, bridge, ENAMETOOLONG);
      return -1;
    }
  if (fd < 0 || connect (fd, (struct sockaddr *)&address, sizeof address) < 0 ||
      setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0)
    {
      bridge_client_set_errno (error, bridge, errno);
      return -1;
    }
  return fd_steal (&fd);
}

/* The status and the body of @answer; 0 when it is none. */
static int
answer_parse (const char *answer, const char **ret_body)
{
  const char *end = strstr (answer, "\r\n\r\n");
  int status = 0;

  if (!end || sscanf (answer, "HTTP/1.1 %d ", &status) != 1)
    return 0;
  *ret_body = end + 4;
  return status;
}

/* One request a connection: the answer goes up to its end. */
static char *
bridge_client_ask (int fd, const BridgeAddress *bridge, const char *path, GError **error)
{
  g_autofree char *request = g_strdup_printf ("POST %s HTTP/1.1\r\n"
                                              "Host: localhost\r\n"
                                              "Content-Type: application/json\r\n"
                                              "Content-Length: 2\r\n\r\n{}",
                                              path);
  g_autoptr (GError) failure = NULL;
  int r = file_write_all (fd, request, strlen (request));
  char *answer = r >= 0 ? file_read_fd (fd, ANSWER_MAX, bridge->socket, NULL, &failure) : NULL;

  if (r < 0)
    bridge_client_set_errno (error, bridge, -r);
  else if (failure)
    g_set_error_literal (error, CLIENT_ERROR, EXIT_STATUS_NO_HIVE, failure->message);
  return answer;
}

JsonObject *
bridge_client_post (const BridgeAddress *bridge, const char *path, GError **error)
{
  g_auto (Fd) fd = bridge_client_connect (bridge, error);
  g_autofree char *answer = fd >= 0 ? bridge_client_ask (fd, bridge, path, error) : NULL;
  g_autoptr (JsonObject) object = NULL;
  const char *body = "";
  int status;

  if (!answer)
    return NULL;
  status = answer_parse (answer, &body);
  object = status ? json_parse_object (body, -1, bridge->socket, HIVE_ERROR_FAILED, NULL) : NULL;
  if (!object)
    g_set_error (error, CLIENT_ERROR, EXIT_STATUS_FAILED, _ ("What answers at %s is not an rbee-hive-bridge"),
                 bridge->socket);
  else if (status >= 400)
    g_set_error_literal (error, CLIENT_ERROR, client_status_of (json_get_string (object, "error", "")),
                         json_get_string (object, "detail", ""));
  else
    return g_steal_pointer (&object);
  return NULL;
}
