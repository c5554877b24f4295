/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "validator.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "file.h"

#define VALIDATOR     "validator"
#define VALIDATOR_MAX 1024

char *
validator_read (int kept)
{
  g_auto (Fd) fd = file_open_beneath (kept, VALIDATOR, O_RDONLY | O_NOFOLLOW, 0);
  g_autofree char *text = fd < 0 ? NULL : file_read_fd (fd, VALIDATOR_MAX, VALIDATOR, NULL, NULL);
  bool plain = text != NULL;

  for (const char *c = text; plain && *c; c++)
    plain = g_ascii_isprint (*c);
  return plain ? g_steal_pointer (&text) : g_strdup ("");
}

void
validator_write (int kept, const char *validator)
{
  g_auto (Fd) fd = file_open_beneath (kept, VALIDATOR, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);

  if (fd >= 0)
    file_write_all (fd, validator, strlen (validator));
}

void
validator_remove (int kept)
{
  unlinkat (kept, VALIDATOR, 0);
}
