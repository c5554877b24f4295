# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Variables come from the environment and from the recipe.
# shellcheck disable=SC2034,SC2154,SC1090,SC1091
#
# Runs one function of a PKGBUILD, as makepkg would, or all that make its packages. Started by the builder as `bash run.bash FUNCTION` or
# `bash run.bash package NAME…`, in a sandbox, with startdir, HOME and the build's variables in the environment. pkgver() answers on
# descriptor 9.
#
# makepkg runs prepare(), build() and check() in one shell: what one of them sets is there in the next. Here each has a sandbox, and so a
# shell, of its own; what a shell knew at its end is kept in a folder of HOME and known by the next. package() has, as with makepkg, only
# what was exported.

umask 022
unset CDPATH GREP_OPTIONS
export PYTHONHASHSEED=0
declare -r startdir hive_kept=$HOME/.rbee-hive hive_library=${BASH_SOURCE[0]%/*}
export -n startdir

hive_flags=(CARCH CHOST CPPFLAGS CFLAGS CXXFLAGS LDFLAGS LTOFLAGS RUSTFLAGS MAKEFLAGS DEBUG_CFLAGS DEBUG_CXXFLAGS DEBUG_RUSTFLAGS)
declare -A hive_given
for hive_name in "${hive_flags[@]}"; do
  [[ -z ${!hive_name+x} ]] || hive_given[$hive_name]=${!hive_name}
done
unset "${hive_flags[@]}"
if [[ $1 == package && -e $hive_kept/exports ]]; then
  hive_faked=$LD_LIBRARY_PATH
  source "$hive_kept/exports" 2>/dev/null
  [[ $LD_LIBRARY_PATH == "$hive_faked" ]] || LD_LIBRARY_PATH=$hive_faked:$LD_LIBRARY_PATH
fi
for hive_name in "${!hive_given[@]}"; do
  declare "$hive_name=${hive_given[$hive_name]}"
done

shopt -s extglob
source "$hive_library/makepkg.bash"
[[ $1 != package ]] || source "$hive_library/tidy.bash" # before a recipe's aliases are there

# Its top level spoke already, when it was evaluated. makepkg reads it without extglob, whose functions run with it.
hive_source() {
  shopt -u extglob
  source "$@" >/dev/null 2>&1 9>&-
  shopt -s extglob
}

# All but what the shell itself keeps. By a file, since a process takes longer.
hive_variables() {
  hive_names=()
  compgen -v >|"$hive_kept/names"
  while IFS= read -r hive_name; do
    case $hive_name in
      BASH* | COMP_* | DIRSTACK | EPOCH* | EUID | FUNCNAME | GROUPS | HISTCMD | HOSTNAME | LINENO | OLDPWD | OPTERR | OPTIND | PIPESTATUS | PPID | PWD | \
        RANDOM | SECONDS | SHELLOPTS | SHLVL | SRANDOM | UID | _ | hive_* | startdir) ;;
      *) hive_names+=("$hive_name") ;;
    esac
  done <"$hive_kept/names"
}

# For the next function's shell; its top level reads it, where `declare` is global.
hive_keep() {
  [[ -d $hive_kept ]] || mkdir -p -- "$hive_kept"
  hive_variables
  {
    printf 'declare -A hive_then=('
    printf '[%s]=1 ' "${hive_names[@]}"
    printf ')\n'
    declare -p -- "${hive_names[@]}"
    declare -f
    umask -p
    printf 'hive_buildenv=%s hive_sourced=%q\n' "$hive_buildenv" "$hive_sourced"
  } >"$hive_kept/shell" 2>/dev/null
  {
    export -p
    export -pf
  } >"$hive_kept/exports"
}

# The shell's options (BASHOPTS) become @1 again.
hive_restore_options() {
  local IFS=: hive_option

  for hive_option in $BASHOPTS; do
    [[ :$1: == *":$hive_option:"* ]] || shopt -u "$hive_option"
  done
  for hive_option in $1; do
    shopt -s "$hive_option"
  done
}

# set -e as makepkg has it: errtrace and a trap reach into functions and substitutions too.
hive_run() {
  local hive_options=$BASHOPTS
  local -
  set -o errexit -o errtrace
  trap 'exit $?' ERR
  cd_safe "$srcdir"
  "$1"
  trap - ERR
  hive_restore_options "$hive_options"
}

hive_srcdir=$srcdir
unset srcdir pkgdir # a recipe's top level has neither
hive_source "$BUILDFILE"
hive_sourced=$pkgver
hive_buildenv=0
pkgbase=${pkgbase:-${pkgname[0]}}
merge_arch_attrs
srcdir=$hive_srcdir
pkgdir=$pkgdirbase

if [[ $1 != package && -e $hive_kept/shell ]]; then
  hive_now=$pkgver
  source "$hive_kept/shell" 2>/dev/null
  hive_variables
  for hive_name in "${hive_names[@]}"; do
    [[ -n ${hive_then[$hive_name]} ]] || unset -v "$hive_name" 2>/dev/null
  done
  # pkgver() changed it after that: makepkg reads it again.
  if [[ $hive_now != "$hive_sourced" ]]; then
    hive_sourced=$hive_now
    hive_source "$BUILDFILE"
  fi
fi

case $1 in
  pkgver)
    (hive_run pkgver) >&9 9>&-
    ;;
  package)
    shift
    prepare_buildenv
    hive_package "$@"
    ;;
  *)
    exec 9>&-
    if ((!hive_buildenv)) && [[ $1 != prepare ]]; then
      prepare_buildenv
      hive_buildenv=1
    fi
    hive_run "$1"
    hive_keep
    ;;
esac
