/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cpu-level.h"

#include <string.h>

#include "file.h"
#include "machine.h"

#define CPUINFO_MAX (16 * 1024 * 1024) /* thousands of processors */

/* System V ABI, AMD64 supplement, "micro-architecture levels", by the names of /proc/cpuinfo: pni is SSE3, abm LZCNT.
 */
static const struct
{
  const char *name;
  const char *flags; /* beside those of the level before */
} levels[] = {
  { CPU_BASELINE, "" },
  { "x86-64-v2", "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3" },
  { "x86-64-v3", "avx avx2 bmi1 bmi2 f16c fma abm movbe xsave" },
  { "x86-64-v4", "avx512f avx512bw avx512cd avx512dq avx512vl" },
};

/* What gcc and rustc use besides, when they build for the processor that they run on. */
static const char own_flags[] =
    "aes pclmulqdq sha_ni adx rdrnd rdseed fsgsbase vaes vpclmulqdq gfni avx_vnni avx_ifma avx_vnni_int8 avx512ifma "
    "avx512vbmi avx512_vbmi2 avx512_vnni avx512_bitalg avx512_vpopcntdq avx512_bf16 avx512_fp16 avx512_vp2intersect "
    "amx_tile amx_int8 amx_bf16 movdiri movdir64b sse4a fma4 xop tbm";

static bool
is_x86_64 (void)
{
  return g_str_equal (machine_architecture (), "x86_64");
}

unsigned
cpu_level_number (const char *name)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (levels); i++)
    if (g_strcmp0 (levels[i].name, name) == 0)
      return i + 1;
  return 0;
}

bool
cpu_level_is_known (const char *name)
{
  unsigned number = cpu_level_number (name);

  return g_str_equal (name, CPU_NATIVE) || (is_x86_64 () ? number > 0 : number == 1);
}

const char *
cpu_level_names (void)
{
  return is_x86_64 () ? "native, baseline, x86-64-v2, x86-64-v3 or x86-64-v4" : "native or baseline";
}

static void
add_words (GStrvBuilder *list, const char *words)
{
  g_auto (GStrv) each = g_strsplit (words, " ", -1);

  g_strv_builder_addv (list, (const char **)each);
}

char **
cpu_level_flags (const char *name)
{
  g_autoptr (GStrvBuilder) list = g_strv_builder_new ();
  unsigned number = cpu_level_number (name);
  g_auto (GStrv) here = NULL;
  g_auto (GStrv) used = NULL;

  for (unsigned i = 1; i < (number > 0 || !is_x86_64 () ? number : G_N_ELEMENTS (levels)); i++)
    add_words (list, levels[i].flags);
  if (number > 0)
    return g_strv_builder_end (list);

  /* Elsewhere all of them may be used. */
  here = cpu_flags_list (NULL);
  if (!is_x86_64 ())
    return g_steal_pointer (&here);
  add_words (list, own_flags);
  used = g_strv_builder_end (list);
  g_strv_builder_unref (g_steal_pointer (&list));
  list = g_strv_builder_new ();
  for (char **flag = used; *flag; flag++)
    if (g_strv_contains ((const char *const *)here, *flag))
      g_strv_builder_add (list, *flag);
  return g_strv_builder_end (list);
}

char **
cpu_flags_list (const char *cpuinfo)
{
  g_autofree char *text = cpuinfo ? NULL : file_read ("/proc/cpuinfo", CPUINFO_MAX, NULL, NULL);
  g_auto (GStrv) lines = g_strsplit (cpuinfo ? cpuinfo : text ? text : "", "\n", -1);

  for (char **line = lines; *line; line++)
    {
      char *colon = strchr (*line, ':');

      if (colon && (g_str_has_prefix (*line, "flags") || g_str_has_prefix (*line, "Features")))
        return g_strsplit (g_strstrip (colon + 1), " ", -1);
    }
  return g_new0 (char *, 1);
}

unsigned
cpu_flags_level (char *const *flags)
{
  unsigned level = 1;

  for (; level < G_N_ELEMENTS (levels); level++)
    {
      g_auto (GStrv) wanted = g_strsplit (levels[level].flags, " ", -1);

      for (char **flag = wanted; *flag; flag++)
        if (!g_strv_contains ((const char *const *)flags, *flag))
          return level;
    }
  return level;
}
