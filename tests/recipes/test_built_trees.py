# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `hivectl build` makes of a recipe is what real makepkg makes of it, to the mode, the link and the byte: same flags, same
SOURCE_DATE_EPOCH, and the same path, which ends up in files. Where the two differ on purpose, the case says why; where a version of
makepkg does, docs/SYSTEMS.md has a row for it."""

import hashlib
import io
import os
import shutil
import stat
import subprocess
import tarfile
import zipfile

import pytest

from reader import differences

EPOCH = "1600000000"
INSIDE = "/tmp/worker-install/recipe"
HOST = f"{os.uname().machine}-pc-linux-gnu"
NATIVE = "-march=native" if os.uname().machine == "x86_64" else "-mcpu=native"
# As rbee-hive-builder(8) says that the hive's would be; the rest is what comes with makepkg.
MAKEPKG_CONF = f"""
source /etc/makepkg.conf
CARCH={os.uname().machine}
CHOST={HOST}
CFLAGS="{NATIVE} -O2 -pipe"
CXXFLAGS="$CFLAGS"
LDFLAGS="-Wl,-O1 -Wl,--as-needed"
LTOFLAGS=-flto=auto
RUSTFLAGS="-C target-cpu=native"
MAKEFLAGS=-j{os.cpu_count()}
DEBUG_CFLAGS=-g
DEBUG_CXXFLAGS=-g
"""

needs_makepkg = pytest.mark.skipif(not shutil.which("makepkg"), reason="makepkg is not installed here")

HEAD = "pkgname=some\npkgver=1.0\npkgrel=1\narch=(any)\nlicense=(MIT)\n"
MAIN = '#include <stdio.h>\nint answer (void);\nint main (void) { printf ("%s %d\\n", __FILE__, answer ()); return 0; }\n'
ANSWER = "int answer (void) { return 42; }\n"
PAGE = ".TH SOME 1\n.SH NAME\nsome \\- a page\n"

MAKEFILE = """\
some: main.o libanswer.so libanswer.a
\t$(CC) $(CFLAGS) $(LDFLAGS) -o $@ main.o -L. -lanswer
libanswer.so: answer.c
\t$(CC) $(CFLAGS) $(LDFLAGS) -fPIC -shared -Wl,-soname,libanswer.so.1 -o $@ $<
libanswer.a: answer.o
\t$(AR) rcs $@ $^
install: some
\tinstall -d $(DESTDIR)/usr/bin $(DESTDIR)/usr/lib $(DESTDIR)/usr/share/man/man1 $(DESTDIR)/usr/share/doc/some
\tinstall -m755 some $(DESTDIR)/usr/bin
\tinstall -m755 libanswer.so $(DESTDIR)/usr/lib/libanswer.so.1.0
\tln -s libanswer.so.1.0 $(DESTDIR)/usr/lib/libanswer.so
\tinstall -m644 libanswer.a $(DESTDIR)/usr/lib
\techo la > $(DESTDIR)/usr/lib/libanswer.la
\tinstall -m644 some.1 $(DESTDIR)/usr/share/man/man1
\techo doc > $(DESTDIR)/usr/share/doc/some/README
\tinstall -d $(DESTDIR)/usr/share/empty/inner $(DESTDIR)/usr/share/info
\techo dir > $(DESTDIR)/usr/share/info/dir
\techo pod > $(DESTDIR)/usr/lib/x.pod
"""
C_FILES = {"main.c": MAIN, "answer.c": ANSWER, "some.1": PAGE, "Makefile": MAKEFILE}


def sources(*names):
    return f"source=({' '.join(names)})\nsha256sums=({' '.join(['SKIP'] * len(names))})\n"


def tarball(files, mode="w:gz"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(data), 1500000000, 0o644
            tar.addfile(member, io.BytesIO(data.encode()))
    return buffer.getvalue()


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def by_make(options=""):
    return HEAD + sources(*C_FILES) + f"options=({options})\n" + 'build() { make; }\npackage() { make DESTDIR="$pkgdir" install; }\n'


CASES = {
    "make": (by_make(), C_FILES),
    "no-strip": (by_make("!strip"), C_FILES),
    "no-libtool-no-staticlibs": (by_make("!libtool !staticlibs"), C_FILES),
    "no-docs-no-emptydirs": (by_make("!docs !emptydirs"), C_FILES),
    "no-zipman-no-purge": (by_make("!zipman !purge"), C_FILES),
    "lto": (by_make("lto"), C_FILES),
    "no-buildflags": (by_make("!buildflags"), C_FILES),
    "cmake": (
        HEAD
        + sources("CMakeLists.txt", "main.c", "answer.c")
        + """
