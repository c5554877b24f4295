/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"

/* Answers a whole request, now or later: is it for us, from where does it come, what does it want, who asks. */
void routes_dispatch (Request *request);
