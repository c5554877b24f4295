/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "access-log.h"

#include <stdio.h>
#include <string.h>

#include "controls.h"

typedef struct
{
  const char *peer;
  uid_t uid;
  const char *method, *path;
  unsigned status;
  uint64_t bytes, usec;
  const char *note;
} AccessEntry;

static void
entry_add (GArray *fields, const char *key, const char *value)
{
  GLogField field = { key, value, -1 };

  g_array_append_val (fields, field);
}

static void
access_log_write (const AccessEntry *entry)
{
  g_autoptr (GArray) fields = g_array_new (false, false, sizeof (GLogField));
  g_autofree char *path = g_strescape (entry->path, NULL);
  g_autofree char *note = entry->note ? controls_visible (entry->note) : NULL;
  g_autofree char *uid = entry->uid == UID_UNKNOWN ? g_strdup ("") : g_strdup_printf ("%u", (unsigned)entry->uid);
  g_autofree char *status = g_strdup_printf ("%u", entry->status);
  g_autofree char *bytes = g_strdup_printf ("%" G_GUINT64_FORMAT, entry->bytes);
  g_autofree char *usec = g_strdup_printf ("%" G_GUINT64_FORMAT, entry->usec);
  g_autofree char *message = g_strdup_printf ("%s%s%s %s %s %s %s µs%s%s", entry->peer, *uid ? "/" : "", uid,
                                              entry->method, path, status, usec, note ? ": " : "", note ? note : "");

  entry_add (fields, "MESSAGE", message);
  entry_add (fields, "PRIORITY", "6");
  entry_add (fields, "GLIB_DOMAIN", G_LOG_DOMAIN);
  entry_add (fields, "REQUEST_METHOD", entry->method);
  entry_add (fields, "REQUEST_PATH", path);
  entry_add (fields, "STATUS", status);
  entry_add (fields, "PEER", entry->peer);
  entry_add (fields, "PEER_UID", uid);
  entry_add (fields, "DURATION_USEC", usec);
  entry_add (fields, "BYTES", bytes);
  /* GLib's own choice of a writer would drop what is not a warning. */
  if (g_log_writer_is_journald (fileno (stderr)))
    g_log_writer_journald (G_LOG_LEVEL_INFO, (const GLogField *)(void *)fields->data, fields->len, NULL);
  else
    fprintf (stderr, "%s\n", message);
}

void
access_log_request (const Request *request)
{
  unsigned status = request->response ? request->response->status : 0; /* nobody waited for an answer */

  request->bridge->metrics.requests[status / 100 % G_N_ELEMENTS (request->bridge->metrics.requests)]++;
  access_log_write (&(AccessEntry){
      .peer = request->peer->name,
      .uid = request->peer->is_unix ? UID_UNKNOWN : request->uid, /* the peer's name has it then */
      .method = method_name (request->head->method),
      .path = request->head->path,
      .status = status,
      .usec = (uint64_t)g_get_monotonic_time () - request->started,
  });
}

void
access_log_refusal (const Peer *peer, const Problem *problem)
{
  access_log_write (&(AccessEntry){
      .peer = peer->name,
      .uid = UID_UNKNOWN,
      .method = "-",
      .path = "-",
      .status = problem->status,
      .note = problem->detail,
  });
}

void
access_log_stream (const char *peer, uid_t uid, const char *path, uint64_t bytes, uint64_t usec)
{
  access_log_write (&(AccessEntry){
      .peer = peer,
      .uid = uid,
      .method = "GET",
      .path = path,
      .status = HTTP_OK,
      .bytes = bytes,
      .usec = usec,
      .note = "stream",
  });
}
