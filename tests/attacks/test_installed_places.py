# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a package brings is used by the worker and by people, and by nothing else that runs on the machine."""

import json
import os
import shutil
import subprocess

import pytest

from catalog import install_script, pkgbuild
from job import Job

BINARY = install_script("some") + "\n"

LOADED = {
    "bus-service": "share/dbus-1/system-services/org.example.Evil.service",
    "session-service": "share/dbus-1/services/org.example.Evil.service",
    "unit": "lib/systemd/system/evil.service",
    "generator": "lib/systemd/system-generators/evil",
    "tmpfiles": "lib/tmpfiles.d/evil.conf",
    "sysusers": "lib/sysusers.d/evil.conf",
    "udev-rule": "lib/udev/rules.d/99-evil.rules",
    "polkit-rule": "share/polkit-1/rules.d/evil.rules",
    "polkit-action": "share/polkit-1/actions/evil.policy",
    "profile": "etc/profile.d/evil.sh",
    "cron": "etc/cron.d/evil",
    "loader-configuration": "etc/ld.so.conf.d/evil.conf",
    "library": "lib/libcrypto.so.3",
    "hwcaps-library": "lib/glibc-hwcaps/x86-64-v3/libc.so.6",
    "path-configuration": "lib/python3.11/dist-packages/evil.pth",
    "sitecustomize": "lib/python3/dist-packages/sitecustomize.py",
    "perl-module": "lib/site_perl/strict.pm",
    "pam-module": "lib/security/pam_unix.so",
    "nss-module": "lib/libnss_evil.so.2",
    "completion-of-another": "share/bash-completion/completions/ls",
    "shell-start": "share/fish/vendor_conf.d/evil.fish",
    "autostart": "etc/xdg/autostart/evil.desktop",
    "sbin": "sbin/id",
    "module-beside-scripts": "bin/json.py",
}


def roll_back(hive):
    return Job(hive, hive.call("RollbackWorker", "some"))


def install_file(path, text="evil"):
    return f"install -Dm755 /dev/stdin \"$pkgdir/{path.lstrip('/')}\" <<< '{text}'\n"


@pytest.mark.parametrize("case", LOADED)
def test_what_others_load_by_themselves_is_refused(hive, case):
    path = "/usr/local/" + LOADED[case]
    hive.catalog.add("some", pkgbuild("some", package=BINARY + install_file(path)))
    job = hive.refuses("some", "PackageInvalid", path, "without the worker being run", f"Allow={path}")
    assert "package() must" in job.finished().message


@pytest.mark.parametrize("name", ["systemd", "udev", "python3", "dbus-1", "polkit-1", "security", "applications"])
def test_worker_whose_name_is_a_folder_that_others_load(hive, name):
    place = f"/usr/local/{'lib' if name in ('systemd', 'udev', 'python3', 'security') else 'share'}/{name}/evil"
    hive.catalog.add(
        name,
        pkgbuild(name, package=install_script(f"worker-{name}") + "\n" + install_file(place)),
        binary_name=f"worker-{name}",
        install_path=f"/usr/local/bin/worker-{name}",
    )
    hive.refuses(name, "PackageInvalid", place)


@pytest.mark.parametrize("folder", ["/usr/bin", "/usr/sbin", "/usr/local/sbin", "/opt/bin"])
def test_program_that_would_hide_another_is_a_conflict_that_names_it(hive, folder):
    hidden = hive.foreign_file(f"{folder}/tool")
    hive.catalog.add("some", pkgbuild("some", package=BINARY + install_script("tool")))
    hive.refuses("some", "FileConflict", "/usr/local/bin/tool", str(hidden))


def test_program_that_this_machine_has_is_a_conflict(hive):
    hive.catalog.add("some", pkgbuild("some", package=BINARY + install_script("id")))
    hive.refuses("some", "FileConflict", "/usr/local/bin/id")


def test_upgrade_that_would_hide_a_program(hive):
    hive.catalog.add("some")
    hive.installs("some")
    hive.catalog.add("some", pkgbuild("some", version="2.0", package=BINARY + install_script("id")), version="2.0")
    hive.refuses("some", "FileConflict", "/usr/local/bin/id")
    assert hive.workers()["some"]["version"] == "1.0-1"


