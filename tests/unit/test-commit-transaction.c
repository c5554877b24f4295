/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commit-scratch.h"
#include "error.h"
#include "file.h"
#include "install.h"
#include "manifest.h"
#include "recover.h"
#include "remove.h"
#include "transaction.h"
#include "verify.h"

#define BINARY "/usr/local/bin/x"

/* Version 1 and version 2 of a worker: a file that changes, one that goes, one that comes. */
static void
package_one (const Scratch *scratch, const char *job)
{
  package_file (scratch, job, "usr/local/bin/x", "one", 0755);
  package_file (scratch, job, "usr/local/share/x/old", "old", 0644);
  package_link (scratch, job, "usr/local/lib/x/x.so", "x.so.1");
  package_list (scratch, job, NULL);
}

static void
package_two (const Scratch *scratch, const char *job)
{
  package_file (scratch, job, "usr/local/bin/x", "two", 0755);
  package_file (scratch, job, "opt/x/new", "new", 0600);
  package_link (scratch, job, "usr/local/lib/x/x.so", "x.so.2");
  package_list (scratch, job, NULL);
}

static WorkerRecord *
record (const Scratch *scratch, const char *worker)
{
  g_autofree char *workers = scratch_path (scratch, "state/workers");

  return worker_record_read (workers, worker, NULL);
}

static void
assert_verified (const Scratch *scratch, const char *worker)
{
  g_autoptr (JsonObject) request = remove_request ("0", worker);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) answer = verify_run (scratch->configuration, request, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (answer, "problems")), ==, 0);
}

/* Nothing is under way, and no temporary file lies about. */
static void
assert_quiet (const Scratch *scratch)
{
  g_autofree char *root = snapshot (scratch, "root"), *state = snapshot (scratch, "state");

  g_assert_null (strstr (root, ".rbee-hive"));
  g_assert_null (strstr (state, "transactions/1.json"));
  g_assert_null (strstr (state, "transactions/2.json"));
  g_assert_null (strstr (state, ".new"));
  g_assert_null (strstr (state, ".next"));
}

static void
test_install (Scratch *scratch, gconstpointer data)
{
  g_autoptr (WorkerRecord) found = NULL;
  const WorkerFile *file;

  package_one (scratch, "1");
  expect_install (scratch, "1", "x", BINARY);
  assert_quiet (scratch);
  assert_verified (scratch, "x");

  found = record (scratch, "x");
  g_assert_cmpuint (found->files->len, ==, 3);
  g_assert_cmpuint (found->size, ==, 6);
  g_assert_cmpuint (found->installed_by, ==, 1000);
  g_assert_cmpstr (found->job, ==, "1");
  g_assert_cmpstr (found->binary, ==, BINARY);
  file = worker_record_find (found, BINARY);
  g_assert_cmpuint (file->mode, ==, 0755);
  g_assert_cmpstr (file->sha256, ==, "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed");
  g_assert_cmpstr (worker_record_find (found, "/usr/local/lib/x/x.so")->target, ==, "x.so.1");
  g_assert_cmpstr (found->directories[0], ==, "/usr");
}

static void
test_upgrade (Scratch *scratch, gconstpointer data)
{
  g_autofree char *old_folder = scratch_path (scratch, "root/usr/local/share");
  g_autoptr (WorkerRecord) found = NULL;

  package_one (scratch, "1");
  package_two (scratch, "2");
  expect_install (scratch, "1", "x", BINARY);
  assert_content (scratch, "root/usr/local/bin/x", "one");

  expect_install (scratch, "2", "x", BINARY);
  assert_quiet (scratch);
  assert_verified (scratch, "x");
  assert_content (scratch, "root/usr/local/bin/x", "two");
  assert_content (scratch, "root/opt/x/new", "new");
  assert_content (scratch, "root/usr/local/share/x/old", NULL);
  g_assert_false (g_file_test (old_folder, G_FILE_TEST_EXISTS));

  found = record (scratch, "x");
  g_assert_cmpstr (found->version, ==, "2");
  g_assert_cmpuint (found->files->len, ==, 3);
}

