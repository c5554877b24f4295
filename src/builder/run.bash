# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Variables come from the environment and from the recipe; makepkg's messages are formats.
# shellcheck disable=SC2034,SC2059,SC2154
#
# Runs one function of a PKGBUILD, as makepkg would. Started by the builder as `bash run.bash FUNCTION`, in a sandbox, with startdir,
# srcdir, pkgdir and the build's variables in the environment. pkgver() answers on descriptor 9.

umask 022
shopt -s extglob

# What makepkg offers to recipes.
plain() { local mesg=$1; shift; printf "    ${mesg}\n" "$@" >&2; }
msg() { local mesg=$1; shift; printf "==> ${mesg}\n" "$@" >&2; }
msg2() { local mesg=$1; shift; printf "  -> ${mesg}\n" "$@" >&2; }
warning() { local mesg=$1; shift; printf "==> WARNING: ${mesg}\n" "$@" >&2; }
error() { local mesg=$1; shift; printf "==> ERROR: ${mesg}\n" "$@" >&2; }

# Its top level spoke already, when it was evaluated.
# shellcheck disable=SC1091 # the recipe
source "$startdir/PKGBUILD" >/dev/null 2>&1 9>&-

# pkgver() may have changed it since the file was written.
[[ -z ${HIVE_PKGVER-} ]] || pkgver=$HIVE_PKGVER
unset HIVE_PKGVER

cd -- "$srcdir" || exit
if [[ $1 == pkgver ]]; then
  exec 1>&9
fi
exec 9>&-
set -eE
"$1"
