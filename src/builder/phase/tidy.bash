# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Variables come from the environment, from makepkg.bash and from the recipe.
# shellcheck disable=SC2034,SC2154,SC2164,SC2178
#
# Makes the packages of a recipe and tidies each as makepkg does by its options, with few processes. Read by run.bash.

# The fields that a package function may change for its package.
hive_overrides=(pkgdesc arch url license groups depends optdepends provides conflicts replaces backup options install changelog)

# Files that their extensions or folders give away; and hive_files becomes those that may have to be stripped. Most of it is one look at the tree.
hive_remove() {
  local target file
  local -a paths=() names=() rest=()

  if check_option docs n; then
    # shellcheck disable=SC2068 # patterns
    rm -rf -- ${DOC_DIRS[@]}
  fi
  if check_option emptydirs n; then
    find . -mindepth 1 -depth -type d -empty -delete
  fi
  ! check_option libtool n || names+=(-o -name '*.la')
  if check_option purge y; then
    for target in "${PURGE_TARGETS[@]}"; do
      if [[ $target != */* ]]; then
        names+=(-o -name "$target")
        continue
      fi
      # shellcheck disable=SC2086 # a pattern
      for file in $target; do
        [[ ! -e $file && ! -h $file ]] || paths+=("$file")
      done
    done
    ((${#paths[@]} == 0)) || rm -f -- "${paths[@]}"
  fi
  ! check_option strip y || rest=(-o -type f -perm -u+w -size +0 -print0)
  if ((${#names[@]} + ${#rest[@]} > 0)); then
    mapfile -d '' -t hive_files < <(find . ! -type d '(' -false "${names[@]}" ')' -delete "${rest[@]}")
  fi
  if check_option staticlibs n; then
    while IFS= read -rd '' file; do
      [[ ! -f ${file%.a}.so && ! -h ${file%.a}.so ]] || rm -f -- "$file"
    done < <(find . ! -type d -name '*.a' -print0)
  fi
}

# strip FLAGS -- FILE…, on as many processors as there are.
hive_strip() {
  local -a flags=()
  while [[ $1 != -- ]]; do
    flags+=("$1")
    shift
  done
  shift
  (($# == 0)) || printf '%s\0' "$@" | xargs -0 -n 16 -P "$(nproc)" strip "${flags[@]}" --
}

# ELF files and archives of them: their first bytes tell the candidates, readelf the rest.
hive_strip_all() {
  local -a elf=() archives=() types=() shared=() binaries=() static=()
  local file magic i

  for file in "${hive_files[@]}"; do
    magic=
    LC_ALL=C IFS= read -rd '' -n 8 magic <"$file" # up to a zero byte: -N would read past all that a hole has
    case $magic in
      $'\x7fELF'*) elf+=("$file") ;;
      '!<arch>'*) archives+=("$file") ;;
    esac
  done 2>/dev/null

  if ((${#elf[@]} > 0)); then
    mapfile -t types < <(printf '%s\0' "${elf[@]}" | xargs -0 readelf -h 2>/dev/null | sed -n 's/^  Type: *//p')
    # A damaged one has no type: one by one, then.
    ((${#types[@]} == ${#elf[@]})) || for i in "${!elf[@]}"; do
      types[i]=$(readelf -h "${elf[i]}" 2>/dev/null | sed -n 's/^  Type: *//p')
    done
  fi
  for i in "${!elf[@]}"; do
    case ${types[i]} in
      DYN*) shared+=("${elf[i]}") ;;
      EXEC*) binaries+=("${elf[i]}") ;;
      REL*) [[ ${elf[i]} != *.ko ]] || shared+=("${elf[i]}") ;;
    esac
  done
  for file in "${archives[@]}"; do
    [[ $(readelf -h "$file" 2>/dev/null) != *Type:*'REL (Relocatable file)'* ]] || static+=("$file")
  done

  # Each is words, as makepkg's are.
  # shellcheck disable=SC2086
  {
    hive_strip ${STRIP_SHARED--S} -- "${shared[@]}"
    hive_strip $STRIP_BINARIES -- "${binaries[@]}"
    hive_strip ${STRIP_STATIC--S} -- "${static[@]}"
    hive_strip -R '.gnu.lto_*' -R '.gnu.debuglto_*' -N __gnu_lto_v1 -- "${static[@]}"
  }
}

# gzips manual pages; links to one, of either kind, become links to what it is then. Between folders they are relative (makepkg's are
# absolute, which the hive doesn't install).
hive_zip_pages() {
  local -a folders=() found=() pages=() links=() first=()
  local -A page_of=()
  local each file i

  for file in "${MAN_DIRS[@]}"; do
    [[ ! -d $file ]] || folders+=("$file")
  done
  ((${#folders[@]} > 0)) || return 0
  mapfile -d '' found < <(find "${folders[@]}" -type f ! -name '*.gz' ! -name '*.bz2' -printf '%D:%i %p\0' 2>/dev/null)
  ((${#found[@]} > 0)) || return 0
  for each in "${found[@]}"; do
    file=${each#* }
    each=${each%% *}
    if [[ -z ${page_of[$each]} ]]; then
      page_of[$each]=$file
      pages+=("$file")
    else
      links+=("$file")
      first+=("${page_of[$each]}")
    fi
  done

  mapfile -d '' found < <(find "${folders[@]}" -type l -xtype f -print0 2>/dev/null | xargs -0r stat -L --printf '%d:%i %n\0' --)
  for each in "${found[@]}"; do
    file=${each#* }
    each=${page_of[${each%% *}]}
    [[ -n $each ]] || continue
    rm -f -- "$file" "$file.gz"
    ln -sr -- "$each.gz" "$file.gz"
  done

  ((${#links[@]} == 0)) || rm -f -- "${links[@]}"
  printf '%s\0' "${pages[@]}" | xargs -0 -n 64 -P "$(nproc)" gzip -9 -n -f --
  for i in "${!links[@]}"; do
    ln -- "${first[i]}.gz" "${links[i]}.gz"
    chmod 644 -- "${links[i]}.gz"
  done
}

# Of files, those that have any of what is looked for. One look at the whole package tells whether there are such; what each has is asked of them
# alone. A pointer is what an archive of a repository has where Git LFS keeps a file: less than 1024 bytes, and it begins so.
hive_search() {
  local pointer='version https://git-lfs.github.com/spec/' file text
  local -a found=() named=() pointers=()

  mapfile -d '' found < <(grep -rlZF -e "$srcdir" -e "$pkgdir" -e "$pointer" .)
  ((${#found[@]} > 0)) || return 0
  mapfile -t named < <(printf '%s\0' "${found[@]}" | xargs -0 grep -lF -e "$srcdir" -e "$pkgdir" --)
  ((${#named[@]} == 0)) || warning 'The package refers to the build directory: %s' "$(hive_join "${named[@]}")"
  for file in "${found[@]}"; do
    IFS= read -rd '' -n 1024 text <"$file"
    [[ $text != "$pointer"* ]] || ((${#text} == 1024)) || pointers+=("${file#.}")
  done
  ((${#pointers[@]} > 0)) || return 0
  error 'The package has pointers of Git LFS in place of files: %s. Name the repository as a git source, of which the hive fetches them' \
    "$(hive_join "${pointers[@]}")"
  return 1
}

hive_join() {
  printf %s "$1"
  shift
  (($# == 0)) || printf ', %s' "$@"
}

# In a shell of its own, so that what a recipe set in its shell does no harm. What is wrong with a package ends it.
hive_tidy() (
  local file
  local -a hive_files=()

  set +efuvxT
  shopt -u failglob nullglob dotglob nocaseglob
  trap - ERR DEBUG EXIT
  unset IFS
  LC_ALL=C
  cd_safe "$pkgdir"
  hive_remove
  ! check_option strip y || hive_strip_all
  ! check_option zipman y || hive_zip_pages

  for file in .[!.]* ..?*; do
    [[ -e $file || -h $file ]] || continue
    error "Dotfile found in package root '%s'" "$pkgdir/$file"
    exit 1
  done
  hive_search || exit
  for file in "${backup[@]}"; do
    [[ -f $file ]] || warning 'backup names %s, which is not in the package' "$file"
  done
  exit 0
)

# One package: the function, in a pkgdir of its own, and what the package's fields are by then, for the builder: FIELD NAME COUNT VALUE…
hive_package_one() {
  local pkgdir=$2 hive_field

  [[ -d $pkgdir ]] || mkdir -- "$pkgdir" || exit
  hive_run "$1"
  hive_tidy || exit
  for hive_field in "${hive_overrides[@]}"; do
    local -n hive_value=$hive_field
    printf '%s\0' "$hive_field" "$pkgname" "${#hive_value[@]}" "${hive_value[@]}" || exit
  done >>"$hive_kept/saying" || exit
}

# All of them; what a package function changed is for the next one as it was, by makepkg's simple means.
hive_package() {
  local hive_field
  local -a hive_packages=("$@")

  [[ -d $hive_kept ]] || mkdir -p -- "$hive_kept" || exit
  [[ ! -e $hive_kept/said && ! -h $hive_kept/said ]] || rm -rf -- "$hive_kept/said" || exit
  : >"$hive_kept/saying" || exit
  if (($# == 1)) && ! have_function "package_$1"; then
    hive_package_one package "$pkgdirbase"
  else
    for hive_field in "${hive_overrides[@]}"; do
      local -n hive_value=$hive_field hive_backup=hive_backup_$hive_field
      hive_backup=("${hive_value[@]}")
    done
    for pkgname in "${hive_packages[@]}"; do
      hive_package_one "package_$pkgname" "$pkgdirbase${2:+/$pkgname}"
      for hive_field in "${hive_overrides[@]}"; do
        local -n hive_value=$hive_field hive_backup=hive_backup_$hive_field
        if [[ -n ${hive_backup[0]} ]]; then
          hive_value=("${hive_backup[@]}")
        else
          unset -v hive_value
        fi
      done
    done
  fi
  printf '\0' >>"$hive_kept/saying" || exit
  : >"$hive_kept/said" # and this is all
}
