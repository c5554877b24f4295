# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a recipe can see, reach and leave behind: every function of it is asked."""

import ctypes
import hashlib
import os
import pathlib
import socket
import threading

import pytest

from catalog import HttpCatalog, install_script, pkgbuild
from waiting import unique_seconds, wait_until, with_argument

PHASES = ("prepare", "build", "check", "package")


def everywhere(command, only=PHASES):
    """A recipe whose functions all run @command."""
    functions = "\n".join(f"{phase}() {{\n{command}\n}}" for phase in only if phase != "package")
    package = (command + "\n" if "package" in only else "") + install_script("nosy")
    return pkgbuild("nosy", extra=functions, package=package)


def ask(hive, command, only=PHASES):
    """What @command printed, per phase."""
    hive.catalog.add("nosy", everywhere(command, only))
    job = hive.installs("nosy", check=True)
    answers = {phase: [] for phase in only}
    for record in job.records():
        if record.stream in ("out", "err") and record.phase in answers:
            answers[record.phase].append(record.text)
    return answers


def test_recipe_sees_nothing_of_home_run_root_and_tmp(hive):
    hive.start()
    answers = ask(
        hive,
        'for d in /home /root /run /var /mnt /media /srv /work; do echo "$d: $(ls -A $d 2>/dev/null | tr "\\n" " ")"; done; echo "/tmp: $(ls -A /tmp | tr "\\n" " ")"',
    )
    for phase, lines in answers.items():
        for line in lines:
            folder, _, content = line.partition(": ")
            content = content.split()
            if folder == "/tmp":
                assert set(content) <= {"worker-install", "worker-tools"}, f"{phase}: {line}"
            elif folder == "/var":
                assert set(content) <= {"tmp", "lib", "cache"}, f"{phase}: {line}"
            else:
                assert content == [], f"{phase}: {line}"


def test_temporary_files_lie_in_the_work_tree_wherever_programs_put_them(hive):
    hive.start()
    # Files with a file: in an overlay over another file system they have not the number that folders have.
    for lines in ask(hive, 'for d in "$TMPDIR" /tmp /var/tmp "$srcdir"; do stat -c %d "$(mktemp -p "$d")"; done').values():
        assert len(lines) == 4 and len(set(lines)) == 1


def test_recipe_sees_only_its_own_job(hive):
    secret = hive.directory / "secret-of-the-host"
    secret.write_text("secret")
    answers = ask(
        hive,
        f"cat {secret} {hive.state}/jobs/*/log {hive.directory}/hive.conf /etc/shadow /proc/1/environ 2>/dev/null | head -c 1000 | tr '\\0' ' '; ls {hive.directory} 2>&1 | head -1",
    )
    for phase, lines in answers.items():
        text = "\n".join(lines)
        assert "secret\n" not in text and "metadata" not in text and "StateDirectory" not in text and "root:" not in text, phase
        assert "cannot access" in text, phase


def test_directories_are_as_designed(hive):
    answers = ask(hive, 'echo "$srcdir $pkgdir $startdir"; pwd')
    for lines in answers.values():
        srcdir, pkgdir, startdir = lines[0].split()
        assert (srcdir, pkgdir) == ("/tmp/worker-install/nosy/src", "/tmp/worker-install/nosy/pkg")
        assert startdir.startswith("/tmp/worker-install/nosy")
        assert lines[1] == srcdir


def test_functions_share_srcdir_and_only_package_gets_pkgdir(hive):
    hive.catalog.add(
        "sharing",
        pkgbuild("sharing", extra='prepare() { echo 1 > "$srcdir/made"; }', build='cat made; touch "$pkgdir/early" 2>/dev/null && echo wrote; true'),
    )
    job = hive.installs("sharing")
    assert "1" in job.lines()
    assert not hive.installed("/early").exists()


def test_there_is_no_network_in_check_and_package(hive):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(20)
    port = listener.getsockname()[1]
    hive.configuration["Network"] = {"Allow": f"127.0.0.1:{port}"}
    thread = threading.Thread(target=lambda: [listener.accept() for _ in range(10)], daemon=True)
    thread.start()
    answers = ask(
        hive,
        f"(exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null && echo connected || echo refused; tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' | sort | tr '\\n' ' '; echo",
    )
    assert (answers["prepare"][0], answers["build"][0]) == ("connected", "connected")
    for phase in ("check", "package"):
        assert answers[phase][0] == "refused", phase
        assert answers[phase][1].split() in ([], ["lo"]), phase
    listener.close()


