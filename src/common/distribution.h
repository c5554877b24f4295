/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The family of distributions whose package manager this machine has, by os-release(5). */
typedef enum
{
  DISTRIBUTION_OTHER,
  DISTRIBUTION_ARCH,
  DISTRIBUTION_DEBIAN,
  DISTRIBUTION_UBUNTU,
  DISTRIBUTION_FEDORA,
  DISTRIBUTION_SUSE,
} Distribution;

/* What an os-release text says of itself, or else is like. */
Distribution distribution_parse (const char *os_release);
Distribution distribution_here (void);

/* "debian": as dependencies.conf names it; NULL for other ones. */
const char *distribution_name (Distribution distribution);

/* "sudo apt install a b", what a person types to install @packages; NULL without any, or where it isn't known how. */
char *distribution_install_command (Distribution distribution, char *const *packages);
