# SPDX-License-Identifier: LGPL-2.1-or-later
"""`hivectl build` of a checkout that somebody else wrote: what is the caller's and lies outside it is neither changed nor shown."""

import os
import shutil
import subprocess
import tempfile

import pytest

from catalog import HttpCatalog, install_script, pkgbuild, shell_quote


@pytest.fixture
def home(author):
    """What is precious to the author."""
    (author.directory / "Documents/some").mkdir(parents=True)
    (author.directory / "Documents/some/letter").write_text("dear")
    author.own()
    return author.directory / "Documents"


def untouched(home):
    return os.listdir(home) == ["some"] and os.listdir(home / "some") == ["letter"] and (home / "some/letter").read_text() == "dear"


def test_a_pkg_that_is_a_link_is_refused_before_anything_is_built(author, home):
    author.write("PKGBUILD", pkgbuild("some", build="echo built"))
    (author.recipe / "pkg").symlink_to(home)
    done = author.builds(status=1)
    assert untouched(home) and "built" not in done.stdout
    assert f"{author.recipe}/pkg is a link" in done.stdout and "--output" in done.stdout
    author.builds("--output", "elsewhere")
    assert (author.recipe / "elsewhere/some/usr/local/bin/some").exists()


def test_a_tree_that_is_a_link_is_refused(author, home):
    author.write("PKGBUILD", pkgbuild("some"))
    (author.recipe / "pkg").mkdir()
    (author.recipe / "pkg/some").symlink_to(home)
    author.own()
    assert "pkg/some exists, and no build of yours" in author.builds(status=1).stdout
    assert untouched(home) and (author.recipe / "pkg/some").is_symlink()


def test_a_link_on_the_way_to_the_output_in_the_checkout_is_refused(author, home):
    author.write("PKGBUILD", pkgbuild("other"))
    (author.recipe / "out").symlink_to(home)
    for output in ("out", "out/some"):
        assert "is a link, or is reached by one" in author.builds("--output", output, status=1).stdout
    assert untouched(home)


def test_a_pkgbuild_that_is_a_link_is_refused(author):
    (author.directory / "secret").write_text("secret=1\n")
    (author.recipe / "PKGBUILD").symlink_to("../secret")
    author.own()
    assert "PKGBUILD is a link: name the file that it stands for" in author.builds(status=1).stdout


def test_only_what_an_earlier_build_left_is_replaced(author):
    author.write("PKGBUILD", pkgbuild("some", build="echo built"))
    author.write("pkg/some/precious", "data")
    author.own()
    done = author.builds(status=1)
    assert f"{author.recipe}/pkg/some exists, and no build of yours" in done.stdout and "built" not in done.stdout
    assert (author.recipe / "pkg/some/precious").read_text() == "data"
    shutil.rmtree(author.recipe / "pkg/some")
    author.builds()
    author.builds()


def test_a_folder_that_took_the_place_of_what_a_build_left_stays(author):
    author.write("PKGBUILD", pkgbuild("some"))
    author.builds()
    os.rename(author.recipe / "pkg/some", author.recipe / "pkg/moved")
    author.write("pkg/some/precious", "data")
    author.own()
    author.builds(status=1)
    assert (author.recipe / "pkg/some/precious").read_text() == "data"


def test_a_checkout_on_another_file_system_gets_its_tree_and_keeps_the_rest(author):
    author.write("PKGBUILD", pkgbuild("some"))
    with tempfile.TemporaryDirectory(prefix="rbee-hive-checkout.", dir="/dev/shm") as folder:
        if os.stat(folder).st_dev == os.stat(author.cache).st_dev:
            pytest.skip("/dev/shm is on the same file system as /var/tmp")
        shutil.copy(author.recipe / "PKGBUILD", folder)
        subprocess.run(["chown", "-R", f"{author.uid}", folder], check=os.geteuid() == 0)
        for _ in range(2):
            author.run(*author.hivectl_build(), cwd=folder)
        assert os.access(f"{folder}/pkg/some/usr/local/bin/some", os.X_OK)


def repository(author, path):
    path.mkdir(parents=True)
    (path / "letter").write_text("dear")
    author.own()
    for arguments in (("init", "--quiet"), ("add", "."), ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "a")):
        author.run("git", "-C", path, *arguments)