def test_kept_version_that_somebody_changed_is_checked_like_any_other(hive):
    """Whoever can write there is root; a backup that was put back, or an older hive, may have left anything."""
    hive.catalog.add("some")
    hive.installs("some")
    hive.catalog.add("some", pkgbuild("some", version="2.0"), version="2.0")
    hive.installs("some")
    (kept,) = (hive.state / "kept" / "some").iterdir()
    unit = kept / "pkg/usr/local/lib/systemd/system/evil.service"
    unit.parent.mkdir(parents=True)
    unit.write_text("[Service]\n")
    with open(kept / "list", "ab") as file:
        for folder in ("usr/local/lib", "usr/local/lib/systemd", "usr/local/lib/systemd/system"):
            file.write(f"d 0755 0 0 {folder}\0".encode())
        file.write(b"f 0644 0 0 usr/local/lib/systemd/system/evil.service\0")
    job = hive.fails(roll_back(hive), "PackageInvalid", "/usr/local/lib/systemd/system/evil.service")
    assert "systemd" in job.finished().message


@pytest.mark.parametrize("path", ["/etc/passwd", "/usr/local/../../etc/passwd", "/usr/local/bin/..", "/usr/local", "relative"])
def test_record_that_names_files_of_others_removes_none(hive, path):
    hive.catalog.add("some")
    hive.installs("some")
    victim = hive.foreign_file("/etc/passwd", "root\n")
    hive.restart()
    record_path = hive.state / "workers" / "some.json"
    record = json.loads(record_path.read_text())
    record["files"].append(
        {"path": path, "type": "file", "mode": "0644", "size": 5, "sha256": "8d5b6d5b0a9d9ed0b1a9dfa0a8fd9b6dd0a1a35e32d2fbff9be8a2c5a5f9b6d3"}
    )
    record["directories"].append(path)
    whole = record_path.read_text()
    record_path.write_text(json.dumps(record))
    hive.remove("some").wait()
    assert victim.read_text() == "root\n" and hive.installed("/usr/local").is_dir() | (not record_path.exists())
    if record_path.exists():
        record_path.write_text(whole)
        hive.removes("some")


def test_administrator_may_allow_more_and_status_says_so(hive):
    hive.configuration["Install"] = {"Allow": "/usr/local/include;/usr/local/lib/libsome.so*"}
    hive.catalog.add(
        "some", pkgbuild("some", package=BINARY + install_file("/usr/local/include/some/some.h") + install_file("/usr/local/lib/libsome.so.1"))
    )
    hive.installs("some")
    status = hive.hivectl("status", status=None)
    assert "/usr/local/include" in status.stdout and "/usr/local/lib/libsome.so*" in status.stdout
    assert json.loads(hive.hivectl("status", "--json", status=None).stdout)["install_allow"] == ["/usr/local/include", "/usr/local/lib/libsome.so*"]
    assert hive.call("GetCapabilities")["install_allow"] == ["/usr/local/include", "/usr/local/lib/libsome.so*"]


def test_what_real_workers_bring_is_installed(hive):
    hive.catalog.add(
        "some",
        pkgbuild(
            "some",
            package=BINARY
            + """
cd "$pkgdir"
install -d usr/local/{lib/some,libexec/some,share/{some,licenses/some,doc/some,man/man1,bash-completion/completions,zsh/site-functions,fish/vendor_completions.d,applications,icons/hicolor/48x48/apps}} opt/some/bin
echo lib > usr/local/lib/some/libllama.so.0.1
ln -s libllama.so.0.1 usr/local/lib/some/libllama.so
echo helper > usr/local/libexec/some/helper
echo data > usr/local/share/some/model.json
echo MIT > usr/local/share/licenses/some/LICENSE
echo read > usr/local/share/doc/some/README
echo page > usr/local/share/man/man1/some.1
echo page > usr/local/share/man/man1/some-serve.1
echo 'complete -W serve some' > usr/local/share/bash-completion/completions/some
echo '#compdef some' > usr/local/share/zsh/site-functions/_some
echo 'complete -c some' > usr/local/share/fish/vendor_completions.d/some.fish
printf '[Desktop Entry]\\nType=Application\\nName=Some\\nExec=some\\n' > usr/local/share/applications/org.example.some.desktop
echo picture > usr/local/share/icons/hicolor/48x48/apps/some.png
echo server > opt/some/bin/server
ln -s /opt/some/bin/server usr/local/bin/some-server
""",
        ),
    )
    hive.installs("some")
    hive.removes("some")
    hive.nothing_left()


# links


