# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Reads a PKGBUILD and says on descriptor 9 what it defined. Started by the builder as `bash evaluate.bash PKGBUILD`, in a sandbox
# without a network, with limits on time, memory and output. What the recipe prints goes to standard output and error, never here.
#
# The dump, every word ended by NUL: `v NAME COUNT VALUE…` for a variable, `f NAMES` for the functions, a line each, `r NAME` for one that takes the place of a
# command used here, `s STATUS` where sourcing failed, and `e` at its end. A dump without `e` is not believed.

shopt -s extglob
# Of this sandbox alone; a recipe that only says what it is needs few.
ulimit -u 1024

hive_fields=(pkgname pkgbase pkgver pkgrel epoch pkgdesc url license groups arch depends makedepends checkdepends optdepends provides
  conflicts replaces backup options install changelog validpgpkeys noextract source cksums md5sums sha1sums sha224sums sha256sums
  sha384sums sha512sums b2sums)

hive_commands=(builtin command compgen declare local printf '[' test true echo enable shopt eval source . unset set trap exit export)

hive_dump() {
  # In POSIX mode the special builtins (unset, set, trap, exit …) are found before functions of their names, whatever a recipe
  # defined; with them the other names are taken back. A function that is read-only ends the shell here, and the dump has no end.
  POSIXLY_CORRECT=1
  trap - DEBUG ERR EXIT RETURN
  set +efuxvknT
  unset IFS
  for hive_name in "${hive_commands[@]}"; do
    # `export -f` fails where there is no such function.
    # shellcheck disable=SC2163
    export -f "$hive_name" 2>/dev/null || continue
    unset -f "$hive_name"
    hive_redefined+=("$hive_name")
  done
  ((${#hive_redefined[@]} == 0)) || printf 'r\0%s\0' "${hive_redefined[@]}" >&9
  local hive_name

  for hive_name in "${hive_fields[@]}" "${!source_@}" "${!depends_@}" "${!makedepends_@}" "${!checkdepends_@}" "${!optdepends_@}" \
    "${!provides_@}" "${!conflicts_@}" "${!replaces_@}" "${!cksums_@}" "${!md5sums_@}" "${!sha1sums_@}" "${!sha224sums_@}" \
    "${!sha256sums_@}" "${!sha384sums_@}" "${!sha512sums_@}" "${!b2sums_@}"; do
    declare -p -- "$hive_name" >/dev/null 2>&1 || continue
    local -n hive_value=$hive_name
    printf '%s\0' v "$hive_name" "${#hive_value[@]}" "${hive_value[@]}" >&9
    unset -n hive_value
  done

  printf 'f\0' >&9
  compgen -A function >&9 # without a subshell, which takes longer than all of this
  printf '\0e\0' >&9
  exit 0
}

readonly -f hive_dump
readonly hive_fields hive_commands
hive_redefined=()

# shellcheck disable=SC1090 # the recipe
source "$1"
hive_status=$?
if ((hive_status != 0)); then
  \printf 's\0%s\0e\0' "$hive_status" >&9
  \exit 0
fi
hive_dump
