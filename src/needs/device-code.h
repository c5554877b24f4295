/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "needs.h"

/* Adds for which cards the code is that lies at @offset in @fd: of nvcc ("86") and of hipcc ("gfx1100"). */
void device_code_add_cuda (Needs *needs, int fd, uint64_t offset, uint64_t size);
void device_code_add_rocm (Needs *needs, int fd, uint64_t offset, uint64_t size);
