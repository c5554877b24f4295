/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commit-scratch.h"
#include "error.h"
#include "place-rules.h"

#define BINARY "/usr/local/bin/x-worker"

/* Places, and whether the worker "x-worker" that has no other command may use them. */
static const struct
{
  const char *path;
  bool allowed;
} places[] = {
  { "bin/x-worker", true },
  { "lib/x-worker/libx.so.1", true },
  { "lib64/x-worker/plugins/x.so", true },
  { "libexec/x-worker", true },
  { "libexec/x-worker/helper", true },
  { "share/x-worker/python3.11/site-packages/x.pth", true },
  { "share/licenses/any/LICENSE", true },
  { "share/doc/any/README", true },
  { "share/man/man1/x-worker.1.gz", true },
  { "share/man/man1/x-worker-serve.1", true },
  { "share/man/de/man5/x-worker.conf.5", true },
  { "man/man1/x-worker.1", true },
  { "share/bash-completion/completions/x-worker", true },
  { "share/fish/vendor_completions.d/x-worker.fish", true },
  { "share/zsh/site-functions/_x-worker", true },
  { "share/applications/x-worker.desktop", true },
  { "share/applications/org.example.x-worker.desktop", true },
  { "share/icons/hicolor/48x48/apps/x-worker.png", true },
  { "share/icons/hicolor/scalable/apps/org.example.x-worker-symbolic.svg", true },
  { "share/pixmaps/x-worker.xpm", true },
  { "share/locale/de/LC_MESSAGES/x-worker.mo", true },

  { "x-worker/file", false },
  { "bin/x-worker/file", false },
  { "bin/json.py", false },
  { "bin/re.cpython-311-x86_64-linux-gnu.so", false },
  { "bin/python", false },
  { "bin/python3.12", false },
  { "bin/bash", false },
  { "bin/update-mime-database", false },
  { "bin/git-credential-x", false },
  { "sbin/id", false },
  { "games/x-worker", false },
  { "lib/libx.so", false },
  { "lib/libc.so.6", false },
  { "lib64/libx.so.1", false },
  { "lib/x86_64-linux-gnu/libc.so.6", false },
  { "lib/glibc-hwcaps/x86-64-v3/libc.so.6", false },
  { "lib/libx.a", false },
  { "lib/x-worker-data/file", false },
  { "lib/x-workers/file", false },
  { "lib/systemd/system/x-worker.service", false },
  { "lib/systemd/system-generators/x-worker", false },
  { "lib/systemd/system-environment-generators/x", false },
  { "lib/systemd/user/x.service", false },
  { "lib/systemd/system-shutdown/x", false },
  { "lib/tmpfiles.d/x.conf", false },
  { "lib/sysusers.d/x.conf", false },
  { "lib/sysctl.d/x.conf", false },
  { "lib/modules-load.d/x.conf", false },
  { "lib/binfmt.d/x.conf", false },
  { "lib/environment.d/x.conf", false },
  { "lib/udev/rules.d/99-x.rules", false },
  { "lib/udev/hwdb.d/x.hwdb", false },
  { "lib/kernel/install.d/x.install", false },
  { "lib/userdb/x.user", false },
  { "lib/extensions/x.raw", false },
  { "lib/python3.11/dist-packages/x.pth", false },
  { "lib/python3/sitecustomize.py", false },
  { "lib/site_perl/X.pm", false },
  { "lib/node_modules/x/index.js", false },
  { "lib/security/pam_x.so", false },
  { "lib/libnss_x.so.2", false },
  { "lib/bash/x", false },
  { "lib/pkgconfig/x.pc", false },
  { "lib/cmake/x/x-config.cmake", false },
  { "share/dbus-1/system-services/org.x.service", false },
  { "share/dbus-1/services/org.x.service", false },
  { "share/dbus-1/system.d/x.conf", false },
  { "share/polkit-1/actions/x.policy", false },
  { "share/polkit-1/rules.d/x.rules", false },
  { "share/systemd/user/x.service", false },
  { "share/user-tmpfiles.d/x.conf", false },
  { "share/perl/5.36.0/X.pm", false },
  { "share/perl5/X.pm", false },
  { "share/bash-completion/completions/ls", false },
  { "share/bash-completion/bash_completion", false },
  { "share/fish/vendor_conf.d/x-worker.fish", false },
  { "share/fish/vendor_functions.d/ls.fish", false },
  { "share/zsh/site-functions/_files", false },
  { "share/applications/mimeapps.list", false },
  { "share/applications/firefox.desktop", false },
  { "share/applications/x-workers.desktop", false },
  { "share/icons/hicolor/index.theme", false },
  { "share/icons/hicolor/48x48/apps/firefox.png", false },
  { "share/mime/packages/x.xml", false },
  { "share/xsessions/x.desktop", false },
  { "share/gnome/autostart/x.desktop", false },
  { "share/glib-2.0/schemas/x.gschema.xml", false },
  { "share/vulkan/icd.d/x.json", false },
  { "share/man/man1/ls.1", false },
  { "share/man/man1/x-workerless.1", false },
  { "share/locale/de/LC_MESSAGES/coreutils.mo", false },
  { "etc/profile.d/x.sh", false },
  { "etc/cron.d/x", false },
  { "etc/ld.so.conf.d/x.conf", false },
  { "etc/pam.d/login", false },
  { "etc/xdg/autostart/x.desktop", false },
  { "etc/bash_completion.d/x", false },
  { "include/stdio.h", false },
  { "src/x", false },
  { "node_modules/x/index.js", false },
};

