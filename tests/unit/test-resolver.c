/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "file.h"
#include "resolver.h"

/* Rules over what each Linux has, what none has, and what cannot be read. */
#define RULES                                                                                                          \
  "[shell]\nprobe=command:no-such-shell;command:bash\ndebian=bash\nfedora=bash-of-fedora\n"                            \
  "[tools]\nprobe=command:bash command:cat\nversion=bash --version\npattern=version ([0-9]+)\ndebian=bash coreutils\n" \
  "[half]\nprobe=command:bash command:no-such-command\ndebian=half-a half-b\n"                                         \
  "[silent]\nprobe=file:/usr/bin/env\n"                                                                                \
  "[loader]\nprobe=library:libc.so.6\n"                                                                                \
  "[folders]\nprobe=file:/usr/no-such-*;file:/usr/b[i]n\n"                                                             \
  "[snake]\nprobe=python:os\n"                                                                                         \
  "[gone]\nprobe=library:libno-such.so\ndebian=bash other\nubuntu=ours\narch=\n"                                       \
  "[numbered]\nprobe=command:bash\nversion=echo release V12.4.131 of 2024\npattern=release V([0-9.]+)\n"               \
  "[module]\nprobe=module:no-such-module\ndebian=module-dev\n"                                                         \
  "[either]\nprobe=module:no-such-module;file:/usr/no-such\ndebian=either-dev\n"

typedef struct
{
  char *folder, *rules, *pacman;
  Configuration *configuration;
} Machine;

static void
write_file (const char *path, const char *text)
{
  g_autofree char *folder = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
add_package (const Machine *machine, const char *name, const char *version, const char *provides)
{
  g_autofree char *title = g_strdup_printf ("%s-%s", name, version);
  g_autofree char *path = g_build_filename (machine->pacman, title, "desc", NULL);
  g_autofree char *text = g_strdup_printf ("%%NAME%%\n%s\n\n%%VERSION%%\n%s\n\n%%BASE%%\n%s\n\n%%PROVIDES%%\n%s\n\n",
                                           name, version, name, provides);

  write_file (path, text);
}

static void
set_up (Machine *machine, const void *unused)
{
  machine->folder = g_dir_make_tmp ("resolver.XXXXXX", NULL);
  machine->rules = g_build_filename (machine->folder, "dependencies.conf", NULL);
  machine->pacman = g_build_filename (machine->folder, "local", NULL);
  write_file (machine->rules, RULES);
  machine->configuration = g_new0 (Configuration, 1);
  machine->configuration->libexec_directory = g_test_build_filename (G_TEST_DIST, "../../src/builder/dependency", NULL);
  machine->configuration->dependency_rules = machine->rules;
  machine->configuration->toolchains = g_ptr_array_new ();
}

static void
tear_down (Machine *machine, const void *unused)
{
  char *arguments[] = { (char *)"rm", (char *)"-r", machine->folder, NULL };

  g_spawn_sync (NULL, arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
  g_free (machine->configuration->libexec_directory);
  g_ptr_array_unref (machine->configuration->toolchains);
  g_free (machine->configuration);
  g_free (machine->pacman);
  g_free (machine->rules);
  g_free (machine->folder);
}

/* NULL where there are no sandboxes: then the test is skipped. */
static Resolver *
resolve (const Machine *machine, Distribution distribution, const char *pacman, const char *const *names)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Resolver) resolver = resolver_new_on (machine->configuration, distribution, pacman, &error);

  g_assert_no_error (error);
  resolver_add (resolver, (char *const *)names, &error);
  g_assert_no_error (error);
  resolver_run (resolver, &error);
  if (g_error_matches (error, HIVE_ERROR, HIVE_ERROR_SANDBOX_UNAVAILABLE))
    {
      g_test_skip (error->message);
      return NULL;
    }
  g_assert_no_error (error);
  return g_steal_pointer (&resolver);
}

typedef struct
{
  const char *name;
  DependencyState state;
  const char *version, *where; /* "" and beginnings: any */
} Case;

static void
check_cases (const Machine *machine, Distribution distribution, const char *pacman, const Case *cases, size_t count)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (Resolver) resolver = NULL;

  for (size_t i = 0; i < count; i++)
    g_ptr_array_add (names, (char *)cases[i].name);
  g_ptr_array_add (names, NULL);
  resolver = resolve (machine, distribution, pacman, (const char *const *)names->pdata);
  for (size_t i = 0; resolver && i < count; i++)
    {
      const Resolution *resolution = resolver_find (resolver, cases[i].name);

      g_test_message ("%s: %d %s %s", cases[i].name, resolution->state, resolution->version, resolution->where);
      g_assert_cmpint (resolution->state, ==, cases[i].state);
      if (!cases[i].version || *cases[i].version)
        g_assert_cmpstr (resolution->version, ==, cases[i].version);
      else
        g_assert_nonnull (resolution->version);
      if (!cases[i].where)
        g_assert_null (resolution->where);
      else
        g_assert_true (g_str_has_prefix (resolution->where, cases[i].where));
    }
}

