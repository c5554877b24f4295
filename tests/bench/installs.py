# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whole installs and what is before a build, against makepkg."""

import contextlib
import io
import os
import pathlib
import statistics
import subprocess
import tarfile
import tempfile
import time

import measure
from catalog import pkgbuild, sha256
from measure import SOURCE, Installs, amount, hive_on, makepkg, ordinary_user, seconds


def bench_install(build):
    """A recipe of one echo and one installed script: from InstallWorker to Finished, against makepkg -d --nocheck."""
    recipe = pkgbuild("trivial", build="echo hello")
    hive = hive_on(build)
    ours, theirs, our_cpu, their_cpu = [], [], [], []
    try:
        hive.catalog.add("trivial", recipe)
        installs = Installs(hive, "trivial")
        command, options = makepkg(pathlib.Path(hive.directory) / "makepkg", recipe)
        installs.once()
        for turn in range(amount(12)):
            with cpu_added_to(our_cpu, lambda: measure.cpu_seconds(hive.process.pid, True)):
                ours.append(installs.once())
            if measure.peers and turn % 4 == 0:
                with cpu_added_to(their_cpu):
                    theirs.append(seconds(command, **options))
    finally:
        hive.close()
    return beside(ours, theirs) | cpu_beside(our_cpu, their_cpu)


@contextlib.contextmanager
def cpu_added_to(spent, clock=measure.children_cpu_seconds):
    before = clock()
    yield
    spent.append(clock() - before)


def cpu_beside(ours, theirs):
    """What each took of the processors, which other work on the machine changes less than its time."""
    figures = {"hive_cpu_ms": round(statistics.fmean(ours) * 1e3, 1)}
    if theirs:
        share = statistics.fmean(ours) / statistics.fmean(theirs)
        figures |= {"makepkg_cpu_ms": round(statistics.fmean(theirs) * 1e3, 1), "cpu_share_of_makepkg": round(share, 4)}
    return figures


def beside(ours, theirs):
    """Medians in milliseconds; makepkg's where it was measured."""
    ours = statistics.median(ours)
    figures = {"hive_ms": round(ours * 1e3, 1)}
    if theirs:
        figures |= {"makepkg_ms": round(statistics.median(theirs) * 1e3, 1), "times_faster": round(statistics.median(theirs) / ours, 1)}
    return figures


def bench_recipe(build):
    """A recipe of forty lines is read and written as .SRCINFO, by turns with makepkg --printsrcinfo; then by two at once."""
    case = SOURCE / "tests" / "recipes" / "cases" / "every-field"
    with tempfile.TemporaryDirectory(prefix="rbee-hive-bench.", dir="/var/tmp") as scratch:
        os.chmod(scratch, 0o755)
        config = pathlib.Path(scratch) / "hive.conf"
        config.write_text(f"[Hive]\nLibexecDirectory={build.libexec}\n")
        config.chmod(0o644)
        folder = pathlib.Path(scratch) / "recipe"
        command, options = makepkg(
            folder, (case / "PKGBUILD").read_bytes(), [(name, (case / name).read_bytes()) for name in ("ChangeLog", "probe.install")]
        )
        theirs_command = [*command[: command.index("makepkg")], "makepkg", "--printsrcinfo"]
        ours_command = [
            *ordinary_user(),
            str(build.libexec / "rbee-hive-builder"),
            "--config",
            str(config),
            f"--check={folder / 'PKGBUILD'}",
            "--srcinfo",
        ]
        ours, theirs, our_cpu, their_cpu = [], [], [], []
        for _ in range(amount(7)):
            for _ in range(5):
                with cpu_added_to(our_cpu):
                    ours.append(seconds(ours_command))
            if measure.peers:
                with cpu_added_to(their_cpu):
                    theirs.append(seconds(theirs_command, **options))
        start, count = time.monotonic(), amount(200, 2)
        subprocess.run(
            ["xargs", "-P", "2", "-I{}", *ours_command], input="\n".join(map(str, range(count))), text=True, check=True, stdout=subprocess.DEVNULL
        )
        rate = count / (time.monotonic() - start)
    return {**beside(ours, theirs), **cpu_beside(our_cpu, their_cpu), "recipes_a_second": round(rate)}


