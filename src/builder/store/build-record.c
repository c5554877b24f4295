/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "build-record.h"

#include <fcntl.h>
#include <string.h>

#include "config.h"
#include "cpu-environment.h"
#include "fetch.h"
#include "file.h"
#include "json.h"
#include "machine.h"
#include "sandbox-trouble.h"
#include "scripts.h"
#include "step.h"
#include "store-key.h"

#define FORMAT     1
#define ANSWER_FD  9 /* rbee-hive-needs writes there */
#define ANSWER_MAX (4 * 1024 * 1024)

/* By what a recipe says that it needs to build, which of its programs say their version. */
static const struct
{
  const char *dependency, *program;
} tools[] = {
  { "gcc", "gcc" },        { "gcc", "g++" },     { "base-devel", "gcc" }, { "clang", "clang" }, { "rust", "rustc" },
  { "rust", "cargo" },     { "cargo", "cargo" }, { "go", "go" },          { "cuda", "nvcc" },   { "cmake", "cmake" },
  { "python", "python3" }, { "nodejs", "node" }, { "npm", "npm" },        { "hip", "hipcc" },   { "zig", "zig" },
};

void
build_record_add_source (Builder *builder, const char *name, const char *url, JsonObject *sums, const char *revision)
{
  JsonObject *source = json_object_new ();
  g_autofree char *shown = url ? fetch_redact (url) : NULL;

  json_object_set_string_member (source, "name", name);
  if (shown)
    json_object_set_string_member (source, "url", shown);
  json_object_set_object_member (source, "sums", sums);
  if (revision)
    json_object_set_string_member (source, "revision", revision);
  if (!builder->resolved)
    builder->resolved = json_array_new ();
  json_array_add_object_element (builder->resolved, source);
}

/* "rust>=1.78" names rust. */
static bool
needs_tool (char *const *names, const char *tool)
{
  size_t length = strlen (tool);

  for (; *names; names++)
    if (strncmp (*names, tool, length) == 0 && (!(*names)[length] || strchr ("<>=", (*names)[length])))
      return true;
  return false;
}

static void
add_tools (const Builder *builder, GPtrArray *command)
{
  const char *architecture = machine_architecture ();
  g_auto (GStrv) make = recipe_values (builder->recipe, "makedepends", architecture);
  g_auto (GStrv) run = recipe_values (builder->recipe, "depends", architecture);

  for (gsize i = 0; i < G_N_ELEMENTS (tools); i++)
    if ((needs_tool (make, tools[i].dependency) || needs_tool (run, tools[i].dependency)) &&
        !g_ptr_array_find_with_equal_func (command, tools[i].program, g_str_equal, NULL))
      g_ptr_array_add (command, (char *)tools[i].program);
}

/* {"requires","toolchain"}; NULL without an error: nothing could be read. */
static JsonObject *
read_needs (Builder *builder, GError **error)
{
  g_autofree char *program = scripts_path ("rbee-hive-needs");
  g_autofree char *outside = g_build_filename (builder->request->work, "pkg", NULL);
  g_autofree char *inside = step_path (builder, "pkg");
  g_autoptr (GPtrArray) command = g_ptr_array_new ();
  g_autoptr (Sandbox) sandbox = step_recipe_sandbox (builder);
  const char *text;
  size_t size;
  int status;

  g_ptr_array_add (command, program);
  g_ptr_array_add (command, (char *)"read");
  g_ptr_array_add (command, inside);
  g_ptr_array_add (command, (char *)cpu_environment_level (builder));
  add_tools (builder, command);
  g_ptr_array_add (command, NULL);
  sandbox_bind_read_only (sandbox, outside, inside);
  sandbox_set_timeout (sandbox, builder->configuration->step_timeout);
  sandbox_collect (sandbox, ANSWER_FD, ANSWER_MAX);
  if (!sandbox_run (sandbox, (const char *const *)command->pdata, &status, error))
    {
      sandbox_trouble_explain (error, "Reading what the programs need", "StepTimeout=");
      return NULL;
    }
  text = sandbox_collected (sandbox, &size);
  if (status == 0)
    return json_parse_object (text, (gssize)size, "what the programs need", HIVE_ERROR_PACKAGE_FAILED, error);
  step_tell_diagnostics (builder, sandbox);
  log_writer_note (builder->log, builder->phase,
                   "⚠ What the programs need could not be read: no store gets this build");
  return NULL;
}

static JsonObject *
build_record_new (Builder *builder, JsonObject *needs, GError **error)
{
  JsonObject *key = store_key_describe (builder, error);
  g_autofree char *sum = key ? store_key_sum (key) : NULL;
  JsonObject *record, *options;

  if (!key)
    return NULL;
  record = json_object_new ();
  options = json_object_new ();
  json_object_set_boolean_member (options, "check", builder->request->check);
  json_object_set_int_member (record, "format", FORMAT);
  json_object_set_string_member (record, "key", sum);
  json_object_set_object_member (record, "key_of", key);
  json_object_set_boolean_member (record, "floating", store_key_is_floating (builder));
  json_object_set_string_member (record, "cpu", cpu_environment_level (builder));
  json_object_set_string_member (record, "hive", PROJECT_VERSION);
  json_object_set_int_member (record, "built_at", g_get_real_time ());
  json_object_set_object_member (record, "options", options);
  json_object_set_array_member (record, "sources",
                                builder->resolved ? json_array_ref (builder->resolved) : json_array_new ());
  json_object_set_member (record, "toolchain", json_object_dup_member (needs, "toolchain"));
  json_object_set_member (record, "requires", json_object_dup_member (needs, "requires"));
  return record;
}

bool
build_record_write (Builder *builder, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (JsonObject) needs = read_needs (builder, &failure);
  g_autoptr (JsonObject) record = needs ? build_record_new (builder, needs, &failure) : NULL;
  g_autofree char *text = record ? json_to_text (record, false) : NULL;
  g_auto (Fd) fd = -1;
  int r;

  if (failure)
    g_propagate_error (error, g_steal_pointer (&failure));
  if (!text)
    return !*error;
  fd = file_open_beneath (builder->work_fd, BUILD_RECORD_FILE, O_WRONLY | O_CREAT | O_EXCL, 0644);
  r = fd < 0 ? fd : file_write_all (fd, text, strlen (text));
  return r >= 0 || hive_error_set_errno (error, -r, "Cannot write %s/%s", builder->request->work, BUILD_RECORD_FILE);
}
