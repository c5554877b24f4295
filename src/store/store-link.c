/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store-link.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "layout.h"
#include "oci-registry.h"
#include "sha256.h"
#include "store-configuration.h"

#define COPY_SIZE (256 * 1024)

struct StoreLink
{
  int folder;            /* -1: it is ... */
  OciRegistry *registry; /* ... this */
};

StoreLink *
store_link_open (const char *url, unsigned hurry, unsigned patience, GError **error)
{
  g_autoptr (StoreLink) link = g_new0 (StoreLink, 1);
  const char *folder = store_folder (url);

  link->folder = folder ? open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  if (folder && link->folder < 0)
    {
      hive_error_set_errno (error, errno, "Cannot open %s", folder);
      return NULL;
    }
  if (!folder)
    {
      link->registry = oci_registry_open (url);
      oci_registry_set_hurry (link->registry, hurry);
      oci_registry_set_patience (link->registry, patience);
    }
  return g_steal_pointer (&link);
}

void
store_link_close (StoreLink *link)
{
  if (!link)
    return;
  fd_clear (&link->folder);
  oci_registry_close (link->registry);
  g_free (link);
}

char *
store_link_tag (StoreLink *link, const char *tag, GError **error)
{
  return link->registry ? oci_registry_read_tag (link->registry, tag, error) :
                          layout_read_tag (link->folder, tag, error);
}

char *
store_link_text (StoreLink *link, const Descriptor *blob, bool manifest, GError **error)
{
  return link->registry ? oci_registry_read_text (link->registry, blob, manifest, error) :
                          layout_read_text (link->folder, blob, error);
}

/* A file of a folder; the same as oci_registry_copy_blob(). */
static bool
copy_file (int folder, const Descriptor *blob, int fd, char **ret_sum, GError **error)
{
  g_auto (Fd) from = layout_open_blob (folder, blob, error);
  g_autofree guchar *buffer = g_malloc (COPY_SIZE);
  g_autoptr (Sha256) sum = sha256_new ();
  uint64_t size = 0;
  ssize_t got;
  int r = 0;

  if (from < 0)
    return false;
  while (r == 0 && size <= blob->size && (got = read (from, buffer, COPY_SIZE)) > 0)
    {
      sha256_add (sum, buffer, (size_t)got);
      r = file_write_all (fd, (char *)buffer, (size_t)got);
      size += (uint64_t)got;
    }
  if (r < 0)
    return hive_error_set_errno (error, -r, "Cannot store %s", blob->digest);
  *ret_sum = sha256_to_hex (sum);
  return size == blob->size || descriptor_refuse (blob, error);
}

bool
store_link_copy (StoreLink *link, const Descriptor *blob, int fd, GError **error)
{
  g_autofree char *sum = NULL;

  if (link->registry ? !oci_registry_copy_blob (link->registry, blob, fd, &sum, error) :
                       !copy_file (link->folder, blob, fd, &sum, error))
    return false;
  return g_str_equal (sum, blob->digest + strlen ("sha256:")) || descriptor_refuse (blob, error);
}
