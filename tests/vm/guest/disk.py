# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small disk in the virtual machine's memory whose writes can be logged while something is done, and which can be given the content that
a power cut would have left."""

import contextlib
import ctypes
import os
import pathlib
import subprocess

import write_log

PLACE = pathlib.Path("/run/power-cut")
FILES = PLACE / "disk"  # where its file systems are mounted
SIZE, LOG_SIZE = 3 << 20, 64 << 20  # of one file system, and of what is written to them
LOGGED = "logged"
LIBC = ctypes.CDLL(None, use_errno=True)
os.environ["DM_DISABLE_UDEV"] = "1"  # there is none: dmsetup makes the devices itself


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stdout.strip()}")
    return done.stdout.strip()


def call(name, *arguments):
    """A function of libc: mount(8) would take longer than what is tested."""
    if getattr(LIBC, name)(*arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


class Disk:
    """@folders are those of FILES that are file systems of their own ("" is FILES itself); the disk has a part for each."""

    def __init__(self, folders):
        self.folders, self.parts = folders, []
        self.content, self.log = PLACE / "content", PLACE / "log"
        self.cleanup = contextlib.ExitStack()
        PLACE.mkdir(exist_ok=True)

    def __enter__(self):
        self.make_empty(self.content, SIZE * len(self.folders))
        for start in range(0, SIZE * len(self.folders), SIZE):
            run("mkfs.ext4", "-q", "-b", "1024", "-J", "size=1", "-m", "0", "-N", "256", "-E", f"offset={start}", self.content, SIZE >> 10)
            self.parts.append(self.cleanup.enter_context(self.loop(self.content, "--offset", start, "--sizelimit", SIZE)))
        return self

    def __exit__(self, *exception):
        self.cleanup.close()

    @staticmethod
    def make_empty(path, size):
        with open(path, "wb") as file:
            file.truncate(size)

    @staticmethod
    @contextlib.contextmanager
    def loop(file, *options):
        device = run("losetup", "--find", "--show", *options, file)
        try:
            yield device
        finally:
            run("losetup", "--detach", device)

    @staticmethod
    @contextlib.contextmanager
    def mapped(name, table):
        run("dmsetup", "create", name, "--table", table)
        try:
            yield f"/dev/mapper/{name}"
        finally:
            run("dmsetup", "remove", "--retry", name)

    @contextlib.contextmanager
    def mounted(self, parts=None, options=""):
        with contextlib.ExitStack() as stack:
            for folder, part in zip(self.folders, parts or self.parts):
                target = os.fsencode(FILES / folder)
                os.makedirs(target, exist_ok=True)
                call("mount", part.encode(), target, b"ext4", 0, options.encode())
                stack.callback(call, "umount", target)
            yield

    @contextlib.contextmanager
    def logged(self, options):
        """Mounted with @options while its writes are logged. Gives a list that has them when it is unmounted again."""
        entries, sectors = [], SIZE // 512
        self.make_empty(self.log, LOG_SIZE)
        with contextlib.ExitStack() as stack:
            whole, log = (stack.enter_context(self.loop(file)) for file in (self.content, self.log))
            stack.enter_context(self.mapped(LOGGED, f"0 {sectors * len(self.folders)} log-writes {whole} {log}"))
            parts = [
                stack.enter_context(self.mapped(f"part{index}", f"0 {sectors} linear /dev/mapper/{LOGGED} {index * sectors}"))
                for index in range(len(self.folders))
            ]
            stack.enter_context(self.mounted(parts, options))
            yield entries
        entries += write_log.read(self.log)

    @staticmethod
    def mark(text):
        run("dmsetup", "message", LOGGED, "0", "mark", text)

    # while it is not mounted

    def read(self):
        return self.content.read_bytes()

    def write(self, content):
        with open(self.content, "r+b", buffering=0) as file:
            file.write(content)
