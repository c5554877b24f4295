/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What gpg-error.h asks of a compiler that has a leak sanitizer; Debian's clang comes without this header of it. */
#pragma once

void __lsan_ignore_object (const void *object);