/* What a person changed is replaced where the new version has it, and stays where it has not. */
static void
test_upgrade_changed (Scratch *scratch, gconstpointer data)
{
  g_autofree char *binary = scratch_path (scratch, "root/usr/local/bin/x");
  g_autofree char *old = scratch_path (scratch, "root/usr/local/share/x/old");

  package_one (scratch, "1");
  package_two (scratch, "2");
  expect_install (scratch, "1", "x", BINARY);
  g_assert_true (g_file_set_contents (binary, "mine", -1, NULL));
  g_assert_true (g_file_set_contents (old, "mine", -1, NULL));

  expect_install (scratch, "2", "x", BINARY);
  assert_content (scratch, "root/usr/local/bin/x", "two");
  assert_content (scratch, "root/usr/local/share/x/old", "mine");
  assert_quiet (scratch);
  assert_verified (scratch, "x");
}

static void
test_upgrade_missing (Scratch *scratch, gconstpointer data)
{
  g_autofree char *binary = scratch_path (scratch, "root/usr/local/bin/x");
  g_autofree char *old = scratch_path (scratch, "root/usr/local/share/x/old");

  package_one (scratch, "1");
  package_two (scratch, "2");
  expect_install (scratch, "1", "x", BINARY);
  g_assert_cmpint (unlink (binary) | unlink (old), ==, 0);
  expect_install (scratch, "2", "x", BINARY);
  assert_content (scratch, "root/usr/local/bin/x", "two");
  assert_verified (scratch, "x");
}

static void
test_reinstall (Scratch *scratch, gconstpointer data)
{
  package_one (scratch, "1");
  package_one (scratch, "2");
  expect_install (scratch, "1", "x", BINARY);
  expect_install (scratch, "2", "x", BINARY);
  assert_verified (scratch, "x");
  expect_remove (scratch, "3", "x");
  assert_quiet (scratch);
  {
    g_autofree char *root = snapshot (scratch, "root");

    g_assert_cmpstr (root, ==, "");
  }
}

static void
test_remove (Scratch *scratch, gconstpointer data)
{
  g_autofree char *foreign = scratch_path (scratch, "root/usr/local/share/x/foreign");
  g_autofree char *link_path = scratch_path (scratch, "root/usr/local/lib/x/x.so");
  g_autofree char *binary = scratch_path (scratch, "root/usr/local/bin/x");
  g_autofree char *log_path = scratch_path (scratch, "log"), *text = NULL;
  g_autoptr (JsonObject) request = remove_request ("2", "x");
  g_autoptr (GError) error = NULL;
  g_auto (Fd) fd = -1;
  g_autoptr (LogWriter) log = NULL;

  package_one (scratch, "1");
  expect_install (scratch, "1", "x", BINARY);
  g_assert_true (g_file_set_contents (foreign, "foreign", -1, NULL));
  g_assert_cmpint (unlink (link_path), ==, 0);
  g_assert_cmpint (symlink ("elsewhere", link_path), ==, 0);
  g_assert_cmpint (unlink (binary), ==, 0);

  fd = open (log_path, O_RDWR | O_CREAT | O_APPEND, 0644);
  log = log_writer_new (fd, 1 << 20);
  g_assert_true (remove_run (scratch->configuration, log, request, &error));
  g_assert_no_error (error);

  assert_content (scratch, "root/usr/local/share/x/old", NULL);
  assert_content (scratch, "root/usr/local/share/x/foreign", "foreign");
  g_assert_true (g_file_test (link_path, G_FILE_TEST_IS_SYMLINK));
  assert_content (scratch, "state/workers/x.json", NULL);
  assert_quiet (scratch);

  text = content (scratch, "log");
  g_assert_nonnull (strstr (text, "remove note 🗑️  Removing worker...\n"));
  g_assert_nonnull (strstr (text, "remove note ✓ Removed: 1 file\n"));
  g_assert_nonnull (strstr (text, "remove note ⚠ Already gone: "));
  g_assert_nonnull (strstr (text, "/root/usr/local/lib/x/x.so (changed since it was installed)\n"));

  g_assert_false (remove_run (scratch->configuration, NULL, request, &error));
  g_assert_error (error, HIVE_ERROR, HIVE_ERROR_NOT_INSTALLED);
}