build() { cmake -S . -B build -DCMAKE_BUILD_TYPE=None -DCMAKE_INSTALL_PREFIX=/usr; cmake --build build; }
package() { DESTDIR="$pkgdir" cmake --install build; }
""",
        {
            **C_FILES,
            "CMakeLists.txt": "cmake_minimum_required(VERSION 3.16)\nproject(some C)\nadd_library(answer SHARED answer.c)\nset_target_properties(answer PROPERTIES VERSION 1.2 SOVERSION 1)\n"
            "add_executable(some main.c)\ntarget_link_libraries(some answer)\ninstall(TARGETS some answer)\n",
        },
    ),
    "meson": (
        HEAD
        + sources("meson.build", "main.c", "answer.c", "some.1")
        + """
build() { meson setup --prefix=/usr --buildtype=plain . build; ninja -C build; }
package() { DESTDIR="$pkgdir" meson install -C build; }
""",
        {
            **C_FILES,
            "meson.build": "project('some', 'c', version: '1.0')\nlib = shared_library('answer', 'answer.c', install: true, soversion: 1)\n"
            "executable('some', 'main.c', link_with: lib, install: true)\ninstall_man('some.1')\n",
        },
    ),
    "script": (
        HEAD + sources("run") + 'package() { install -Dm755 run "$pkgdir/usr/bin/some"; install -Dm600 -o root -g root run "$pkgdir/etc/some"; }\n',
        {"run": "#!/bin/sh\necho hello\n"},
    ),
    "split": (
        "pkgbase=both\npkgname=(one two)\npkgver=1.0\npkgrel=1\narch=(any)\nlicense=(MIT)\n"
        + sources(*C_FILES)
        + """
options=(!zipman)
pkgdesc="all of it"
depends=(glibc)
build() { make; }
package_one() { pkgdesc="the one"; options=(zipman !emptydirs); make DESTDIR="$pkgdir" install; rm -r "$pkgdir/usr/lib"; echo "$pkgname $pkgdesc ${depends[*]}" > "$pkgdir/said"; }
package_two() { depends+=(bash); mkdir -p "$pkgdir/usr/share/man/man1" "$pkgdir/usr/empty"; cp some.1 "$pkgdir/usr/share/man/man1"; mv ../pkg/one/usr/bin "$pkgdir/usr/"; echo "$pkgname|$pkgdesc|${depends[*]}|${options[*]}" > "$pkgdir/said"; }
""",
        C_FILES,
    ),
    "one-package-by-name": (HEAD + 'package_some() { install -D /dev/null "$pkgdir/usr/empty"; }\n', {}),
    "noextract": (
        HEAD
        + sources("a.tar.gz", "b.zip", "c.tar.gz")
        + "noextract=(c.tar.gz)\n"
        + """
package() { mkdir -p "$pkgdir/usr"; cp -r in-a in-b "$pkgdir/usr/"; ls > "$pkgdir/usr/list"; cp -L c.tar.gz "$pkgdir/usr/"; }
""",
        {"a.tar.gz": tarball({"in-a/one": "1", "in-a/deep/two": "2"}), "b.zip": zipped({"in-b/one": "1"}), "c.tar.gz": tarball({"in-c": "x"})},
    ),
    "patches": (
        HEAD
        + sources("code.tar.gz", "fix.patch")
        + """
prepare() { cd code; patch -Np1 -i ../fix.patch; sed -i 's/two/three/' text; }
package() { install -Dm644 code/text "$pkgdir/usr/text"; }
""",
        {"code.tar.gz": tarball({"code/text": "one\ntwo\n"}), "fix.patch": "--- a/text\n+++ b/text\n@@ -1,2 +1,2 @@\n-one\n+ONE\n two\n"},
    ),
    "own-architecture": (
        HEAD.replace("any", "x86_64 aarch64")
        + f"""