static bool
rule_allows (const char *path, const char *name, bool foreign)
{
  char *names[] = { (char *)name, NULL }, *commands[] = { (char *)"x-worker", NULL };
  const PlaceRule *rule = place_rule_find (path, &(PlaceNames){ names, commands }, foreign);

  return rule && rule->kind != PLACE_REFUSED;
}

static void
test_list (void)
{
  for (size_t i = 0; i < G_N_ELEMENTS (places); i++)
    if (rule_allows (places[i].path, "x-worker", false) != places[i].allowed)
      g_error ("%s must%s be allowed", places[i].path, places[i].allowed ? "" : " not");
}

/* What a worker may call itself must not make a folder that others load its own. */
static void
test_names_of_others (void)
{
  static const char *const own[] = {
    "lib/python3",        "lib/python3.11",   "lib/systemd",      "lib/udev",       "lib/tmpfiles.d",
    "lib/perl5",          "lib/site_perl",    "lib/node_modules", "lib/security",   "lib/x86_64-linux-gnu",
    "lib/glibc-hwcaps",   "lib/bash",         "lib/modules",      "lib/dri",        "lib/gio",
    "lib64/security",     "libexec/git-core", "share/dbus-1",     "share/polkit-1", "share/systemd",
    "share/applications", "share/man",        "share/zsh",        "share/fish",     "share/bash-completion",
    "share/mime",         "share/fonts",      "share/glib-2.0",   "share/vulkan",   "share/perl5",
  };

  for (size_t i = 0; i < G_N_ELEMENTS (own); i++)
    {
      g_autofree char *path = g_strconcat (own[i], "/sitecustomize.py", NULL);

      if (rule_allows (path, strchr (own[i], '/') + 1, false))
        g_error ("a worker of that name may use %s", path);
    }
  /* Nor one whose name only begins so, by a folder that begins with its name. */
  g_assert_false (rule_allows ("lib/python3.11/x", "py", false));
  g_assert_false (rule_allows ("share/dbus-1/system-services/x.service", "dbus", false));
  /* A name that resembles one is fine. */
  g_assert_true (rule_allows ("lib/python-worker/x", "python-worker", false));
  g_assert_true (rule_allows ("share/node-llama-cpp/x", "node-llama-cpp", false));
}

