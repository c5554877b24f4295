/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of up to 64 KB: whatever a program of a package is, reading what it needs ends well, and says plain text alone.
 */
#include <stdint.h>

#include "elf-needs.h"
#include "file.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_texts (GHashTable *set)
{
  GHashTableIter iter;
  void *text;

  g_assert_cmpuint (g_hash_table_size (set), <=, NEEDS_MAX);
  g_hash_table_iter_init (&iter, set);
  while (g_hash_table_iter_next (&iter, &text, NULL))
    for (const char *c = text; *c; c++)
      g_assert_true (g_ascii_isprint (*c));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_auto (Fd) fd = file_memory ("elf", (const char *)data, (gssize)size, NULL);
  g_auto (Needs) needs = { 0 };
  g_autoptr (JsonObject) object = NULL;

  if (size == 0)
    return 0;
  needs_init (&needs);
  elf_needs_add (&needs, fd);
  elf_has_version (fd, "GLIBCXX_3.4.30");
  check_texts (needs.libraries);
  check_texts (needs.versions);
  check_texts (needs.interpreters);
  check_texts (needs.cuda);
  check_texts (needs.rocm);
  object = needs_to_json (&needs, "baseline");
  return 0;
}
