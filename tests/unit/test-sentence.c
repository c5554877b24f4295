/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <glib/gstdio.h>
#include <libintl.h>
#include <locale.h>
#include <stdbool.h>
#include <unistd.h>

#include "config.h"
#include "sentence.h"

static void
assert_said (const char *sentence, const char *said)
{
  g_autofree char *translation = sentence_translate (sentence);

  g_assert_cmpstr (translation, ==, said);
}

static void
test_sentence_is_said_with_its_values (void)
{
  assert_said ("The worker \"some\" is not installed", "Der Worker „some“ ist nicht installiert");
  assert_said ("The job took longer than 600 s: raise RuntimeMax= in [Jobs] of hive.conf",
               "Der Auftrag dauerte länger als 600 s: Erhöhen Sie RuntimeMax= in [Jobs] von hive.conf");
  assert_said ("There is no job 100%s %2$s", "Es gibt keinen Auftrag 100%s %2$s");
}

static void
test_sentence_that_another_quotes_is_said_too (void)
{
  assert_said ("A source cannot be fetched: https://x/y is not there",
               "Eine Quelle ist nicht zu holen: https://x/y ist nicht da");
  assert_said ("AppArmor denies user namespaces to bubblewrap (bubblewrap: setting up uid map: Permission denied). "
               "Upgrade the package bubblewrap",
               "AppArmor verweigert bubblewrap User-Namensräume (bubblewrap: setting up uid map: Permission denied). "
               "Aktualisieren Sie das Paket bubblewrap");
}

/* As rbee-hive-commit, the readers of models, catalogs and hive.conf put them together. */
static void
test_parts_of_a_sentence_are_said_too (void)
{
  assert_said ("/usr/local/lib/libx.so in the package would be used without the worker being run: the dynamic loader "
               "looks there for what any program needs, before or after the system's folders. package() must put the "
               "library into /usr/local/lib/x, linked with -Wl,-rpath,/usr/local/lib/x, or an administrator allow it "
               "(Allow=/usr/local/lib/libx.so in [Install] of hive.conf)",
               "/usr/local/lib/libx.so im Paket würde benutzt, ohne dass der Worker läuft: Der dynamische Lader sucht "
               "dort, was irgendein Programm braucht, vor oder nach den Ordnern des Systems. package() muss die "
               "Bibliothek nach /usr/local/lib/x legen, gelinkt mit -Wl,-rpath,/usr/local/lib/x, oder ein Verwalter "
               "erlaubt es (Allow=/usr/local/lib/libx.so in [Install] von hive.conf)");
  assert_said ("/usr/local/bin/x belongs to pkg: remove that package first, or change the recipe",
               "/usr/local/bin/x gehört zu pkg: Entfernen Sie zuerst dieses Paket, oder ändern Sie das Rezept");
  assert_said ("\"a b\" cannot be the name of a dependency: it is longer than 256 bytes",
               "„a b“ kann nicht der Name einer Abhängigkeit sein: Er ist länger als 256 Bytes");
  assert_said (
      "/m/a.gguf cannot be used: it is cut off: its head goes on where it ends, at 500 bytes",
      "/m/a.gguf ist nicht zu gebrauchen: Die Datei ist abgeschnitten: Ihr Kopf geht weiter, wo sie endet, bei "
      "500 Bytes");
  assert_said ("The catalog's entry \"a\" is invalid: \"depends\" must be an array of strings",
               "Der Eintrag „a“ des Katalogs ist ungültig: „depends“ muss eine Liste von Zeichenketten sein");
  assert_said ("/e/h.conf:2: \"x\" is neither [SECTION] nor KEY=VALUE nor a comment",
               "/e/h.conf:2: „x“ ist weder [ABSCHNITT] noch SCHLÜSSEL=WERT noch ein Kommentar");
  assert_said (
      "h.conf:2: \"x\" is not a value for MaxParallel= in [Jobs] (the default is 1): it takes a number, at least "
      "1 and at most 64",
      "h.conf:2: „x“ ist kein Wert für MaxParallel= in [Jobs] (vorgegeben ist 1): Es nimmt eine Zahl, mindestens "
      "1 und höchstens 64");
  assert_said (
      "h.conf:2: \"x\" is not a value for Folders= in [Models] (the default is none): it takes absolute paths; "
      "between several stands a semicolon",
      "h.conf:2: „x“ ist kein Wert für Folders= in [Models] (vorgegeben ist none): Es nimmt absolute Pfade; "
      "zwischen mehreren steht ein Strichpunkt");
}

/* It is behind the sentence, and no part of the file's name. */
static void
test_what_the_system_says_stays_behind_the_sentence (void)
{
  g_autofree char *translation = sentence_translate ("Cannot lock /x/y: Permission denied");

  g_assert_true (g_str_has_prefix (translation, "/x/y kann nicht gesperrt werden: "));
  assert_said ("Cannot lock /x: some file", "/x: some file kann nicht gesperrt werden");
}

static void
test_sentence_that_is_not_known_stays (void)
{
  g_autofree char *long_one = g_strnfill (100000, '(');

  assert_said ("", "");
  assert_said ("Something else happened", "Something else happened");
  assert_said ("Something else. And something more", "Something else. And something more");
  assert_said ("The job took longer than some s: raise RuntimeMax= in [Jobs] of hive.conf",
               "The job took longer than some s: raise RuntimeMax= in [Jobs] of hive.conf");
  assert_said (long_one, long_one);
}

/* C.UTF-8 by another name: there may be no other locale here, and glibc 2.41 translates nothing in that one, whatever
 * is in LANGUAGE. */
static bool
speak_german (void)
{
  g_autofree char *folder = g_dir_make_tmp ("test-sentence.XXXXXX", NULL);
  g_autofree char *locale = g_build_filename (folder, "de_DE.utf8", NULL);
  bool spoken;

  g_assert_no_errno (symlink ("/usr/lib/locale/C.utf8", locale));
  g_unsetenv ("LANGUAGE");
  g_setenv ("LOCPATH", folder, TRUE);
  spoken = setlocale (LC_ALL, "de_DE.UTF-8") != NULL;
  g_assert_no_errno (g_unlink (locale));
  g_assert_no_errno (g_rmdir (folder));
  return spoken;
}

int
main (int argc, char **argv)
{
  if (!speak_german ())
    {
      g_print ("1..0 # SKIP there is no /usr/lib/locale/C.utf8 here\n");
      return 0;
    }
  bindtextdomain (GETTEXT_PACKAGE, TRANSLATIONS);
  textdomain (GETTEXT_PACKAGE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sentence/is-said-with-its-values", test_sentence_is_said_with_its_values);
  g_test_add_func ("/sentence/that-another-quotes-is-said-too", test_sentence_that_another_quotes_is_said_too);
  g_test_add_func ("/sentence/parts-of-one-are-said-too", test_parts_of_a_sentence_are_said_too);
  g_test_add_func ("/sentence/what-the-system-says-stays-behind", test_what_the_system_says_stays_behind_the_sentence);
  g_test_add_func ("/sentence/that-is-not-known-stays", test_sentence_that_is_not_known_stays);
  return g_test_run ();
}
