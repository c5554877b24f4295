/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rbee-hive-needs: started by the builder in a sandbox, since what it reads may have been made to do harm. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "json.h"
#include "needs-check.h"
#include "tree-needs.h"

#define REQUIRES_MAX (4 * 1024 * 1024)
#define LINE_LENGTH  200
#define ANSWER_FD    9 /* as the builder has it */

/* The line that has the version: mostly the first; nvcc says it in a later one. */
static char *
version_line (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", 16);
  const char *line = *lines ? *lines : "";
  g_autofree char *valid = NULL;

  for (char **each = lines; *each; each++)
    if (strstr (*each, ", release "))
      line = *each;
  valid = g_utf8_make_valid (line, (gssize)MIN (strlen (line), LINE_LENGTH));
  return g_strdup (g_strstrip (valid));
}

/* What a tool says of itself; a tool that is not there or fails says nothing. */
static void
add_tool (JsonObject *tools, const char *tool)
{
  const char *arguments[] = { tool, g_str_equal (tool, "go") ? "version" : "--version", NULL };
  g_autofree char *said = NULL;
  g_autofree char *line = NULL;
  int status;

  if (!g_spawn_sync (NULL, (char **)arguments, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
                     &said, NULL, &status, NULL) ||
      status != 0)
    return;
  line = version_line (said);
  if (*line)
    json_object_set_string_member (tools, tool, line);
}

static JsonObject *
run_read (char **arguments)
{
  g_auto (Needs) needs = { 0 };
  g_auto (Fd) fd = open (arguments[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  JsonObject *answer, *tools;
  int r;

  needs_init (&needs);
  r = fd < 0 ? -1 : tree_needs_add (&needs, fd);
  if (r < 0 || needs.full)
    {
      fprintf (stderr, "rbee-hive-needs: %s\n",
               needs.full ? "the programs need more than can be written down" :
               fd < 0     ? "the tree cannot be opened" :
                            g_strerror (-r));
      return NULL;
    }
  answer = json_object_new ();
  tools = json_object_new ();
  for (char **tool = arguments + 2; *tool; tool++)
    add_tool (tools, *tool);
  json_object_set_object_member (answer, "requires", needs_to_json (&needs, arguments[1]));
  json_object_set_object_member (answer, "toolchain", tools);
  return answer;
}

static JsonObject *
run_check (const char *file)
{
  size_t size;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = file_read (file, REQUIRES_MAX, &size, &error);
  g_autoptr (JsonObject) requires =
      text ? json_parse_object (text, (ssize_t)size, file, HIVE_ERROR_FAILED, &error) : NULL;
  g_auto (GStrv) lacks = requires ? needs_check (requires) : NULL;
  JsonObject *answer = lacks ? json_object_new () : NULL;

  if (answer)
    json_set_strings (answer, "lacks", lacks);
  else
    fprintf (stderr, "rbee-hive-needs: %s\n", error->message);
  return answer;
}

int
main (int argc, char **argv)
{
  g_autoptr (JsonObject) answer = NULL;
  g_autofree char *text = NULL;

  if (argc >= 4 && g_str_equal (argv[1], "read"))
    answer = run_read (argv + 2);
  else if (argc == 3 && g_str_equal (argv[1], "check"))
    answer = run_check (argv[2]);
  else
    fprintf (stderr, "Usage: rbee-hive-needs read FOLDER CPU [TOOL…] | check FILE (started by rbee-hive-builder)\n");
  if (!answer)
    return 2;
  text = json_to_text (answer, false);
  return file_write_all (ANSWER_FD, text, strlen (text)) == 0 ? 0 : 1;
}
