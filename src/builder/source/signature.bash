# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Checks a signature of what a compressed file holds. Started by the builder in a sandbox without network as
#     bash signature.bash KEYRING SIGNATURE FILE PROGRAM [OPTION…]
# gpgv tells on descriptor 9 what it finds.

set -o pipefail
"${@:4}" <"$3" 9>&- | gpgv --status-fd 9 --keyring "$1" -- "$2" -
