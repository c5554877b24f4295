/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rbee-hive-store: what speaks with stores. The builder starts it in sandboxes to look, to fetch and to send. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "find.h"
#include "json.h"
#include "shipment.h"
#include "store-configuration.h"

#define ANSWER_FD 9 /* as the builder has it */

/* For how many seconds in all a registry that is busy is asked again: not by a lookup, which has nothing to lose. */
#define GET_PATIENCE 20
#define PUT_PATIENCE 120

static bool
answer (const char *text, size_t size, GError **error)
{
  int r = file_write_all (ANSWER_FD, text, size);

  return r >= 0 || hive_error_set_errno (error, -r, "Cannot answer");
}

static unsigned
number (const char *text)
{
  return (unsigned)g_ascii_strtoull (text, NULL, 10);
}

/* find URL TAG MILLISECONDS: all builds, as JSON, of a store that answers by then. */
static bool
run_find (char **arguments, GError **error)
{
  g_autoptr (StoreLink) link = store_link_open (arguments[0], number (arguments[2]), 0, error);
  g_autoptr (JsonObject) builds = link ? find_builds (link, arguments[1], error) : NULL;
  g_autofree char *text = builds ? json_to_text (builds, false) : NULL;

  return text && answer (text, strlen (text), error);
}

/* get URL DIGEST SIZE: a blob to standard output. STORE_EXIT_DEAD: the store does not answer. */
static bool
run_get (char **arguments, GError **error)
{
  g_autoptr (StoreLink) link = store_link_open (arguments[0], 0, GET_PATIENCE, error);
  Descriptor blob = { .size = g_ascii_strtoull (arguments[2], NULL, 10) };

  if (!link)
    return false;
  if (!digest_is_valid (arguments[1]))
    {
      g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_FAILED, "that is not a digest");
      return false;
    }
  g_strlcpy (blob.digest, arguments[1], sizeof blob.digest);
  return store_link_copy (link, &blob, STDOUT_FILENO, error);
}

/* put FOLDER URL TAG: the build that a folder has under that tag, to a registry. */
static bool
run_put (char **arguments, GError **error)
{
  g_auto (Fd) folder = open (arguments[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_autoptr (OciRegistry) registry = NULL;

  if (folder < 0)
    return hive_error_set_errno (error, errno, "Cannot open %s", arguments[0]);
  registry = oci_registry_open (arguments[1]);
  oci_registry_set_patience (registry, PUT_PATIENCE);
  return shipment_run (folder, arguments[2], registry, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  const char *verb = argc > 1 ? argv[1] : "";
  bool fine;

  signal (SIGPIPE, SIG_IGN);
  if (g_str_equal (verb, "find") && argc == 5)
    fine = run_find (argv + 2, &error);
  else if (g_str_equal (verb, "get") && argc == 5)
    fine = run_get (argv + 2, &error);
  else if (g_str_equal (verb, "put") && argc == 5)
    fine = run_put (argv + 2, &error);
  else
    {
      fprintf (stderr, "Usage: rbee-hive-store find URL TAG MILLISECONDS | get URL DIGEST SIZE | put FOLDER URL TAG "
                       "(started by the hive)\n");
      return 2;
    }
  if (!fine && error)
    fprintf (stderr, "%s\n", error->message);
  if (!fine && error && error->code == HIVE_ERROR_SOURCE_UNAVAILABLE && g_str_equal (verb, "get"))
    return STORE_EXIT_DEAD;
  return fine ? 0 : 1;
}
