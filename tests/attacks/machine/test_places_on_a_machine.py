# SPDX-License-Identifier: LGPL-2.1-or-later
"""Installing is not running: what was tried on a booted machine with packages that bring more than a worker."""

import pytest

from catalog import install_script, pkgbuild

HELPER = "printf '%s\\n' \"$(id -u)\" >> /run/evil"

SERVICE = """
install -Dm644 /dev/stdin "$pkgdir/usr/local/share/dbus-1/system-services/org.example.Evil.service" <<'FILE'
[D-BUS Service]
Name=org.example.Evil
Exec=/usr/local/bin/evil
User=root
FILE
"""

GENERATOR = """
install -d "$pkgdir/usr/local/lib/systemd/system-generators"
ln -s /usr/local/bin/evil "$pkgdir/usr/local/lib/systemd/system-generators/evil"
"""


@pytest.fixture
def traces(machine):
    path = machine.path("/run/evil")
    path.unlink(missing_ok=True)
    yield path
    path.unlink(missing_ok=True)


def add(hive, more):
    hive.catalog.add("evil", pkgbuild("evil", package=install_script("evil", HELPER) + "\n" + more))


def test_user_cannot_run_an_installed_service_of_the_bus_as_root(hive, machine, traces):
    add(hive, SERVICE)
    result = hive.install("evil").wait()
    machine.run("busctl", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ReloadConfig")
    machine.run(
        "busctl",
        "call",
        "org.freedesktop.DBus",
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus",
        "StartServiceByName",
        "su",
        "org.example.Evil",
        "0",
        user="anna",
        status=None,
    )
    assert not traces.exists(), f"it ran, as {traces.read_text().split()}"
    assert result.error == "PackageInvalid" and "message bus" in result.message
    hive.nothing_left()


def test_reload_of_systemd_runs_no_installed_generator(hive, machine, traces):
    add(hive, GENERATOR)
    result = hive.install("evil").wait()
    machine.run("systemctl", "daemon-reload")
    assert not traces.exists(), f"it ran, as {traces.read_text().split()}"
    assert result.error == "PackageInvalid" and "systemd" in result.message
    hive.nothing_left()


@pytest.mark.parametrize("name", ["ls", "ip"])
def test_command_of_root_stays_what_it_was(hive, machine, traces, name):
    before = machine.run("sh", "-c", f"command -v {name}").stdout
    add(hive, install_script(name, HELPER))
    result = hive.install("evil").wait()
    assert machine.run("sh", "-c", f"{name} >/dev/null 2>&1; command -v {name}").stdout == before
    assert not traces.exists()
    assert result.error == "FileConflict" and f"/usr/local/bin/{name}" in result.message
    hive.nothing_left()


def test_module_beside_scripts_is_not_imported(hive, machine, traces):
    script = machine.path("/usr/local/bin/administrators")
    script.write_text("#!/usr/bin/python3\nimport json\n")
    script.chmod(0o755)
    add(hive, "install -Dm644 /dev/stdin \"$pkgdir/usr/local/bin/json.py\" <<< \"open('/run/evil', 'w').write('imported')\"")
    try:
        result = hive.install("evil").wait()
        machine.run("administrators")
        assert not traces.exists()
        assert result.error == "PackageInvalid" and "/usr/local/bin/json.py" in result.message
    finally:
        script.unlink()


@pytest.mark.parametrize("verb", ["install", "remove"])
def test_folder_of_a_user_below_a_prefix_blocks_nobody(hive, machine, verb):
    """Who may write one folder of a prefix may put what they like where a change is under way."""
    share = machine.path("/usr/local/share/some")
    hive.catalog.add("some", pkgbuild("some", package=install_script("some") + '\ninstall -D /dev/null "$pkgdir/usr/local/share/some/data"'))
    hive.catalog.add("other")
    if verb == "remove":
        hive.installs("some")
    else:
        share.mkdir()
        (share / "data").mkdir()
    machine.run("chown", "-R", "anna:", "/usr/local/share/some")
    try:
        if verb == "install":
            end = hive.install("some").wait()
            assert end.result == "failed" and "/usr/local/share/some" in end.message
        else:
            machine.run("sh", "-c", "cd /usr/local/share/some && rm data && mkdir data && touch data/file", user="anna")
            hive.removes("some")
        hive.installs("other")
        hive.removes("other")
    finally:
        machine.run("rm", "-rf", "/usr/local/share/some")


def test_links_of_the_distribution_and_of_a_python_environment(hive, machine):
    assert machine.path("/usr/local/man").is_symlink(), "Debian's"
    hive.catalog.add(
        "some",
        pkgbuild(
            "some",
            package=install_script("some")
            + """
install -Dm644 /dev/stdin "$pkgdir/usr/local/man/man1/some.1" <<< page
install -d "$pkgdir/opt/some/bin"
ln -s /usr/bin/python3 "$pkgdir/opt/some/bin/python3"
ln -s /opt/some/bin/python3 "$pkgdir/usr/local/bin/some-python"
""",
        ),
    )
    hive.installs("some")
    assert any(path.startswith("/usr/local/share/man/man1/some.1") for path in hive.recorded()[0])
    assert machine.run("some-python", "-c", "print(6 * 7)", user="anna").stdout == "42\n"
    hive.removes("some")
    hive.nothing_left()