def test_network_steps_are_the_configurations_and_say_so(hive):
    hive.configure("Build", NetworkSteps="build")
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    hive.configuration["Network"] = {"Allow": f"127.0.0.1:{listener.getsockname()[1]}"}
    listener.listen(20)
    answers = ask(hive, f"(exec 3<>/dev/tcp/127.0.0.1/{listener.getsockname()[1]}) 2>/dev/null && echo connected || echo refused")
    assert {phase: lines[0] for phase, lines in answers.items()} == {
        "prepare": "refused",
        "build": "connected",
        "check": "refused",
        "package": "refused",
    }
    listener.close()


def test_without_network_steps_nothing_is_said_about_it(hive):
    hive.configure("Build", NetworkSteps="")
    hive.catalog.add("nosy", everywhere("true"))
    assert not any("Network is on" in line for line in hive.installs("nosy").lines())


DEVICES = "ls /proc/self/net/dev >/dev/null; echo device: $(tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' | sort)"


def has_network(job):
    return [line.split()[-1] for line in job.lines() if line.startswith("device:")]


def test_install_says_whether_its_functions_have_the_network(hive):
    hive.catalog.add("some", pkgbuild("some", extra=f"prepare() {{\n{DEVICES}\n}}", build=DEVICES))
    assert has_network(hive.installs("some")) == ["rbee", "rbee"]
    job = hive.installs("some", reinstall=True, network="forbid")
    assert has_network(job) == ["lo", "lo"] and job.get("Options")["network"] == "forbid"
    hive.stop()
    hive.configure("Build", NetworkSteps="")
    assert has_network(hive.installs("some", reinstall=True)) == ["lo", "lo"]
    job = hive.installs("some", reinstall=True, network="allow")
    assert has_network(job) == ["rbee", "rbee"]
    assert "🌐 Network is on for build() (--network=allow)" in job.lines()
    assert "allow or forbid" in hive.hivectl("install", "--network=maybe", "some", status=2).stderr


def test_catalog_says_which_of_its_recipes_functions_have_the_network(hive):
    hive.configure("Catalog", NetworkSteps="build")
    hive.catalog.add("some", pkgbuild("some", extra=f"prepare() {{\n{DEVICES}\n}}", build=DEVICES))
    assert has_network(hive.installs("some")) == ["lo", "rbee"]


def test_function_that_fails_without_the_network_says_that_it_had_none(hive):
    hive.configure("Build", NetworkSteps="prepare")
    hive.catalog.add("some", pkgbuild("some", build="curl -sS http://git.example.org/lib/json.git || exit 1"))
    job = hive.refuses("some", "BuildFailed")
    said = [line for line in job.lines() if "build()" in line and "NetworkSteps=" in line]
    assert len(said) == 1 and "had no network" in said[0]


def test_function_that_fails_with_the_network_says_nothing_of_it(hive):
    hive.catalog.add("some", pkgbuild("some", build="false"))
    assert not any("no network" in line for line in hive.refuses("some", "BuildFailed").lines())


def test_user_namespaces_are_disabled_inside(hive):
    answers = ask(hive, "unshare --user true 2>/dev/null && echo made || echo denied; unshare --mount true 2>/dev/null && echo made || echo denied")
    for phase, lines in answers.items():
        assert lines == ["denied", "denied"], phase


def test_every_namespace_is_its_own(hive):
    answers = ask(hive, "for n in cgroup ipc mnt net pid user uts; do echo $n $(readlink /proc/self/ns/$n); done")
    for phase, lines in answers.items():
        for line in lines:
            name, value = line.split()
            if name == "net" and phase == "prepare":
                continue
            assert value != os.readlink(f"/proc/self/ns/{name}"), f"{phase}: {name}"