source=(common)
sha256sums=(SKIP)
source_{os.uname().machine}=(mine)
sha256sums_{os.uname().machine}=(SKIP)
depends_{os.uname().machine}=(glibc)
source_mips=(nobodys)
sha256sums_mips=(SKIP)
arch+=(mips)
"""
        + 'package() { mkdir -p "$pkgdir/usr"; cp -L * "$pkgdir/usr/"; echo "${depends[*]}" > "$pkgdir/usr/depends"; }\n',
        {"common": "1", "mine": "2"},
    ),
    "environment": (
        HEAD
        + """
top="$srcdir|$pkgdir|$startdir"
_tell() { for v in CARCH CHOST CPPFLAGS CFLAGS CXXFLAGS LDFLAGS LTOFLAGS RUSTFLAGS MAKEFLAGS DEBUG_CFLAGS SOURCE_DATE_EPOCH pkgbase srcdir startdir top; do echo "$1 $v=${!v-unset} $(env | grep -c "^$v=")"; done; umask; set +o | grep -E 'errexit|errtrace|nounset|pipefail'; shopt | grep -E 'extglob|nullglob|globstar'; [[ -t 0 ]] || echo "no input: $(cat | wc -c)"; }
prepare() { _tell prepare > told; }
build() { _tell build >> told; }
package() { _tell package >> told; install -D told "$pkgdir/usr/told"; }
""",
        {},
    ),
    "state": (
        HEAD
        + """
_a=top
prepare() { _a=prepared; export _b=exported; _c=(1 '2 3'); _f() { echo "f $1"; }; shopt -s nullglob; set +e; cd /; }
build() { { echo "$_a $_b ${_c[1]} $(_f x)"; pwd; shopt nullglob || true; [[ $- == *e* ]] && echo errexit; } > told; _a=built; export _d=too; unset _c; }
check() { echo "$_a ${_c-none}" >> told; }
package() { echo "$_a $_b $_d ${_c-none}" >> told; declare -F _f >> told || echo "no f" >> told; install -D told "$pkgdir/usr/told"; }
""",
        {},
        "--check",
    ),
    "extglob": (
        HEAD
        + """
shopt -s extglob
package() { mkdir -p "$pkgdir/usr"; touch a1 a2 b1; for f in !(b*); do echo "$f"; done > "$pkgdir/usr/list"; [[ abc == +([a-c]) ]] && echo yes >> "$pkgdir/usr/list"; }
""",
        {},
    ),
    "helpers": (
        HEAD
        + """
options=(!strip docs !docs)
package() {
  mkdir -p "$pkgdir/usr"
  { check_option strip y; echo $?; check_option strip n; echo $?; check_option docs n; echo $?; check_option nothing y; echo $?; check_buildoption ccache n; echo $?
    in_array b a b c && echo in; in_array x a b || echo out; msg "a %s" b; msg2 "c %s" d; plain "e"; warning "w" 2>&1; error "x %d" 1 2>&1; get_full_version; have_function package && echo have; } > "$pkgdir/usr/told" || true
}
""",
        {},
    ),
    "pkgver-of-git": (
        HEAD.replace("pkgver=1.0", "pkgver=0 # grows")
        + """
_dir=tree-$pkgver
source=("tree::git+file://REPOSITORIES/upstream")
sha256sums=(SKIP)
pkgver() { cd tree; printf 'r%s.%s' "$(git rev-list --count HEAD)" "$(git rev-parse --short HEAD)"; }
build() { echo "$pkgver $pkgrel $_dir" > told; }
package() { install -D told "$pkgdir/usr/told"; install -D tree/file "$pkgdir/usr/file"; git -C tree status --porcelain > "$pkgdir/usr/status"; }
""",
        {},
    ),
    "submodule": (
        HEAD
        + """
source=("tree::git+file://REPOSITORIES/upstream" "part::git+file://REPOSITORIES/part")
sha256sums=(SKIP SKIP)
prepare() { cd tree; git submodule init; git config submodule.part.url "$srcdir/part"; git -c protocol.file.allow=always submodule update; }
package() { install -D tree/part/inner "$pkgdir/usr/inner"; }
""",
        {},
    ),
    "modes": (
        HEAD
        + """
