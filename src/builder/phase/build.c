/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "step.h"

bool
build_run (Builder *builder, GError **error)
{
  static const PhaseStep step = {
    .phase = "build", .title = "Build", .icon = "🏗️ ", .failure = HIVE_ERROR_BUILD_FAILED
  };

  return step_run (builder, &step, error);
}