/* A mode that a person changed counts as a change. */
static void
test_verify (Scratch *scratch, gconstpointer data)
{
  g_autofree char *binary = scratch_path (scratch, "root/usr/local/bin/x");
  g_autofree char *link_path = scratch_path (scratch, "root/usr/local/lib/x/x.so");
  g_autoptr (JsonObject) request = remove_request ("0", "x");
  g_autoptr (JsonObject) answer = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL, *expected = NULL;

  g_assert_null (verify_run (scratch->configuration, request, &error));
  g_assert_error (error, HIVE_ERROR, HIVE_ERROR_NOT_INSTALLED);
  g_clear_error (&error);

  package_one (scratch, "1");
  expect_install (scratch, "1", "x", BINARY);
  g_assert_cmpint (chmod (binary, 0700), ==, 0);
  g_assert_cmpint (unlink (link_path), ==, 0);
  answer = verify_run (scratch->configuration, request, &error);
  g_assert_no_error (error);
  text = json_to_text (answer, false);
  expected = g_strdup_printf ("{\"problems\":[[\"%s\",\"changed\"],[\"%s\",\"missing\"]]}", binary, link_path);
  g_assert_cmpstr (text, ==, expected);
}

/* Conflicts */

static void
test_conflict_nobody (Scratch *scratch, gconstpointer data)
{
  g_autofree char *folder = scratch_path (scratch, "root/usr/local/bin");
  g_autofree char *path = scratch_path (scratch, "root/usr/local/bin/x");

  package_one (scratch, "1");
  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (path, "mine", -1, NULL));
  expect_refusal (scratch, "1", "x", BINARY, HIVE_ERROR_FILE_CONFLICT, "exists and belongs to no worker; move it away");
}

static void
test_conflict_worker (Scratch *scratch, gconstpointer data)
{
  g_autofree char *path = scratch_path (scratch, "root/usr/local/bin/x");

  package_one (scratch, "1");
  package_one (scratch, "2");
  expect_install (scratch, "1", "x", BINARY);
  expect_refusal (scratch, "2", "y", BINARY, HIVE_ERROR_FILE_CONFLICT, "belongs to worker x");

  /* Also where its file is missing just now. */
  g_assert_cmpint (unlink (path), ==, 0);
  expect_refusal (scratch, "2", "y", BINARY, HIVE_ERROR_FILE_CONFLICT, "belongs to worker x");
}

static void
test_conflict_folder (Scratch *scratch, gconstpointer data)
{
  g_autofree char *path = scratch_path (scratch, "root/usr/local/bin/x");

  package_one (scratch, "1");
  g_assert_cmpint (g_mkdir_with_parents (path, 0755), ==, 0);
  expect_refusal (scratch, "1", "x", BINARY, HIVE_ERROR_FILE_CONFLICT, "is a folder where the package has a file");
}

static void
test_conflict_no_folder (Scratch *scratch, gconstpointer data)
{
  g_autofree char *folder = scratch_path (scratch, "root/usr/local");
  g_autofree char *path = scratch_path (scratch, "root/usr/local/share");

  package_one (scratch, "1");
  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (path, "mine", -1, NULL));
  expect_refusal (scratch, "1", "x", BINARY, HIVE_ERROR_FILE_CONFLICT, "exists and is not a folder");
}

static void
test_conflict_link (Scratch *scratch, gconstpointer data)
{
  g_autofree char *folder = scratch_path (scratch, "root/usr/local"), *outside = scratch_path (scratch, "root/var");
  g_autofree char *path = scratch_path (scratch, "root/usr/local/share");

  package_one (scratch, "1");
  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (outside, 0755), ==, 0);
  g_assert_cmpint (symlink ("../../var", path), ==, 0);
  expect_refusal (scratch, "1", "x", BINARY, HIVE_ERROR_FILE_CONFLICT, "is a symbolic link where the package needs");
}