static void
test_rules_of_the_file_decide (Machine *machine, const void *unused)
{
  static const Case cases[] = {
    { "shell", DEPENDENCY_PRESENT, NULL, "/" },
    { "shell>=2", DEPENDENCY_PRESENT, "", "/" },
    { "shell>=1:2", DEPENDENCY_PRESENT, "", "/" }, /* epochs are Arch's own */
    { "shell<2", DEPENDENCY_MISSING, "", "/" },
    { "tools>=3", DEPENDENCY_PRESENT, "", "/" },
    { "tools=99", DEPENDENCY_MISSING, "", "/" },
    { "half", DEPENDENCY_MISSING, NULL, NULL },
    { "silent", DEPENDENCY_PRESENT, NULL, "/usr/bin/env" },
    { "silent>=1", DEPENDENCY_UNKNOWN, NULL, "/usr/bin/env" },
    { "loader", DEPENDENCY_PRESENT, NULL, "/" },
    { "loader>=2", DEPENDENCY_UNKNOWN, NULL, "/" },
    { "folders", DEPENDENCY_PRESENT, NULL, "/usr/bin" },
    { "snake", DEPENDENCY_PRESENT, NULL, "" },
    { "gone", DEPENDENCY_MISSING, NULL, NULL },
    { "numbered>=12.4", DEPENDENCY_PRESENT, "12.4.131", "/" },
    { "numbered>12.4.131-5", DEPENDENCY_MISSING, "12.4.131", "/" },
  };

  check_cases (machine, DISTRIBUTION_DEBIAN, NULL, cases, G_N_ELEMENTS (cases));
}

static void
test_other_names_are_guessed (Machine *machine, const void *unused)
{
  static const Case cases[] = {
    { "bash", DEPENDENCY_PRESENT, NULL, "/" }, /* a command */
    { "bash>=3", DEPENDENCY_PRESENT, "", "/" },
    { "bash>=99", DEPENDENCY_MISSING, "", "/" },
    { "glib-2.0", DEPENDENCY_PRESENT, NULL, "/" }, /* a module: what this was built with */
    { "glib-2.0>=2.74", DEPENDENCY_PRESENT, "", "/" },
    { "glib-2.0>=99", DEPENDENCY_MISSING, "", "/" },
    { "gcc_s", DEPENDENCY_PRESENT, NULL, "/" }, /* a library */
    { "gcc_s>=1", DEPENDENCY_UNKNOWN, NULL, "/" },
    { "python-os", DEPENDENCY_PRESENT, NULL, "" }, /* a Python module */
    { "nobody-knows-this", DEPENDENCY_UNKNOWN, NULL, NULL },
    { "python-nobody-knows", DEPENDENCY_UNKNOWN, NULL, NULL },
  };

  check_cases (machine, DISTRIBUTION_DEBIAN, NULL, cases, G_N_ELEMENTS (cases));
}

static void
test_libraries_are_there_or_not (Machine *machine, const void *unused)
{
  static const Case cases[] = {
    { "libc.so", DEPENDENCY_PRESENT, NULL, "/" },
    { "libc.so.6", DEPENDENCY_PRESENT, NULL, "/" },
    { "lib:libc.so.6", DEPENDENCY_PRESENT, NULL, "/" },
#if __SIZEOF_POINTER__ == 8
    { "libc.so=6-64", DEPENDENCY_PRESENT, "6-64", "/" },
    { "libc.so=7-64", DEPENDENCY_MISSING, "", NULL },
    { "libc.so>=6", DEPENDENCY_PRESENT, "6-64", "/" },
#endif
    { "libno-such.so", DEPENDENCY_MISSING, NULL, NULL },
    { "libno-such.so=1-64", DEPENDENCY_MISSING, NULL, NULL },
    { "libc.so=6-16", DEPENDENCY_MISSING, "", NULL },
  };

  check_cases (machine, DISTRIBUTION_DEBIAN, NULL, cases, G_N_ELEMENTS (cases));
}