static void
test_opt (void)
{
  g_assert_true (rule_allows ("x-worker/lib/python3.11/site-packages/x.pth", "x-worker", true));
  g_assert_true (rule_allows ("x-worker", "x-worker", true));
  g_assert_false (rule_allows ("other/x", "x-worker", true));
  g_assert_false (rule_allows ("lib/libc.so.6", "lib", true));
  g_assert_false (rule_allows ("bin/python", "bin", true));
  g_assert_false (rule_allows ("etc/profile", "etc", true));
  g_assert_false (rule_allows ("rocm/lib/libc.so.6", "rocm", true));
}

/* A package that is fine until a test spoils it. */
static void
package_good (const Scratch *scratch, const char *job)
{
  package_file (scratch, job, "usr/local/bin/x-worker", "#!/bin/sh\n", 0755);
  package_file (scratch, job, "usr/local/share/x-worker/data", "data", 0644);
}

static void
expect (const Scratch *scratch, int code, const char *word)
{
  package_list (scratch, "1", NULL);
  expect_refusal (scratch, "1", "x-worker", BINARY, code, word);
}

static void
root_file (const Scratch *scratch, const char *path)
{
  g_autofree char *full = scratch_path (scratch, "root/%s", path);
  g_autofree char *directory = g_path_get_dirname (full);

  g_assert_cmpint (g_mkdir_with_parents (directory, 0755), ==, 0);
  g_assert_true (g_file_set_contents (full, "somebody's", -1, NULL));
}

static void
test_refusal_says_who_would_load_it_and_where_to_put_it (Scratch *scratch, gconstpointer data)
{
  package_good (scratch, "1");
  package_file (scratch, "1", "usr/local/lib/libx.so", "x", 0755);
  expect (scratch, HIVE_ERROR_PACKAGE_INVALID,
          "/usr/local/lib/libx.so in the package would be used without the worker being run: the dynamic loader");
  expect (
      scratch, HIVE_ERROR_PACKAGE_INVALID,
      "package() must put the library into /usr/local/lib/x-worker, linked with -Wl,-rpath,/usr/local/lib/x-worker");
  expect (scratch, HIVE_ERROR_PACKAGE_INVALID, "Allow=/usr/local/lib/libx.so in [Install] of hive.conf");
}

static void
test_empty_folder_of_others (Scratch *scratch, gconstpointer data)
{
  package_good (scratch, "1");
  package_directory (scratch, "1", "usr/local/lib/glibc-hwcaps/x86-64-v3");
  expect (scratch, HIVE_ERROR_PACKAGE_INVALID, "/usr/local/lib/glibc-hwcaps");
}

static void
test_command_that_a_program_has (Scratch *scratch, gconstpointer data)
{
  g_autofree char *found = scratch_path (scratch, "root/%s/tool", (const char *)data);
  g_autofree char *program = g_strdup_printf ("%s/tool", (const char *)data);

  root_file (scratch, program);
  package_good (scratch, "1");
  package_file (scratch, "1", "usr/local/bin/tool", "x", 0755);
  expect (scratch, HIVE_ERROR_FILE_CONFLICT, found);
}

static void
test_command_that_this_machine_has (Scratch *scratch, gconstpointer data)
{
  package_good (scratch, "1");
  package_link (scratch, "1", "usr/local/bin/id", "x-worker");
  expect (scratch, HIVE_ERROR_FILE_CONFLICT, "/usr/bin/id");
}

static void
test_own_folder_that_the_system_has (Scratch *scratch, gconstpointer data)
{
  root_file (scratch, "usr/share/x-worker/theirs");
  package_good (scratch, "1");
  expect (scratch, HIVE_ERROR_FILE_CONFLICT, "/usr/share/x-worker, which is the system's");
}

static void
test_own_folder_that_somebody_uses (Scratch *scratch, gconstpointer data)
{
  root_file (scratch, "usr/local/share/x-worker/theirs");
  package_good (scratch, "1");
  expect (scratch, HIVE_ERROR_FILE_CONFLICT, "/usr/local/share/x-worker exists and belongs to no worker");
}