/* A prefix, though, is where the administrator says. */
static void
test_prefix_link (Scratch *scratch, gconstpointer data)
{
  g_autofree char *folder = scratch_path (scratch, "root/var/usrlocal"), *usr = scratch_path (scratch, "root/usr");
  g_autofree char *path = scratch_path (scratch, "root/usr/local");

  package_one (scratch, "1");
  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (usr, 0755), ==, 0);
  g_assert_cmpint (symlink ("../var/usrlocal", path), ==, 0);
  expect_install (scratch, "1", "x", BINARY);
  assert_content (scratch, "root/var/usrlocal/bin/x", "one");
  assert_verified (scratch, "x");
  expect_remove (scratch, "2", "x");
  assert_content (scratch, "root/var/usrlocal/bin/x", NULL);
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_SYMLINK));
}

/* The folder that one worker's install made stays while the other has it, and goes with the last. */
static void
test_shared_folder (Scratch *scratch, gconstpointer data)
{
  g_autofree char *root = NULL;

  package_file (scratch, "1", "usr/local/bin/x", "x", 0755);
  package_file (scratch, "2", "usr/local/bin/y", "y", 0755);
  package_list (scratch, "1", NULL);
  package_list (scratch, "2", NULL);
  expect_install (scratch, "1", "x", BINARY);
  expect_install (scratch, "2", "y", "/usr/local/bin/y");
  expect_remove (scratch, "3", "x");
  assert_verified (scratch, "y");
  expect_remove (scratch, "4", "y");
  root = snapshot (scratch, "root");
  g_assert_cmpstr (root, ==, "");
}

/* Failing and undoing */

/* Something that fails in the middle: files may grow to 100 bytes, the second one is larger. */
static void
test_no_room (Scratch *scratch, gconstpointer data)
{
  g_autofree char *big = g_strnfill (200 * 1024, 'x');
  struct rlimit limit, small;

  package_one (scratch, "1");
  expect_install (scratch, "1", "x", BINARY);
  package_two (scratch, "2");
  package_file (scratch, "2", "usr/local/share/x/more/big", big, 0644);
  package_list (scratch, "2", NULL);

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  small = limit;
  small.rlim_cur = 100 * 1024;
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  expect_refusal (scratch, "2", "x", BINARY, HIVE_ERROR_FAILED, "usr/local/share/x/more/big");
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  assert_quiet (scratch);
  assert_verified (scratch, "x");
}

static void
test_not_allowed (Scratch *scratch, gconstpointer data)
{
  g_autofree char *folder = scratch_path (scratch, "root/usr/local");

  if (geteuid () == 0)
    {
      g_test_skip ("root may write everywhere");
      return;
    }
  package_one (scratch, "1");
  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_cmpint (chmod (folder, 0555), ==, 0);
  expect_refusal (scratch, "1", "x", BINARY, HIVE_ERROR_FAILED, "Run the hive as a user who may");
  g_assert_cmpint (chmod (folder, 0755), ==, 0);
}

/* Recovery: manifests as a crash leaves them. */

typedef struct
{
  Ledger *ledger;
  Transaction *transaction;
} Crash;

/* The worker is installed in version 1; version 2 is on its way: the copies lie beside their targets. */
static void
crash_begin (const Scratch *scratch, Crash *crash)
{
  static const char *const made[] = { "/opt", "/opt/x" };
  g_autofree char *folder = scratch_path (scratch, "root/opt/x");
  g_autofree char *two = NULL, *new = NULL;
  g_autoptr (WorkerRecord) next = NULL;
  struct stat st;
  TransactionStep *step;

  package_one (scratch, "1");
  expect_install (scratch, "1", "x", BINARY);
  crash->ledger = ledger_open (scratch->configuration, NULL, NULL);
  crash->transaction = transaction_new ("2", "x");
  for (size_t i = 0; i < G_N_ELEMENTS (made); i++)
    g_ptr_array_add (crash->transaction->made, g_strdup (made[i]));
  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);

  step = transaction_add_step (crash->transaction, STEP_PLACE, "/opt/x/new");
  new = scratch_path (scratch, "root/opt/x/%s", step->temporary);
  g_assert_true (g_file_set_contents (new, "new", -1, NULL));
  g_assert_cmpint (stat (new, &st), ==, 0);
  step->inode = st.st_ino;

  step = transaction_add_step (crash->transaction, STEP_REPLACE, BINARY);
  two = scratch_path (scratch, "root/usr/local/bin/%s", step->temporary);
  g_assert_true (g_file_set_contents (two, "two", -1, NULL));
  g_assert_cmpint (chmod (two, 0755), ==, 0);
  g_assert_cmpint (stat (two, &st), ==, 0);
  step->inode = st.st_ino;

  next = record (scratch, "x");
  g_free (next->version);
  next->version = g_strdup ("2");
  crash->transaction->record = g_steal_pointer (&next);
}

