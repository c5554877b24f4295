# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds other than this machine's own: on other architectures, and as the packages of distributions that cannot be had here, by the tools of
theirs that Debian has."""

import pathlib

import pytest

import bare

# What builds the hive
NEEDS = ("gcc", "libc6-dev", "meson", "ninja-build", "pkgconf", "gettext", "libsystemd-dev", "libglib2.0-dev", "libjson-glib-dev", "libcurl4-openssl-dev",
         "libgcrypt20-dev", "libseccomp-dev", "git", "bubblewrap", "fakeroot")
FOREIGN = ("rpm", "rpmlint", "makepkg", "pacman-package-manager", "libarchive-tools", "nix-bin")
# What meson and systemd of rpm's distributions define, and Debian's do not.
MACROS = """%debug_package %{nil}
%meson meson setup --prefix=/usr --sysconfdir=/etc --localstatedir=/var --libexecdir=libexec --buildtype=plain build
%meson_build meson compile -C build
%meson_install DESTDIR=%{buildroot} meson install -C build --no-rebuild
%find_lang() /usr/lib/rpm/find-lang.sh %{buildroot} %{*}
%_unitdir /usr/lib/systemd/system
%_sysusersdir /usr/lib/sysusers.d
%_tmpfilesdir /usr/lib/tmpfiles.d
%_udevrulesdir /usr/lib/udev/rules.d
%systemd_post() :
%systemd_preun() :
%systemd_postun_with_restart() :
"""
# rpmlint of a specification: Source0 is a file, and the tests are tools/test's.
KNOWN = ("no-buildroot-tag", "no-%check-section")


def root_with(names, packages, architecture=None):
    def change(root):
        root.run("sh", "-ec", f"apt-get update -qq; apt-get install -qq --no-install-recommends {' '.join(packages)}", timeout=3600)

    return bare.Root("trixie", bare.layer("trixie", names, change, of=" ".join(packages), architecture=architecture), architecture=architecture)


def unit_tests(architecture):
    root = root_with("unit", NEEDS, architecture)
    try:
        bare.copy_source(root.path / "root/source")
        root.run("sh", "-ec", "cd /root/source; meson setup /root/build -Dwerror=true -Dweb=disabled -Doptimization=0; meson compile -C /root/build; "
                 "meson test -C /root/build --print-errorlogs", timeout=3600)
    finally:
        root.close()


@pytest.mark.xdist_group("i386")
def test_i386_builds_and_passes_its_unit_tests():
    unit_tests("i386")


@pytest.mark.xdist_group("arm64")
@pytest.mark.skipif(not pathlib.Path("/proc/sys/fs/binfmt_misc/qemu-aarch64").exists(),
                    reason="the kernel does not know how to run arm64 (Debian: qemu-user-binfmt)")
def test_arm64_builds_and_passes_its_unit_tests():
    unit_tests("arm64")


@pytest.fixture(scope="module")
def packager():
    """A system with the tools of others, and the source as data/packaging/README.md says that it is made."""
    root = root_with("foreign", NEEDS + FOREIGN)
    bare.copy_source(root.path / "srv/source")
    root.run("sh", "-ec", "cd /srv/source; git archive --prefix=rbee-hive-0.1.0/ --output=rbee-hive-0.1.0.tar.gz HEAD; cp data/packaging/PKGBUILD "
             "data/packaging/rbee-hive.install .; useradd --create-home bob; chown -R bob: /srv/source")
    (root.path / "home/bob/.rpmmacros").write_text(MACROS)
    yield root
    root.close()


def as_bob(root, command, **options):
    return root.run("setpriv", "--reuid=bob", "--regid=bob", "--clear-groups", "env", "HOME=/home/bob", "bash", "-ec", f"cd /srv/source; {command}", **options).stdout


@pytest.mark.xdist_group("foreign")
def test_specification_makes_both_packages_and_every_file_is_in_one(packager):
    complaints = as_bob(packager, "rpmlint data/packaging/rbee-hive.spec", status=None)
    assert not [line for line in complaints.splitlines() if ".spec: " in line and not line.endswith(KNOWN) and "invalid-url" not in line], complaints
    as_bob(packager, 'rpmbuild -bb --nodeps --define "_sourcedir $PWD" data/packaging/rbee-hive.spec')
    names = {path.name.rpartition("-0.1.0")[0] for path in packager.path.glob("home/bob/rpmbuild/RPMS/*/*.rpm")}
    assert {"rbee-hive", "rbee-hive-bridge"} <= names


@pytest.mark.xdist_group("foreign")
def test_pkgbuild_makes_both_packages(packager):
    as_bob(packager, "makepkg --nodeps")
    for name, files in (("rbee-hive", {"usr/bin/hivectl", "usr/lib/rbee-hive/rbee-hived", ".INSTALL"}),
                        ("rbee-hive-bridge", {"usr/lib/rbee-hive/rbee-hive-bridge", "usr/lib/systemd/system/rbee-hive-bridge.socket"})):
        listed = set(as_bob(packager, f"bsdtar -tf {name}-0.1.0-1-*.pkg.tar*").splitlines())
        assert files <= listed, sorted(listed)


@pytest.mark.xdist_group("foreign")
def test_flake_can_be_read(packager):
    packager.run("sh", "-ec", "nix-instantiate --parse /srv/source/data/packaging/flake.nix")