static void
test_own_folder_of_another_worker (Scratch *scratch, gconstpointer data)
{
  package_good (scratch, "1");
  package_list (scratch, "1", NULL);
  expect_install (scratch, "1", "x-worker", BINARY);

  package_file (scratch, "2", "usr/local/bin/other", "x", 0755);
  package_file (scratch, "2", "opt/x-worker", "x", 0755);
  package_file (scratch, "2", "usr/local/share/x-worker/plugin", "x", 0644);
  package_list (scratch, "2", NULL);
  expect_refusal (scratch, "2", "other", "/opt/x-worker", HIVE_ERROR_FILE_CONFLICT,
                  "/usr/local/share/x-worker belongs to worker x-worker");
}

static void
test_desktop_entry (Scratch *scratch, gconstpointer data)
{
  g_autofree char *text = g_strdup_printf ("[Desktop Entry]\nExec=x-worker\n%s\n", (const char *)data);

  package_good (scratch, "1");
  package_file (scratch, "1", "usr/local/share/applications/x-worker.desktop", "[Desktop Entry]\nExec=x-worker\n",
                0644);
  package_list (scratch, "1", NULL);
  expect_install (scratch, "1", "x-worker", BINARY);
  package_file (scratch, "1", "usr/local/share/applications/x-worker.desktop", text, 0644);
  expect (scratch, HIVE_ERROR_PACKAGE_INVALID, "must install it without that line");
}

static void
test_desktop_entry_that_is_a_link (Scratch *scratch, gconstpointer data)
{
  package_good (scratch, "1");
  package_link (scratch, "1", "usr/local/share/applications/x-worker.desktop", "../x-worker/data");
  expect (scratch, HIVE_ERROR_PACKAGE_INVALID, "must install the file itself there");
}

static void
test_zsh_completion (Scratch *scratch, gconstpointer data)
{
  package_good (scratch, "1");
  package_file (scratch, "1", "usr/local/share/zsh/site-functions/_x-worker", "#compdef x-worker\n", 0644);
  package_list (scratch, "1", NULL);
  expect_install (scratch, "1", "x-worker", BINARY);
  package_file (scratch, "1", "usr/local/share/zsh/site-functions/_x-worker", data, 0644);
  expect (scratch, HIVE_ERROR_PACKAGE_INVALID, "which is not a command of the package");
}

static void
test_zsh_function_of_zsh (Scratch *scratch, gconstpointer data)
{
  root_file (scratch, "usr/share/zsh/functions/Completion/Unix/_things");
  package_good (scratch, "1");
  package_file (scratch, "1", "usr/local/bin/things", "x", 0755);
  package_file (scratch, "1", "usr/local/share/zsh/site-functions/_things", "", 0644);
  expect (scratch, HIVE_ERROR_FILE_CONFLICT, "_things, which is zsh's");
}

static void
test_folder_in_bin_is_no_command (Scratch *scratch, gconstpointer data)
{
  package_good (scratch, "1");
  package_directory (scratch, "1", "usr/local/bin/other");
  package_file (scratch, "1", "usr/local/share/bash-completion/completions/other", "x", 0644);
  expect (scratch, HIVE_ERROR_PACKAGE_INVALID, "somebody completes a command that is not the worker's");
}

static void
test_administrator_allows (Scratch *scratch, gconstpointer data)
{
  char *pattern = (char *)"/usr/local/include/*", *folder = (char *)"/usr/local/bin/id";
  char *patterns[] = { pattern, folder, NULL };

  package_good (scratch, "1");
  package_file (scratch, "1", "usr/local/include/x/x.h", "x", 0644);
  package_file (scratch, "1", "usr/local/bin/id", "x", 0755);
  package_list (scratch, "1", NULL);
  g_strfreev (scratch->configuration->install_allow);
  scratch->configuration->install_allow = g_strdupv (patterns);
  expect_install (scratch, "1", "x-worker", BINARY);
  assert_content (scratch, "root/usr/local/include/x/x.h", "x");
}

