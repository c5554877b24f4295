/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-fit.h"

#define GIB (UINT64_C (1) << 30)

static Devices *
machine_new (uint64_t card, uint64_t memory)
{
  Devices *devices = devices_new ();

  if (card)
    devices_add (devices, "cuda", "RTX 3090")->memory = card;
  devices_add (devices, "cpu", "Ryzen")->memory = memory;
  return devices;
}

static void
assert_fits (uint64_t weights, uint64_t cache, uint64_t card, uint64_t memory, bool expected, const char *said)
{
  g_autoptr (Devices) devices = machine_new (card, memory);
  const ModelNeed need = { .weights = weights, .cache_per_token = cache, .context = 4096 };
  g_autofree char *why = NULL;

  g_assert_cmpint (model_fits (&need, devices, &why), ==, expected);
  g_assert_cmpstr (why, ==, said);
}

static void
test_card_that_has_room_is_named (void)
{
  assert_fits (4 * GIB, 512 * 1024, 24 * GIB, 32 * GIB, true,
               "Its weights take 4.0 GB and 4096 tokens of context 2.0 GB; GPU-0 (RTX 3090) has 24.0 GB");
}

static void
test_cache_counts_to_the_byte (void)
{
  assert_fits (22 * GIB, 512 * 1024, 24 * GIB, 1, true,
               "Its weights take 22.0 GB and 4096 tokens of context 2.0 GB; GPU-0 (RTX 3090) has 24.0 GB");
  assert_fits (22 * GIB + 1, 512 * 1024, 24 * GIB, 1, false,
               "Its weights take 22.0 GB and 4096 tokens of context 2.0 GB; GPU-0 (RTX 3090) has 24.0 GB");
}

static void
test_processor_takes_what_no_card_does (void)
{
  assert_fits (30 * GIB, 0, 24 * GIB, 64 * GIB, true, "Its weights take 30.0 GB; CPU-0 (Ryzen) has 64.0 GB");
}

static void
test_largest_device_is_named_when_none_has_room (void)
{
  assert_fits (400 * GIB, 0, 24 * GIB, 64 * GIB, false, "Its weights take 400.0 GB; CPU-0 (Ryzen) has 64.0 GB");
}

static void
test_nothing_is_said_of_what_is_not_known (void)
{
  assert_fits (0, 0, 24 * GIB, 64 * GIB, true, NULL);
  assert_fits (400 * GIB, 0, 0, 0, true, NULL);
}

static void
test_numbers_of_a_hostile_file_do_not_wrap (void)
{
  g_autoptr (Devices) devices = machine_new (0, 64 * GIB);
  const ModelNeed need = { .weights = UINT64_MAX - 1, .cache_per_token = UINT64_MAX / 2, .context = UINT64_MAX };
  g_autofree char *why = NULL;

  g_assert_false (model_fits (&need, devices, &why));
  g_assert_nonnull (why);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model-fit/card-that-has-room-is-named", test_card_that_has_room_is_named);
  g_test_add_func ("/model-fit/cache-counts-to-the-byte", test_cache_counts_to_the_byte);
  g_test_add_func ("/model-fit/processor-takes-what-no-card-does", test_processor_takes_what_no_card_does);
  g_test_add_func ("/model-fit/largest-device-is-named", test_largest_device_is_named_when_none_has_room);
  g_test_add_func ("/model-fit/unknown-is-silent", test_nothing_is_said_of_what_is_not_known);
  g_test_add_func ("/model-fit/hostile-numbers", test_numbers_of_a_hostile_file_do_not_wrap);
  return g_test_run ();
}
