/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "step.h"

bool
prepare_run (Builder *builder, GError **error)
{
  static const Step step = {
    .phase = "prepare", .title = "Prepare", .icon = "🩹", .failure = HIVE_ERROR_BUILD_FAILED
  };

  return step_run (builder, &step, error);
}
