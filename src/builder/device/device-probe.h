/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "device.h"

/* Looks at the machine. Below @root lie /proc, /sys and /usr/share ("/": this machine's); what a tool prints is read
 * by functions of their own, so that recorded machines can be looked at too. Whatever a kernel, a library or a tool
 * says: what cannot be understood is not a device, and a warning. */

/* All of it. @root other than "/" asks no library and no tool. */
Devices *devices_probe (const char *root);

/* What the hive has noted, or where it has not looked yet, what can be seen from here. */
Devices *devices_list (const Configuration *configuration);

void device_cpu_add (Devices *devices, const char *root);
void device_nvidia_add (Devices *devices, const char *root);
void device_amd_add (Devices *devices, const char *root, const char *rocminfo); /* NULL: none */
void device_intel_add (Devices *devices, const char *root);

/* The table of nvidia-smi --query-gpu=… --format=csv: its first line names the columns, of which name, memory.total,
 * compute_cap, driver_version, uuid and minor_number are looked at. @tool: who printed it, for warnings. */
void device_nvidia_read (Devices *devices, const char *text, const char *tool);

/* Of rocminfo's output the marketing name of the agent that is node @node, or NULL. */
char *device_amd_marketing_name (const char *rocminfo, unsigned node);

/* The name of a PCI device by pci.ids ("Navi 31 [Radeon RX 7900 XT/7900 XTX]"), or NULL. */
char *device_pci_name (const char *root, unsigned vendor, unsigned device);

/* Whether a display controller or accelerator of @vendor is plugged in. */
bool device_pci_has (const char *root, unsigned vendor);

/* A file below @root, at most 4 MiB of it, or NULL; a number in one, or @fallback. */
char *device_read (const char *root, const char *format, ...) G_GNUC_PRINTF (2, 3);
uint64_t device_read_number (const char *path, uint64_t fallback);

/* The names in a directory below @root that are @prefix and a number, in the order of the numbers. */
char **device_list_numbered (const char *root, const char *directory, const char *prefix);

/* Runs @run (or what it executes) as a child, and returns what it printed to standard output; NULL when it crashed,
 * printed more than 256 KiB, or took longer than @seconds. A library or tool that does so takes nothing with it. */
typedef int (*DeviceChild) (const void *data);
char *device_ask (DeviceChild run, const void *data, unsigned seconds, int *ret_status);
