/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "checksum.h"

#include "error.h"
#include "file.h"
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define B2_HEX_LENGTH 128

static const struct
{
  const char *name;
  int type; /* GChecksumType; -1: coreutils' b2sum, since GLib has no BLAKE2 */
  size_t length;
} kinds[] = {
  [CHECKSUM_SHA256] = { "sha256", G_CHECKSUM_SHA256, 64 },
  [CHECKSUM_SHA512] = { "sha512", G_CHECKSUM_SHA512, 128 },
  [CHECKSUM_B2] = { "b2", -1, B2_HEX_LENGTH },
};

const char *
checksum_name (ChecksumKind kind)
{
  return kinds[kind].name;
}

bool
checksum_is_valid (ChecksumKind kind, const char *text)
{
  return strlen (text) == kinds[kind].length && strspn (text, "0123456789abcdefABCDEF") == kinds[kind].length;
}

/* b2sum(1) reads @fd as its standard input and prints the sum, two spaces and a name. */
static char *
checksum_by_b2sum (int fd, GError **error)
{
  static char *const arguments[] = { (char *)"b2sum", NULL };
  static char *const environment[] = { (char *)"LC_ALL=C", NULL };
  posix_spawn_file_actions_t actions;
  g_auto (Fd) output = -1;
  g_autofree char *text = NULL;
  int pipe_fds[2], status, r;
  size_t size = 0;
  pid_t pid;

  if (pipe2 (pipe_fds, O_CLOEXEC) < 0)
    {
      hive_error_set_errno (error, errno, "Can't make a pipe");
      return NULL;
    }
  output = pipe_fds[0];

  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_adddup2 (&actions, fd, STDIN_FILENO);
  posix_spawn_file_actions_adddup2 (&actions, pipe_fds[1], STDOUT_FILENO);
  r = posix_spawnp (&pid, "b2sum", &actions, NULL, arguments, environment);
  posix_spawn_file_actions_destroy (&actions);
  close (pipe_fds[1]);
  if (r != 0)
    {
      hive_error_set_errno (error, r, "Can't run b2sum (of coreutils)");
      return NULL;
    }

  text = file_read_fd (output, 4096, "b2sum's answer", &size, error);
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  if (!text)
    return NULL;
  if (status != 0 || size < B2_HEX_LENGTH)
    {
      g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_FAILED, "b2sum could not read the file");
      return NULL;
    }

  return g_strndup (text, B2_HEX_LENGTH);
}

char *
checksum_of_fd (ChecksumKind kind, int fd, GError **error)
{
  g_autoptr (GChecksum) checksum = NULL;
  g_autofree char *buffer = NULL;
  size_t buffer_size = 256 * 1024;

  if (lseek (fd, 0, SEEK_SET) < 0)
    {
      hive_error_set_errno (error, errno, "Can't read a source");
      return NULL;
    }
  if (kinds[kind].type < 0)
    return checksum_by_b2sum (fd, error);

  checksum = g_checksum_new (kinds[kind].type);
  buffer = g_malloc (buffer_size);
  for (;;)
    {
      ssize_t n = read (fd, buffer, buffer_size);

      if (!sandbox_check_cancelled (error))
        return NULL;
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          hive_error_set_errno (error, errno, "Can't read a source");
          return NULL;
        }
      if (n == 0)
        return g_strdup (g_checksum_get_string (checksum));
      g_checksum_update (checksum, (const guchar *)buffer, n);
    }
}

char *
checksum_of_text (ChecksumKind kind, const char *text, size_t length)
{
  g_assert (kinds[kind].type >= 0);
  return g_compute_checksum_for_data (kinds[kind].type, (const guchar *)text, length);
}
