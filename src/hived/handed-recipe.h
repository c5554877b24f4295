/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "configuration.h"

/* A recipe that a caller handed over: the files that lie beside each other, each in a sealed memfd of the caller's. The
 * daemon opens no path of anybody's, what was allowed cannot be changed afterwards, and reading it blocks on nothing.
 */
typedef struct
{
  JsonObject *files; /* name → base64 */
  char *sum;         /* sha256 of names and contents */
} HandedRecipe;

void handed_recipe_clear (HandedRecipe *recipe);

/* Reads the a{sh} that comes next in @message. A negative errno with @error set: InvalidArgument names the file. */
int handed_recipe_read (sd_bus_message *message, HandedRecipe *ret_recipe, sd_bus_error *error);

/* Keeps the files with the job @id until its builder has them; gives them back, also after a restart (NULL: Failed);
 * and has done with them. */
bool handed_recipe_keep (const HandedRecipe *recipe, const Configuration *configuration, const char *id,
                         GError **error);
JsonObject *handed_recipe_load (const Configuration *configuration, const char *id, GError **error);
void handed_recipe_drop (const Configuration *configuration, const char *id);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HandedRecipe, handed_recipe_clear)
