/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "step.h"

bool
check_run (Builder *builder, GError **error)
{
  static const PhaseStep step = {
    .phase = "check", .title = "Check", .icon = "🧪", .failure = HIVE_ERROR_BUILD_FAILED
  };

  return !builder->request->check || step_run (builder, &step, error);
}
