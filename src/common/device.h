/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "configuration.h"

/* What this machine computes with, as capabilities.json and GetCapabilities have it. */
typedef struct
{
  char *id;   /* "GPU-0", "CPU-0" */
  char *name; /* "NVIDIA GeForce RTX 3090" */
  char *type; /* "cuda", "rocm", "intel" or "cpu" */
  unsigned cores;
  uint64_t memory;          /* bytes, a card's own or the machine's; 0: unknown */
  char *compute_capability; /* "8.6" of NVIDIA's, "gfx1100" of AMD's; "": unknown */
  char *driver;             /* "535.129.03", "amdgpu"; "": unknown */
  char **instruction_sets;  /* "avx2", …: of the CPU those that matter to AI */
  char *uuid;               /* by which its maker's programs know it; "": unknown */
  char **nodes;             /* "/dev/nvidia0", …: what a program opens that computes with it; empty: unknown */
} Device;

typedef struct
{
  GPtrArray *list;     /* of Device: the cards, then the CPU */
  GPtrArray *warnings; /* of sentences: a card that is there and cannot be used, a tool that fails */
} Devices;

Devices *devices_new (void);
void devices_free (Devices *devices);

/* Appends a device of @type, whose other fields are "" or 0, and gives it its id. Borrowed; NULL past 256 devices.
 * @name is made one clean line. */
Device *devices_add (Devices *devices, const char *type, const char *name);
void device_set_capability (Device *device, const char *capability);
void device_set_driver (Device *device, const char *driver);
void device_set_uuid (Device *device, const char *uuid);
void device_add_node (Device *device, const char *node);
void devices_warn (Devices *devices, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* {"devices":[…],"warnings":[…]}, and back: what is not a list of devices is Failed. Texts and sizes are checked, since
 * a builder wrote them. */
JsonObject *devices_to_json (const Devices *devices);
Devices *devices_from_json (JsonObject *object, GError **error);

/* The devices that the hive has noted in capabilities.json, and in which boot of the machine (may be NULL). NULL when
 * it has not looked yet. */
Devices *devices_load (const Configuration *configuration, char **ret_boot_id);

/* Whether programs built for @backend ("cpu", "cuda", "rocm") run here: a card is there, its driver answers, and of
 * AMD's it has memory of its own worth the name. @ret_why, where not NULL, says why or why not, as "NVIDIA GeForce RTX
 * 3090 (GPU-0)" or "no NVIDIA card was found". */
bool devices_have_backend (const Devices *devices, const char *backend, char **ret_why);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Devices, devices_free)
