/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "catalog-entry.h"
#include "device-probe.h"
#include "json.h"
#include "machine.h"

/* Which backend a machine gets: machines as real ones described themselves (tests/unit/devices). */

static char *
recorded_text (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "devices", name, NULL);
  char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

static Machine *
machine_of (Devices *devices)
{
  devices_add (devices, "cpu", "Some processor");
  return machine_new (devices);
}

static Machine *
machine_with_nvidia (const char *recording)
{
  g_autofree char *text = recorded_text (recording);
  Devices *devices = devices_new ();

  device_nvidia_read (devices, text, "nvidia-smi");
  return machine_of (devices);
}

static Machine *
machine_with_amd (const char *recording)
{
  g_autofree char *root = g_test_build_filename (G_TEST_DIST, "devices", recording, NULL);
  Devices *devices = devices_new ();

  device_amd_add (devices, root, NULL);
  return machine_of (devices);
}

static Machine *
machine_with_nothing (void)
{
  return machine_of (devices_new ());
}

static char *
chosen (const Machine *machine, const char *backends, const bool *usable, char **ret_reason)
{
  static const bool all[] = { true, true, true, true, true };
  g_auto (GStrv) list = g_strsplit (backends, " ", -1);
  g_autofree char *reason = NULL;
  unsigned place = machine_choose_backend (machine, list, usable ? usable : all, &reason);

  g_assert_nonnull (reason);
  if (ret_reason)
    *ret_reason = g_steal_pointer (&reason);
  return g_strdup (list[place]);
}

static void
assert_chosen (const Machine *machine, const char *backends, const char *expected, const char *because)
{
  g_autofree char *reason = NULL;
  g_autofree char *backend = chosen (machine, backends, NULL, &reason);

  g_assert_cmpstr (backend, ==, expected);
  g_assert_cmpstr (reason, ==, because);
}

static void
test_nvidia_machine_gets_cuda (void)
{
  g_autoptr (Machine) machine = machine_with_nvidia ("nvidia/rtx-4090.csv");

  assert_chosen (machine, "cpu cuda rocm", "cuda", "NVIDIA GeForce RTX 4090 (GPU-0)");
  assert_chosen (machine, "rocm cpu", "cpu", "no AMD card was found");
  assert_chosen (machine, "cpu", "cpu", "it is the one for the processor");
}

static void
test_amd_machine_gets_rocm (void)
{
  g_autoptr (Machine) machine = machine_with_amd ("mi25");
  g_autofree char *reason = NULL;
  g_autofree char *backend = chosen (machine, "cuda cpu rocm", NULL, &reason);

  g_assert_cmpstr (backend, ==, "rocm");
  g_assert_true (g_str_has_prefix (reason, "no NVIDIA card was found") || g_str_has_suffix (reason, "(GPU-0)"));
  assert_chosen (machine, "cuda cpu", "cpu", "no NVIDIA card was found");
}

static void
test_machine_without_cards_gets_the_processor (void)
{
  g_autoptr (Machine) machine = machine_with_nothing ();

  assert_chosen (machine, "cuda rocm cpu", "cpu", "no NVIDIA card was found, no AMD card was found");
  assert_chosen (machine, "cuda", "cuda", "no NVIDIA card was found");
  assert_chosen (machine, "vulkan metal", "vulkan", "it is the first for this machine's architecture");
}

static void
test_machine_that_nobody_looked_at_gets_the_processor (void)
{
  g_autoptr (Machine) machine = machine_new (NULL);
  g_autofree char *why = NULL;

  assert_chosen (machine, "cuda cpu", "cpu", "what devices this machine has is not known yet");
  g_assert_true (machine_has_backend (machine, "cuda", &why));
  g_assert_null (why);
}

static void
test_variant_for_another_architecture_is_not_chosen (void)
{
  g_autoptr (Machine) machine = machine_with_nvidia ("nvidia/tesla-t4.csv");
  g_autofree char *cpu = chosen (machine, "cuda cpu", (const bool[]){ false, true }, NULL);
  g_autofree char *none = chosen (machine, "cuda cpu", (const bool[]){ false, false }, NULL);

  g_assert_cmpstr (cpu, ==, "cpu");
  g_assert_cmpstr (none, ==, "cuda");
}

/* The formats differ in what is an entry: of the snake_case one each backend is, and says itself whether it fits. */
static void
test_entry_says_why_it_is_not_for_this_machine (void)
{
  static const struct
  {
    const char *backend, *platform, *architecture, *because;
  } cases[] = {
    { "cpu", "linux", "any", "" },
    { "cuda", "linux", "any", "It is made for cuda, and no NVIDIA card was found." },
    { "rocm", "linux", "any", "It is made for rocm, and no AMD card was found." },
    { "metal", "linux", "any", "" },
    { "cpu", "macos", "any", "It is made for macos, and this machine is linux." },
    { "cuda", "linux", "pdp11", "It is made for pdp11, and this machine is " },
  };
  g_autoptr (Machine) machine = machine_with_nothing ();

  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strdup_printf (
          "{\"id\":\"w\",\"name\":\"W\",\"version\":\"1\",\"worker_type\":\"%s\",\"platforms\":[\"%s\"],"
          "\"architectures\":[\"%s\"],\"binary_name\":\"w\",\"install_path\":\"/usr/local/bin\"}",
          cases[i].backend, cases[i].platform, cases[i].architecture);
      g_autoptr (JsonObject) object = json_parse_object (text, -1, "test", 0, NULL);
      g_autoptr (CatalogEntry) entry = catalog_entry_from_json (object, NULL, NULL, machine, NULL);
      g_autoptr (JsonObject) shown = catalog_entry_to_json (entry);

      g_assert_true (g_str_has_prefix (entry->incompatible_because, cases[i].because));
      g_assert_cmpint (!*entry->incompatible_because, ==, !*cases[i].because);
      g_assert_cmpint (json_get_bool (shown, "compatible", false), ==, !*cases[i].because);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/machine/nvidia-machine-gets-cuda", test_nvidia_machine_gets_cuda);
  g_test_add_func ("/machine/amd-machine-gets-rocm", test_amd_machine_gets_rocm);
  g_test_add_func ("/machine/machine-without-cards-gets-the-processor", test_machine_without_cards_gets_the_processor);
  g_test_add_func ("/machine/machine-that-nobody-looked-at-gets-the-processor",
                   test_machine_that_nobody_looked_at_gets_the_processor);
  g_test_add_func ("/machine/variant-for-another-architecture-is-not-chosen",
                   test_variant_for_another_architecture_is_not_chosen);
  g_test_add_func ("/machine/entry-says-why-it-is-not-for-this-machine",
                   test_entry_says_why_it_is_not_for_this_machine);
  return g_test_run ();
}