def test_environment_is_clean(hive):
    hive.environment.update(SECRET_TOKEN="hunter2", LD_LIBRARY_PATH="/nowhere", BASH_ENV="/nowhere", http_proxy="http://user:pass@proxy")
    answers = ask(hive, "env -0 | tr '\\0' '\\n'")
    allowed = {
        "CARCH",
        "CHOST",
        "CFLAGS",
        "CXXFLAGS",
        "CPPFLAGS",
        "LDFLAGS",
        "LTOFLAGS",
        "RUSTFLAGS",
        "MAKEFLAGS",
        "DEBUG_CFLAGS",
        "DEBUG_CXXFLAGS",
        "DEBUG_RUSTFLAGS",
        "SOURCE_DATE_EPOCH",
        "PYTHONHASHSEED",
        "HOME",
        "PATH",
        "LANG",
        "LC_ALL",
        "USER",
        "LOGNAME",
        "SHELL",
        "TERM",
        "TMPDIR",
        "PWD",
        "OLDPWD",
        "SHLVL",
        "_",
        "RBEE_FEATURES",
        "FAKEROOTDONTTRYCHOWN",
        "FAKEROOTKEY",
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "FAKED_MODE",
        "CARGO_HOME",
        "GOMODCACHE",
        "GOCACHE",
        "npm_config_cache",
        "PIP_CACHE_DIR",
        "CCACHE_DIR",
        "CCACHE_MAXSIZE",
        "SCCACHE_DIR",
        "SCCACHE_CACHE_SIZE",
        "CARGO_TARGET_DIR",
        "TZ",
        "BUILDDIR",
        "CHROOT",
        "PKGDEST",
        "SRCDEST",
        "NPROC",
        "CMAKE_BUILD_PARALLEL_LEVEL",
        "CARGO_BUILD_JOBS",
        "GOAMD64",
        "HIVE_CPU",
        "MAX_JOBS",
        "HIVE_DEVICES",
    }
    for phase, lines in answers.items():
        names = {line.partition("=")[0] for line in lines}
        assert names <= allowed, f"{phase}: {names - allowed}"
        assert not any("hunter2" in line or "/nowhere" in line or "proxy" in line for line in lines)
        if phase != "package":
            assert not names & {"LD_PRELOAD", "LD_LIBRARY_PATH"}


def test_makepkgs_environment_and_options_are_there(hive):
    answers = ask(
        hive, 'echo "$CARCH|$CHOST|${CFLAGS:+set}|${MAKEFLAGS:+set}|$SOURCE_DATE_EPOCH"; msg one; msg2 two; warning three; error four; umask; id -u'
    )
    for phase, lines in answers.items():
        carch, chost, cflags, makeflags, epoch = lines[0].split("|")
        assert carch == os.uname().machine and chost.startswith(carch) and cflags == makeflags == "set" and epoch.isdigit()
        text = "\n".join(lines)
        for word in ("one", "two", "three", "four"):
            assert word in text, phase
        assert "0022" in lines
    assert "0" in answers["package"]


def test_a_failing_command_ends_a_function(hive):
    hive.catalog.add("strict", pkgbuild("strict", build="false\necho not reached"))
    job = hive.refuses("strict", "BuildFailed")
    assert "not reached" not in job.lines()


@pytest.mark.parametrize("where", PHASES)
def test_nothing_outlives_a_function(hive, where):
    marker = unique_seconds()
    command = f"""
setsid -f sleep {marker} >/dev/null 2>&1 </dev/null
(sleep {marker} &) >/dev/null 2>&1
"""
    hive.catalog.add("nosy", everywhere(command, (where,)))
    hive.installs("nosy", check=True)
    assert not with_argument(marker)
    hive.nothing_left()


def test_a_process_left_in_the_background_does_not_hold_up_the_job(hive):
    hive.catalog.add("lingering", pkgbuild("lingering", build="sleep 86393 &\necho done"))
    hive.installs("lingering")


def test_the_machine_is_read_only(hive):
    answers = ask(
        hive,
        "for d in / /usr /usr/local /usr/local/bin /etc /opt /dev /proc /sys /var; do touch $d/rbee-was-here 2>/dev/null && echo wrote $d; done; true",
        ("build",),
    )
    for line in answers["build"]:
        assert line in ("wrote /", "wrote /dev", "wrote /var"), line  # tmpfs of the sandbox's own
    for folder in ("/", "/usr", "/usr/local", "/usr/local/bin", "/etc", "/opt", "/var"):
        assert not os.path.exists(f"{folder}/rbee-was-here")