def test_links_between_prefixes_absolute_and_relative(hive):
    hive.catalog.add(
        "some",
        pkgbuild(
            "some",
            package=BINARY
            + install_file("/opt/some/bin/tool")
            + """
ln -s /opt/some/bin/tool "$pkgdir/usr/local/bin/some-absolute"
ln -sr "$pkgdir/opt/some/bin/tool" "$pkgdir/usr/local/bin/some-relative"
""",
        ),
    )
    hive.installs("some")
    assert os.readlink(hive.installed("/usr/local/bin/some-absolute")) == "/opt/some/bin/tool"
    assert hive.installed("/usr/local/bin/some-relative").read_text() == "evil\n"


@pytest.mark.parametrize("link", ["ln -s /opt/some/bin/some", 'ln -sr "$pkgdir/opt/some/bin/some"'], ids=["absolute", "relative"])
def test_program_of_a_worker_may_be_a_link_to_another_prefix(hive, link):
    package = f"""install -Dm755 /dev/stdin "$pkgdir/opt/some/bin/some" <<<'#!/bin/sh'
install -d "$pkgdir/usr/local/bin"
{link} "$pkgdir/usr/local/bin/between"
ln -s between "$pkgdir/usr/local/bin/some"
"""
    hive.catalog.add("some", pkgbuild("some", package=package))
    hive.installs("some")
    assert hive.installed("/opt/some/bin/some").exists() and os.readlink(hive.installed("/usr/local/bin/some")) == "between"
    assert hive.call("Verify", path="/org/rbee/Hive/worker/some", interface="org.rbee.Hive.Worker") == []
    hive.removes("some")
    hive.nothing_left()


@pytest.mark.parametrize(
    "target, why",
    [
        ("/usr/bin/env", "is a link to what is not in the package"),
        ("some", ""),
        ("/opt/some", "is not a regular file"),
        ("/opt/some/data", "is not executable"),
    ],
)
def test_program_of_a_worker_that_is_a_link_to_no_program_is_refused(hive, target, why):
    package = f"""install -Dm644 /dev/stdin "$pkgdir/opt/some/data" <<<'#!/bin/sh'
install -d "$pkgdir/usr/local/bin"
ln -s {target} "$pkgdir/usr/local/bin/some"
"""
    hive.catalog.add("some", pkgbuild("some", package=package))
    hive.refuses("some", "PackageInvalid", "/usr/local/bin/some", why)


@pytest.mark.parametrize("link", ["/usr/bin/python3", "../../../usr/bin/python3"])
def test_python_environment_links_to_the_systems_python(hive, link):
    hive.catalog.add(
        "some",
        pkgbuild(
            "some",
            package=BINARY
            + f"""
install -d "$pkgdir/opt/some/bin" "$pkgdir/opt/some/lib/python3/site-packages"
ln -s {link} "$pkgdir/opt/some/bin/python3"
ln -s python3 "$pkgdir/opt/some/bin/python"
echo 'import sys' > "$pkgdir/opt/some/lib/python3/site-packages/some.pth"
ln -s lib "$pkgdir/opt/some/lib64"
""",
        ),
    )
    hive.installs("some")
    assert os.readlink(hive.installed("/opt/some/bin/python3")) == link


@pytest.mark.root
def test_link_to_what_a_user_may_write_below_usr(hive):
    mine = hive.foreign_file("/usr/lib/there/tool")
    os.chown(mine, 1000, 1000)
    hive.catalog.add("some", pkgbuild("some", package=BINARY + 'ln -s /usr/lib/there/tool "$pkgdir/usr/local/bin/some-tool"'))
    hive.refuses("some", "PackageInvalid", "/usr/local/bin/some-tool", "user 1000", "install a copy")


@pytest.mark.root
def test_link_into_a_folder_below_usr_that_a_user_may_write(hive):
    """The file is root's, and its folder's owner can put another one there."""
    os.chown(hive.foreign_file("/usr/lib/there/tools/tool").parent.parent, 1000, 1000)
    hive.catalog.add("some", pkgbuild("some", package=BINARY + 'ln -s /usr/lib/there/tools/tool "$pkgdir/usr/local/bin/some-tool"'))
    hive.refuses("some", "PackageInvalid", "/usr/local/bin/some-tool", "user 1000", "install a copy")


@pytest.mark.parametrize("target", ["/etc/shadow", "/home/anna/bin/tool", "/tmp/tool", "../../../root/tool"])
def test_link_elsewhere_is_refused_with_what_to_do(hive, target):
    hive.catalog.add("some", pkgbuild("some", package=BINARY + f'ln -s {target} "$pkgdir/usr/local/bin/some-tool"'))
    hive.refuses("some", "PackageInvalid", "/usr/local/bin/some-tool", "/usr/local or /opt", "install a copy", "--copies")