# A C project of 200 files: 20 libraries of 9 and 20 programs, with a page each, and a header for each.
FILES = 9
PROJECT_MAKEFILE = """
PARTS = $(basename $(notdir $(wildcard program*.1)))
NUMBERS = $(PARTS:program%=%)
all: $(NUMBERS:%=program%)
.SECONDARY:
.SECONDEXPANSION:
%.o: %.c $(wildcard part*.h)
\t$(CC) $(CFLAGS) -g -fPIC -c -o $@ $<
libpart%.so: $$(addsuffix .o,$$(basename $$(wildcard part$$*_*.c)))
\t$(CC) $(CFLAGS) $(LDFLAGS) -shared -o $@ $^
program%: main%.c libpart%.so
\t$(CC) $(CFLAGS) $(LDFLAGS) -g -o $@ $< -L. -lpart$* -Wl,-rpath,/usr/local/lib/project
install: all
\tinstall -d $(DESTDIR)/usr/local/bin $(DESTDIR)/usr/local/lib/project $(DESTDIR)/usr/local/share/man/man1 $(DESTDIR)/usr/local/share/project
\tinstall -m755 $(NUMBERS:%=program%) $(DESTDIR)/usr/local/bin
\tinstall -m755 *.so $(DESTDIR)/usr/local/lib/project
\tinstall -m644 *.1 $(DESTDIR)/usr/local/share/man/man1
\tinstall -m644 *.h $(DESTDIR)/usr/local/share/project
"""


def project_archive():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:

        def add(name, text):
            member = tarfile.TarInfo(f"project/{name}")
            member.size, member.mode = len(text), 0o644
            tar.addfile(member, io.BytesIO(text.encode()))

        add("Makefile", PROJECT_MAKEFILE)
        for part in range(amount(20)):
            add(f"part{part}.h", "".join(f"int part{part}_{file} (int);\n" for file in range(FILES)))
            add(f"program{part}.1", f".TH PROGRAM{part} 1\n" + "words of a page\n" * 40)
            add(
                f"main{part}.c", f'#include <stdio.h>\n#include "part{part}.h"\nint main (void) {{ printf ("%d\\n", part{part}_0 (1)); return 0; }}\n'
            )
            for file in range(FILES):
                functions = "".join(
                    f'static int step{i} (int n) {{ char text[64]; snprintf (text, sizeof text, "%d", n * {i + 1}); return (int)strlen (text) + n % {i + 2}; }}\n'
                    for i in range(6)
                )
                body = " + ".join(f"step{i} (n)" for i in range(6))
                add(
                    f"part{part}_{file}.c",
                    f'#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include "part{part}.h"\n{functions}int part{part}_{file} (int n) {{ return {body}; }}\n',
                )
    return buffer.getvalue()


def project():
    """The recipe and its files."""
    archive = project_archive()
    recipe = pkgbuild(
        "project",
        source=["project.tar.gz"],
        sha256sums=[sha256(archive)],
        build="make -s -C project",
        package='make -s -C project DESTDIR="$pkgdir" install\ninstall -m755 project/program0 "$pkgdir/usr/local/bin/project"',
    )
    return recipe, {"project.tar.gz": archive}


def bench_project(build):
    """A C project of 200 files, the whole of it from InstallWorker to Finished, against makepkg -d --nocheck with the same flags; and once more with
    ccache, from what the hive kept."""
    recipe, files = project()
    machine = os.uname().machine
    native = "-march=native" if machine == "x86_64" else "-mcpu=native"
    configuration = f"""source /etc/makepkg.conf
CARCH={machine} CHOST={machine}-pc-linux-gnu CFLAGS="{native} -O2 -pipe" CXXFLAGS="{native} -O2 -pipe" LDFLAGS="-Wl,-O1 -Wl,--as-needed" MAKEFLAGS=-j{os.cpu_count()}
"""
    hive = hive_on(build)
    ours, theirs = [], []
    try:
        hive.catalog.add("project", recipe, files)
        installs = Installs(hive, "project")
        command, options = makepkg(pathlib.Path(hive.directory) / "makepkg", recipe, files, configuration)
        for _ in range(amount(3)):
            ours.append(installs.once())
            if measure.peers:
                theirs.append(seconds(command, **options))
        hive.catalog.add("project", recipe.replace("license=", "options=(ccache)\nlicense="), files)
        first, second = installs.once(), min(installs.once() for _ in range(amount(3)))
    finally:
        hive.close()
    return {**beside(ours, theirs), "ccache_first_ms": round(first * 1e3, 1), "ccache_second_ms": round(second * 1e3, 1)}