package() {
  cd "$pkgdir"; mkdir -p usr/{plain,private,shared,sticky}; chmod 700 usr/private; chmod 2775 usr/shared; chmod 1777 usr/sticky
  for mode in 000 400 444 555 600 755 777; do touch usr/$mode; chmod $mode usr/$mode; done
  touch usr/by-umask; install -d -m 555 usr/closed; chown 12:34 usr/600; chown -h 1:1 usr/755
}
""",
        {},
    ),
    # A link to a link to a page is not here: makepkg loses one of the two, by the order in which it finds them.
    "links": (
        HEAD
        + """
package() {
  cd "$pkgdir"; mkdir -p usr/{lib,share/man/man1,share/man/de/man1}; echo data > usr/lib/file; ln usr/lib/file usr/lib/hard; ln -s file usr/lib/relative
  ln -s /nowhere/at/all usr/lib/absolute; ln -s ../gone usr/lib/dangling; ln -s lib usr/lib64; echo page > usr/share/man/man1/a.1; ln usr/share/man/man1/a.1 usr/share/man/man1/b.1
  ln -s a.1 usr/share/man/man1/c.1; ln -s nothing.1 usr/share/man/man1/e.1; gzip -n < usr/lib/file > usr/share/man/man1/f.1.gz; ln -s f.1.gz usr/share/man/man1/g.1.gz
}
""",
        {},
    ),
    "names": (
        HEAD
        + """
package() {
  cd "$pkgdir"; mkdir -p 'usr/with space' usr/share/man/man1 usr/lib; touch 'usr/with space/a b' usr/-dash 'usr/*' "usr/quo'te" usr/ünï 'usr/lib/- x.la'
  echo page > 'usr/share/man/man1/a b.1'; ln -s 'a b.1' 'usr/share/man/man1/-c.1'; cc -o 'usr/with space/-p' -x c - <<< 'int main(void){return 0;}'; touch usr/lib/'a b.'{a,so}
}
options=(!libtool !staticlibs)
""",
        {},
    ),
    "elf-kinds": (
        HEAD
        + sources("main.c", "answer.c")
        + """
package() {
  mkdir elf; cd elf
  gcc -g -c -o answer.o ../answer.c; cp answer.o module.ko; gcc -g -no-pie -o fixed ../main.c answer.o; gcc -g -pie -o movable ../main.c answer.o
  gcc -g -shared -fPIC -o libx.so ../answer.c; ar rcs libx.a answer.o; ar rcs libtwo.a answer.o module.ko; ln fixed hard; cp fixed closed; chmod 555 closed
  head -c 100 fixed > damaged; printf '\\177ELF' > tiny; echo text > text.txt; ar rcs notobjects.a text.txt; cp movable secret; chmod 700 secret; : > nothing; gcc -g -flto -frandom-seed=1 -c -o lto.o ../answer.c; ar rcs liblto.a lto.o
  mkdir "$pkgdir/usr"; cp -a . "$pkgdir/usr"
}
""",
        C_FILES,
    ),
    "fakeroot": (
        HEAD
        + """
package() { mkdir -p "$pkgdir/usr"; touch file; chown 5:6 file; mkdir dir; tar --sort=name --numeric-owner --mtime=@0 -cf "$pkgdir/usr/owned.tar" file dir; id -u > "$pkgdir/usr/id"; stat -c '%u %g' file dir > "$pkgdir/usr/stat"; mknod node c 1 3; stat -c %F node >> "$pkgdir/usr/stat"; rm node; }
""",
        {},
    ),
    "times-of-sources": (
        HEAD
        + sources("a.tar.gz")
        + """
build() { stat -c '%n %Y' in-a in-a/one > told; }
package() { install -D told "$pkgdir/usr/told"; (cd in-a; zip -qX - one) > "$pkgdir/usr/a.zip" || true; }
""",
        {"a.tar.gz": tarball({"in-a/one": "1"})},
    ),
    "python": (
        HEAD
        + sources("module.py")
        + """
