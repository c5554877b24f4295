/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "configuration.h"
#include "machine.h"
#include "sandbox.h"

/* What a build is told of this machine in its environment, because it cannot look: how many compilers to run at once
 * (MAKEFLAGS, CMAKE_BUILD_PARALLEL_LEVEL, CARGO_BUILD_JOBS, MAX_JOBS), and what the cards are that it is built for
 * (CUDA_COMPUTE_CAP, CUDAARCHS, CMAKE_CUDA_ARCHITECTURES, AMDGPU_TARGETS, CMAKE_HIP_ARCHITECTURES, HIVE_DEVICES). */
void machine_environment_add (const Machine *machine, const Configuration *configuration, Sandbox *sandbox);

/* How many compilers at once: as many as processors that this process may use, and no more than the memory is for. */
unsigned machine_environment_jobs (unsigned processors, uint64_t memory, uint64_t memory_per_compiler);
