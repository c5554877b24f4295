/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device-probe.h"
#include "json.h"

/* What real machines said, in tests/unit/devices (ORIGINS there says where). */

static char *
recorded (const char *name)
{
  return g_test_build_filename (G_TEST_DIST, "devices", name, NULL);
}

static char *
recorded_text (const char *name)
{
  g_autofree char *path = recorded (name);
  char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

static const Device *
device_at (const Devices *devices, guint i)
{
  g_assert_cmpuint (devices->list->len, >, i);
  return devices->list->pdata[i];
}

static bool
is_warned_of (const Devices *devices, const char *text)
{
  for (guint i = 0; i < devices->warnings->len; i++)
    if (strstr (devices->warnings->pdata[i], text))
      return true;
  return false;
}

static void
write_file (const char *root, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (root, name, NULL);
  g_autofree char *folder = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
test_nvidia_cards_are_read (void)
{
  static const struct
  {
    const char *file, *name, *capability, *driver;
    guint count;
    uint64_t mib;
  } cases[] = {
    { "nvidia/a100-x4.csv", "NVIDIA A100-SXM4-80GB", "8.0", "580.105.08", 4, 81920 },
    { "nvidia/a100-mixed.csv", "NVIDIA A100 80GB PCIe", "8.0", "", 7, 81920 },
    { "nvidia/a100-40gb-x2.csv", "NVIDIA A100-SXM4-40GB", "", "", 2, 40960 },
    { "nvidia/h100.csv", "NVIDIA H100 80GB HBM3", "9.0", "580.82.07", 1, 81559 },
    { "nvidia/rtx-3090-x4.csv", "NVIDIA GeForce RTX 3090", "8.6", "560.35.03", 4, 24576 },
    { "nvidia/rtx-4090.csv", "NVIDIA GeForce RTX 4090", "8.9", "595.80", 1, 24564 },
    { "nvidia/tesla-p100.csv", "Tesla P100-PCIE-16GB", "6.0", "580.178.04", 1, 16384 },
    { "nvidia/tesla-t4.csv", "Tesla T4", "7.5", "", 1, 15360 },
    { "nvidia/gb10.csv", "NVIDIA GB10", "", "580.126.09", 1, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = recorded_text (cases[i].file);
      g_autoptr (Devices) devices = devices_new ();
      const Device *device;

      g_test_message ("%s", cases[i].file);
      device_nvidia_read (devices, text, "nvidia-smi");
      device = device_at (devices, 0);
      g_assert_cmpuint (devices->list->len, ==, cases[i].count);
      g_assert_cmpuint (devices->warnings->len, ==, 0);
      g_assert_cmpstr (device->id, ==, "GPU-0");
      g_assert_cmpstr (device->type, ==, "cuda");
      g_assert_cmpstr (device->name, ==, cases[i].name);
      g_assert_cmpstr (device->compute_capability, ==, cases[i].capability);
      g_assert_cmpstr (device->driver, ==, cases[i].driver);
      g_assert_cmpuint (device->memory, ==, cases[i].mib << 20);
    }
}

static void
test_what_nvidia_says_instead_of_a_table_is_a_warning (void)
{
  static const struct
  {
    const char *file, *said;
  } cases[] = {
    { "nvidia/none.txt", "No devices were found" },
    { "nvidia/mismatch.txt", "restart the machine" },
    { "nvidia/no-driver.txt", "couldn't communicate with the NVIDIA driver" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = recorded_text (cases[i].file);
      g_autoptr (Devices) devices = devices_new ();
      g_autofree char *why = NULL;

      device_nvidia_read (devices, text, "nvidia-smi");
      g_assert_cmpuint (devices->list->len, ==, 0);
      g_assert_cmpuint (devices->warnings->len, ==, 1);
      g_assert_true (is_warned_of (devices, cases[i].said));
      g_assert_false (devices_have_backend (devices, "cuda", &why));
      g_assert_nonnull (strstr (why, cases[i].said));
    }
}

static void
test_broken_tables_give_no_device_and_a_warning (void)
{
#define HEAD "name, memory.total [MiB], compute_cap, driver_version\n"
  static const char *const cases[] = {
    "",
    "\n\n",
    "name\n",
    "\xff\xfe\x01",
    HEAD "NVIDIA GeForce RTX 3090, 2457",
    HEAD "[Unknown Error], [N/A], [N/A], 550.1\n",
    HEAD ", 24576 MiB, 8.6, 1\n",
    HEAD "A, 1 MiB, [GPU requires reset], 1\n",
    HEAD ",,,\n",
    HEAD "a,b,c,d,e,f\n",
    "name,name",
    HEAD "\x1b[31m, 1, 8.6, 1, 2\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Devices) devices = devices_new ();

      g_test_message ("case %zu", i);
      device_nvidia_read (devices, cases[i], "nvidia-smi");
      g_assert_cmpuint (devices->list->len, ==, 0);
      if (strchr (cases[i], ',') == NULL || strlen (cases[i]) > strlen (HEAD))
        g_assert_cmpuint (devices->warnings->len, >=, 1);
    }
}

/* Each recording, cut short at every byte and with every byte replaced: nothing but a device or a warning comes of it.
 */
static void
test_cut_and_spoilt_tables_do_no_harm (void)
{
  g_autofree char *text = recorded_text ("nvidia/tesla-p100.csv");
  size_t length = strlen (text);

  for (size_t i = 0; i < length; i++)
    {
      g_autofree char *cut = g_strndup (text, i);
      g_autofree char *spoilt = g_strdup (text);
      g_autoptr (Devices) devices = devices_new ();
      g_autoptr (Devices) back = NULL;
      g_autoptr (JsonObject) object = NULL;

      spoilt[i] = (char)(i * 7 + 129);
      device_nvidia_read (devices, cut, "nvidia-smi");
      device_nvidia_read (devices, spoilt, "nvidia-smi");
      object = devices_to_json (devices);
      back = devices_from_json (object, NULL);
      g_assert_nonnull (back);
      g_assert_cmpuint (back->list->len, ==, devices->list->len);
    }
}

static void
test_a_list_without_end_has_one (void)
{
  g_autoptr (GString) text = g_string_new (HEAD);
  g_autoptr (Devices) devices = devices_new ();

  for (int i = 0; i < 5000; i++)
    g_string_append_printf (text, "Card %d, 99999999999999999999 MiB, 1234567.8, %0700d\nbroken %d\n", i, i, i);
  device_nvidia_read (devices, text->str, "nvidia-smi");
  g_assert_cmpuint (devices->list->len, ==, 256);
  g_assert_cmpuint (devices->warnings->len, <=, 32);
  g_assert_cmpuint (device_at (devices, 0)->memory, ==, 0);
  g_assert_cmpstr (device_at (devices, 0)->compute_capability, ==, "");
  g_assert_cmpuint (strlen (device_at (devices, 0)->driver), <, 512);
}

static void
assert_nodes (const Device *device, const char *nodes)
{
  g_autofree char *all = g_strjoinv (" ", device->nodes);

  g_assert_cmpstr (all, ==, nodes);
}

static void
test_library_is_asked_before_any_tool (void)
{
  static const struct
  {
    const char *recorded, *name, *capability, *warning;
    guint count;
    uint64_t mib;
    const char *node; /* the last card's is not the last */
  } cases[] = {
    { "rtx-3090-x4", "NVIDIA GeForce RTX 3090", "8.6", NULL, 4, 24576, "/dev/nvidia3 /dev/nvidiactl /dev/nvidia-uvm" },
    { "gb10", "NVIDIA GB10", "12.1", NULL, 1, 0 },
    { "no-card", NULL, NULL, "There is an NVIDIA card, but libnvidia-ml.so.1 says \"no devices\"", 0, 0 },
    { "lost", NULL, NULL, "[Unknown Error]", 0, 0 },
    { "mismatch", NULL, NULL, "restart the machine", 0, 0 },
    { "not-loaded", NULL, NULL, "Driver Not Loaded", 0, 0 },
    { "crash", NULL, NULL, "crashes", 0, 0 },
  };
  g_autofree char *root = g_dir_make_tmp ("devices-XXXXXX", NULL);
  g_autofree char *remove = g_strdup_printf ("rm -r %s", root);

  write_file (root, "sys/bus/pci/devices/0000:01:00.0/vendor", "0x10de\n");
  write_file (root, "sys/bus/pci/devices/0000:01:00.0/class", "0x030200\n");
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Devices) devices = devices_new ();

      g_test_message ("%s", cases[i].recorded);
      g_setenv ("RECORDED_NVML", cases[i].recorded, TRUE);
      device_nvidia_add (devices, root);
      g_assert_cmpuint (devices->list->len, ==, cases[i].count);
      g_assert_cmpuint (devices->warnings->len, ==, cases[i].warning ? 1 : 0);
      g_assert_true (!cases[i].warning || is_warned_of (devices, cases[i].warning));
      if (cases[i].count == 0)
        continue;
      g_assert_cmpstr (device_at (devices, 0)->name, ==, cases[i].name);
      g_assert_cmpstr (device_at (devices, 0)->compute_capability, ==, cases[i].capability);
      g_assert_cmpstr (device_at (devices, 0)->driver, ==, "560.35.03");
      g_assert_cmpuint (device_at (devices, 0)->memory, ==, cases[i].mib << 20);
      g_assert_cmpstr (device_at (devices, 0)->uuid, ==, "GPU-5f7a1c20-0000-4000-8000-000000000000");
      assert_nodes (device_at (devices, 0), cases[i].node ? cases[i].node : "");
    }
  g_assert_true (g_spawn_command_line_sync (remove, NULL, NULL, NULL, NULL));
}

static void
test_library_that_reaches_no_card_is_told (void)
{
  static const struct
  {
    const char *mark, *recorded, *warnings[3], *nodes;
  } cases[] = {
    { "dev/null", "not-loaded", { "NVIDIA's driver is installed, but", "\"Driver Not Loaded\"" } },
    { "dev/dxg", "not-loaded", { "Windows shares its cards", "\"Driver Not Loaded\"", "wsl --shutdown" } },
    { "dev/dxg", "mismatch", { "Windows shares its cards", "\"Driver/library version mismatch\"" } },
    { "dev/dxg", "no-card", { "Windows shares its cards", "\"no devices\"" } },
    { "dev/dxg", "crash", { "crashes" } },
    { "dev/dxg", "rtx-3090-x4", { NULL }, "/dev/dxg" },
    { "dev/nvmap", "not-loaded", { "This is a Jetson", "\"Driver Not Loaded\"", "JetPack" } },
    { "dev/nvhost-ctrl-gpu", "not-loaded", { "This is a Jetson" } },
    { "dev/nvgpu/igpu0/ctrl", "no-card", { "This is a Jetson" } },
    { "etc/nv_tegra_release", "not-loaded", { "This is a Jetson" } },
    { "etc/nv_tegra_release", "rtx-3090-x4", { NULL }, "" },
    { "dev/null", "no-card", { NULL } },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Devices) devices = devices_new ();
      g_autofree char *root = g_dir_make_tmp ("devices-XXXXXX", NULL);
      g_autofree char *remove = g_strdup_printf ("rm -r %s", root);

      g_test_message ("%s %s", cases[i].mark, cases[i].recorded);
      write_file (root, cases[i].mark, "");
      g_setenv ("RECORDED_NVML", cases[i].recorded, TRUE);
      device_nvidia_add (devices, root);
      g_assert_cmpuint (devices->warnings->len, ==, cases[i].warnings[0] ? 1 : 0);
      for (gsize j = 0; j < G_N_ELEMENTS (cases[i].warnings) && cases[i].warnings[j]; j++)
        g_assert_true (is_warned_of (devices, cases[i].warnings[j]));
      if (cases[i].nodes)
        assert_nodes (device_at (devices, 0), cases[i].nodes);
      g_assert_true (g_spawn_command_line_sync (remove, NULL, NULL, NULL, NULL));
    }
}

static void
test_amd_cards_are_read (void)
{
  static const struct
  {
    const char *tree, *rocminfo, *name, *capability, *uuid;
    guint count;
    unsigned cores;
    uint64_t memory;
  } cases[] = {
    { "mi25", NULL, "AMD GPU 6860", "", "GPU-c34ec50444dd0a6c", 1, 64, 17163091968 },
    { "mi210", NULL, "AMD GPU 740f gfx90a", "gfx90a", "GPU-1901ead3a2ecd4a6", 1, 104, 0 },
    { "rx7900xtx-x2", NULL, "AMD GPU 744c gfx1100", "gfx1100", "GPU-a1ffc9d1799c317f", 2, 96, 0 },
    { "rx7900xtx-x2", "rx7900xtx-x2/rocminfo.txt", "AMD Radeon RX 7900 XTX", "gfx1100", "GPU-a1ffc9d1799c317f", 2, 96,
      0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *root = recorded (cases[i].tree);
      g_autofree char *rocminfo = cases[i].rocminfo ? recorded_text (cases[i].rocminfo) : NULL;
      g_autoptr (Devices) devices = devices_new ();
      const Device *device;

      g_test_message ("%s", cases[i].tree);
      device_amd_add (devices, root, rocminfo);
      device = device_at (devices, 0);
      g_assert_cmpuint (devices->list->len, ==, cases[i].count);
      g_assert_cmpstr (device->type, ==, "rocm");
      g_assert_cmpstr (device->name, ==, cases[i].name);
      g_assert_cmpstr (device->compute_capability, ==, cases[i].capability);
      g_assert_cmpuint (device->cores, ==, cases[i].cores);
      g_assert_cmpuint (device->memory, ==, cases[i].memory);
      g_assert_cmpstr (device->driver, ==, "amdgpu");
      g_assert_cmpstr (device->uuid, ==, cases[i].uuid);
      assert_nodes (device, "/dev/kfd /dev/dri/renderD128");
    }
}

static void
test_rocminfo_cut_short_names_what_it_still_does (void)
{
  g_autofree char *text = recorded_text ("rx7900xtx-x2/rocminfo.txt");
  size_t length = strlen (text);

  for (size_t i = 0; i < length; i++)
    {
      g_autofree char *cut = g_strndup (text, i);
      g_autofree char *name = device_amd_marketing_name (cut, 1);

      g_assert_true (!name || g_str_equal (name, "AMD Radeon RX 7900 XTX"));
    }
}

static void
test_cpus_are_read (void)
{
  g_autofree char *pi = recorded ("rpi5");
  g_autofree char *epyc = recorded ("epyc-vm");
  g_autoptr (Devices) devices = devices_new ();
  const Device *device;

  device_cpu_add (devices, epyc);
  device_cpu_add (devices, pi);
  device_cpu_add (devices, "/nonexistent");
  device = device_at (devices, 0);
  g_assert_cmpstr (device->id, ==, "CPU-0");
  g_assert_cmpstr (device->name, ==, "AMD EPYC");
  g_assert_cmpuint (device->cores, ==, 2);
  g_assert_cmpuint (device->memory, >, UINT64_C (24000000000));
  g_assert_true (g_strv_contains ((const char *const *)device->instruction_sets, "avx2"));
  g_assert_false (g_strv_contains ((const char *const *)device->instruction_sets, "avx512f"));
  device = device_at (devices, 1);
  g_assert_cmpstr (device->id, ==, "CPU-1");
  g_assert_cmpuint (device->cores, ==, 2);
  g_assert_true (g_strv_contains ((const char *const *)device->instruction_sets, "asimddp"));
  g_assert_cmpuint (device_at (devices, 2)->cores, ==, 1);
  g_assert_cmpuint (device_at (devices, 2)->memory, ==, 0);
}

/* As the drivers xe and i915 lay out /sys; links cannot lie in a source tree. */
static void
test_intel_cards_are_read (void)
{
  g_autofree char *root = g_dir_make_tmp ("devices-XXXXXX", NULL);
  g_autofree char *xe = g_build_filename (root, "sys/class/drm/card1/device/driver", NULL);
  g_autofree char *i915 = g_build_filename (root, "sys/class/drm/card0/device/driver", NULL);
  g_autofree char *remove = g_strdup_printf ("rm -r %s", root);
  g_autoptr (Devices) devices = devices_new ();

  write_file (root, "sys/class/drm/card0/device/vendor", "0x8086\n");
  write_file (root, "sys/class/drm/card0/device/device", "0x3e92\n");
  write_file (root, "sys/class/drm/card1/device/vendor", "0x8086\n");
  write_file (root, "sys/class/drm/card1/device/device", "0x56a0\n");
  write_file (root, "sys/class/drm/card1/device/tile0/physical_vram_size_bytes", "17179869184\n");
  write_file (root, "sys/class/drm/card2/device/vendor", "0x1234\n");
  write_file (root, "sys/class/drm/card1-DP-1/status", "connected\n");
  write_file (
      root, "usr/share/misc/pci.ids",
      "# a comment\n8086  Intel Corporation\n\t3e92  CoffeeLake-S GT2 [UHD Graphics 630]\n\t\t1028 0869  Vostro\n"
      "\t56a0  DG2 [Arc A770]\n8087  Intel Corp.\n\t56a0  Something else\n");
  write_file (root, "sys/class/drm/card1/device/drm/renderD129/dev", "226:129\n");
  g_assert_cmpint (symlink ("../../../../bus/pci/drivers/xe", xe), ==, 0);
  g_assert_cmpint (symlink ("../../../../bus/pci/drivers/i915", i915), ==, 0);
  device_intel_add (devices, root);
  g_assert_cmpuint (devices->list->len, ==, 2);
  g_assert_cmpstr (device_at (devices, 0)->name, ==, "CoffeeLake-S GT2 [UHD Graphics 630]");
  g_assert_cmpstr (device_at (devices, 0)->driver, ==, "i915");
  g_assert_cmpuint (device_at (devices, 0)->memory, ==, 0);
  g_assert_cmpstr (device_at (devices, 1)->id, ==, "GPU-1");
  g_assert_cmpstr (device_at (devices, 1)->name, ==, "DG2 [Arc A770]");
  g_assert_cmpuint (device_at (devices, 1)->memory, ==, UINT64_C (16) << 30);
  assert_nodes (device_at (devices, 0), "");
  assert_nodes (device_at (devices, 1), "/dev/dri/renderD129");
  g_assert_true (g_spawn_command_line_sync (remove, NULL, NULL, NULL, NULL));
}

static void
test_card_without_its_driver_is_a_warning (void)
{
  g_autofree char *root = g_dir_make_tmp ("devices-XXXXXX", NULL);
  g_autofree char *remove = g_strdup_printf ("rm -r %s", root);
  g_autoptr (Devices) devices = devices_new ();

  write_file (root, "sys/bus/pci/devices/0000:03:00.0/vendor", "0x1002\n");
  write_file (root, "sys/bus/pci/devices/0000:03:00.0/class", "0x030000\n");
  g_assert_true (device_pci_has (root, 0x1002));
  g_assert_false (device_pci_has (root, 0x10de));
  device_amd_add (devices, root, NULL);
  g_assert_cmpuint (devices->list->len, ==, 0);
  g_assert_true (is_warned_of (devices, "amdgpu"));
  g_assert_true (g_spawn_command_line_sync (remove, NULL, NULL, NULL, NULL));
}

static void
test_backend_needs_its_card (void)
{
  g_autoptr (Devices) devices = devices_new ();
  g_autofree char *cuda = NULL;
  g_autofree char *none = NULL;
  g_autofree char *small = NULL;
  g_autofree char *rocm = NULL;

  devices_add (devices, "rocm", "AMD Radeon Graphics")->memory = 512 << 20;
  g_assert_true (devices_have_backend (devices, "cpu", NULL));
  g_assert_false (devices_have_backend (devices, "cuda", &none));
  g_assert_cmpstr (none, ==, "no NVIDIA card was found");
  g_assert_false (devices_have_backend (devices, "rocm", &small));
  devices_add (devices, "cuda", "NVIDIA GeForce RTX 3090");
  g_assert_true (devices_have_backend (devices, "cuda", &cuda));
  g_assert_cmpstr (cuda, ==, "NVIDIA GeForce RTX 3090 (GPU-1)");
  devices_add (devices, "rocm", "AMD Radeon RX 7900 XTX")->memory = UINT64_C (24) << 30;
  g_assert_true (devices_have_backend (devices, "rocm", &rocm));
  g_assert_false (devices_have_backend (devices, "metal", NULL));
}

static void
test_json_holds_what_was_found (void)
{
  g_autoptr (Devices) devices = devices_new ();
  g_autoptr (JsonObject) object = NULL;
  g_autoptr (Devices) back = NULL;
  JsonObject *first;

  device_nvidia_read (devices, HEAD "NVIDIA GeForce RTX 4090, 24564 MiB, 8.9, 595.80\n", "nvidia-smi");
  device_set_uuid ((Device *)device_at (devices, 0), "GPU-1");
  device_add_node ((Device *)device_at (devices, 0), "/dev/nvidia0");
  devices_warn (devices, "a warning\nof two lines");
  object = devices_to_json (devices);
  first = json_array_get_object_element (json_object_get_array_member (object, "devices"), 0);
  g_assert_cmpfloat (json_object_get_double_member (first, "vram_gb"), ==, 23.99);
  back = devices_from_json (object, NULL);
  g_assert_nonnull (back);
  g_assert_cmpstr (device_at (back, 0)->driver, ==, "595.80");
  g_assert_cmpstr (device_at (back, 0)->uuid, ==, "GPU-1");
  assert_nodes (device_at (back, 0), "/dev/nvidia0");
  g_assert_true (is_warned_of (back, "a warning of two lines"));
}

static void
test_lies_of_a_builder_are_refused (void)
{
  static const char *const cases[] = {
    "{}",
    "{\"devices\":{}}",
    "{\"devices\":[1]}",
    "{\"devices\":[{}]}",
    "{\"devices\":[{\"device_type\":\"quantum\",\"name\":\"x\"}]}",
    "{\"devices\":[{\"device_type\":\"cuda\",\"name\":\"\"}]}",
    "{\"devices\":[{\"device_type\":\"cuda\",\"name\":\"a\\nb\"}]}",
    "{\"devices\":[{\"device_type\":\"cuda\",\"name\":\"x\\u001b[31m\"}]}",
    "{\"devices\":[{\"device_type\":\"cuda\",\"name\":\"x\",\"memory\":-1}]}",
    "{\"devices\":[{\"device_type\":\"cuda\",\"name\":\"x\",\"memory\":9223372036854775807}]}",
    "{\"devices\":[{\"device_type\":\"cuda\",\"name\":\"x\",\"cores\":99999999}]}",
    "{\"devices\":[{\"device_type\":\"cpu\",\"name\":\"x\",\"instruction_sets\":[\"$(id)\"]}]}",
    "{\"devices\":[{\"device_type\":\"cuda\",\"name\":\"x\",\"uuid\":\"a\\nb\"}]}",
    "{\"devices\":[{\"device_type\":\"cuda\",\"name\":\"x\",\"nodes\":[\"/dev/sda\"]}]}",
    "{\"devices\":[{\"device_type\":\"cuda\",\"name\":\"x\",\"nodes\":[\"/dev/nvidia0/../sda\"]}]}",
    "{\"devices\":[{\"device_type\":\"cuda\",\"name\":\"x\",\"nodes\":[\"/dev/nvidia0 rwm\"]}]}",
  };
  g_autofree char *long_name = g_strnfill (600, 'x');
  g_autofree char *long_text = g_strdup_printf ("{\"devices\":[{\"device_type\":\"cpu\",\"name\":\"%s\"}]}", long_name);

  for (gsize i = 0; i <= G_N_ELEMENTS (cases); i++)
    {
      const char *text = i < G_N_ELEMENTS (cases) ? cases[i] : long_text;
      g_autoptr (JsonObject) object = json_parse_object (text, -1, "text", 0, NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (Devices) devices = devices_from_json (object, &error);

      g_test_message ("%s", text);
      g_assert_null (devices);
      g_assert_nonnull (error);
    }
}

static int
child_that_hangs (const void *data)
{
  pause ();
  return 0;
}

static int
child_that_crashes (const void *data)
{
  abort ();
}

static int
child_that_never_stops (const void *data)
{
  while (write (STDOUT_FILENO, "xxxxxxxxxxxxxxxx", 16) > 0)
    ;
  return 0;
}

static void
test_library_that_hangs_or_crashes_takes_nothing_with_it (void)
{
  int status;

  g_assert_null (device_ask (child_that_hangs, NULL, 0, &status));
  g_assert_null (device_ask (child_that_crashes, NULL, 20, &status));
  g_assert_cmpint (status, ==, -1);
  g_assert_null (device_ask (child_that_never_stops, NULL, 20, &status));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/device/nvidia-cards-are-read", test_nvidia_cards_are_read);
  g_test_add_func ("/device/what-nvidia-says-instead-of-a-table-is-a-warning",
                   test_what_nvidia_says_instead_of_a_table_is_a_warning);
  g_test_add_func ("/device/broken-tables-give-no-device-and-a-warning",
                   test_broken_tables_give_no_device_and_a_warning);
  g_test_add_func ("/device/cut-and-spoilt-tables-do-no-harm", test_cut_and_spoilt_tables_do_no_harm);
  g_test_add_func ("/device/a-list-without-end-has-one", test_a_list_without_end_has_one);
  g_test_add_func ("/device/library-is-asked-before-any-tool", test_library_is_asked_before_any_tool);
  g_test_add_func ("/device/library-that-reaches-no-card-is-told", test_library_that_reaches_no_card_is_told);
  g_test_add_func ("/device/amd-cards-are-read", test_amd_cards_are_read);
  g_test_add_func ("/device/rocminfo-cut-short", test_rocminfo_cut_short_names_what_it_still_does);
  g_test_add_func ("/device/cpus-are-read", test_cpus_are_read);
  g_test_add_func ("/device/intel-cards-are-read", test_intel_cards_are_read);
  g_test_add_func ("/device/card-without-its-driver-is-a-warning", test_card_without_its_driver_is_a_warning);
  g_test_add_func ("/device/backend-needs-its-card", test_backend_needs_its_card);
  g_test_add_func ("/device/json-holds-what-was-found", test_json_holds_what_was_found);
  g_test_add_func ("/device/lies-of-a-builder-are-refused", test_lies_of_a_builder_are_refused);
  g_test_add_func ("/device/library-that-hangs-or-crashes", test_library_that_hangs_or_crashes_takes_nothing_with_it);
  return g_test_run ();
}