static void
test_pacman_is_asked_first (Machine *machine, const void *unused)
{
  static const Case cases[] = {
    { "gcc", DEPENDENCY_PRESENT, "14.2.1-1", "gcc 14.2.1-1" },
    { "gcc>=14", DEPENDENCY_PRESENT, "14.2.1-1", "gcc 14.2.1-1" },
    { "ffmpeg>=2:6", DEPENDENCY_PRESENT, "2:7.1-3", "ffmpeg 2:7.1-3" },
    { "ffmpeg>=3:1", DEPENDENCY_MISSING, "2:7.1-3", NULL },
    { "cargo", DEPENDENCY_PRESENT, NULL, "rust 1:1.83.0-1" }, /* provided, without a version: */
    { "cargo>=1.80", DEPENDENCY_MISSING, NULL, NULL },
    { "rustfmt=1.8", DEPENDENCY_PRESENT, "1.8", "rust 1:1.83.0-1" },
    { "libfoo.so=1-64", DEPENDENCY_PRESENT, "1-64", "foo 3-1" },
    { "libfoo.so=2-64", DEPENDENCY_MISSING, NULL, NULL },
    { "rustf", DEPENDENCY_MISSING, NULL, NULL },
    { "bash", DEPENDENCY_MISSING, NULL, NULL }, /* it is here, but by whom? */
    { "shell", DEPENDENCY_PRESENT, NULL, "/" }, /* a rule finds what lies elsewhere */
    { "gone", DEPENDENCY_MISSING, NULL, NULL },
  };
  g_autofree char *torn = g_build_filename (machine->pacman, "torn-1-1", "desc", NULL);
  g_autofree char *database = g_build_filename (machine->pacman, "ALPM_DB_VERSION", NULL);

  add_package (machine, "gcc", "14.2.1-1", "");
  add_package (machine, "ffmpeg", "2:7.1-3", "libavcodec.so=61-64");
  add_package (machine, "rust", "1:1.83.0-1", "cargo\nrustfmt=1.8");
  add_package (machine, "foo", "3-1", "libfoo.so=1-64");
  write_file (torn, "%NAME%\ntorn\n\n%VERSION%");
  write_file (database, "9\n");
  check_cases (machine, DISTRIBUTION_ARCH, machine->pacman, cases, G_N_ELEMENTS (cases));
}

/* The real pacman says the same of the same database. */
static void
test_pacman_agrees (Machine *machine, const void *unused)
{
  static const char *const names[] = { "gcc",     "gcc>=14",        "gcc<14",    "gcc=14.2.1",  "gcc=14.2.1-2",
                                       "cargo",   "cargo>=1",       "cargo=1",   "rustfmt=1.8", "rustfmt>=1.9",
                                       "rustfmt", "libfoo.so=1-64", "libfoo.so", "foo>2",       "foo>3",
                                       "foo>3-0", "nope",           NULL };
  g_autofree char *pacman = g_find_program_in_path ("pacman");
  g_autofree char *empty = g_build_filename (machine->folder, "pacman.conf", NULL);
  g_autofree char *database = g_build_filename (machine->pacman, "ALPM_DB_VERSION", NULL);
  g_autoptr (Resolver) resolver = NULL;

  if (!pacman)
    {
      g_test_skip ("pacman is not there (Debian: pacman-package-manager)");
      return;
    }
  add_package (machine, "gcc", "14.2.1-1", "");
  add_package (machine, "rust", "1:1.83.0-1", "cargo\nrustfmt=1.8");
  add_package (machine, "foo", "3-1", "libfoo.so=1-64");
  write_file (database, "9\n");
  write_file (empty, "[options]\n");
  resolver = resolve (machine, DISTRIBUTION_ARCH, machine->pacman, names);
  for (const char *const *name = names; resolver && *name; name++)
    {
      char *arguments[] = { pacman,          (char *)"--config", empty,         (char *)"--dbpath",
                            machine->folder, (char *)"-T",       (char *)*name, NULL };
      int status = 0;

      g_assert_true (
          g_spawn_sync (NULL, arguments, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL, &status, NULL));
      g_test_message ("%s: %d", *name, status);
      g_assert_cmpint (resolver_find (resolver, *name)->state, ==,
                       status == 0 ? DEPENDENCY_PRESENT : DEPENDENCY_MISSING);
    }
}

static void
check_command (const Machine *machine, Distribution distribution, const char *expected)
{
  const char *names[] = { "gone", "half", "shell", "nobody-knows-this", "gone>=2", NULL };
  g_autoptr (Resolver) resolver = resolve (machine, distribution, NULL, names);
  g_autofree char *command = resolver ? resolver_install_command (resolver, (char **)names) : NULL;

  if (resolver)
    g_assert_cmpstr (command, ==, expected);
}

static void
test_missing_is_installed_by_the_familys_command (Machine *machine, const void *unused)
{
  check_command (machine, DISTRIBUTION_DEBIAN, "sudo apt install bash other half-a half-b");
  check_command (machine, DISTRIBUTION_UBUNTU, "sudo apt install ours half-a half-b");
  check_command (machine, DISTRIBUTION_FEDORA, NULL);
  check_command (machine, DISTRIBUTION_ARCH, "sudo pacman -S --needed half");
  check_command (machine, DISTRIBUTION_OTHER, NULL);
}

