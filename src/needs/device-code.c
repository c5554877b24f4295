/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device-code.h"

#include <string.h>
#include <unistd.h>

#define PARTS_MAX 100000 /* of one section */
#define ALIGNMENT 4096   /* of clang's bundles */
#define ID_MAX    256

/* What nvcc puts into .nv_fatbin: regions, and in each of them code for a card after the other. As cuobjdump shows it;
 * NVIDIA describes it nowhere. */
typedef struct
{
  uint32_t magic;
  uint16_t version, head;
  uint64_t size; /* of what follows the head */
} FatRegion;

typedef struct
{
  uint16_t kind, version; /* 1: PTX, which a driver compiles for later cards; 2: machine code */
  uint32_t head;
  uint64_t size; /* of what follows the head */
  uint32_t unknown[3];
  uint32_t card; /* 86 */
} FatCode;

#define FAT_MAGIC 0xba55ed50u

/* clang's offload bundle: a magic, how many there are, and of each where it lies and an id like
 * "hipv4-amdgcn-amd-amdhsa--gfx1100". */
#define BUNDLE_MAGIC "__CLANG_OFFLOAD_BUNDLE__"

typedef struct
{
  uint64_t offset, size, length; /* of the code, and of the id that follows */
} BundleEntry;

static bool
read_at (int fd, uint64_t offset, void *buffer, size_t size)
{
  return offset <= INT64_MAX && pread (fd, buffer, size, (off_t)offset) == (ssize_t)size;
}

static void
add_region (Needs *needs, int fd, uint64_t at, uint64_t end, unsigned *parts)
{
  FatCode code;

  while (at < end && ++*parts < PARTS_MAX && read_at (fd, at, &code, sizeof code))
    {
      g_autofree char *card = g_strdup_printf ("%u%s", code.card, code.kind == 1 ? "+" : "");

      if ((code.kind == 1 || code.kind == 2) && code.card >= 10 && code.card < 1000)
        needs_add (needs, needs->cuda, card);
      if (code.head < sizeof code || code.size > end - at || code.head + code.size > end - at)
        return;
      at += code.head + code.size;
    }
}

void
device_code_add_cuda (Needs *needs, int fd, uint64_t offset, uint64_t size)
{
  uint64_t at = offset, end = size > UINT64_MAX - offset ? offset : offset + size;
  unsigned parts = 0;
  FatRegion region;

  while (at < end && ++parts < PARTS_MAX && read_at (fd, at, &region, sizeof region))
    {
      if (region.magic != FAT_MAGIC)
        {
          at += 8; /* padding */
          continue;
        }
      if (region.head < sizeof region || region.size > end - at || region.head + region.size > end - at)
        return;
      add_region (needs, fd, at + region.head, at + region.head + region.size, &parts);
      at += region.head + region.size;
    }
}

/* "gfx1100" of "hipv4-amdgcn-amd-amdhsa--gfx1100"; what follows a colon are features. */
static void
add_bundle_id (Needs *needs, char *id)
{
  char *card = strstr (id, "--gfx");

  if (!card)
    return;
  card[strcspn (card, ":")] = '\0';
  needs_add (needs, needs->rocm, card + strlen ("--"));
}

/* One bundle; its length, or 0. */
static uint64_t
add_bundle (Needs *needs, int fd, uint64_t offset, uint64_t left)
{
  uint64_t count, at = offset + strlen (BUNDLE_MAGIC), end = 0;
  BundleEntry entry;

  if (!read_at (fd, at, &count, sizeof count) || count > PARTS_MAX)
    return 0;
  at += sizeof count;
  for (uint64_t i = 0; i < count; i++)
    {
      char id[ID_MAX + 1] = "";

      if (!read_at (fd, at, &entry, sizeof entry) || entry.length > ID_MAX ||
          !read_at (fd, at + sizeof entry, id, entry.length) || entry.offset > left || entry.size > left - entry.offset)
        return 0;
      add_bundle_id (needs, id);
      end = MAX (end, entry.offset + entry.size);
      at += sizeof entry + entry.length;
    }
  return end;
}

void
device_code_add_rocm (Needs *needs, int fd, uint64_t offset, uint64_t size)
{
  char magic[sizeof BUNDLE_MAGIC - 1];
  uint64_t at = 0, length;

  for (unsigned i = 0; i < PARTS_MAX && at < size && read_at (fd, offset + at, magic, sizeof magic); i++)
    {
      if (memcmp (magic, BUNDLE_MAGIC, sizeof magic) != 0)
        return;
      length = add_bundle (needs, fd, offset + at, size - at);
      if (length == 0)
        return;
      at += (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
}
