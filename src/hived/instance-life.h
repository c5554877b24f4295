/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "instance.h"

/* The life of one instance, from what systemd says of its units. */

/* Follows its units. What an earlier daemon left is found again. */
void instance_follow (Instance *instance);

/* Makes its units, once what has their names has ended. */
void instance_begin (Instance *instance);

/* Ends it; @message is answered when nothing of it is left. */
void instance_stop (Instance *instance, sd_bus_message *message);

/* Ends its units and makes them again. */
void instance_restart (Instance *instance);

/* Its process is of the version that was installed before. */
bool instance_is_before (const Instance *instance);
