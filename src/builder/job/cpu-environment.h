/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"
#include "sandbox.h"

/* For which processors the job builds: what was asked for, else CPU= in hive.conf. */
const char *cpu_environment_level (const Builder *builder);

/* Tells a build: CFLAGS, CXXFLAGS, RUSTFLAGS, GOAMD64, and HIVE_CPU for what looks at none of them. */
void cpu_environment_add (const Builder *builder, Sandbox *sandbox);

/* Says it in the log. */
void cpu_environment_tell (const Builder *builder);
