/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "sandbox-private.h"
#include "system-calls.h"

static void
add (GPtrArray *options, const char *option, const char *first, const char *second)
{
  g_ptr_array_add (options, g_strdup (option));
  if (first)
    g_ptr_array_add (options, g_strdup (first));
  if (second)
    g_ptr_array_add (options, g_strdup (second));
}

/* What may fill the memory of this machine: a quarter of it at most, and little while a recipe is only read. */
static char *
sandbox_tmpfs_size (const Sandbox *sandbox)
{
  int64_t memory = (int64_t)sysconf (_SC_PHYS_PAGES) * sysconf (_SC_PAGESIZE);

  return g_strdup_printf ("%" G_GINT64_FORMAT,
                          sandbox->evaluation ? 16 * 1024 * 1024 : CLAMP (memory / 4, 64 << 20, INT64_C (4) << 30));
}

void
sandbox_bind (Sandbox *sandbox, const char *outside, const char *inside)
{
  add (sandbox->binds, "--bind", outside, inside);
}

void
sandbox_bind_read_only (Sandbox *sandbox, const char *outside, const char *inside)
{
  add (sandbox->binds, "--ro-bind", outside, inside);
}

void
sandbox_link (Sandbox *sandbox, const char *target, const char *inside)
{
  add (sandbox->binds, "--symlink", target, inside);
}

void
sandbox_make_folder (Sandbox *sandbox, const char *inside)
{
  add (sandbox->binds, "--dir", inside, NULL);
}

void
sandbox_add_folder (Sandbox *sandbox, const char *inside)
{
  g_autofree char *size = sandbox_tmpfs_size (sandbox);

  add (sandbox->binds, "--size", size, NULL);
  add (sandbox->binds, "--tmpfs", inside, NULL);
}

void
sandbox_set_tmp (Sandbox *sandbox, const char *outside)
{
  g_free (sandbox->tmp);
  sandbox->tmp = g_strdup (outside);
  sandbox_setenv (sandbox, "TMPDIR", "/tmp");
}

void
sandbox_setenv (Sandbox *sandbox, const char *name, const char *value)
{
  add (sandbox->environment, "--setenv", name, value);
}

void
sandbox_setenv_all (Sandbox *sandbox, char *const *variables)
{
  for (; *variables; variables++)
    {
      g_auto (GStrv) parts = g_strsplit (*variables, "=", 2);

      sandbox_setenv (sandbox, parts[0], parts[1]);
    }
}

void
sandbox_chdir (Sandbox *sandbox, const char *inside)
{
  g_free (sandbox->directory);
  sandbox->directory = g_strdup (inside);
}

void
sandbox_pin_host (Sandbox *sandbox, const char *host, const char *address)
{
  g_free (sandbox->hosts);
  sandbox->hosts = g_strdup_printf ("%s %s\n", address, host);
}

char *
sandbox_pass (Sandbox *sandbox, int fd, GError **error)
{
  int moved = fcntl (fd, F_DUPFD_CLOEXEC, FD_BASE);

  close (fd);
  if (moved < 0)
    {
      hive_error_set_errno (error, errno, "Cannot pass a descriptor to the sandbox");
      return NULL;
    }

  g_array_append_val (sandbox->passed, moved);
  return g_strdup_printf ("%d", moved);
}

/* A file of the sandbox's /etc with what can be read from @fd, which is taken. It lies on the sandbox's root, which
 * can't be written, and so needs no mount, of which each takes its time. */
static bool
sandbox_add_copy (Sandbox *sandbox, GPtrArray *options, int fd, const char *inside, GError **error)
{
  g_autofree char *number = fd < 0 ? NULL : sandbox_pass (sandbox, fd, error);

  if (!number)
    return false;
  add (options, "--perms", "0644", NULL);
  add (options, "--file", number, inside);
  return true;
}

static bool
sandbox_add_file (Sandbox *sandbox, GPtrArray *options, const char *inside, const char *content, GError **error)
{
  return sandbox_add_copy (sandbox, options, file_memory (inside, content, -1, error), inside, error);
}

