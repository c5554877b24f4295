/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "elf-needs.h"

#include <gelf.h>
#include <string.h>
#include <unistd.h>

#include "device-code.h"

#define ENTRIES_MAX  65536 /* of one section */
#define SECTIONS_MAX 65536
#define SECTION_MAX  (64 * 1024 * 1024) /* of those that are read whole */
#define PATH_LENGTH  4096

/* GNU's properties, <elf.h> of newer systems */
#define PROPERTY_NOTE     5
#define PROPERTY_X86_NEED 0xc0008002u

typedef Elf AutoElf;
static void
auto_elf_end (AutoElf *elf)
{
  elf_end (elf);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AutoElf, auto_elf_end)

/* The content of a section of sane size; NULL. */
static Elf_Data *
section_data (Elf_Scn *section, const GElf_Shdr *header)
{
  return header->sh_size <= SECTION_MAX ? elf_getdata (section, NULL) : NULL;
}

static void
add_libraries (Needs *needs, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
  Elf_Data *data = section_data (section, header);
  GElf_Dyn entry;

  for (int i = 0; data && i < ENTRIES_MAX && gelf_getdyn (data, i, &entry) && entry.d_tag != DT_NULL; i++)
    if (entry.d_tag == DT_NEEDED)
      needs_add (needs, needs->libraries, elf_strptr (elf, header->sh_link, entry.d_un.d_val));
}

static void
add_versions_of (Needs *needs, Elf *elf, const GElf_Shdr *header, Elf_Data *data, int offset, const GElf_Verneed *need)
{
  const char *library = elf_strptr (elf, header->sh_link, need->vn_file);
  GElf_Vernaux entry;
  int at = offset + (int)(need->vn_aux & G_MAXINT32 / 4);

  for (unsigned i = 0; library && i < need->vn_cnt && gelf_getvernaux (data, at, &entry); i++)
    {
      const char *version = elf_strptr (elf, header->sh_link, entry.vna_name);
      g_autofree char *both = version ? g_strdup_printf ("%s %s", library, version) : NULL;

      needs_add (needs, needs->versions, both);
      if (entry.vna_next == 0 || entry.vna_next > header->sh_size)
        return;
      at += (int)entry.vna_next;
    }
}

static void
add_versions (Needs *needs, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
  Elf_Data *data = section_data (section, header);
  GElf_Verneed need;
  int at = 0;

  for (unsigned i = 0; data && i < ENTRIES_MAX && gelf_getverneed (data, at, &need); i++)
    {
      add_versions_of (needs, elf, header, data, at, &need);
      if (need.vn_next == 0 || need.vn_next > header->sh_size)
        return;
      at += (int)need.vn_next;
    }
}

/* One property after the other: type, size, data, and padding. */
static unsigned
read_level (const unsigned char *text, size_t size, size_t align)
{
  uint32_t head[2], bits;

  while (size >= sizeof head)
    {
      memcpy (head, text, sizeof head);
      text += sizeof head;
      size -= sizeof head;
      if (head[1] > size)
        return 0;
      if (head[0] == PROPERTY_X86_NEED && head[1] == sizeof bits)
        {
          memcpy (&bits, text, sizeof bits);
          return bits & 8 ? 4 : bits & 4 ? 3 : bits & 2 ? 2 : 0;
        }
      head[1] = (uint32_t)MIN (((head[1] + align - 1) & ~(align - 1)), size);
      text += head[1];
      size -= head[1];
    }
  return 0;
}

static void
add_level (Needs *needs, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
  Elf_Data *data = section_data (section, header);
  size_t align = gelf_getclass (elf) == ELFCLASS64 ? 8 : 4;
  size_t at = 0, name, content;
  GElf_Nhdr note;

  while (data && (at = gelf_getnote (data, at, &note, &name, &content)) > 0)
    if (note.n_type == PROPERTY_NOTE && note.n_namesz == sizeof "GNU" &&
        memcmp ((char *)data->d_buf + name, "GNU", sizeof "GNU") == 0)
      needs->level = MAX (needs->level, read_level ((unsigned char *)data->d_buf + content, note.n_descsz, align));
}

