/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "builder.h"

/* Puts the build that was packed and signed into the folder request->work to the registry request->push_url. It was
 * packed by a unit with the key that signs and without a network; here it is the other way round. */
bool store_send_run (const Builder *builder, GError **error);
