/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

typedef void (*UpdateQuestionAnswered) (const char *name, const char *version, void *userdata);

/* Asks the hive, which is not started by it, what @worker is called, of which there is a newer @version. Its id where
 * that cannot be learned. */
void update_question_ask (sd_bus *bus, const char *worker, const char *version, UpdateQuestionAnswered answered,
                          void *userdata);