static void
crash_add_removal (const Scratch *scratch, Crash *crash)
{
  g_autofree char *old = scratch_path (scratch, "root/usr/local/share/x/old");
  struct stat st;

  g_assert_cmpint (stat (old, &st), ==, 0);
  transaction_add_step (crash->transaction, STEP_REMOVE, "/usr/local/share/x/old")->inode = st.st_ino;
  g_ptr_array_add (crash->transaction->obsolete, g_strdup ("/usr/local/share"));
  g_ptr_array_add (crash->transaction->obsolete, g_strdup ("/usr/local/share/x"));
}

/* The process is gone, and with it its lock. */
static void
crash_end (Crash *crash)
{
  g_clear_pointer (&crash->transaction, transaction_free);
  g_clear_pointer (&crash->ledger, ledger_close);
}

static void
crash_write (Crash *crash, TransactionState state)
{
  g_autoptr (GError) error = NULL;

  manifest_write (crash->transaction, crash->ledger, state, &error);
  g_assert_no_error (error);
}

/* Does the first @count steps, as transaction_place() does them. */
static void
crash_place (const Scratch *scratch, Crash *crash, int count)
{
  g_autoptr (GPtrArray) all = crash->transaction->steps;
  g_autoptr (GError) error = NULL;

  crash->transaction->steps = g_ptr_array_new ();
  for (int i = 0; i < count && i < (int)all->len; i++)
    g_ptr_array_add (crash->transaction->steps, all->pdata[i]);
  transaction_place (crash->transaction, crash->ledger, &error);
  g_assert_no_error (error);
  g_ptr_array_unref (crash->transaction->steps);
  crash->transaction->steps = g_steal_pointer (&all);
}

