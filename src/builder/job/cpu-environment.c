/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cpu-environment.h"

#include <string.h>

#include "cpu-level.h"
#include "machine.h"

const char *
cpu_environment_level (const Builder *builder)
{
  if (builder->ready_cpu)
    return builder->ready_cpu;
  return builder->request->cpu ? builder->request->cpu : builder->configuration->cpu;
}

/* What gcc(1) takes for it; NULL: nothing. */
static const char *
compiler_option (const char *level)
{
  const char *architecture = machine_architecture ();
  bool x86 = g_str_equal (architecture, "x86_64");

  if (g_str_equal (level, CPU_NATIVE))
    return x86 ? "-march=native" : "-mcpu=native";
  if (!g_str_equal (level, CPU_BASELINE))
    return NULL;
  return x86 ? "-march=x86-64" : g_str_equal (architecture, "aarch64") ? "-march=armv8-a" : "";
}

/* Go has no word for the processor that it runs on, so that one's level is looked up. */
static unsigned
go_level (const char *level)
{
  g_auto (GStrv) flags = g_str_equal (level, CPU_NATIVE) ? cpu_flags_list (NULL) : NULL;

  return flags ? cpu_flags_level (flags) : cpu_level_number (level);
}

void
cpu_environment_add (const Builder *builder, Sandbox *sandbox)
{
  const char *level = cpu_environment_level (builder);
  const char *option = compiler_option (level);
  bool baseline = g_str_equal (level, CPU_BASELINE), x86 = g_str_equal (machine_architecture (), "x86_64");
  g_autofree char *cflags = option ? g_strdup_printf ("%s%s-O2 -pipe", option, *option ? " " : "") :
                                     g_strdup_printf ("-march=%s -O2 -pipe", level);
  g_autofree char *rust = g_strconcat ("-C target-cpu=", baseline ? (x86 ? "x86-64" : "generic") : level, NULL);
  g_autofree char *go = g_strdup_printf ("v%u", go_level (level));

  sandbox_setenv (sandbox, "CFLAGS", cflags);
  sandbox_setenv (sandbox, "CXXFLAGS", cflags);
  sandbox_setenv (sandbox, "RUSTFLAGS", rust);
  if (x86)
    sandbox_setenv (sandbox, "GOAMD64", go);
  sandbox_setenv (sandbox, "HIVE_CPU", level);
}

void
cpu_environment_tell (const Builder *builder)
{
  const char *level = cpu_environment_level (builder);
  const char *by = builder->request->cpu ? "as asked for" : "CPU= in hive.conf";

  if (g_str_equal (level, CPU_NATIVE))
    log_writer_note (builder->log, builder->phase, "⚙️  Built for the processor of this machine (native, %s)", by);
  else if (g_str_equal (level, CPU_BASELINE))
    log_writer_note (builder->log, builder->phase, "⚙️  Built for every %s processor (baseline, %s)",
                     machine_architecture (), by);
  else
    log_writer_note (builder->log, builder->phase, "⚙️  Built for processors of the level %s (%s)", level, by);
}
