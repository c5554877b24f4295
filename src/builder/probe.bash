# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Says on descriptor 9, a line a name, whether this machine has what a recipe's depends and makedepends name (1) or not (0). Started by the
# builder as `bash probe.bash NAME…` in a sandbox, because what counts is what the recipe will see there.
#
# The names are Arch's. A few of them are known by what they bring; any other is a command, a pkg-config module or a library of that name.

has_command() { command -v -- "$1" >/dev/null; }

has_module() { has_command pkg-config && pkg-config --exists -- "$1" 2>/dev/null; }

# lib$1.so*, or $1 itself when it is a file name
has_library() {
  local folder file pattern=lib$1.so

  [[ $1 != *.so* ]] || pattern=$1
  for folder in /usr/lib /usr/lib64 /usr/lib/*-linux-gnu* /lib /lib64 /usr/local/lib /opt/cuda/lib64 /usr/local/cuda/lib64; do
    for file in "$folder/$pattern"*; do
      [[ ! -e $file ]] || return 0
    done
  done
  return 1
}

has() {
  case $1 in
    base-devel) has_command gcc && has_command make && has_command ld ;;
    gcc-libs) has_library libgcc_s.so ;;
    glibc) has_library libc.so.6 ;;
    rust | rustup) has_command rustc ;;
    cuda | cuda-toolkit) has_command nvcc ;;
    rocm-hip-sdk | hip-runtime-amd) has_command hipcc ;;
    rocm-hip-runtime) has_library amdhip64 ;;
    python) has_command python3 ;;
    nodejs) has_command node ;;
    ninja) has_command ninja || has_command ninja-build ;;
    openssl) has_command openssl || has_module openssl ;;
    openmp) has_library gomp || has_library omp ;;
    *) has_command "$1" || has_module "$1" || has_library "$1" ;;
  esac
}

for name; do
  # cmake>=3.20, libfoo.so=1-64: the version is not looked at
  has "${name%%[<>=]*}" </dev/null >/dev/null 2>&1
  echo $((! $?)) >&9
done
