# SPDX-License-Identifier: LGPL-2.1-or-later
"""A recipe's functions run as makepkg runs them; what they make is tidied as makepkg does it."""

import gzip
import os

import pytest

from catalog import install_script, pkgbuild


def said(job, phase):
    return [record.text for record in job.records() if record.phase == phase and record.stream in ("out", "err")]


def test_what_a_function_sets_is_there_in_the_next_as_with_makepkg(hive):
    hive.catalog.add(
        "some",
        pkgbuild(
            "some",
            extra="""
colour=none
prepare() { colour=blue; list=(a 'b c'); declare -gA map=([k]=v); readonly fixed=1; helper() { echo "helped $1"; }; cd /tmp; unset gone; }
gone=still
check() { echo "check $colour $PWD"; }
""",
            build='echo "build $colour ${list[1]} ${map[k]} $fixed ${gone-gone} $PWD"; helper well; colour=red',
        ),
    )
    job = hive.installs("some", check=True)
    assert said(job, "build") == ["build blue b c v 1 gone /tmp/worker-install/some/src", "helped well"]
    assert said(job, "check") == ["check red /tmp/worker-install/some/src"]


def test_package_has_what_was_exported_and_nothing_else(hive):
    hive.catalog.add(
        "some",
        pkgbuild(
            "some",
            extra="colour=none\nprepare() { export KEPT=yes; }",
            build="colour=red; export MADE=too CFLAGS=changed",
            package='echo "$colour $KEPT $MADE ${CFLAGS/changed/kept}"\n' + install_script("some"),
        ),
    )
    words = said(hive.installs("some"), "package")[0].split()
    assert words[:3] == ["none", "yes", "too"] and "kept" not in words


def test_variables_are_exported_when_makepkg_exports_them(hive):
    hive.catalog.add(
        "some",
        pkgbuild(
            "some",
            extra='top="$srcdir|$pkgdir|$startdir"\nprepare() { env | grep -E "^(CFLAGS|CARCH|srcdir|pkgdir|startdir|hive_)" || echo none; echo "$top"; }',
            build='env | grep -oE "^(CFLAGS|CHOST|MAKEFLAGS|CARCH|srcdir)=" | sort | tr -d "\\n"; echo',
        ),
    )
    job = hive.installs("some")
    assert said(job, "prepare") == ["none", "||/tmp/worker-install/some"]
    assert said(job, "build") == ["CFLAGS=CHOST=MAKEFLAGS="]


@pytest.mark.parametrize(
    "options, expected",
    [
        ((), "-O2 set"),
        (("!buildflags",), " set"),
        (("!makeflags",), "-O2 "),
        (("lto",), "-O2 -flto=auto set"),
        (("debug",), "-O2 -g -ffile-prefix-map=/tmp/worker-install/some/src=/usr/src/debug/some set"),
        (("!buildflags", "lto"), " set"),
        (("!lto", "lto", "!lto"), "-O2 set"),
    ],
)
def test_options_decide_about_the_flags(hive, options, expected):
    hive.catalog.add("some", pkgbuild("some", options=options, build='flags=${CFLAGS#* }; echo "${flags/ -pipe} ${MAKEFLAGS:+set}"'))
    assert said(hive.installs("some"), "build") == [expected]


@pytest.mark.parametrize(
    "body",
    [
        "x=$(false; echo reached)",
        "(false; echo reached)",
        "f() { false; echo reached; }; f",
        "false | true; set -o pipefail; false | true; echo reached",
    ],
)
def test_a_failure_anywhere_ends_the_function_as_with_makepkg(hive, body):
    hive.catalog.add("some", pkgbuild("some", build=body + '\necho "after $x"'))
    job = hive.refuses("some", "BuildFailed")
    assert not any("reached" in line or "after" in line for line in job.lines())
    assert "❌ Build failed with exit code 1" in job.lines()


def test_a_tolerated_failure_ends_nothing(hive):
    hive.catalog.add(
        "some",
        pkgbuild(
            "some",
            build="if false; then :; fi\nfalse || true\n! true\n[[ a == b ]] && echo no\ncheck_option strip y && check_option docs n || echo told; in_array b a b && echo found; get_full_version; have_function build && is_array arch && echo yes",
        ),
    )
    assert said(hive.installs("some"), "build") == ["told", "found", "1.0-1", "yes"]


def test_a_package_function_may_not_end_the_shell(hive):
    hive.catalog.add("some", pkgbuild("some", package=install_script("some") + "\nexit 0"))
    job = hive.refuses("some", "PackageFailed")
    assert any("may not exit" in line for line in job.lines())


def test_pkgver_is_written_into_the_recipe_which_is_read_again(hive):
    hive.catalog.add(
        "some",
        pkgbuild(
            "some",
            version="0.1 # at first",
            extra="""
_folder=some-$pkgver
prepare() { stays=prepared; }
pkgver() { cd /tmp; echo "2.$stays"; }
""",
            build='echo "$_folder $pkgver $pkgrel $stays"',
        ).replace("pkgrel=1", "pkgrel=7"),
    )
    job = hive.installs("some")
    assert said(job, "build") == ["some-2.prepared 2.prepared 1 prepared"]
    assert hive.workers()["some"]["version"] == "2.prepared-1"


