# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # startdir comes from the environment
#
# Makes the packages under fakeroot, then says on descriptor 9 what they are (see run.bash) and lists what is in them as fakeroot shows it: only in
# this session can faked owners, modes and devices be seen. Started by the builder as `bash package.bash RUN NAME…`, in a sandbox; this shell
# never reads the recipe.

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
  # It closes each descriptor that it could have before it answers anybody, which took 4 ms of 20000, and goes up with them.
  key=$(ulimit -n 64 && exec "$faked" 9>&-) || exit # KEY:PID; it ends with the sandbox
  export FAKEROOTKEY=${key%%:*} LD_LIBRARY_PATH=${library%/*} LD_PRELOAD=${library##*/}
fi

run=$1
shift
bash "$run" package "$@" 9>&- || exit
if [[ ! -e $HOME/.rbee-hive/said ]]; then
  echo '==> ERROR: A package function ended the shell: it may return, and may not exit' >&2
  exit 1
fi
mapfile -d '' said <"$HOME/.rbee-hive/saying"
printf '%s\0' "${said[@]}" >&9
# Several are listed in the recipe's order, not in the file system's: the first one that has a folder says its mode.
cd "$startdir/pkg" || exit
(($# == 1)) || exec find "$@" -printf '%y %m %U %G %p\0' >&9
exec find . -mindepth 1 -printf '%y %m %U %G %P\0' >&9