def test_linked_manual_of_a_distribution_is_followed_and_the_real_path_recorded(hive):
    hive.installed("/usr/local/share").mkdir(parents=True)
    hive.installed("/usr/local/man").mkdir()
    hive.installed("/usr/local/share/man").symlink_to("../man")
    hive.foreign.add("/usr/local/share/man")
    hive.catalog.add("some", pkgbuild("some", package=BINARY + install_file("/usr/local/share/man/man1/some.1")))
    hive.installs("some")
    assert hive.recorded()[0] == {"/usr/local/bin/some", "/usr/local/man/man1/some.1.gz"}
    assert hive.call("Verify", path="/org/rbee/Hive/worker/some", interface="org.rbee.Hive.Worker") == []
    hive.catalog.add("some", pkgbuild("some", version="2.0", package=BINARY + install_file("/usr/local/share/man/man1/some.1")), version="2.0")
    hive.installs("some")
    assert roll_back(hive).wait().result == "done"
    hive.removes("some")
    assert hive.installed("/usr/local/share/man").is_symlink() and hive.installed("/usr/local/man").is_dir()


# folders


@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_folder_that_everybody_may_write_gets_nothing(hive, mode):
    folder = hive.installed("/usr/local/share")
    folder.mkdir(parents=True)
    folder.chmod(mode)
    hive.foreign_file("/usr/local/share/theirs")
    hive.catalog.add("some", pkgbuild("some", package=BINARY + install_file("/usr/local/share/some/data")))
    hive.refuses("some", "Failed", str(folder), "everybody", f"chmod go-w {folder}")
    folder.chmod(folder.stat().st_mode & ~0o022)
    hive.installs("some")


@pytest.mark.root
def test_folder_of_another_user_gets_nothing_and_the_advice_helps(hive):
    folder = hive.foreign_file("/usr/local/share/theirs").parent
    os.chown(folder, 1000, 1000)
    hive.catalog.add("some", pkgbuild("some", package=BINARY + install_file("/usr/local/share/some/data")))
    job = hive.refuses("some", "Failed", str(folder), "user 1000")
    assert os.system(job.finished().message.split('"')[1]) == 0
    hive.installs("some")


# files of the distribution's package manager


def dpkg_install(hive, path, text="of a package\n"):
    """A real package, in a database of dpkg below InstallRoot."""
    tree, database = hive.directory / "deb", hive.root / "var/lib/dpkg"
    for name in ("info", "updates"):
        (database / name).mkdir(parents=True)
    for name in ("status", "available"):
        (database / name).write_text("")
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text("Package: vendor\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n")
    (tree / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
    (tree / path.lstrip("/")).write_text(text)
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "--build", str(tree), str(hive.directory / "vendor.deb")], check=True, stdout=subprocess.DEVNULL
    )
    subprocess.run(
        ["dpkg", f"--root={hive.root}", "--force-not-root,bad-path", f"--log={hive.directory}/dpkg.log", "-i", str(hive.directory / "vendor.deb")],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def pacman_install(hive, path, text="of a package\n"):
    """As pacman 6 leaves it: alpm's local database."""
    folder = hive.root / "var/lib/pacman/local/vendor-1-1"
    folder.mkdir(parents=True)
    (folder / "files").write_text(f"%FILES%\n{path.lstrip('/')}\n\n")
    hive.installed(path).parent.mkdir(parents=True, exist_ok=True)
    hive.installed(path).write_text(text)


INSTALLERS = pytest.mark.parametrize(
    "package",
    [
        pytest.param(dpkg_install, marks=[pytest.mark.root, pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="dpkg is not installed here")]),
        pacman_install,
    ],
)


@INSTALLERS
def test_file_of_a_package_is_a_conflict_that_names_the_package(hive, package):
    package(hive, "/usr/local/bin/some")
    hive.catalog.add("some")
    end = hive.install("some").wait()
    assert end.error == "FileConflict" and "/usr/local/bin/some belongs to package vendor" in end.message
    assert hive.installed("/usr/local/bin/some").read_text() == "of a package\n"


@INSTALLERS
def test_file_that_a_package_took_over_is_neither_replaced_nor_removed(hive, package):
    hive.catalog.add("some")
    hive.installs("some")
    package(hive, "/usr/local/bin/some")
    hive.catalog.add("some", pkgbuild("some", version="2.0"), version="2.0")
    end = hive.install("some").wait()
    assert end.error == "FileConflict" and "belongs to package vendor" in end.message
    job = hive.removes("some")
    assert any("Left in place" in line for line in job.lines())
    assert hive.installed("/usr/local/bin/some").read_text() == "of a package\n"