SPLIT = """
pkgbase=both
pkgname=(one two)
pkgver=1.0
pkgrel=1
arch=(any)
license=(MIT)
depends=(bash)
build() { echo 'echo one' > one; echo 'echo two' > two; }
package_one() { depends=(); options=(!emptydirs); install -Dm755 one "$pkgdir/usr/local/bin/one"; mkdir -p "$pkgdir/opt/empty"; echo "$pkgname ${pkgdir##*/} ${options[*]}"; }
package_two() { install -Dm755 two "$pkgdir/usr/local/bin/two"; mkdir -p "$pkgdir/opt/kept"; echo "$pkgname ${pkgdir##*/} ${options[*]} ${depends[*]}"; EXTRA; }
"""


def test_split_packages_are_installed_together_each_made_for_itself(hive):
    hive.catalog.add("one", SPLIT.replace("EXTRA", "true"))
    job = hive.installs("one")
    assert said(job, "package") == ["one one !emptydirs", "two two  bash"]
    assert {path for path in hive.recorded()[0]} == {"/usr/local/bin/one", "/usr/local/bin/two"}
    assert not hive.installed("/opt/empty").exists() and hive.installed("/opt/kept").is_dir()


@pytest.mark.parametrize("order", ["one two", "two one"])
def test_the_same_file_in_two_packages_names_both_in_the_order_of_the_recipe(hive, order):
    split = SPLIT.replace("pkgname=(one two)", f"pkgname=({order})")
    hive.catalog.add("one", split.replace("EXTRA", 'install -D two "$pkgdir/usr/local/bin/one"'))
    hive.refuses("one", "PackageInvalid", "/usr/local/bin/one", order.replace(" ", " and "))


@pytest.mark.parametrize("order", ["one two", "two one"])
def test_a_folder_of_two_packages_has_the_mode_that_the_first_of_the_recipe_gives_it(hive, order):
    split = SPLIT.replace("pkgname=(one two)", f"pkgname=({order})")
    split = split.replace('mkdir -p "$pkgdir/opt/empty"', 'install -D one "$pkgdir/opt/one/both/one"; chmod 750 "$pkgdir/opt/one/both"')
    hive.catalog.add("one", split.replace("EXTRA", 'install -D two "$pkgdir/opt/one/both/two"; chmod 705 "$pkgdir/opt/one/both"'))
    hive.installs("one")
    assert hive.installed("/opt/one/both").stat().st_mode & 0o777 == (0o750 if order == "one two" else 0o705)


def test_what_a_package_function_says_of_its_package_is_what_is_recorded(hive):
    recipe = (
        pkgbuild("some", package=install_script("some"))
        .replace("package()", "package_some()")
        .replace("install -D", 'pkgdesc="made by $(echo it)"; license=(MIT 0BSD); [[ -e nothing ]] || install=late.install\ninstall -D', 1)
    )
    hive.catalog.add("some", recipe, {"late.install": "post_install() { :; }\n"})
    job = hive.installs("some")
    assert (job.result()["description"], job.result()["license"]) == ("made by it", "MIT AND 0BSD")
    assert any("late.install is not run; it has post_install()" in line for line in job.lines())


def test_install_scriptlets_are_named_and_never_run(hive):
    script = "touch /tmp/ran\npost_install() {\n  systemctl enable some\n}\nfunction pre_remove {\n  :\n}\nother() { :; }\n"
    hive.catalog.add("some", pkgbuild("some", extra="install=some.install"), {"some.install": script})
    (line,) = [line for line in hive.installs("some").lines() if "scriptlet" in line]
    assert "some.install is not run" in line and "post_install(), pre_remove()" in line and "other" not in line


def test_packages_are_tidied_by_their_options(hive):
    share = "$pkgdir/usr/local/share"
    hive.catalog.add(
        "some",
        pkgbuild(
            "some",
            options=["!docs", "!libtool", "!staticlibs", "!emptydirs"],
            package=install_script("some")
            + f"""
mkdir -p {share}/doc/some {share}/man/man1 {share}/man/de/man1 {share}/deep/empty "$pkgdir/usr/local/lib/some"
touch {share}/doc/some/README "$pkgdir/usr/local/lib/some/"lib{{a,b}}.a "$pkgdir/usr/local/lib/some/"liba.{{so,la}} "$pkgdir/usr/local/lib/some/x.pod"
echo page > {share}/man/man1/some.1
ln -s some.1 {share}/man/man1/some-other.1
ln -s ../../man1/some.1 {share}/man/de/man1/some.1
""",
        ),
    )
    hive.installs("some")
    files = {path.removeprefix("/usr/local/") for path in hive.recorded()[0]}
    assert files == {
        "bin/some",
        "lib/some/libb.a",
        "lib/some/liba.so",
        "share/man/man1/some.1.gz",
        "share/man/man1/some-other.1.gz",
        "share/man/de/man1/some.1.gz",
    }
    assert gzip.decompress(hive.installed("/usr/local/share/man/de/man1/some.1.gz").read_bytes()) == b"page\n"
    assert os.readlink(hive.installed("/usr/local/share/man/de/man1/some.1.gz")) == "../../man1/some.1.gz"
    assert not hive.installed("/usr/local/share/deep").exists()
