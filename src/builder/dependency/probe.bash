# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Looks for things on this machine. Started by the builder as `bash probe.bash PROBE…` in a sandbox, because what counts is what a recipe
# will see there. Says on descriptor 9, NUL-terminated and in their order, what became of each probe: nothing when it isn't there, else
#
#   command:NAME      its path
#   module:NAME       its .pc file, a tab, its version
#   library:NAME      a line for each library whose soname is NAME or begins with NAME and a dot: soname, tab, flags, tab, path
#   python:NAME       where python3 finds that module, a tab, its version
#   file:PATTERN      the first such file
#   version:COMMAND   what that prints, with arguments; at most 4 KiB, and in 5 seconds
#
# Processes are what takes time here: one for all libraries, one for all Python modules, one for each pkg-config module that is there and
# for each version.

declare -A modules libraries pythons

# Where pkg-config looks
module_folders() {
  local IFS=:

  # shellcheck disable=SC2046,SC2086 # folders are what is wanted
  printf '%s\n' $PKG_CONFIG_PATH $("$pkgconf" --variable pc_path pkg-config)
}

look_for_modules() {
  local folder name folders=() pkgconf

  (($#)) && pkgconf=$(command -v pkg-config || command -v pkgconf) || return
  mapfile -t folders < <(module_folders)
  for name; do
    for folder in "${folders[@]}"; do
      if [[ -e $folder/$name.pc ]]; then
        # what it needs may be missing
        modules[$name]=$("$pkgconf" --print-errors --exists "$name" && "$pkgconf" --modversion "$name")
        [[ ! ${modules[$name]} ]] || modules[$name]=$folder/$name.pc$'\t'${modules[$name]}
        break
      fi
    done
  done
}

# The loader's cache, and the folders of toolchains that it doesn't know
look_for_libraries() {
  local line soname flags path name wanted=()

  (($#)) || return
  for name; do
    wanted+=(-e "$name")
  done
  while read -r line; do
    # libfoo.so.1 (libc6,x86-64) => /lib/x86_64-linux-gnu/libfoo.so.1
    [[ $line =~ ^([^[:space:]]+)\ \((.*)\)\ =\>\ (.+)$ ]] || continue
    soname=${BASH_REMATCH[1]} flags=${BASH_REMATCH[2]} path=${BASH_REMATCH[3]}
    for name; do
      [[ $soname != "$name" && $soname != "$name".* || ! -e $path ]] || libraries[$name]+=$soname$'\t'$flags$'\t'$path$'\n'
    done
  done < <(ldconfig -p | grep -F "${wanted[@]}")
  for name; do
    [[ ! ${libraries[$name]} ]] || continue
    for path in {/usr/lib,/usr/lib64,/usr/lib/*-linux-gnu*,/usr/local/lib,{/opt,/usr/local}/cuda/lib64,/opt/rocm/lib}/"$name"{,.*}; do
      [[ ! -e $path ]] || libraries[$name]+=${path##*/}$'\t\t'$path$'\n'
    done
  done
}

look_for_pythons() {
  local -a answers
  local name i=0

  (($#)) && command -v python3 >/dev/null || return
  mapfile -d '' answers < <(python3 -I - "$@" <<'PYTHON'
import importlib.metadata
import importlib.util
import sys

for name in sys.argv[1:]:
    answer = ""
    try:
        found = importlib.util.find_spec(name)
        if found:
            answer = found.origin or next(iter(found.submodule_search_locations), name)
            try:
                answer += "\t" + importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                answer += "\t" + importlib.metadata.version(importlib.metadata.packages_distributions()[name][0])
    except Exception:
        pass  # it has no version, or is no name of a module
    print(answer, end="\0")
PYTHON
  )
  for name; do
    pythons[$name]=${answers[i++]}
  done
}

look_for_command() {
  local folder IFS=:

  for folder in $PATH; do
    if [[ -f $folder/$1 && -x $folder/$1 ]]; then
      answer=$folder/$1
      return
    fi
  done
}

look_for_file() {
  local file IFS=

  # shellcheck disable=SC2231 # a pattern
  for file in $1; do
    if [[ -e $file ]]; then
      answer=$file
      return
    fi
  done
}

look_for_version() {
  local -a command

  read -ra command <<<"$1"
  ! command -v "${command[0]}" >/dev/null || read -rN 4096 -t 5 answer < <("${command[@]}" 2>&1 </dev/null)
}

# Sorts out what is looked for in one go.
look_for_many() {
  local probe module=() library=() python=()

  for probe; do
    case $probe in
      module:*) module+=("${probe#*:}") ;;
      library:*) library+=("${probe#*:}") ;;
      python:*) python+=("${probe#*:}") ;;
    esac
  done
  look_for_modules "${module[@]}"
  look_for_libraries "${library[@]}"
  look_for_pythons "${python[@]}"
}

# Without a process for each: the result is in $answer.
look_for() {
  local what=${1#*:}

  answer=
  case $1 in
    command:*) look_for_command "$what" ;;
    module:*) answer=${modules[$what]} ;;
    library:*) answer=${libraries[$what]} ;;
    python:*) answer=${pythons[$what]} ;;
    file:*) look_for_file "$what" ;;
    version:*) look_for_version "$what" ;;
  esac
}

look_for_many "$@" 2>/dev/null
for probe; do
  look_for "$probe" 2>/dev/null
  printf '%s\0' "$answer" >&9
done