/* One of this machine's /etc, as it is now. */
static bool
sandbox_add_etc_file (Sandbox *sandbox, GPtrArray *options, const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat st;

  if (fd < 0)
    return true;
  if (fstat (fd, &st) == 0 && S_ISREG (st.st_mode))
    return sandbox_add_copy (sandbox, options, fd, path, error);
  close (fd);
  add (options, "--ro-bind", path, path);
  return true;
}

bool
sandbox_bind_text (Sandbox *sandbox, const char *text, const char *inside, GError **error)
{
  int fd = file_memory (inside, text, -1, error);
  g_autofree char *number = fd < 0 ? NULL : sandbox_pass (sandbox, fd, error);

  if (number)
    add (sandbox->binds, "--ro-bind-data", number, inside);
  return number != NULL;
}

bool
sandbox_copy (Sandbox *sandbox, int fd, bool executable, const char *inside, GError **error)
{
  g_autofree char *number = sandbox_pass (sandbox, fd, error);

  if (number)
    {
      add (sandbox->binds, "--perms", executable ? "0755" : "0644", NULL);
      add (sandbox->binds, "--file", number, inside);
    }
  return number != NULL;
}

/* /bin, /lib and so on: links into /usr on a merged system, folders on others. */
static void
sandbox_add_system (GPtrArray *options)
{
  static const char *const folders[] = { "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32" };

  add (options, "--ro-bind", "/usr", "/usr");
  if (g_file_test ("/opt", G_FILE_TEST_IS_DIR))
    add (options, "--ro-bind", "/opt", "/opt");

  for (size_t i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *target = g_file_read_link (folders[i], NULL);

      if (target)
        add (options, "--symlink", target, folders[i]);
      else if (g_file_test (folders[i], G_FILE_TEST_IS_DIR))
        add (options, "--ro-bind", folders[i], folders[i]);
    }
}

static bool
sandbox_add_etc (Sandbox *sandbox, GPtrArray *options, GError **error)
{
  static const char *const files[] = { "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives",
                                       "/etc/localtime", "/etc/os-release",
                                       /* By these cmake knows where libraries go and which modes they have. */
                                       "/etc/debian_version", "/etc/arch-release" };
  static const char *const certificates[] = { "/etc/ssl/certs",     "/etc/ssl/openssl.cnf",  "/etc/ssl/cert.pem",
                                              "/etc/pki/tls/certs", "/etc/pki/tls/cert.pem", "/etc/pki/tls/openssl.cnf",
                                              "/etc/pki/ca-trust",  "/etc/ca-certificates",  "/etc/crypto-policies",
                                              "/etc/protocols",     "/etc/services" };
  static const char *const network_files[] = { "/etc/resolv.conf", "/etc/hosts" };
  g_autofree char *passwd = g_strdup_printf ("root:x:0:0:root:/tmp:/bin/sh\n"
                                             "nobody:x:65534:65534:nobody:/:/bin/false\n"
                                             "builder:x:%u:%u:builder:/tmp:/bin/bash\n",
                                             (unsigned)getuid (), (unsigned)getgid ());
  g_autofree char *group =
      g_strdup_printf ("root:x:0:\nnobody:x:65534:\nnogroup:x:65534:\nbuilder:x:%u:\n", (unsigned)getgid ());

  for (size_t i = 0; i < G_N_ELEMENTS (files); i++)
    if (!sandbox_add_etc_file (sandbox, options, files[i], error))
      return false;
  /* Each of these mounts takes its time, and without a network none of them is needed. */
  for (size_t i = 0; sandbox->network != NETWORK_NONE && i < G_N_ELEMENTS (certificates); i++)
    if (access (certificates[i], R_OK) == 0)
      add (options, "--ro-bind", certificates[i], certificates[i]);

  if (!sandbox_add_file (sandbox, options, "/etc/passwd", passwd, error) ||
      !sandbox_add_file (sandbox, options, "/etc/group", group, error) ||
      !sandbox_add_file (sandbox, options, "/etc/nsswitch.conf",
                         sandbox->hosts ? "passwd: files\ngroup: files\nhosts: files\n" :
                                          "passwd: files\ngroup: files\nhosts: files dns\n",
                         error))
    return false;

  if (sandbox->hosts)
    return sandbox_add_file (sandbox, options, "/etc/hosts", sandbox->hosts, error);
  /* Copies: resolv.conf is mostly a link into /run, which is not there. */
  for (size_t i = 0; sandbox->network != NETWORK_NONE && i < G_N_ELEMENTS (network_files); i++)
    {
      bool asks_pasta = i == 0 && sandbox->network == NETWORK_FILTERED;
      g_autofree char *content = file_read (network_files[i], 1024 * 1024, NULL, NULL);
      g_autofree char *resolver = content && asks_pasta ? sandbox_network_resolver (content) : NULL;

      if (content && !sandbox_add_file (sandbox, options, network_files[i], resolver ? resolver : content, error))
        return false;
    }

  return true;
}