def test_a_repository_elsewhere_on_this_machine_is_shown_only_when_the_caller_says_so(author):
    repository(author, author.directory / "private")
    author.write("PKGBUILD", pkgbuild("some", source=[f"git+file://{author.directory}/private"], sha256sums=["SKIP"], build="cat private/letter"))
    done = author.builds(status=1)
    assert "dear" not in done.stdout and "lies outside of the recipe's folder" in done.stdout and "--local-sources" in done.stdout
    assert "dear" in author.builds("--local-sources").stdout


def test_a_repository_reached_by_a_link_in_the_checkout_is_elsewhere(author):
    repository(author, author.directory / "private")
    (author.recipe / "inner").symlink_to("../private")
    author.write("PKGBUILD", pkgbuild("some", source=[f"git+file://{author.recipe}/inner"], sha256sums=["SKIP"], build="cat inner/letter"))
    done = author.builds(status=1)
    assert "dear" not in done.stdout and "lies outside of the recipe's folder" in done.stdout


def test_a_repository_in_the_recipes_folder_is_its_own(author):
    repository(author, author.recipe / "inner")
    author.write("PKGBUILD", pkgbuild("some", source=[f"git+file://{author.recipe}/inner"], sha256sums=["SKIP"], build="cat inner/letter"))
    assert "dear" in author.builds().stdout


def test_a_source_beside_the_recipe_that_is_a_link_is_not_read(author):
    (author.directory / "secret").write_text("secret of the caller")
    (author.recipe / "data").symlink_to("../secret")
    author.write("PKGBUILD", pkgbuild("some", source=["data"], sha256sums=["SKIP"], build="cat data"))
    author.own()
    assert "secret of the caller" not in author.builds(status=1).stdout


def test_steps_see_nothing_of_the_callers(author, home):
    (author.directory / ".ssh").mkdir()
    (author.directory / ".ssh/id").write_text("private key")
    author.own()
    look = f"cat {shell_quote(str(home))}/some/letter {author.directory}/.ssh/id ~/.ssh/id {author.recipe}/PKGBUILD 2>&1 || true; ls -A {author.cache} 2>&1 || true; env"
    author.write(
        "PKGBUILD", pkgbuild("some", extra=f"prepare() {{ {look}; }}\ncheck() {{ {look}; }}", build=look, package=f"{look}\n{install_script('some')}")
    )
    text = author.builds("--check", SECRET="of the environment").stdout
    assert "dear" not in text and "private key" not in text and "of the environment" not in text
    assert "No such file" in text


@pytest.fixture
def internal():
    """A server of this machine that is nobody else's business."""
    catalog = HttpCatalog()
    catalog.answers["/secret"] = (200, "text/plain", b"secret\n")
    catalog.answers["/repository/info/refs"] = (200, "application/x-git-upload-pack-advertisement", b"x")
    yield catalog
    catalog.close()


def test_a_source_on_this_machine_is_not_fetched_unless_the_caller_says_so(author, internal):
    author.write("PKGBUILD", pkgbuild("some", source=[f"{internal.url}/secret"], sha256sums=["SKIP"], build='cat "$srcdir/secret"'))
    refused = author.builds(status=1).stdout
    assert internal.requests == [] and "--local-sources" in refused and "127.0.0.1" in refused
    assert "secret" in author.builds("--local-sources").stdout.split("\n")


def test_a_repository_by_a_server_on_this_machine_is_not_asked(author, internal):
    author.write("PKGBUILD", pkgbuild("some", source=[f"git+{internal.url}/repository"], sha256sums=["SKIP"]))
    assert "--local-sources" in author.builds(status=1).stdout
    assert internal.requests == []


def test_an_address_that_the_configuration_allows_is_fetched_from(author, internal):
    with open(author.configuration, "a") as configuration:
        configuration.write(f"[Network]\nAllow=127.0.0.1:{internal.server.server_address[1]}\n")
    author.write("PKGBUILD", pkgbuild("some", source=[f"{internal.url}/secret"], sha256sums=["SKIP"], build='cat "$srcdir/secret"'))
    assert "secret" in author.builds().stdout.split("\n")