/* Links of a distribution in a prefix. */

static void
test_linked_folder_is_followed (Scratch *scratch, gconstpointer data)
{
  g_autofree char *share = scratch_path (scratch, "root/usr/local/share");
  g_autofree char *man = scratch_path (scratch, "root/usr/local/man");
  g_autofree char *link = scratch_path (scratch, "root/usr/local/share/man");
  g_autofree char *record = NULL;

  g_assert_cmpint (g_mkdir_with_parents (share, 0755), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (man, 0755), ==, 0);
  g_assert_cmpint (symlink ("../man", link), ==, 0);
  package_good (scratch, "1");
  package_file (scratch, "1", "usr/local/share/man/man1/x-worker.1", "page", 0644);
  package_list (scratch, "1", NULL);
  expect_install (scratch, "1", "x-worker", BINARY);

  assert_content (scratch, "root/usr/local/man/man1/x-worker.1", "page");
  record = content (scratch, "state/workers/x-worker.json");
  g_assert_nonnull (strstr (record, "\"/usr/local/man/man1/x-worker.1\""));
  g_assert_null (strstr (record, "/usr/local/share/man"));
  expect_remove (scratch, "2", "x-worker");
  assert_content (scratch, "root/usr/local/man/man1/x-worker.1", NULL);
  g_assert_true (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
}

static void
test_linked_folder_makes_one_of_two_files (Scratch *scratch, gconstpointer data)
{
  g_autofree char *share = scratch_path (scratch, "root/usr/local/share/man");
  g_autofree char *link = scratch_path (scratch, "root/usr/local/man");

  g_assert_cmpint (g_mkdir_with_parents (share, 0755), ==, 0);
  g_assert_cmpint (symlink ("share/man", link), ==, 0);
  package_good (scratch, "1");
  package_file (scratch, "1", "usr/local/share/man/man1/x-worker.1", "page", 0644);
  package_file (scratch, "1", "usr/local/man/man1/x-worker.1", "page", 0644);
  expect (scratch, HIVE_ERROR_PACKAGE_INVALID, "are one and the same here");
}

/* Where a link leads is what decides. */
static void
test_linked_folder_leads_to_no_place (Scratch *scratch, gconstpointer data)
{
  g_autofree char *target = scratch_path (scratch, "root/usr/local/lib/systemd/system");
  g_autofree char *share = scratch_path (scratch, "root/usr/local/share");
  g_autofree char *link = scratch_path (scratch, "root/usr/local/share/doc");

  g_assert_cmpint (g_mkdir_with_parents (target, 0755), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (share, 0755), ==, 0);
  g_assert_cmpint (symlink ("../lib/systemd/system", link), ==, 0);
  package_good (scratch, "1");
  package_file (scratch, "1", "usr/local/share/doc/x-worker.service", "x", 0644);
  expect (scratch, HIVE_ERROR_PACKAGE_INVALID, "/usr/local/lib/systemd/system/x-worker.service");
}

static void
test_link_of_a_user_is_not_followed (Scratch *scratch, gconstpointer data)
{
  g_autofree char *share = scratch_path (scratch, "root/usr/local/share");
  g_autofree char *man = scratch_path (scratch, "root/usr/local/man");
  g_autofree char *link = scratch_path (scratch, "root/usr/local/share/man");

  if (geteuid () != 0)
    {
      g_test_skip ("only root can make links of another user's");
      return;
    }
  g_assert_cmpint (g_mkdir_with_parents (share, 0755), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (man, 0755), ==, 0);
  g_assert_cmpint (symlink ("../man", link), ==, 0);
  g_assert_cmpint (lchown (link, 1000, 1000), ==, 0);
  package_good (scratch, "1");
  package_file (scratch, "1", "usr/local/share/man/man1/x-worker.1", "page", 0644);
  expect (scratch, HIVE_ERROR_FILE_CONFLICT, "is a symbolic link where the package needs a folder");
}

/* Folders that others may write. */

static void
test_folder_that_others_may_write (Scratch *scratch, gconstpointer data)
{
  g_autofree char *folder = scratch_path (scratch, "root/usr/local/share");

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_cmpint (chmod (folder, GPOINTER_TO_UINT (data)), ==, 0);
  package_good (scratch, "1");
  expect (scratch, HIVE_ERROR_FAILED, "may be written by everybody");
}

static void
test_folder_of_a_user (Scratch *scratch, gconstpointer data)
{
  g_autofree char *folder = scratch_path (scratch, "root/usr/local/share");

  if (geteuid () != 0)
    {
      g_test_skip ("only root can make folders of another user's");
      return;
    }
  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_cmpint (chown (folder, 1000, 0), ==, 0);
  package_good (scratch, "1");
  expect (scratch, HIVE_ERROR_FAILED, "may be written by user 1000");
}

#define ADD(path, data, function)                                                                                      \
  g_test_add ("/commit/place/" path, Scratch, data, scratch_set_up, function, scratch_tear_down)

int
main (int argc, char **argv)
{
  umask (022);
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/commit/place/list", test_list);
  g_test_add_func ("/commit/place/names-of-others", test_names_of_others);
  g_test_add_func ("/commit/place/opt", test_opt);
  ADD ("refusal", NULL, test_refusal_says_who_would_load_it_and_where_to_put_it);
  ADD ("empty-folder", NULL, test_empty_folder_of_others);
  ADD ("command/usr", "usr/bin", test_command_that_a_program_has);
  ADD ("command/sbin", "usr/sbin", test_command_that_a_program_has);
  ADD ("command/top", "sbin", test_command_that_a_program_has);
  ADD ("command/local-sbin", "usr/local/sbin", test_command_that_a_program_has);
  ADD ("command/other-prefix", "opt/bin", test_command_that_a_program_has);
  ADD ("command/of-this-machine", NULL, test_command_that_this_machine_has);
  ADD ("own/of-the-system", NULL, test_own_folder_that_the_system_has);
  ADD ("own/used", NULL, test_own_folder_that_somebody_uses);
  ADD ("own/of-another-worker", NULL, test_own_folder_of_another_worker);
  ADD ("desktop/mime-type", "MimeType=text/html;x-scheme-handler/https;", test_desktop_entry);
  ADD ("desktop/activatable", "DBusActivatable = true", test_desktop_entry);
  ADD ("desktop/service", "  X-KDE-ServiceTypes=KFilePlugin", test_desktop_entry);
  ADD ("desktop/form-feed", "\fMimeType=text/html", test_desktop_entry);
  ADD ("desktop/form-feed-after", "MimeType\f=text/html", test_desktop_entry);
  ADD ("desktop/escaped", "\\x4dimeType=text/html", test_desktop_entry);
  ADD ("desktop/link", NULL, test_desktop_entry_that_is_a_link);
  ADD ("zsh/other-command", "#compdef x-worker ls\n", test_zsh_completion);
  ADD ("zsh/pattern", "#compdef -P *\n", test_zsh_completion);
  ADD ("zsh/indented", " \t#compdef ls\n", test_zsh_completion);
  ADD ("zsh/function", NULL, test_zsh_function_of_zsh);
  ADD ("command/folder", NULL, test_folder_in_bin_is_no_command);
  ADD ("allowed", NULL, test_administrator_allows);
  ADD ("linked/followed", NULL, test_linked_folder_is_followed);
  ADD ("linked/two-files", NULL, test_linked_folder_makes_one_of_two_files);
  ADD ("linked/no-place", NULL, test_linked_folder_leads_to_no_place);
  ADD ("linked/of-a-user", NULL, test_link_of_a_user_is_not_followed);
  ADD ("writers/everybody", GUINT_TO_POINTER (0777), test_folder_that_others_may_write);
  ADD ("writers/sticky", GUINT_TO_POINTER (01777), test_folder_that_others_may_write);
  ADD ("writers/user", NULL, test_folder_of_a_user);
  return g_test_run ();
}
