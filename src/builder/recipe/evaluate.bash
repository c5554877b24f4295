# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Names come from the recipe and are for it to use, strings may be arrays, and functions are called by their names.
# shellcheck disable=SC2034,SC2128,SC2154,SC2178,SC2317
#
# Reads a PKGBUILD as makepkg does and says on descriptor 19 what it defined. Started by the builder as `bash evaluate.bash PKGBUILD` in a
# sandbox without a network, with limits on time, memory, processes and output. What the recipe prints goes to standard output and error.
#
# The dump, every word ended by NUL, begins with the marker that came on descriptor 18, a new one for each run; while the recipe is read it is
# where no variable, file or descriptor shows it. What comes before the marker is the recipe's noise. Then records:
#
#   n                           something asked for the network, which is not there
#   s STATUS                    sourcing failed, and this is all
#   o OPTIONS                   the shell's options as the recipe left them
#   v NAME KIND COUNT VALUE…    a variable; KIND is s, or a for an array, or h for one with holes
#   f NAMES                     the functions, a line each
#   p NAME                      the package whose function the next ones are of
#   a FIELD KIND COUNT VALUE…   what lines of that function assign to a field, and what makepkg makes of it
#   l FIELD a COUNT VALUE…      the same where makepkg's lint looks at it: $pkgname is still the array of all packages there
#   m FIELD FILE                a file that install or changelog names and that is not there
#   e COUNT                     the end, and how many records stand before it
#
# makepkg does not run a package function to know what it overrides: it takes those lines of its text that assign to a field, and evaluates
# them one by one. --srcinfo has to agree with that. What is built is read after the function ran.

umask 022
export -n CARCH CHOST startdir
declare +x PRINTSRCINFO="${PRINTSRCINFO:-0}" # as makepkg has it, with which a recipe may offer all that it can make
readonly startdir
# Of this sandbox alone; a recipe that only says what it is needs few.
ulimit -u 1024

# As recipe-field.c has them.
hive_arrays=(arch backup checkdepends conflicts depends groups license makedepends noextract optdepends options provides replaces source
  validpgpkeys cksums md5sums sha1sums sha224sums sha256sums sha384sums sha512sums b2sums)
hive_strings=(changelog epoch install pkgbase pkgdesc pkgrel pkgver url)
hive_commands=(builtin command compgen declare local mapfile printf read '[' test true echo enable eval source . unset set trap exit export shopt)
readonly hive_arrays hive_strings hive_commands
hive_count=0

# Makes the names above those of bash again, whatever the recipe made of them. In POSIX mode the special builtins (unset, set, trap …) are
# found before functions. A function that is read-only ends the shell here, and the dump has no end.
hive_recover() {
  POSIXLY_CORRECT=1
  trap - DEBUG ERR EXIT RETURN
  set +exvkntuTE
  unset -f "${hive_commands[@]}"
  unset POSIXLY_CORRECT IFS
  enable "${hive_commands[@]}" 2>/dev/null
}

