/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What the head of a GGUF file says (versions 2 and 3 of github.com/ggml-org/ggml, docs/gguf.md). The file is hostile:
 * it is read once, in order, through one small buffer; nothing is allocated, and no number in it is a size of ours. So
 * the reader needs read(2) alone, and runs where there is nothing else (gguf-child.h). */
typedef struct
{
  uint32_t version;
  char architecture[64]; /* "": it does not say */
  char quantization[16]; /* as llama.cpp names general.file_type; "": it does not say, or that is new */
  uint64_t parameters;   /* the elements of all tensors of this file */
  uint64_t tensors;
  uint64_t data_size; /* bytes of its tensors */

  uint32_t split, splits; /* of how many files this is which, from 0; 0 and 0: it is not split */

  /* Of ARCHITECTURE.…; 0: it does not say. */
  uint64_t context_length, blocks, embedding_length, heads, key_length, value_length;
  uint64_t key_value_heads; /* of all blocks together, where they are listed one by one; else of each */
  bool key_value_heads_listed;

  char problem[200]; /* what is wrong with it, as the end of a sentence: "NAME cannot be used: it …" */
} Gguf;

/* Reads @fd, of @size bytes, from where it stands. False and @ret->problem when it is not a whole GGUF file. */
bool gguf_read (int fd, uint64_t size, Gguf *ret);
