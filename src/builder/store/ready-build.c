/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ready-build.h"

#include <string.h>

#include "cpu-level.h"
#include "json.h"
#include "machine.h"
#include "sandbox-trouble.h"
#include "scripts.h"
#include "step.h"
#include "store-trust.h"
#include "version.h"

#define FORMAT        1
#define TREE_TYPE     "application/vnd.rbee.hive.tree.v1.tar+zstd"
#define ANSWER_FD     9 /* rbee-hive-needs writes there */
#define ANSWER_MAX    (1024 * 1024)
#define CHECK_TIMEOUT 30
#define INSIDE_NEEDS  "/tmp/requires"
#define PATH_LENGTH   3000

void
ready_build_free (ReadyBuild *ready)
{
  if (!ready)
    return;
  worker_record_free (ready->files);
  g_clear_pointer (&ready->record, json_object_unref);
  g_free (ready);
}

#define ready_refuse(error, ...) hive_error_refuse (error, HIVE_ERROR_FAILED, __VA_ARGS__)

static JsonObject *
member (JsonObject *object, const char *key)
{
  JsonNode *node = object ? json_object_get_member (object, key) : NULL;

  return node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

/* What the recipe says must not differ from what it is said to have become. */
static bool
check_worker (const Builder *builder, const ReadyBuild *ready, const char *key, GError **error)
{
  const char *found = json_get_string (ready->record, "key", "");
  g_autofree char *version = recipe_version (builder->recipe);
  const char *said = ready->worker ? json_get_string (ready->worker, "version", "") : "";

  if (json_get_int (ready->record, "format", 0) != FORMAT || !ready->worker || !ready->build)
    return ready_refuse (error, "its record is of another form than this version of the hive knows");
  if (!g_str_equal (found, key))
    return ready_refuse (error, "‼ it is a build of the key %.64s, and not of %s under which it lies", found, key);
  if (!g_str_equal (json_get_string (ready->worker, "id", ""), builder->request->worker_id))
    return ready_refuse (error, "‼ it is a build of %.80s", json_get_string (ready->worker, "id", ""));
  if (!recipe_has_function (builder->recipe, "pkgver") && !g_str_equal (said, version))
    return ready_refuse (error, "it is of the version %.80s, and the recipe of %s", said, version);
  return true;
}

static bool
check_age (const TrustedKey *key, const ReadyBuild *ready, GError **error)
{
  int64_t built = json_get_int (ready->build, "built_at", 0);

  return built >= key->not_before ||
         ready_refuse (error, "it is older than NotBefore= of [Key %s] in hive.conf", key->name);
}

/* Where nobody said for which processors, any build that runs is fine; what was said is meant. */
static bool
check_level (const Builder *builder, const ReadyBuild *ready, GError **error)
{
  const char *built = json_get_string (ready->build, "cpu", "");
  const char *wanted = builder->request->cpu ? builder->request->cpu : builder->configuration->cpu;

  return (!builder->request->cpu && g_str_equal (wanted, CPU_NATIVE)) || g_str_equal (built, wanted) ||
         ready_refuse (error, "it is built for %.32s, and not for %s", built, wanted);
}

static bool
read_files (const Builder *builder, ReadyBuild *ready, GError **error)
{
  JsonObject *tree = member (ready->record, "tree");
  int64_t size = tree ? json_get_int (tree, "size", -1) : -1;

  ready->tree = tree ? json_get_string (tree, "digest", "") : "";
  if (!tree || size < 0 || !g_str_equal (json_get_string (tree, "mediaType", ""), TREE_TYPE))
    return ready_refuse (error, "its record names no tree of a form that is known");
  ready->size = (uint64_t)size;
  ready->files = worker_record_from_json (ready->record, "Its record", error);
  if (!ready->files)
    return false;
  for (guint i = 0; i < ready->files->files->len; i++)
    {
      const WorkerFile *file = ready->files->files->pdata[i];

      if (*file->path != '/' || strlen (file->path) > PATH_LENGTH || file->mode & ~0777u ||
          file->size > INT64_MAX - ready->files_size)
        return ready_refuse (error, "‼ its record has a file that no package may have: %.200s", file->path);
      ready->files_size += file->symlink ? 0 : file->size;
    }
  return MAX (ready->files_size, ready->size) <= builder->configuration->max_tree_size ||
         ready_refuse (error, "it is larger than MaxTreeSize= of hive.conf");
}

/* One card of @capability ("86") runs what is for it, or for an earlier one of the same first digit, or "75+". */
static bool
card_runs (char *const *cards, unsigned capability)
{
  for (; *cards; cards++)
    {
      unsigned card = (unsigned)g_ascii_strtoull (*cards, NULL, 10);

      if (card <= capability && (g_str_has_suffix (*cards, "+") || card / 10 == capability / 10))
        return true;
    }
  return false;
}

/* Where nobody has looked for cards yet, a build may be for any. */
static bool
check_cards (const Builder *builder, JsonObject *requires, GError **error)
{
  const Devices *devices = machine_devices (builder->machine);
  JsonObject *gpu = member (requires, "gpu");
  g_auto (GStrv) cuda = gpu ? json_get_strings (gpu, "cuda") : NULL;
  g_auto (GStrv) rocm = gpu ? json_get_strings (gpu, "rocm") : NULL;
  const char *driver = gpu ? json_get_string (gpu, "driver", "") : "";

  for (guint i = 0; devices && i < devices->list->len; i++)
    {
      const Device *device = devices->list->pdata[i];
      g_auto (GStrv) parts = g_strsplit (device->compute_capability, ".", 2);
      g_autofree char *digits = g_strjoinv ("", parts);

      if (*driver && g_str_equal (device->type, "cuda") && *device->driver &&
          version_compare (device->driver, driver) < 0)
        return ready_refuse (error, "it needs NVIDIA's driver %.32s, and %s has %s", driver, device->name,
                             device->driver);
      if (cuda && *cuda && g_str_equal (device->type, "cuda") && *digits &&
          !card_runs (cuda, (unsigned)g_ascii_strtoull (digits, NULL, 10)))
        return ready_refuse (error, "it has no code for %s (%s)", device->name, device->compute_capability);
      if (rocm && *rocm && g_str_equal (device->type, "rocm") && *digits &&
          !g_strv_contains ((const char *const *)rocm, device->compute_capability))
        return ready_refuse (error, "it has no code for %s (%s)", device->name, device->compute_capability);
    }
  return true;
}

/* The rest as a sandbox sees this machine: programs run where builds do. */
static bool
check_machine (Builder *builder, JsonObject *requires, GError **error)
{
  g_autofree char *program = scripts_path ("rbee-hive-needs");
  const char *const command[] = { program, "check", INSIDE_NEEDS, NULL };
  g_autofree char *text = json_to_text (requires, false);
  g_autoptr (Sandbox) sandbox = step_recipe_sandbox (builder);
  g_autoptr (JsonObject) answer = NULL;
  g_auto (GStrv) lacks = NULL;
  g_autofree char *list = NULL;
  size_t size;
  int status;

  if (!sandbox_bind_text (sandbox, text, INSIDE_NEEDS, error))
    return false;
  sandbox_set_timeout (sandbox, CHECK_TIMEOUT);
  sandbox_collect (sandbox, ANSWER_FD, ANSWER_MAX);
  if (!sandbox_run (sandbox, command, &status, error))
    return false;
  text = (g_free (text), g_strdup (sandbox_collected (sandbox, &size)));
  answer = status == 0 ? json_parse_object (text, (gssize)size, "what is missing", HIVE_ERROR_FAILED, NULL) : NULL;
  lacks = answer ? json_get_strings (answer, "lacks") : NULL;
  if (!lacks)
    return ready_refuse (error, "what it needs cannot be compared: %.200s", sandbox_diagnostics (sandbox));
  list = g_strjoinv (", ", lacks);
  return !*lacks || ready_refuse (error, "it needs %.400s", list);
}

/* What is signed, and is of what was asked for. */
static bool
check_record (const Builder *builder, ReadyBuild *ready, JsonObject *said, const char *key, GError **error)
{
  ready->worker = member (ready->record, "worker");
  ready->build = member (ready->record, "build");
  if (!check_worker (builder, ready, key, error) || !read_files (builder, ready, error))
    return false;
  if (!member (ready->build, "requires"))
    return ready_refuse (error, "nobody noted what it needs");
  return g_str_equal (ready->tree, json_get_string (said, "tree", "")) ||
         ready_refuse (error, "‼ the tree beside its record is another one than was signed");
}

static bool
check_needs (Builder *builder, const ReadyBuild *ready, GError **error)
{
  JsonObject *requires = member (ready->build, "requires");

  return check_cards (builder, requires, error) && check_machine (builder, requires, error);
}

ReadyBuild *
ready_build_new (Builder *builder, JsonObject *said, const char *key, LookupKind *ret_kind, GError **error)
{
  const char *text = json_get_string (said, "record", ""), *refused = json_get_string (said, "refused", NULL);
  g_autoptr (ReadyBuild) ready = g_new0 (ReadyBuild, 1);
  const TrustedKey *trusted = NULL;

  *ret_kind = LOOKUP_DAMAGED;
  if (refused)
    ready_refuse (error, "%.400s", refused);
  else if (!(trusted = store_trust_find (builder, text, json_get_string (said, "signature", ""), error)))
    *ret_kind = LOOKUP_SIGNATURE;
  else
    ready->record = json_parse_object (text, -1, "its record", HIVE_ERROR_FAILED, error);
  if (!ready->record || !check_record (builder, ready, said, key, error))
    return NULL;
  ready->signed_by = trusted->name;
  if (!check_age (trusted, ready, error))
    *ret_kind = LOOKUP_REVOKED;
  else if (!check_level (builder, ready, error))
    *ret_kind = LOOKUP_CPU;
  else if (!check_needs (builder, ready, error))
    *ret_kind = LOOKUP_NEEDS;
  else
    return g_steal_pointer (&ready);
  return NULL;
}
