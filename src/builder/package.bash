# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Runs package() under fakeroot, then lists on descriptor 9 what it made as fakeroot shows it: only in this session can faked owners, modes and
# devices be seen. Started as `fakeroot -- bash package.bash RUN FUNCTION`; this shell never reads the recipe.

bash "$1" "$2" 9>&- || exit
exec find "$pkgdir" -mindepth 1 -printf '%y %m %U %G %P\0' >&9
