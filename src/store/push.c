/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "push.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "builds.h"
#include "error.h"
#include "file.h"
#include "folder.h"
#include "json.h"
#include "layout.h"
#include "pack.h"
#include "size.h"

#define FORMAT 1

typedef struct
{
  const Configuration *configuration;
  LogWriter *log;
  WorkerRecord *worker;
  char *key;  /* of the store */
  char *work; /* a folder of our own, to stage in */
  int tree;
} Push;

static void
push_clear (Push *push)
{
  g_autofree char *above = push->work ? g_path_get_dirname (push->work) : NULL;
  g_autofree char *name = push->work ? g_path_get_basename (push->work) : NULL;
  g_auto (Fd) fd = above ? open (above, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

  if (fd >= 0)
    folder_remove (fd, name);
  fd_clear (&push->tree);
  worker_record_free (push->worker);
  g_free (push->key);
  g_free (push->work);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Push, push_clear)

static bool
push_open (Push *push, const char *id, GError **error)
{
  g_autofree char *workers = configuration_state_path (push->configuration, "workers", NULL);
  g_autofree char *above = configuration_cache_path (push->configuration, "push", NULL);

  push->worker = worker_record_read (workers, id, error);
  if (!push->worker)
    return false;
  push->key = push->worker->build ? g_strdup (json_get_string (push->worker->build, "key", NULL)) : NULL;
  if (!push->key)
    {
      g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED,
                   "Nobody noted what %s was built of, as older versions of the hive did not: install it again "
                   "(hivectl install --reinstall %s)",
                   id, id);
      return false;
    }
  push->work = g_build_filename (above, "XXXXXX", NULL);
  if (g_mkdir_with_parents (above, 0700) < 0 || !g_mkdtemp (push->work))
    return hive_error_set_errno (error, errno, "Cannot make a folder in %s", above);
  return true;
}

static JsonObject *
describe_worker (const WorkerRecord *worker)
{
  const struct
  {
    const char *key, *value;
  } texts[] = {
    { "id", worker->id },
    { "version", worker->version },
    { "pkgname", worker->pkgname },
    { "pkgver", worker->pkgver },
    { "pkgrel", worker->pkgrel },
    { "description", worker->description },
    { "license", worker->license },
    { "backend", worker->backend },
    { "cpu", worker->cpu },
    { "source", worker->source },
    { "recipe_sha256", worker->recipe_sha256 },
    { "binary", worker->binary },
  };
  JsonObject *object = json_object_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    json_object_set_string_member (object, texts[i].key, texts[i].value ? texts[i].value : "");
  return object;
}

/* Who installed it, as this machine names that user. */
static char *
push_user (const Push *push)
{
  const struct passwd *user = getpwuid (push->worker->installed_by);

  return user ? g_utf8_make_valid (user->pw_name, -1) : g_strdup_printf ("%u", push->worker->installed_by);
}

/* What is signed. */
static char *
push_record (const Push *push, const Descriptor *tree)
{
  g_autoptr (JsonObject) record = json_object_new ();
  g_autoptr (JsonObject) whole = worker_record_to_json (push->worker);
  g_autofree char *user = push_user (push);
  struct utsname name = { 0 };

  uname (&name);
  json_object_set_int_member (record, "format", FORMAT);
  json_object_set_string_member (record, "key", push->key);
  json_object_set_object_member (record, "worker", describe_worker (push->worker));
  json_object_set_object_member (record, "build", json_object_ref (push->worker->build));
  json_object_set_string_member (record, "host", name.nodename);
  json_object_set_string_member (record, "user", user);
  json_object_set_int_member (record, "pushed_at", g_get_real_time ());
  json_object_set_object_member (record, "tree", descriptor_to_json (tree, TYPE_TREE));
  json_object_set_member (record, "files", json_object_dup_member (whole, "files"));
  return json_to_text (record, false);
}

/* minisign asks for no password where there is nothing to ask on, and fails. */
static char *
push_sign (const Push *push, const char *record, GError **error)
{
  const char *credentials = g_getenv ("CREDENTIALS_DIRECTORY");
  g_autofree char *key = g_build_filename (credentials ? credentials : "/nonexistent", "signing-key", NULL);
  g_autofree char *file = g_build_filename (push->work, "record", NULL);
  g_autofree char *signature = g_build_filename (push->work, "record.minisig", NULL);
  g_autofree char *comment = g_strdup_printf ("%s of %s", push->key, push->worker->id);
  const char *command[] = { "minisign", "-S", "-s", key, "-m", file, "-x", signature, "-t", comment, NULL };
  g_autofree char *said = NULL;
  int status = 0;

  if (access (key, R_OK) < 0)
    {
      g_set_error_literal (
          error, HIVE_ERROR, HIVE_ERROR_FAILED,
          "There is no key to sign with: make one by minisign -G -W -s /etc/rbee-hive/store.key, and say "
          "SigningKey=/etc/rbee-hive/store.key in [Push] of hive.conf");
      return NULL;
    }
  if (!file_replace (file, record, -1, false, error))
    return NULL;
  if (!g_spawn_sync (NULL, (char **)command, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL,
                     &said, &status, NULL))
    {
      g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_MISSING_DEPENDENCIES,
                           "Please install minisign before proceeding: what goes into a store is signed");
      return NULL;
    }
  if (status != 0)
    {
      g_set_error (
          error, HIVE_ERROR, HIVE_ERROR_FAILED,
          "minisign cannot sign with SigningKey= of hive.conf (a key with a password cannot be used here): %.200s",
          g_strstrip (said));
      return NULL;
    }
  return file_read (signature, SIGNATURE_MAX, NULL, error);
}

