/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A libnvidia-ml.so.1 that says again what NVIDIA's said: RECORDED_NVML chooses when. Codes and texts are those of
 * nvml.h and of nvmlErrorString(); the cards are those of devices/nvidia/. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum
{
  SUCCESS = 0,
  NOT_SUPPORTED = 3,
  DRIVER_NOT_LOADED = 9,
  LIB_RM_VERSION_MISMATCH = 18,
  GPU_IS_LOST = 15,
};

int nvmlInit_v2 (void);
const char *nvmlErrorString (int code);
int nvmlSystemGetDriverVersion (char *version, unsigned length);
int nvmlDeviceGetCount_v2 (unsigned *count);
int nvmlDeviceGetHandleByIndex_v2 (unsigned index, void **device);
int nvmlDeviceGetName (void *device, char *name, unsigned length);
int nvmlDeviceGetMemoryInfo (void *device, unsigned long long *memory);
int nvmlDeviceGetCudaComputeCapability (void *device, int *major, int *minor);
int nvmlDeviceGetUUID (void *device, char *uuid, unsigned length);
int nvmlDeviceGetMinorNumber (void *device, unsigned *minor);

static int
is (const char *what)
{
  const char *recorded = getenv ("RECORDED_NVML");

  return recorded && strcmp (recorded, what) == 0;
}

int
nvmlInit_v2 (void)
{
  if (is ("crash"))
    abort ();
  return is ("mismatch") ? LIB_RM_VERSION_MISMATCH : is ("not-loaded") ? DRIVER_NOT_LOADED : SUCCESS;
}

const char *
nvmlErrorString (int code)
{
  return code == LIB_RM_VERSION_MISMATCH ? "Driver/library version mismatch" : "Driver Not Loaded";
}

int
nvmlSystemGetDriverVersion (char *version, unsigned length)
{
  strncpy (version, "560.35.03", length);
  return SUCCESS;
}

int
nvmlDeviceGetCount_v2 (unsigned *count)
{
  *count = is ("no-card") ? 0 : is ("rtx-3090-x4") ? 4 : 1;
  return SUCCESS;
}

int
nvmlDeviceGetHandleByIndex_v2 (unsigned index, void **device)
{
  *device = (void *)(size_t)index;
  return is ("lost") ? GPU_IS_LOST : SUCCESS;
}

int
nvmlDeviceGetName (void *device, char *name, unsigned length)
{
  strncpy (name, is ("gb10") ? "NVIDIA GB10" : "NVIDIA GeForce RTX 3090", length);
  return SUCCESS;
}

int
nvmlDeviceGetMemoryInfo (void *device, unsigned long long *memory)
{
  if (is ("gb10"))
    return NOT_SUPPORTED;
  memory[0] = 24576ULL << 20;
  return SUCCESS;
}

int
nvmlDeviceGetCudaComputeCapability (void *device, int *major, int *minor)
{
  *major = is ("gb10") ? 12 : 8;
  *minor = is ("gb10") ? 1 : 6;
  return SUCCESS;
}

int
nvmlDeviceGetUUID (void *device, char *uuid, unsigned length)
{
  strncpy (uuid, "GPU-5f7a1c20-0000-4000-8000-00000000000x", length);
  uuid[39] = (char)('0' + (size_t)device);
  return SUCCESS;
}

/* A machine's first card is not always its first node. */
int
nvmlDeviceGetMinorNumber (void *device, unsigned *minor)
{
  *minor = 3 - (unsigned)(size_t)device;
  return is ("gb10") ? NOT_SUPPORTED : SUCCESS;
}
