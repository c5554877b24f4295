/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shipment.h"

#include <string.h>

#include "builds.h"
#include "error.h"
#include "file.h"
#include "json.h"
#include "layout.h"

#define ROUNDS_MAX 5
#define SETTLING   (G_USEC_PER_SEC / 2) /* longer than it takes another one to read the index and to write it */

/* The build of the folder: its manifest, what refers to that, and what that refers to. */
typedef struct
{
  int folder;
  char *manifest;
  Descriptor self;
  JsonObject *annotations;
  JsonObject *read;
} Shipment;

static void
shipment_clear (Shipment *shipment)
{
  g_free (shipment->manifest);
  g_clear_pointer (&shipment->annotations, json_object_unref);
  g_clear_pointer (&shipment->read, json_object_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Shipment, shipment_clear)

static JsonNode *
first_element (JsonObject *object, const char *key)
{
  JsonNode *node = json_object_get_member (object, key);
  JsonArray *array = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  return array && json_array_get_length (array) > 0 ? json_array_get_element (array, 0) : NULL;
}

static bool
shipment_open (Shipment *shipment, const char *tag, GError **error)
{
  g_autofree char *text = layout_read_tag (shipment->folder, tag, error);
  g_autoptr (JsonObject) index = text ? json_parse_object (text, -1, "the index", HIVE_ERROR_FAILED, error) : NULL;
  JsonNode *entry = index ? first_element (index, "manifests") : NULL, *more;

  if (!entry || !descriptor_read (entry, TYPE_MANIFEST, DOCUMENT_MAX, &shipment->self, error))
    return false;
  more = json_object_get_member (json_node_get_object (entry), "annotations");
  shipment->annotations = more && JSON_NODE_HOLDS_OBJECT (more) ? json_node_dup_object (more) : json_object_new ();
  shipment->manifest = layout_read_text (shipment->folder, &shipment->self, error);
  shipment->read =
      shipment->manifest ? json_parse_object (shipment->manifest, -1, "the manifest", HIVE_ERROR_FAILED, error) : NULL;
  return shipment->read != NULL;
}

static bool
shipment_put_blob (const Shipment *shipment, JsonNode *node, const char *type, uint64_t max, OciRegistry *registry,
                   GError **error)
{
  g_auto (Fd) fd = -1;
  Descriptor blob;

  if (!descriptor_read (node, type, max, &blob, error))
    return false;
  fd = layout_open_blob (shipment->folder, &blob, error);
  return fd >= 0 && oci_registry_put_file (registry, &blob, fd, error);
}

static bool
shipment_put_blobs (const Shipment *shipment, OciRegistry *registry, GError **error)
{
  JsonNode *layers = json_object_get_member (shipment->read, "layers");
  JsonArray *array = layers && JSON_NODE_HOLDS_ARRAY (layers) ? json_node_get_array (layers) : NULL;

  if (!array || json_array_get_length (array) != 2)
    {
      g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_FAILED, "the folder has no build of ours");
      return false;
    }
  return shipment_put_blob (shipment, json_array_get_element (array, 0), TYPE_TREE, INT64_MAX, registry, error) &&
         shipment_put_blob (shipment, json_object_get_member (shipment->read, "config"), TYPE_RECORD, RECORD_MAX,
                            registry, error) &&
         shipment_put_blob (shipment, json_array_get_element (array, 1), TYPE_SIGNATURE, SIGNATURE_MAX, registry,
                            error) &&
         oci_registry_put_manifest (registry, shipment->self.digest, TYPE_MANIFEST, shipment->manifest, error);
}

/* Registries change tags without looking: a later writer perhaps does not know of one that wrote meanwhile. So we look
 * again after a while, and who is missing adds itself. */
bool
shipment_run (int folder, const char *tag, OciRegistry *registry, GError **error)
{
  g_auto (Shipment) shipment = { .folder = folder };

  if (!shipment_open (&shipment, tag, error) || !shipment_put_blobs (&shipment, registry, error))
    return false;
  for (unsigned round = 0; round < ROUNDS_MAX; round++)
    {
      g_autoptr (GError) failure = NULL;
      g_autofree char *old = oci_registry_read_tag (registry, tag, &failure);
      g_autofree char *index = NULL;

      if (failure)
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return false;
        }
      if (round > 0 && old && strstr (old, shipment.self.digest))
        return true;
      index = builds_add (old, &shipment.self, shipment.annotations);
      if (!oci_registry_put_manifest (registry, tag, TYPE_INDEX, index, error))
        return false;
      g_usleep (SETTLING + g_random_int_range (0, SETTLING));
    }
  g_set_error_literal (error, HIVE_ERROR, HIVE_ERROR_FAILED,
                       "others change the index of this build all the time: push it again later");
  return false;
}
