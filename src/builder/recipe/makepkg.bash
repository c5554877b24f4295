# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Much of this is for recipes to use; messages are formats, as makepkg's are.
# shellcheck disable=SC2034,SC2059,SC2154
#
# What makepkg has defined when it runs a function of a recipe: its settings and the functions that recipes call. Read by run.bash.

# makepkg.conf(5), as the file that comes with makepkg 6 has it. The flags come from the builder.
BUILDENV=('!distcc' color '!ccache' check '!sign')
OPTIONS=(strip docs libtool staticlibs emptydirs zipman purge '!debug' '!lto')
STRIP_BINARIES=--strip-all
STRIP_SHARED=--strip-unneeded
STRIP_STATIC=--strip-debug
MAN_DIRS=({usr{,/local}{,/share},opt/*}/{man,info})
DOC_DIRS=(usr/{,local/}{,share/}{doc,gtk-doc} opt/*/{doc,gtk-doc})
PURGE_TARGETS=(usr/{,share}/info/dir .packlist '*.pod')
DBGSRCDIR=/usr/src/debug
PACKAGER='Unknown Packager'
INTEGRITY_CHECK=(ck)
known_hash_algos=({ck,md5,sha{1,224,256,384,512},b2})
PKGEXT=.pkg.tar.gz
SRCEXT=.src.tar.gz
BUILDSCRIPT=PKGBUILD
BUILDFILE=$startdir/PKGBUILD
BUILDDIR=$startdir
PKGDEST=$startdir
SRCDEST=$startdir
pkgdirbase=$startdir/pkg

plain() { local mesg=$1; shift; printf "    ${mesg}\n" "$@"; }
plainerr() { plain "$@" >&2; }
msg() { local mesg=$1; shift; printf "==> ${mesg}\n" "$@"; }
msg2() { local mesg=$1; shift; printf "  -> ${mesg}\n" "$@"; }
ask() { local mesg=$1; shift; printf ":: ${mesg}" "$@"; }
warning() { local mesg=$1; shift; printf "==> WARNING: ${mesg}\n" "$@" >&2; }
error() { local mesg=$1; shift; printf "==> ERROR: ${mesg}\n" "$@" >&2; }

in_array() {
  local needle=$1 item
  shift
  for item; do
    [[ $item != "$needle" ]] || return 0
  done
  return 1
}

is_array() { [[ ${!1@a} == *a* ]]; }

have_function() { declare -f "$1" >/dev/null; }

dir_is_empty() (
  shopt -s dotglob nullglob
  files=("$1"/*)
  ((${#files[@]} == 0))
)

cd_safe() {
  cd "$1" && return
  error 'Failed to change to directory %s' "$1"
  exit 1
}

# check_opt_array OPTION y|n ARRAY…: 0 yes, 1 the contrary, 127 neither. The last one counts.
check_opt_array() {
  local option=$1 expected=$2 i
  shift 2
  for ((i = $#; i > 0; i--)); do
    case ${!i} in
      "$option") [[ $expected == y ]]; return ;;
      "!$option") [[ $expected == n ]]; return ;;
    esac
  done
  return 127
}
check_option() { check_opt_array "$@" "${OPTIONS[@]}" "${options[@]}"; }
check_buildenv() { check_opt_array "$@" "${BUILDENV[@]}"; }
check_buildoption() { check_opt_array "$@" "${BUILDENV[@]}" "${options[@]}"; }

get_full_version() {
  if ((epoch > 0)); then
    printf '%s\n' "$epoch:$pkgver-$pkgrel"
  else
    printf '%s\n' "$pkgver-$pkgrel"
  fi
}

get_pkg_arch() {
  if [[ $arch == any ]]; then
    echo any
  else
    printf '%s\n' "$CARCH"
  fi
}

# The algorithms of which the recipe has sums, a line each; of a recipe without any, those that makepkg would make.
get_integlist() {
  local algorithm suffix sums found=()

  for algorithm in "${known_hash_algos[@]}"; do
    for suffix in '' "${arch[@]/#/_}"; do
      sums="${algorithm}sums${suffix}[@]"
      [[ ${!sums} ]] || continue
      found+=("$algorithm")
      break
    done
  done
  ((${#found[@]})) || found=("${INTEGRITY_CHECK[@]}")
  printf '%s\n' "${found[@]}"
}

# What is the same for all architectures and what is this one's become one array.
merge_arch_attrs() {
  local attr
  for attr in provides conflicts depends replaces optdepends makedepends checkdepends; do
    local -n all=$attr own=${attr}_$CARCH
    all+=("${own[@]}")
    unset -v own
    unset -n all own
  done
}

# What makepkg does to the environment before build().
prepare_buildenv() {
  local map=$srcdir=$DBGSRCDIR/$pkgbase folder

  if check_option buildflags n; then
    unset CPPFLAGS CFLAGS DEBUG_CFLAGS CXXFLAGS DEBUG_CXXFLAGS LDFLAGS LTOFLAGS RUSTFLAGS DEBUG_RUSTFLAGS
  fi
  if check_buildoption ccache y; then
    for folder in /usr/lib/ccache/bin /usr/lib64/ccache /usr/lib/ccache; do
      [[ -e $folder/gcc ]] || continue
      export PATH=$folder:$PATH
      break
    done
  fi
  if check_option debug y && ! check_option buildflags n; then
    DEBUG_CFLAGS+=" -ffile-prefix-map=$map"
    DEBUG_CXXFLAGS+=" -ffile-prefix-map=$map"
    DEBUG_RUSTFLAGS+=" --remap-path-prefix=$map"
    CFLAGS+=" $DEBUG_CFLAGS"
    CXXFLAGS+=" $DEBUG_CXXFLAGS"
    RUSTFLAGS+=" $DEBUG_RUSTFLAGS"
  fi
  if check_option lto y && ! check_option buildflags n; then
    CFLAGS+=" ${LTOFLAGS:--flto}"
    CXXFLAGS+=" ${LTOFLAGS:--flto}"
    LDFLAGS+=" ${LTOFLAGS:--flto}"
  fi
  if check_option makeflags n; then
    unset MAKEFLAGS
  fi
  export CPPFLAGS CFLAGS CXXFLAGS LDFLAGS RUSTFLAGS MAKEFLAGS CHOST
}
