/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The head of a GGUF file: any bytes are read or refused, and the texts that come of them end. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gguf.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static int fd = -1;
  Gguf gguf;

  if (fd < 0)
    fd = memfd_create ("gguf", 0);
  if (ftruncate (fd, 0) < 0 || pwrite (fd, data, size, 0) != (ssize_t)size || lseek (fd, 0, SEEK_SET) < 0)
    abort ();
  if (gguf_read (fd, size, &gguf) == (*gguf.problem != '\0') || !memchr (gguf.problem, 0, sizeof gguf.problem) ||
      !memchr (gguf.architecture, 0, sizeof gguf.architecture) ||
      !memchr (gguf.quantization, 0, sizeof gguf.quantization))
    abort ();
  return 0;
}