/* What @names miss, and what installs it; @pkgconf is the probe of pkgconf. */
static void
check_missing (const Machine *machine, const char *pkgconf, const char *const *names, const char *expected_names,
               const char *expected_command)
{
  g_autofree char *rules = g_strdup_printf (RULES "[pkgconf]\nprobe=%s\ndebian=pkg-config\n", pkgconf);
  g_autoptr (Resolver) resolver = NULL;
  g_auto (GStrv) missing = NULL;
  g_autofree char *list = NULL, *command = NULL;

  write_file (machine->rules, rules);
  resolver = resolve (machine, DISTRIBUTION_DEBIAN, NULL, names);
  if (!resolver)
    return;
  missing = resolver_names (resolver, DEPENDENCY_MISSING, (char **[]){ (char **)names, NULL });
  list = g_strjoinv (" ", missing);
  command = resolver_install_command (resolver, missing);
  g_assert_cmpstr (list, ==, expected_names);
  g_assert_cmpstr (command, ==, expected_command);
}

/* Where pkg-config is missing, no module is found that was installed. */
static void
test_missing_module_takes_pkgconf_too (Machine *machine, const void *unused)
{
  const char *module[] = { "module", "half", NULL };
  const char *both[] = { "pkgconf", "module", NULL };
  const char *otherwise[] = { "either", "gone", "shell", NULL };
  const char *none = "command:no-such-pkgconf";

  check_missing (machine, none, module, "module half pkgconf", "sudo apt install module-dev half-a half-b pkg-config");
  check_missing (machine, none, both, "pkgconf module", "sudo apt install pkg-config module-dev");
  check_missing (machine, none, otherwise, "either gone", "sudo apt install either-dev bash other");
  check_missing (machine, "command:bash", module, "module half", "sudo apt install module-dev half-a half-b");
}

static void
test_no_name_is_refused_whole (Machine *machine, const void *unused)
{
  const char *names[] = { "bash", "-rf", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (Resolver) resolver = resolver_new_on (machine->configuration, DISTRIBUTION_OTHER, NULL, NULL);

  g_assert_false (resolver_add (resolver, (char **)names, &error));
  g_assert_error (error, HIVE_ERROR, HIVE_ERROR_RECIPE_INVALID);
  g_assert_nonnull (strstr (error->message, "-rf"));
  g_clear_error (&error);
  g_assert_true (resolver_run (resolver, &error)); /* there is nothing to look for */
  g_assert_no_error (error);
}

static void
test_rules_that_are_none_are_refused_by_name (Machine *machine, const void *unused)
{
  static const struct
  {
    const char *text, *why;
  } cases[] = {
    { "[a]\ndebian=a\n", "[a] has no probe=" },          { "[a]\nprobe=\n", "[a] has no probe=" },
    { "[a]\nprobe=command:\n", "[a] has no probe=" },    { "[a]\nprobe=run:reboot\n", "[a] has no probe=" },
    { "[a]\nprobe=command:a;;\n", "[a] has no probe=" }, { "[a]\nprobe=command:a\ndebain=a\n", "debain" },
    { "[a]\nprobe=command:a\npattern=(\n", "(" },        { "nonsense\n", "dependencies.conf" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      write_file (machine->rules, cases[i].text);
      g_test_message ("case %zu", i);
      g_assert_null (resolver_new (machine->configuration, &error));
      g_assert_error (error, HIVE_ERROR, HIVE_ERROR_FAILED);
      g_assert_nonnull (strstr (error->message, cases[i].why));
      g_assert_nonnull (strstr (error->message, machine->rules));
    }
}

#define ADD(path, test) g_test_add ("/resolver/" path, Machine, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("rules-of-the-file-decide", test_rules_of_the_file_decide);
  ADD ("other-names-are-guessed", test_other_names_are_guessed);
  ADD ("libraries-are-there-or-not", test_libraries_are_there_or_not);
  ADD ("pacman-is-asked-first", test_pacman_is_asked_first);
  ADD ("pacman-agrees", test_pacman_agrees);
  ADD ("missing-is-installed-by-the-familys-command", test_missing_is_installed_by_the_familys_command);
  ADD ("missing-module-takes-pkgconf-too", test_missing_module_takes_pkgconf_too);
  ADD ("no-name-is-refused-whole", test_no_name_is_refused_whole);
  ADD ("rules-that-are-none-are-refused-by-name", test_rules_that_are_none_are_refused_by_name);
  return g_test_run ();
}