/* Bubblewrap puts it in force last, when the sandbox stands. */
static bool
sandbox_add_filter (Sandbox *sandbox, GPtrArray *options, GError **error)
{
  int fd = system_calls_filter (sandbox->network != NETWORK_SHARED, error);
  g_autofree char *number = fd < 0 ? NULL : sandbox_pass (sandbox, fd, error);

  if (number)
    add (options, "--add-seccomp-fd", number, NULL);
  return number != NULL;
}

/* Whether something is shown there: it is the last word of an option. Where that is, a link would lead it into what the
 * build may write. */
static bool
sandbox_binds_below (const Sandbox *sandbox, const char *folder)
{
  char **words = (char **)sandbox->binds->pdata;
  guint length = sandbox->binds->len;

  for (guint i = 0; i < length; i++)
    if (g_str_has_prefix (words[i], folder) && (i + 1 == length || g_str_has_prefix (words[i + 1], "--")))
      return true;
  return false;
}

GString *
sandbox_options (Sandbox *sandbox, const char *status_number, GError **error)
{
  static const char *const fixed[] = { "--unshare-all",     "--unshare-user", "--disable-userns", "--new-session",
                                       "--die-with-parent", "--clearenv",     "--hostname",       "sandbox" };
  g_autoptr (GPtrArray) options = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *tmpfs_size = sandbox_tmpfs_size (sandbox);
  GString *text;

  for (size_t i = 0; i < G_N_ELEMENTS (fixed); i++)
    add (options, fixed[i], NULL, NULL);
  add (options, "--cap-drop", "ALL", NULL); /* root's are inherited otherwise */
  if (sandbox->network != NETWORK_NONE)
    add (options, "--share-net", NULL, NULL);
  add (options, "--json-status-fd", status_number, NULL);
  if (!sandbox_add_filter (sandbox, options, error))
    return NULL;

  sandbox_add_system (options);
  if (!sandbox_add_etc (sandbox, options, error))
    return NULL;
  add (options, "--proc", "/proc", NULL);
  add (options, "--dev", "/dev", NULL);
  add (options, "--size", tmpfs_size, NULL);
  add (options, "--tmpfs", "/dev/shm", NULL);
  add (options, "--remount-ro", "/dev", NULL);
  if (sandbox->tmp)
    add (options, "--bind", sandbox->tmp, "/tmp");
  else
    {
      add (options, "--size", tmpfs_size, NULL);
      add (options, "--tmpfs", "/tmp", NULL);
    }
  if (!sandbox_binds_below (sandbox, "/var/tmp/"))
    add (options, "--symlink", "/tmp", "/var/tmp");

  text = g_string_new (NULL);
  for (guint i = 0; i < options->len; i++)
    g_string_append_len (text, options->pdata[i], strlen (options->pdata[i]) + 1);
  for (guint i = 0; i < sandbox->binds->len; i++)
    g_string_append_len (text, sandbox->binds->pdata[i], strlen (sandbox->binds->pdata[i]) + 1);
  for (guint i = 0; i < sandbox->environment->len; i++)
    g_string_append_len (text, sandbox->environment->pdata[i], strlen (sandbox->environment->pdata[i]) + 1);
  if (sandbox->directory)
    {
      g_string_append_len (text, "--chdir", sizeof "--chdir");
      g_string_append_len (text, sandbox->directory, strlen (sandbox->directory) + 1);
    }
  /* Last: mount points are made on it before. */
  g_string_append_len (text, "--remount-ro\0/", sizeof "--remount-ro\0/");
  return text;
}