static void
expect_recover (const Scratch *scratch)
{
  g_autoptr (GError) error = NULL;
  bool recovered;

  for (int i = 0; i < 2; i++) /* the second time there is nothing to do */
    {
      recovered = recover_run (scratch->configuration, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (recovered);
    }
  assert_quiet (scratch);
}

static void
assert_version_one (const Scratch *scratch)
{
  g_autofree char *opt = scratch_path (scratch, "root/opt");
  g_autoptr (WorkerRecord) found = record (scratch, "x");

  assert_verified (scratch, "x");
  assert_content (scratch, "root/usr/local/bin/x", "one");
  assert_content (scratch, "root/usr/local/share/x/old", "old");
  g_assert_false (g_file_test (opt, G_FILE_TEST_EXISTS));
  g_assert_cmpstr (found->version, ==, "1");
}

static void
assert_version_two (const Scratch *scratch)
{
  g_autofree char *share = scratch_path (scratch, "root/usr/local/share");
  g_autoptr (WorkerRecord) found = record (scratch, "x");

  assert_content (scratch, "root/usr/local/bin/x", "two");
  assert_content (scratch, "root/opt/x/new", "new");
  g_assert_false (g_file_test (share, G_FILE_TEST_EXISTS));
  g_assert_cmpstr (found->version, ==, "2");
}

static void
test_recover_staging (Scratch *scratch, gconstpointer data)
{
  Crash crash;

  crash_begin (scratch, &crash);
  crash_add_removal (scratch, &crash);
  crash_write (&crash, TRANSACTION_STAGING);
  crash_end (&crash);
  expect_recover (scratch);
  assert_version_one (scratch);
}

static void
test_recover_placing (Scratch *scratch, gconstpointer data)
{
  Crash crash;

  crash_begin (scratch, &crash);
  crash_add_removal (scratch, &crash);
  crash_write (&crash, TRANSACTION_PLACING);
  crash_place (scratch, &crash, GPOINTER_TO_INT (data));
  crash_end (&crash);
  expect_recover (scratch);
  assert_version_one (scratch);
}

/* @data: how many of the renames reached the disk before the power was cut. */
static void
test_recover_committed (Scratch *scratch, gconstpointer data)
{
  Crash crash;

  crash_begin (scratch, &crash);
  crash_add_removal (scratch, &crash);
  crash_write (&crash, TRANSACTION_PLACING);
  crash_place (scratch, &crash, GPOINTER_TO_INT (data));
  crash_write (&crash, TRANSACTION_COMMITTED);
  crash_end (&crash);
  expect_recover (scratch);
  assert_version_two (scratch);
}

/* What the next install finds under way is recovered first. */
static void
test_recover_by_install (Scratch *scratch, gconstpointer data)
{
  Crash crash;

  crash_begin (scratch, &crash);
  crash_write (&crash, TRANSACTION_PLACING);
  crash_place (scratch, &crash, 1);
  crash_end (&crash);
  package_two (scratch, "3");
  expect_install (scratch, "3", "x", BINARY);
  assert_quiet (scratch);
  assert_verified (scratch, "x");
  assert_content (scratch, "root/opt/x/new", "new");
}

/* A file of somebody else that came to a path where a new one was to be placed is not ours to remove. */
static void
test_recover_foreign (Scratch *scratch, gconstpointer data)
{
  g_autofree char *path = scratch_path (scratch, "root/opt/x/new");
  Crash crash;

  crash_begin (scratch, &crash);
  crash_write (&crash, TRANSACTION_PLACING);
  g_assert_true (g_file_set_contents (path, "foreign", -1, NULL));
  crash_end (&crash);
  expect_recover (scratch);
  assert_content (scratch, "root/opt/x/new", "foreign");
  assert_content (scratch, "root/usr/local/bin/x", "one");
}

static void
test_place_conflict (Scratch *scratch, gconstpointer data)
{
  g_autofree char *path = scratch_path (scratch, "root/opt/x/new");
  g_autoptr (GError) error = NULL;
  Crash crash;

  crash_begin (scratch, &crash);
  crash_write (&crash, TRANSACTION_PLACING);
  g_assert_true (g_file_set_contents (path, "foreign", -1, NULL));
  g_assert_false (transaction_place (crash.transaction, crash.ledger, &error));
  g_assert_error (error, HIVE_ERROR, HIVE_ERROR_FILE_CONFLICT);
  g_assert_true (transaction_undo (crash.transaction, crash.ledger, NULL));
  crash_end (&crash);
  assert_quiet (scratch);
  assert_content (scratch, "root/opt/x/new", "foreign");
  assert_content (scratch, "root/usr/local/bin/x", "one");
}

/* A manifest that makes no sense stays, and is named. */
static void
test_recover_damaged (Scratch *scratch, gconstpointer data)
{
  g_autofree char *folder = scratch_path (scratch, "state/transactions");
  g_autofree char *path = scratch_path (scratch, "state/transactions/9.json");
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (path, data, -1, NULL));
  g_assert_false (recover_run (scratch->configuration, NULL, &error));
  g_assert_error (error, HIVE_ERROR, HIVE_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, path));
  assert_content (scratch, "state/transactions/9.json", data);
}