# A field's global value, as a record.
hive_tell_variable() {
  declare -p -- "$1" >/dev/null 2>&1 || return 0
  local -n hive_value=$1
  local hive_name=$1 hive_kind=s hive_keys

  case ${!hive_name@a} in # not ${hive_value@a}: an array that was never set counts as none
    *a*)
      hive_kind=a
      hive_keys=("${!hive_value[@]}")
      ((${#hive_keys[@]} == 0 || hive_keys[-1] + 1 == ${#hive_keys[@]})) || hive_kind=h
      ;;
  esac
  printf '%s\0' v "$1" "$hive_kind" "${#hive_value[@]}" "${hive_value[@]}" >&19
  ((++hive_count))
}

hive_tell_variables() {
  local hive_names=(pkgname) hive_field

  for hive_field in "${hive_arrays[@]}" "${hive_strings[@]}"; do
    eval "hive_names+=($hive_field \"\${!${hive_field}_@}\")"
  done
  for hive_field in "${hive_names[@]}"; do
    hive_tell_variable "$hive_field"
  done
  printf 'f\0' >&19
  compgen -A function >&19 # without a subshell, which takes longer than all of this
  printf '\0' >&19
  ((++hive_count))
}

# The lines of the package's function that are about one field, by their caller's names.
hive_assign_override() {
  for hive_key in "${!hive_lines[@]}"; do
    [[ ${hive_fields[hive_key]} == "$attr=$isarray" ]] || continue
    decl=${hive_lines[hive_key]}
    eval "${decl/#$attr/$outputvar}"
  done
  hive_recover
}

# One field as makepkg's extract_function_variable reads it: what is there globally, then each line of the function. A line is evaluated among
# the names that makepkg has around it there, and these hide the recipe's: hence theirs, and their values.
hive_tell_override() {
  local pkg=$1 singlevalued multivalued package_arch a multivalued_arch_attrs
  local pkgname=$1 attrname=$2 attr=$2 isarray=$3 outputvar=outvalue outvalue="" funcname=package_$1 attr_regex decl="" r=1
  local shellopts='shopt -s extglob'
  local -n hive_value=$2

  if ((isarray)); then
    outvalue=()
    for hive_key in "${!hive_value[@]}"; do
      outvalue[hive_key]=${hive_value[hive_key]}
    done
    hive_kind=a
  else
    outvalue=$hive_value
    hive_kind=s
  fi
  hive_assign_override
  printf '%s\0' a "$attrname" "$hive_kind" "${#outvalue[@]}" "${outvalue[@]}" >&19
  ((++hive_count))
  [[ $attrname != install && $attrname != changelog ]] || hive_tell_missing "$attrname" "$outvalue"
}

# An array of one of several packages as lint's get_pkgbuild_all_split_attributes reads it.
hive_tell_linted() {
  local attrname=$2 attr=$2 isarray=1 outputvar=list list=() all_list name=$1 ver ret=0 a=${arch[*]: -1} funcname=package_$1 attr_regex decl="" r=1
  local shellopts='shopt -s extglob'
  local -n hive_value=$2

  list=("${hive_value[@]}")
  hive_assign_override
  printf '%s\0' l "$attrname" a "${#list[@]}" "${list[@]}" >&19
  ((++hive_count))
}

hive_tell_missing() {
  [[ $2 && ! -f $2 ]] || return 0
  printf '%s\0' m "$1" "$2" >&19
  ((++hive_count))
}

hive_is_text() {
  [[ $1 != *[![:ascii:]]* || $1 =~ ^.*$ ]]
}

# The lines of the text of a package's function that makepkg takes for assignments to fields, and FIELD=1 (an array) or FIELD=0 of each. It
# finds them by grep, which passes over those that are no text in this locale.
hive_find_overrides() {
  local hive_all hive_line hive_blank hive_field hive_known=" ${hive_arrays[*]} ${hive_strings[*]} "

  hive_lines=() hive_fields=()
  declare -f "package_$1" >|/tmp/.function || declare -f package >|/tmp/.function || return 0
  mapfile -t hive_all </tmp/.function
  for hive_line in "${hive_all[@]}"; do
    hive_blank=${hive_line%%[![:space:]]*}
    [[ $hive_blank == *' ' && $hive_line == *=* ]] || continue
    hive_line=${hive_line:${#hive_blank}}
    hive_field=${hive_line%%=*}
    hive_field=${hive_field%+}
    [[ $hive_field && $hive_field != *[!a-zA-Z0-9_]* ]] || continue
    [[ $hive_known == *" ${hive_field%%_*} "* ]] || continue
    hive_is_text "$hive_line" || continue
    case ${hive_line#*=} in
      '('*) hive_field+="=1" ;;
      ?*) hive_field+="=0" ;;
      *) continue ;;
    esac
    hive_lines+=("$hive_line")
    hive_fields+=("$hive_field")
  done
}

hive_lint_options() {
  local ret=0 list=() name=$1 kopt options_list attr=options isarray=1 outputvar=list funcname=package_$1 attr_regex decl="" r=1
  local shellopts='shopt -s extglob'

  hive_assign_override
  hive_options+=("${list[@]}")
}

# What makepkg's lint leaves in variables that an override may use, as the one of a loop.
hive_leave_behind() {
  local hive_package hive_key hive_lines hive_fields hive_options=("${options[@]}")

  for hive_package in "${pkgname[@]}"; do
    hive_find_overrides "$hive_package"
    [[ " ${hive_fields[*]} " != *' options=1 '* ]] || hive_lint_options "$hive_package"
  done
  ((${#hive_options[@]} == 0)) || i=${hive_options[-1]}
  ((${#arch[@]} == 0)) || v=url_${arch[-1]}
  func=executable_vcs
}

hive_tell_packages() {
  local hive_package hive_field hive_told hive_key hive_kind hive_lines hive_fields

  hive_leave_behind
  for hive_package in "${pkgname[@]}"; do
    printf 'p\0%s\0' "$hive_package" >&19
    ((++hive_count))
    hive_find_overrides "$hive_package"
    hive_told=' '
    for hive_field in "${hive_fields[@]}"; do
      [[ $hive_told != *" $hive_field "* ]] || continue
      hive_told+="$hive_field "
      hive_tell_override "$hive_package" "${hive_field%=*}" "${hive_field#*=}"
      [[ ${#pkgname[@]} == 1 || $hive_field == *=0 ]] || hive_tell_linted "$hive_package" "${hive_field%=*}"
    done
  done
}

# This sandbox's network is its own, and what it counts began at 0. A name is looked up at 127.0.0.1, where nobody listens.
hive_tell_network() {
  local hive_names hive_values hive_i hive_asked=0

  while read -r -a hive_names && read -r -a hive_values; do
    for hive_i in "${!hive_names[@]}"; do
      case ${hive_names[0]}${hive_names[hive_i]} in
        Ip:OutNoRoutes | Tcp:ActiveOpens | Udp:OutDatagrams) ((hive_asked += hive_values[hive_i])) ;;
      esac
    done
  done </proc/net/snmp
  while read -r -a hive_names; do
    case ${hive_names[0]} in
      Ip6OutNoRoutes | Udp6OutDatagrams) ((hive_asked += hive_names[1])) ;;
    esac
  done </proc/net/snmp6
  ((hive_asked)) || return 0
  printf 'n\0' >&19
  ((++hive_count))
} 2>/dev/null # a kernel without IPv6 has no such file

hive_dump() {
  local hive_left=$- hive_file

  hive_recover
  shopt -s extglob
  printf '%s\0' "$1" o "$hive_left" >&19
  ((++hive_count))
  hive_tell_network
  hive_tell_variables
  pkgbase=${pkgbase:-${pkgname[0]}}
  srcdir=$startdir/src pkgdir=$startdir/pkg/$pkgbase
  for hive_file in "${install[@]}"; do
    hive_tell_missing install "$hive_file"
  done
  for hive_file in "${changelog[@]}"; do
    hive_tell_missing changelog "$hive_file"
  done
  hive_tell_packages
  printf 'e\0%s\0' "$hive_count" >&19
  exit 0
}

# Reads the recipe only to see what it does at its top level: of each command, as bash expands it, those words go to descriptor 19 that name a
# file which is not here. Assignments read nothing.
hive_trace() {
  local hive_lines hive_line hive_word

  exec 17>/tmp/.trace
  BASH_XTRACEFD=17
  PS4='+ '
  trap hive_tell_trace EXIT
  set -x
  source_buildfile "$1" >/dev/null 2>&1
  exit 0
}

hive_tell_trace() {
  hive_recover
  set -f
  while IFS= read -r hive_line; do
    hive_line=${hive_line#"${hive_line%%[! +]*}"}
    [[ $hive_line =~ ^[A-Za-z_][A-Za-z0-9_]*(\[[^]]*\])?\+?= || $hive_line == @(echo|printf)\ * ]] && continue
    IFS=$' \t\'"=<>();'
    for hive_word in $hive_line; do
      [[ $hive_word != @(/*|../*|*/../*) || -e $hive_word ]] || printf '%s\0' "$hive_word" >&19
    done
    unset IFS
  done </tmp/.trace
}

readonly -f hive_assign_override hive_dump hive_find_overrides hive_is_text hive_leave_behind hive_lint_options hive_recover hive_tell_linted \
  hive_tell_missing hive_tell_network hive_tell_override hive_tell_packages hive_tell_variable hive_tell_variables

# shellcheck disable=SC1091
source "${BASH_SOURCE[0]%/*}/makepkg.bash"
LIBRARY=/usr/share/makepkg
# shellcheck disable=SC1091
[[ ! -r /etc/makepkg.conf ]] || source /etc/makepkg.conf
# What a recipe finds of makepkg's options: those that --printsrcinfo has, or a build.
ASDEPS=0 BUILDFUNC=0 BUILDPKG=$((!PRINTSRCINFO)) CHECKFUNC=0 CLEANBUILD=0 CLEANUP=0 DEP_BIN=0 FORCE=0 GENINTEG=0 HOLDVER=0 IGNOREARCH=$PRINTSRCINFO
INFAKEROOT=0 INSTALL=0 LOGGING=0 NEEDED=0 NOARCHIVE=0 NOBUILD=0 NODEPS=0 NOEXTRACT=0 PKGFUNC=0 PKGVERFUNC=0 PREPAREFUNC=0 REPKG=0 REPRODUCIBLE=0
RMDEPS=0 SIGNPKG='' SKIPCHECKSUMS=0 SKIPPGPCHECK=0 SOURCEONLY=0 SPLITPKG=0 VERIFYSOURCE=0 LOGDEST=$startdir SRCPKGDEST=$startdir
export PYTHONHASHSEED=0
# A recipe that assigns to what makepkg made read-only is not read on, there as here.
readonly makepkg_version=6.0.2 confdir=/etc BUILDSCRIPT
readonly -a build_options packaging_options known_hash_algos pkgbuild_schema_arrays pkgbuild_schema_strings pkgbuild_schema_arch_arrays \
  pkgbuild_schema_package_overrides executable_functions lint_config_functions lint_package_functions lint_pkgbuild_functions \
  buildenv_functions tidy_remove tidy_modify

# The recipe is read within two functions of makepkg: what it declares without -g is gone behind them.
source_safe() {
  local shellopts='shopt -s extglob'
  shopt -u extglob

  # shellcheck disable=SC1090 # the recipe
  if ! source "$@"; then
    return 1
  fi
  eval "$shellopts"
}

source_buildfile() {
  source_safe "$@"
}

IFS= read -r -u 18 hive_marker
exec 18<&-
set -- "$1" "$hive_marker" "$2"
unset hive_marker
BASH_ARGV0=/usr/bin/makepkg
if [[ $3 == trace ]]; then
  hive_trace "$1"
fi
if ! source_buildfile "$1"; then
  hive_recover
  printf '%s\0' "$2" >&19
  hive_tell_network
  printf '%s\0' s 1 >&19
  exit 0
fi
hive_dump "$2"
