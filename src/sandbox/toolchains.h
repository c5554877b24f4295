/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "configuration.h"
#include "sandbox.h"

/* The [Toolchain] sections of hive.conf as recipes have them. */

/* Whether one of them, or all, can be used by who runs this: there, root's (or Owner=any), nobody else's to change, and
 * open to its user. Otherwise SandboxUnavailable, which names the section, the folder that is in the way, and what to
 * do.
 */
bool toolchain_check (const Toolchain *toolchain, GError **error);
bool toolchains_check (const Configuration *configuration, GError **error);

/* Puts those that can be used into @sandbox, read-only, with their PATH and variables; what is set later wins. */
void toolchains_add (const Configuration *configuration, Sandbox *sandbox);
