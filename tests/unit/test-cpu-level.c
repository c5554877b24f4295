/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "cpu-level.h"
#include "machine.h"

/* What Linux 6.1 says of three processors, shortened to what matters here. */
#define OLD    "fpu sse sse2 ht syscall nx lm"
#define SECOND OLD " pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm"
#define THIRD  SECOND " fma movbe xsave avx f16c abm bmi1 avx2 bmi2"
#define FOURTH THIRD " avx512f avx512dq avx512cd avx512bw avx512vl"

static void
level_is (const char *flags, unsigned level)
{
  g_autofree char *cpuinfo =
      g_strdup_printf ("processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: %s\nbugs\t\t: spectre_v1\n\n", flags);
  g_auto (GStrv) list = cpu_flags_list (cpuinfo);

  g_assert_cmpuint (cpu_flags_level (list), ==, level);
}

static void
test_a_processor_has_the_level_whose_flags_it_has_all (void)
{
  level_is ("", 1);
  level_is (OLD, 1);
  level_is (SECOND, 2);
  level_is (THIRD, 3);
  level_is (FOURTH, 4);
  level_is (OLD " avx512f avx512dq avx512cd avx512bw avx512vl", 1);
  level_is (SECOND " fma movbe xsave avx f16c abm bmi1 avx2", 2);
}

static void
test_text_that_is_no_cpuinfo_has_no_flags (void)
{
  static const char *const texts[] = { "", "\n\n", "flags", "model name: flags : avx\n", ":\n" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_auto (GStrv) flags = cpu_flags_list (texts[i]);

      g_assert_cmpuint (g_strv_length (flags), ==, 0);
    }
}

static void
test_flags_of_arm_are_called_features (void)
{
  g_auto (GStrv) flags = cpu_flags_list ("processor\t: 0\nFeatures\t: fp asimd sve\n");

  g_assert_cmpuint (g_strv_length (flags), ==, 3);
  g_assert_cmpstr (flags[2], ==, "sve");
}

static void
test_a_level_has_the_flags_of_those_before (void)
{
  g_auto (GStrv) none = cpu_level_flags (CPU_BASELINE);
  g_auto (GStrv) third = cpu_level_flags ("x86-64-v3");

  g_assert_cmpuint (g_strv_length (none), ==, 0);
  g_assert_true (g_strv_contains ((const char *const *)third, "sse4_2"));
  g_assert_true (g_strv_contains ((const char *const *)third, "avx2"));
  g_assert_false (g_strv_contains ((const char *const *)third, "avx512f"));
}

static void
test_native_has_nothing_that_this_machine_lacks (void)
{
  g_auto (GStrv) here = cpu_flags_list (NULL);
  g_auto (GStrv) native = cpu_level_flags (CPU_NATIVE);

  for (char **flag = native; *flag; flag++)
    g_assert_true (g_strv_contains ((const char *const *)here, *flag));
}

static void
test_levels_are_known_where_their_architecture_is (void)
{
  bool x86 = g_str_equal (machine_architecture (), "x86_64");

  g_assert_true (cpu_level_is_known ("native"));
  g_assert_true (cpu_level_is_known ("baseline"));
  g_assert_true (cpu_level_is_known ("x86-64-v3") == x86);
  g_assert_false (cpu_level_is_known ("x86-64-v5"));
  g_assert_false (cpu_level_is_known ("x86-64"));
  g_assert_false (cpu_level_is_known (""));
  g_assert_true (!!strstr (cpu_level_names (), "x86-64-v4") == x86);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cpu-level/level", test_a_processor_has_the_level_whose_flags_it_has_all);
  g_test_add_func ("/cpu-level/no-cpuinfo", test_text_that_is_no_cpuinfo_has_no_flags);
  g_test_add_func ("/cpu-level/features", test_flags_of_arm_are_called_features);
  g_test_add_func ("/cpu-level/flags", test_a_level_has_the_flags_of_those_before);
  g_test_add_func ("/cpu-level/native", test_native_has_nothing_that_this_machine_lacks);
  g_test_add_func ("/cpu-level/known", test_levels_are_known_where_their_architecture_is);
  return g_test_run ();
}
