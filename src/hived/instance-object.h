/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "instance.h"

/* Puts the instances, and the methods about them, on the bus. 0 or a negative errno. */
int instance_object_publish (Hive *hive);

/* Tells the bus that an instance came, changed or went. */
void instance_object_announce_new (Instance *instance);
void instance_object_announce_change (Instance *instance);
void instance_object_announce_removed (const Instance *instance);
