/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cargo-target.h"
#include "step.h"

bool
build_run (Builder *builder, GError **error)
{
  static const PhaseStep step = {
    .phase = "build", .title = "Build", .icon = "🏗️ ", .failure = HIVE_ERROR_BUILD_FAILED
  };

  cargo_target_restore (builder);
  return step_run (builder, &step, error);
}