def test_files_of_etc_are_as_the_machine_has_them_and_cannot_be_changed(hive):
    files = [path for path in ("/etc/ld.so.cache", "/etc/localtime", "/etc/os-release") if os.path.exists(path)]
    own = ["/etc/passwd", "/etc/group", "/etc/nsswitch.conf"]
    command = f"""
sha256sum {" ".join(files)}
for f in {" ".join(files + own)}; do
  test -s $f || echo none $f
  {{ echo >>$f; }} 2>/dev/null && echo wrote $f
  chmod 777 $f 2>/dev/null && echo changed $f
  rm -f $f 2>/dev/null && echo removed $f
  mv $f /etc/other 2>/dev/null && echo moved $f
done
true
"""
    for phase, lines in ask(hive, command, ("build", "package")).items():
        sums = {path: hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest() for path in files}
        assert lines == [f"{sums[path]}  {path}" for path in files], phase


def test_daemon_of_fakeroot_has_few_descriptors_to_close_and_package_has_all(hive):
    """It closes each one that its limit allows before it answers, and may be allowed a million."""
    command = """
for p in /proc/[0-9]*; do
  [[ $(<$p/comm) != faked* ]] || while read -r line; do [[ $line != "Max open files"* ]] || set -- $line; done <$p/limits
done
echo ${4:-0} $(ulimit -n)
"""
    hive.wrapper = ["prlimit", "--nofile=5000:5000"]
    daemon, own = map(int, ask(hive, command, ("package",))["package"][0].split())
    assert 0 < daemon < 1000
    assert own == 5000


def test_no_devices_but_the_harmless_ones(hive):
    answers = ask(hive, "ls /dev", ("build",))
    names = {name for line in answers["build"] for name in line.split()}
    assert names <= {
        "console",
        "core",
        "fd",
        "full",
        "mqueue",
        "null",
        "ptmx",
        "pts",
        "random",
        "shm",
        "stderr",
        "stdin",
        "stdout",
        "tty",
        "urandom",
        "zero",
    }


def test_no_descriptor_of_the_hives_is_open_inside(hive):
    answers = ask(hive, "for f in /proc/self/fd/*; do readlink $f || true; done 2>/dev/null")
    for phase, lines in answers.items():
        for line in lines:
            assert str(hive.directory) not in line and "/log" not in line and "socket" not in line, f"{phase}: {line}"


def test_no_signal_is_ignored_inside_though_who_started_the_hive_ignores_some(hive):
    hive.wrapper = ["env", "--ignore-signal=HUP,INT,QUIT,USR1"]
    for phase, lines in ask(hive, "grep SigIgn: /proc/self/status").items():
        assert [line.split()[1] for line in lines if "SigIgn" in line] == ["0000000000000000"], phase


def test_terminal_input_cannot_be_forged(hive):
    answers = ask(
        hive,
        "ps -o sid= -p $$ 2>/dev/null; [ -t 0 ] && echo terminal; read -r line && echo input; (exec 3<>/dev/tty) 2>/dev/null && echo tty; true",
        ("build",),
    )
    assert not {"terminal", "input", "tty"} & set(answers["build"])


@pytest.mark.root
def test_as_root_a_recipe_is_not_root(hive):
    answers = ask(
        hive, "while read -r key value _; do case $key in Uid:|CapEff:|CapBnd:|CapPrm:|NoNewPrivs:) echo $key $value;; esac; done < /proc/self/status"
    )
    for phase, lines in answers.items():
        values = dict(line.split(": ") if ": " in line else line.split(":", 1) for line in lines)
        values = {key: value.strip() for key, value in values.items()}
        assert values["CapEff"].strip("0") == "" and values["CapPrm"].strip("0") == "", phase
        assert values["NoNewPrivs"] == "1", phase


