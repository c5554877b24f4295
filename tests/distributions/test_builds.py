# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds other than this machine's own: on other architectures, and as the packages of distributions that cannot be had here, by the tools of
theirs that Debian has."""

import pytest

import bare

# What builds the hive
NEEDS = (
    "gcc",
    "libc6-dev",
    "meson",
    "ninja-build",
    "pkgconf",
    "gettext",
    "libsystemd-dev",
    "libglib2.0-dev",
    "libjson-glib-dev",
    "libcurl4-openssl-dev",
    "libgcrypt20-dev",
    "libarchive-dev",
    "libelf-dev",
    "libseccomp-dev",
    "git",
    "bubblewrap",
    "fakeroot",
)
# Where another architecture's are wanted beside it
LIBRARIES = tuple(name for name in NEEDS if name.startswith("lib") and name != "libc6-dev")
# A compiler of this architecture, and programs of the other by qemu-user: a system of arm64 alone took more than ten minutes to make, as
# each of dpkg's programs is emulated.
CROSS = """[binaries]
c = 'aarch64-linux-gnu-gcc'
ar = 'aarch64-linux-gnu-ar'
strip = 'aarch64-linux-gnu-strip'
pkg-config = 'pkg-config'
exe_wrapper = 'qemu-aarch64'
[properties]
pkg_config_libdir = ['/usr/lib/aarch64-linux-gnu/pkgconfig', '/usr/share/pkgconfig']
[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'aarch64'
endian = 'little'
"""
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


def root_with(name, packages, architecture=None, foreign=None):
    def change(root):
        add = f"dpkg --add-architecture {foreign}; " if foreign else ""
        root.run("sh", "-ec", f"{add}apt-get update -qq; apt-get install -qq --no-install-recommends {' '.join(packages)}", timeout=3600)

    return bare.Root("trixie", bare.layer("trixie", name, change, of=" ".join(packages), architecture=architecture), architecture=architecture)


def unit_tests(root, *options):
    try:
        bare.copy_source(root.path / "root/source")
        (root.path / "root/cross").write_text(CROSS)
        root.run(
            "sh",
            "-ec",
            f"cd /root/source; meson setup /root/build -Dwerror=true -Dweb=disabled -Doptimization=0 {' '.join(options)}; "
            "meson compile -C /root/build; meson test -C /root/build --print-errorlogs",
            timeout=3600,
        )
    finally:
        root.close()


@pytest.mark.xdist_group("i386")
def test_i386_builds_and_passes_its_unit_tests():
    unit_tests(root_with("unit", NEEDS, architecture="i386"))


@pytest.mark.xdist_group("arm64")
def test_arm64_builds_and_passes_its_unit_tests():
    libraries = [f"{name}:arm64" for name in LIBRARIES]
    packages = [name for name in NEEDS if name not in LIBRARIES] + ["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross", "qemu-user", *libraries]
    unit_tests(root_with("arm64-cross", packages, foreign="arm64"), "--cross-file", "/root/cross")


@pytest.fixture(scope="module")
def packager():
    """A system with the tools of others, and the source as data/packaging/README.md says that it is made."""
    root = root_with("foreign", NEEDS + FOREIGN)
    bare.copy_source(root.path / "srv/source")
    root.run(
        "sh",
        "-ec",
        "cd /srv/source; git archive --prefix=rbee-hive-0.1.0/ --output=rbee-hive-0.1.0.tar.gz HEAD; cp data/packaging/PKGBUILD "
        "data/packaging/rbee-hive.install .; useradd --create-home bob; chown -R bob: /srv/source",
    )
    (root.path / "home/bob/.rpmmacros").write_text(MACROS)
    yield root
    root.close()


def as_bob(root, command, **options):
    return root.run(
        "setpriv", "--reuid=bob", "--regid=bob", "--clear-groups", "env", "HOME=/home/bob", "bash", "-ec", f"cd /srv/source; {command}", **options
    ).stdout


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
    for name, files in (
        ("rbee-hive", {"usr/bin/hivectl", "usr/lib/rbee-hive/rbee-hived", ".INSTALL"}),
        ("rbee-hive-bridge", {"usr/lib/rbee-hive/rbee-hive-bridge", "usr/lib/systemd/system/rbee-hive-bridge.socket"}),
    ):
        listed = set(as_bob(packager, f"bsdtar -tf {name}-0.1.0-1-*.pkg.tar*").splitlines())
        assert files <= listed, sorted(listed)


@pytest.mark.xdist_group("foreign")
def test_flake_can_be_read(packager):
    packager.run("sh", "-ec", "nix-instantiate --parse /srv/source/data/packaging/flake.nix")