static bool
push_pack (Push *push, Descriptor *ret_tree, GError **error)
{
  g_autofree char *path = g_build_filename (push->work, "tree", NULL);
  g_autofree char *size = NULL;

  log_writer_note (push->log, "push", "📦 Packing %s %s...", push->worker->id, push->worker->version);
  push->tree = open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (push->tree < 0)
    return hive_error_set_errno (error, errno, "Cannot make %s", path);
  if (!pack_tree (push->configuration, push->worker, push->tree, error))
    return false;
  if (!descriptor_of_fd (push->tree, ret_tree))
    return hive_error_set_errno (error, errno, "Cannot read %s", path);
  size = size_to_string (ret_tree->size);
  log_writer_note (push->log, "push", "✓ Packed: %u files, %s", push->worker->files->len, size);
  return true;
}

/* For people who look into the store: nothing reads them here. */
static JsonObject *
push_annotations (const Push *push)
{
  JsonObject *annotations = json_object_new ();

  json_object_set_string_member (annotations, "org.opencontainers.image.title", push->worker->id);
  json_object_set_string_member (annotations, "org.opencontainers.image.version", push->worker->version);
  json_object_set_string_member (annotations, "org.rbee.hive.cpu", push->worker->cpu ? push->worker->cpu : "");
  return annotations;
}

/* What hive.conf names may lie behind links, which are the administrator's, as our own @stage may. Any other folder may
 * be a user's, who could make a link of what is above it. */
static int
push_open_folder (const Push *push, const char *path, const char *stage, GError **error)
{
  GPtrArray *stores = push->configuration->stores;
  g_auto (Fd) root = open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  bool ours = stage != NULL;
  int fd;

  for (guint i = 0; i < stores->len && !ours; i++)
    ours = g_strcmp0 (store_folder (((Store *)stores->pdata[i])->url), path) == 0;
  fd = ours ? open (stage ? stage : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) :
              file_open_beneath (root, path + 1, O_RDONLY | O_DIRECTORY, 0);
  if (fd >= 0)
    return fd;
  if (!ours && (fd == -ELOOP || fd == -ENOTDIR)) /* the second without openat2(2) */
    g_set_error (error, HIVE_ERROR, HIVE_ERROR_FAILED,
                 "%s is no folder, or lies behind a symbolic link, which root does not follow: name the folder that it "
                 "leads to (readlink -f %s)",
                 path, path);
  else
    hive_error_set_errno (error, ours ? errno : -fd, "Cannot open %s", stage ? stage : path);
  return -1;
}

static bool
push_to_folder (Push *push, int folder, const Descriptor *tree, const char *record, const char *signature,
                GError **error)
{
  g_auto (Fd) lock = layout_lock (folder, error);
  g_autoptr (JsonObject) annotations = push_annotations (push);
  g_autofree char *manifest = NULL;
  g_autofree char *old = NULL;
  g_autofree char *index = NULL;
  Descriptor said, by, build, builds;

  if (lock < 0 || !layout_put_file (folder, tree, push->tree, error) ||
      !layout_put_text (folder, record, &said, error) || !layout_put_text (folder, signature, &by, error))
    return false;
  manifest = builds_manifest (&said, tree, &by);
  if (!layout_put_text (folder, manifest, &build, error))
    return false;
  old = layout_read_tag (folder, push->key, NULL);
  index = builds_add (old, &build, annotations);
  return layout_put_text (folder, index, &builds, error) && layout_set_tag (folder, push->key, &builds, error);
}

bool
push_run (const Configuration *configuration, JsonObject *request, LogWriter *log, GError **error)
{
  g_auto (Push) push = { .configuration = configuration, .log = log, .tree = -1 };
  const char *url = json_get_string (request, "url", ""), *stage = json_get_string (request, "stage", NULL);
  g_autofree char *record = NULL;
  g_autofree char *signature = NULL;
  g_auto (Fd) folder = -1;
  Descriptor tree;

  if (!push_open (&push, json_get_string (request, "worker_id", ""), error) || !push_pack (&push, &tree, error))
    return false;
  record = push_record (&push, &tree);
  signature = push_sign (&push, record, error);
  if (!signature)
    return false;
  if (stage && mkdir (stage, 0755) < 0)
    return hive_error_set_errno (error, errno, "Cannot make the folder %s", stage);
  folder = push_open_folder (&push, store_folder (url), stage, error);
  if (folder < 0 || !push_to_folder (&push, folder, &tree, record, signature, error))
    return false;
  if (stage)
    log_writer_note (log, "push", "✓ Signed");
  else
    log_writer_note (log, "push", "✓ Pushed to %s (key %.12s…)", url, push.key);
  return true;
}