static void
test_recover_removal (Scratch *scratch, gconstpointer data)
{
  bool committed = GPOINTER_TO_INT (data);
  g_autoptr (WorkerRecord) found = NULL;
  g_autofree char *root = NULL;
  struct stat st;
  Crash crash;

  package_one (scratch, "1");
  expect_install (scratch, "1", "x", BINARY);
  found = record (scratch, "x");
  crash.ledger = ledger_open (scratch->configuration, NULL, NULL);
  crash.transaction = transaction_new ("2", "x");
  for (guint i = 0; i < found->files->len; i++)
    {
      const WorkerFile *file = found->files->pdata[i];

      g_assert_cmpint (places_stat (crash.ledger->places, file->path, &st), ==, 0);
      transaction_add_step (crash.transaction, STEP_REMOVE, file->path)->inode = st.st_ino;
    }
  for (char **path = found->directories; *path; path++)
    g_ptr_array_add (crash.transaction->obsolete, g_strdup (*path));
  crash_write (&crash, TRANSACTION_PLACING);
  crash_place (scratch, &crash, 2);
  if (committed)
    crash_write (&crash, TRANSACTION_COMMITTED);
  crash_end (&crash);

  expect_recover (scratch);
  if (!committed)
    {
      assert_version_one (scratch);
      return;
    }
  root = snapshot (scratch, "root");
  g_assert_cmpstr (root, ==, "");
  assert_content (scratch, "state/workers/x.json", NULL);
}

#define ADD(path, data, function)                                                                                      \
  g_test_add ("/commit/transaction/" path, Scratch, data, scratch_set_up, function, scratch_tear_down)

int
main (int argc, char **argv)
{
  umask (022);
  g_test_init (&argc, &argv, NULL);

  ADD ("install", NULL, test_install);
  ADD ("upgrade", NULL, test_upgrade);
  ADD ("upgrade/changed", NULL, test_upgrade_changed);
  ADD ("upgrade/missing", NULL, test_upgrade_missing);
  ADD ("reinstall", NULL, test_reinstall);
  ADD ("remove", NULL, test_remove);
  ADD ("verify", NULL, test_verify);
  ADD ("conflict/nobody", NULL, test_conflict_nobody);
  ADD ("conflict/worker", NULL, test_conflict_worker);
  ADD ("conflict/folder", NULL, test_conflict_folder);
  ADD ("conflict/no-folder", NULL, test_conflict_no_folder);
  ADD ("conflict/link", NULL, test_conflict_link);
  ADD ("prefix-link", NULL, test_prefix_link);
  ADD ("shared-folder", NULL, test_shared_folder);
  ADD ("no-room", NULL, test_no_room);
  ADD ("not-allowed", NULL, test_not_allowed);
  ADD ("recover/staging", NULL, test_recover_staging);
  ADD ("recover/placing/0", GINT_TO_POINTER (0), test_recover_placing);
  ADD ("recover/placing/1", GINT_TO_POINTER (1), test_recover_placing);
  ADD ("recover/placing/2", GINT_TO_POINTER (2), test_recover_placing);
  ADD ("recover/placing/3", GINT_TO_POINTER (3), test_recover_placing);
  ADD ("recover/committed/0", GINT_TO_POINTER (0), test_recover_committed);
  ADD ("recover/committed/1", GINT_TO_POINTER (1), test_recover_committed);
  ADD ("recover/committed/2", GINT_TO_POINTER (2), test_recover_committed);
  ADD ("recover/committed/3", GINT_TO_POINTER (3), test_recover_committed);
  ADD ("recover/by-install", NULL, test_recover_by_install);
  ADD ("recover/foreign", NULL, test_recover_foreign);
  ADD ("place-conflict", NULL, test_place_conflict);
  ADD ("recover/damaged/empty", "", test_recover_damaged);
  ADD ("recover/damaged/cut", "{\"format\":1,\"state\":\"plac", test_recover_damaged);
  ADD ("recover/damaged/steps",
       "{\"format\":1,\"state\":\"placing\",\"job\":\"9\",\"worker_id\":\"x\",\"made\":[],\"obsolete\":[],\"steps\":[{}"
       "]}",
       test_recover_damaged);
  ADD ("recover/damaged/no-record",
       "{\"format\":1,\"state\":\"committed\",\"job\":\"9\",\"worker_id\":\"x\",\"made\":[],\"obsolete\":[],\"steps\":["
       "]}",
       test_recover_damaged);
  ADD ("recover/removal/placing", GINT_TO_POINTER (0), test_recover_removal);
  ADD ("recover/removal/committed", GINT_TO_POINTER (1), test_recover_removal);
  return g_test_run ();
}