package() { install -Dm644 module.py "$pkgdir/usr/lib/python/module.py"; /usr/bin/python3 -m compileall -q -d /usr/lib/python "$pkgdir/usr/lib/python"; /usr/bin/python3 -c 'print(hash("x"))' > "$pkgdir/usr/hash"; }
""",
        {"module.py": "names = {'a', 'b', 'c'}\n"},
    ),
    "extras-of-a-package": (
        HEAD + "install=some.install\nchangelog=Changes\nbackup=(etc/some)\n" + 'package() { install -D /dev/null "$pkgdir/etc/some"; }\n',
        {"some.install": "post_install() { :; }\n", "Changes": "1.0\n"},
    ),
    "empty": (HEAD + "package() { :; }\n", {}),
    "purge-targets": (
        HEAD
        + """
PURGE_TARGETS+=(usr/share/secret 'x*')
STRIP_BINARIES=-g
package() { mkdir -p "$pkgdir/usr/share/secret.d"; touch "$pkgdir"/usr/share/secret "$pkgdir"/usr/{x1,y1,.packlist,a.pod}; }
""",
        {},
    ),
}


def tree(root):
    """{path: what it is}; hard links name the first of their kind."""
    found, inodes = {}, {}
    for folder, folders, names in sorted(os.walk(root)):
        for name in sorted(folders + names):
            path = os.path.join(folder, name)
            st = os.lstat(path)
            inside = os.path.relpath(path, root)
            what = [stat.filemode(st.st_mode)]
            if stat.S_ISLNK(st.st_mode):
                what.append(os.readlink(path))
            elif stat.S_ISREG(st.st_mode):
                what.append(hashlib.sha256(open(path, "rb").read()).hexdigest())
                if st.st_nlink > 1:
                    what.append(inodes.setdefault(st.st_ino, inside))
            found[inside] = what
    return found


def git(folder, *command):
    environment = {
        **os.environ,
        "GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z",
        "GIT_COMMITTER_DATE": "2020-01-01T00:00:00Z",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "HOME": "/nonexistent",
    }
    subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@b", "-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main", *command],
        cwd=folder,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def make_repositories(folder):
    for name, file in (("part", "inner"), ("upstream", "file")):
        (folder / name).mkdir()
        git(folder / name, "init")
        (folder / name / file).write_text(f"{name}\n")
        if name == "upstream":
            git(folder / name, "submodule", "add", f"{folder}/part", "part")
        git(folder / name, "add", ".")
        git(folder / name, "commit", "-m", "first")


def by_makepkg(author, theirs, arguments):
    """Where the hive shows a recipe its folder, so that paths in files are the same."""
    check = "--check" if "--check" in arguments else "--nocheck"
    author.run(
        "bwrap",
        "--dev-bind",
        "/",
        "/",
        "--tmpfs",
        "/tmp",
        "--bind",
        theirs,
        INSIDE,
        "--chdir",
        INSIDE,
        "makepkg",
        "-d",
        "--noarchive",
        check,
        env=author.environment(MAKEPKG_CONF=str(author.directory / "makepkg.conf"), PACMAN="true", SOURCE_DATE_EPOCH=EPOCH, FAKEROOTDONTTRYCHOWN="1"),
    )  # bwrap has no other users
    return theirs / "pkg"


@needs_makepkg
@pytest.mark.parametrize("name", CASES)
def test_tree_is_makepkgs(author, name):
    recipe, files, *arguments = CASES[name]
    theirs = author.directory / "theirs"
    if "upstream" in recipe:
        make_repositories(author.directory)
    for file, data in {**files, "PKGBUILD": recipe.replace("REPOSITORIES", str(author.directory))}.items():
        author.write(file, data)
    (author.directory / "makepkg.conf").write_text(MAKEPKG_CONF)
    shutil.copytree(author.recipe, theirs, symlinks=True)
    author.own()
    different = name in differences()
    try:
        expected = by_makepkg(author, theirs, arguments)
    except AssertionError:
        if not different:
            raise
        expected = theirs
    author.builds(*arguments, "--local-sources", SOURCE_DATE_EPOCH=EPOCH)
    ours = author.recipe / "pkg"
    if os.geteuid() != 0:
        subprocess.run(["chmod", "-R", "u+rX", str(ours), str(expected)], check=True)
    if different:
        assert tree(ours) != tree(expected), "makepkg makes the same by now: take its version out of docs/SYSTEMS.md"
    else:
        assert tree(ours) == tree(expected)