static void
add_section (Needs *needs, int fd, Elf *elf, Elf_Scn *section, size_t names)
{
  GElf_Shdr header;
  const char *name;

  if (!gelf_getshdr (section, &header))
    return;
  name = elf_strptr (elf, names, header.sh_name);
  if (header.sh_type == SHT_DYNAMIC)
    add_libraries (needs, elf, section, &header);
  else if (header.sh_type == SHT_GNU_verneed)
    add_versions (needs, elf, section, &header);
  else if (header.sh_type == SHT_NOTE)
    add_level (needs, elf, section, &header);
  else if (g_strcmp0 (name, ".nv_fatbin") == 0)
    device_code_add_cuda (needs, fd, header.sh_offset, header.sh_size);
  else if (g_strcmp0 (name, ".hip_fatbin") == 0)
    device_code_add_rocm (needs, fd, header.sh_offset, header.sh_size);
}

static void
add_loader (Needs *needs, int fd, Elf *elf)
{
  char path[PATH_LENGTH + 1] = "";
  GElf_Phdr header;
  size_t count;

  if (elf_getphdrnum (elf, &count) < 0)
    return;
  for (size_t i = 0; i < MIN (count, ENTRIES_MAX); i++)
    if (gelf_getphdr (elf, (int)i, &header) && header.p_type == PT_INTERP && header.p_filesz <= PATH_LENGTH &&
        pread (fd, path, header.p_filesz, (off_t)header.p_offset) > 0)
      needs_add (needs, needs->interpreters, path);
}

void
elf_needs_add (Needs *needs, int fd)
{
  g_autoptr (AutoElf) elf = elf_version (EV_CURRENT) != EV_NONE ? elf_begin (fd, ELF_C_READ, NULL) : NULL;
  Elf_Scn *section = NULL;
  size_t names;

  if (!elf || (elf_kind (elf) != ELF_K_ELF && elf_kind (elf) != ELF_K_AR))
    return;
  needs->code = true;
  if (elf_kind (elf) != ELF_K_ELF)
    return;
  add_loader (needs, fd, elf);
  if (elf_getshdrstrndx (elf, &names) < 0)
    return;
  for (unsigned i = 0; i < SECTIONS_MAX && (section = elf_nextscn (elf, section)); i++)
    add_section (needs, fd, elf, section, names);
}

/* "GLIBCXX_3.4.30" and "GLIBCXX_3.4.29" are of one family, and the second comes before the first. */
static bool
version_is_enough (const char *found, const char *wanted)
{
  size_t family = strcspn (wanted, "_") + 1;

  return found && strncmp (found, wanted, family) == 0 && g_ascii_isdigit (found[family]) &&
         strverscmp (found + family, wanted + family) >= 0;
}

static bool
section_has_version (Elf *elf, Elf_Scn *section, const GElf_Shdr *header, const char *name)
{
  Elf_Data *data = section_data (section, header);
  GElf_Verdaux entry;
  GElf_Verdef def;
  int at = 0;

  for (unsigned i = 0; data && i < ENTRIES_MAX && gelf_getverdef (data, at, &def); i++)
    {
      if (gelf_getverdaux (data, at + (int)(def.vd_aux & G_MAXINT32 / 4), &entry) &&
          version_is_enough (elf_strptr (elf, header->sh_link, entry.vda_name), name))
        return true;
      if (def.vd_next == 0 || def.vd_next > header->sh_size)
        return false;
      at += (int)def.vd_next;
    }
  return false;
}

bool
elf_has_version (int fd, const char *name)
{
  g_autoptr (AutoElf) elf = elf_version (EV_CURRENT) != EV_NONE ? elf_begin (fd, ELF_C_READ, NULL) : NULL;
  Elf_Scn *section = NULL;
  GElf_Shdr header;

  for (unsigned i = 0; elf && elf_kind (elf) == ELF_K_ELF && i < SECTIONS_MAX; i++)
    {
      section = elf_nextscn (elf, section);
      if (!section)
        break;
      if (gelf_getshdr (section, &header) && header.sh_type == SHT_GNU_verdef &&
          section_has_version (elf, section, &header, name))
        return true;
    }
  return false;
}
