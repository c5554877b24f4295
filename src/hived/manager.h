/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hive.h"

/* Puts /org/rbee/Hive with its interface and the ObjectManager on the bus. 0 or a negative errno. */
int manager_publish (Hive *hive);
