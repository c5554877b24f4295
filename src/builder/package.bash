# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # pkgdir comes from the environment
#
# Runs package() under fakeroot, then lists on descriptor 9 what it made as fakeroot shows it: only in this session can faked owners, modes and
# devices be seen. Started by the builder as `bash package.bash RUN FUNCTION`, in a sandbox; this shell never reads the recipe.

# What fakeroot(1) is, a daemon and a preloaded library, without the script of that name, which takes longer than all the rest of a small
# package() to find the two. Where they lie in other places, the script knows better.
if [[ -z ${FAKEROOTKEY-} ]]; then
  for library in /usr/lib/*/libfakeroot/libfakeroot-sysv.so /usr/lib*/libfakeroot/libfakeroot{-sysv,}.so; do
    [[ ! -e $library ]] || break
  done
  faked='faked-sysv'
  hash "$faked" 2>/dev/null || faked=faked
  if [[ ! -e $library ]] || ! hash "$faked" 2>/dev/null; then
    exec fakeroot -- bash "${BASH_SOURCE[0]}" "$@"
  fi
  key=$("$faked" 9>&-) || exit # KEY:PID; it ends with the sandbox
  export FAKEROOTKEY=${key%%:*} LD_LIBRARY_PATH=${library%/*} LD_PRELOAD=${library##*/}
fi

bash "$1" "$2" 9>&- || exit
exec find "$pkgdir" -mindepth 1 -printf '%y %m %U %G %P\0' >&9
