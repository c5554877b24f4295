# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Looks at a mirror, once for all that the hive wants to know of it before it is used, because what takes time is to start a sandbox. Started by
# the builder in one without network, where the mirror cannot be written, as
#     bash git-look.bash REVISION TAG MAX_FILES POINTER VERIFY WORDS COMMITS FILES
# REVISION is what the recipe names; TAG, the ref of a tag or nothing; VERIFY, whether objects are to be read back; COMMITS and FILES, what in a
# file asks for the history and for other commits' files, or nothing, and WORDS, of which each such file has one. It ends with 127 where git is
# missing. Nothing is said where there is no such commit; otherwise a line each:
#
#   object HASH        what REVISION is
#   commit HASH        the commit that it is, or stands for
#   tag NAME           what the tag calls itself; a plain one does not
#   damaged            objects are not what their names say; git says which on standard error
#   files COUNT        of the commit; one more than MAX_FILES stands for any larger number; nothing where git cannot list them
#   asks commits|files
#   pointer NAME       to a file by Git LFS: the first three of them
#   pointers COUNT     how many there are

hash git || exit 127
export LC_ALL=C # looking for a pattern in what may be any character takes three times as long
git() { command git -C /tmp/mirror "$@"; }
set -o pipefail

revision=$1 tag=$2 max_files=$3 pointer=$4 verify=$5 words=$6 commits=$7 files=$8
commit=$(git rev-parse --verify --quiet "$revision^{commit}") || exit 0
printf 'object %s\ncommit %s\n' "$(git rev-parse --verify --quiet "$revision")" "$commit"
[[ ! $tag ]] || git for-each-ref --format='tag %(tag)' -- "$tag"

# git takes objects of a repository for what their names say; here each of the commit's tree is read and hashed. It ends with 0 all the same,
# and complains.
if [[ $verify ]]; then
  said=$(git rev-list --objects --no-walk --quiet --verify-objects "$commit" 2>&1 >/dev/null) && [[ ! $said ]] || echo damaged
  printf '%s' "$said" >&2
fi
exec 2>/dev/null

# A tree of the same trees over and over is small in a repository and endless in a folder: whatever reads all of it comes after its end is seen.
count=$(git ls-tree -r --format= "$commit" | head -c $((max_files + 1)) | wc -c)
case $? in
  0 | 141) echo "files $count" ;; # 141: git was not read to its end
  *) exit 0 ;;
esac
((count <= max_files)) || exit 0

# Of what is written for people, none is run. What the patterns ask takes seven times as long to look for as the words.
asks() {
  grep -a -q -i -E -e "$1" < <(
    git grep -z -l -I -i -E -e "$words" "$commit" -- . ':(exclude)*.md' ':(exclude)*.rst' ':(exclude)*.html' ':(exclude).github' ':(exclude)*.yml' ':(exclude)*.yaml' |
      git cat-file --batch -z
  )
}

if [[ $commits ]] && asks "$commits"; then
  echo 'asks commits'
  ! asks "$files" || echo 'asks files'
fi

# Most repositories say at once that nothing is by LFS.
if git grep -q -e filter=lfs "$commit" -- ':(glob)**/.gitattributes'; then
  count=0
  while IFS= read -r name; do
    ((++count > 3)) || printf 'pointer %s\n' "${name#*:}"
  done < <(git grep -l -E -e "$pointer" "$commit")
  echo "pointers $count"
fi
exit 0