@pytest.mark.root
def test_as_root_each_job_has_a_user_of_its_own(hive):

    hive.configure("Jobs", MaxParallel=2)
    for name in ("one", "two"):
        hive.catalog.add(name, pkgbuild(name, build="echo started\nsleep 86394"))
    jobs = [hive.install(name) for name in ("one", "two")]
    for job in jobs:
        job.wait_for_line("started")
    wait_until(lambda: True)
    owners = {os.stat(hive.cache / "work" / job.id).st_uid for job in jobs}
    modes = {os.stat(hive.cache / "work" / job.id).st_mode & 0o777 for job in jobs}
    assert len(owners) == 2 and all(hive.uid_range[0] <= owner <= hive.uid_range[1] for owner in owners)
    assert modes == {0o700}
    for pid, command in hive.processes():
        if "sleep" in command:
            assert pathlib.Path(f"/proc/{pid}").stat().st_uid in owners | {0}
    for job in jobs:
        job.cancel()
    for job in jobs:
        assert job.wait().result == "cancelled"
    hive.nothing_left()


def test_tree_that_cannot_be_written_is_cleaned_up(hive):
    hive.catalog.add(
        "stubborn",
        pkgbuild(
            "stubborn",
            build='mkdir -p "$srcdir/a/b/c"; touch "$srcdir/a/b/c/file"; chmod 000 "$srcdir/a/b/c" "$srcdir/a"; ln -s /etc "$srcdir/link"; mkfifo "$srcdir/fifo"',
        ),
    )
    hive.installs("stubborn")
    hive.nothing_left()
    assert os.path.exists("/etc/passwd")


def test_very_deep_tree_is_cleaned_up(hive):
    hive.catalog.add("deep", pkgbuild("deep", build='cd "$srcdir"; for i in {1..600}; do mkdir d0123456789; cd d0123456789; done'))
    hive.installs("deep")
    hive.nothing_left()


def test_shared_memory_is_bounded(hive):
    hive.catalog.add("nosy", "head -c 300M /dev/zero > /dev/shm/big || pkgver=0\n" + pkgbuild("nosy"))
    hive.configure("Build", EvaluationTimeout=20)
    job = hive.install("nosy")
    job.wait()
    answers = ask(hive, "df --output=size /dev/shm | tail -n +2 | tr -d ' '; touch /dev/there 2>/dev/null && echo wrote; true", ("build",))
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert int(answers["build"][0]) * 1024 <= max(min(memory // 4, 4 << 30), 64 << 20) and len(answers["build"]) == 1


def test_keys_of_who_started_the_hive_are_not_there(hive):
    """Possession of the session keyring is enough to read its keys, whatever the uid and the user namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    add_key, keyctl, join, session = 248, 250, 1, -3
    if os.uname().machine == "x86_64" and libc.syscall(keyctl, join, None) > 0:
        assert libc.syscall(add_key, b"user", b"admin-secret", b"x", ctypes.c_size_t(1), session) > 0
    search = "import ctypes; print(ctypes.CDLL(None).syscall(250, 10, -3, b'user', b'admin-secret', 0) > 0)"
    answers = ask(hive, f'/usr/bin/python3 -c "{search}"')
    assert answers == {phase: ["False"] for phase in PHASES}


def test_functions_use_the_hives_proxy_only_by_the_administrators_word(hive):
    """One may reach what their own network does not have, and its URL may have a password."""
    proxy = HttpCatalog()
    try:
        proxy.answers["http://upstream.invalid/x"] = (200, "text/plain", b"by the proxy\n")
        hive.environment["http_proxy"] = proxy.url
        hive.catalog.add(
            "some", pkgbuild("some", build='echo "proxy: $http_proxy"; curl -s --max-time ${http_proxy:+12}5 http://upstream.invalid/x || true')
        )
        lines = hive.installs("some").lines()
        assert "proxy: " in lines and not proxy.requests
        (told,) = (line for line in lines if "is not told the hive's proxy (http_proxy)" in line)
        assert "http_proxy= in Environment= of [Recipe]" in told and "Allow= of [Network]" in told
        hive.stop()
        hive.configuration["Recipe"] = {"Environment": f"http_proxy={proxy.url}"}
        hive.configuration["Network"] = {"Allow": proxy.url.removeprefix("http://")}
        lines = hive.installs("some", reinstall=True).lines()
        assert "by the proxy" in lines and not any("is not told" in line for line in lines)
    finally:
        proxy.close()
