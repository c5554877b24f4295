/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The first program of the virtual machine, linked statically into its initial file system: it loads the modules that
 * /modules lists, puts a throw-away overlay on the files that the host shares, and becomes systemd in there. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel panics when its first process ends, and panic=-1 ends the machine then. */
static void
expect (int result, const char *what)
{
  if (result >= 0)
    return;
  perror (what);
  exit (EXIT_FAILURE);
}

static void
load_modules (void)
{
  FILE *list = fopen ("/modules", "re");
  char path[256];

  expect (list ? 0 : -1, "/modules");
  while (fgets (path, sizeof path, list))
    {
      int fd;

      path[strcspn (path, "\n")] = '\0';
      fd = open (path, O_RDONLY | O_CLOEXEC);
      expect (fd < 0 ? -1 : syscall (SYS_finit_module, fd, "", 0), path);
      close (fd);
    }
  fclose (list);
}

static void
mount_at (const char *type, const char *source, const char *target, unsigned long flags, const char *options)
{
  expect (mkdir (target, 0755), target);
  expect (mount (source, target, type, flags, options), target);
}

int
main (void)
{
  load_modules ();
  mount_at ("virtiofs", "files", "/below", MS_RDONLY, NULL);
  mount_at ("tmpfs", "tmpfs", "/above", 0, "mode=755");
  expect (mkdir ("/above/upper", 0755), "/above/upper");
  expect (mkdir ("/above/work", 0755), "/above/work");
  mount_at ("overlay", "overlay", "/files", 0, "lowerdir=/below,upperdir=/above/upper,workdir=/above/work");

  expect (chdir ("/files"), "/files");
  expect (mount (".", "/", NULL, MS_MOVE, NULL), "/");
  expect (chroot ("."), "/files");
  execl ("/lib/systemd/systemd", "systemd", (char *)NULL);
  perror ("/lib/systemd/systemd");
  return EXIT_FAILURE;
}
