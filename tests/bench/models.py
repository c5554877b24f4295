# SPDX-License-Identifier: LGPL-2.1-or-later
"""Models that come: from a hub against curl and sha256sum, and from a file of the same file system."""

import datetime
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

from gi.repository import Gio, GLib

import measure
from client import NAME, PATH
from gguf import gguf
from hub import Hub
from job import Job
from measure import amount, hive_on, seconds

MIB = 1 << 20


def ended(job, start):
    assert job.wait(600) == ("done", "", ""), job.log_text()
    return time.monotonic() - start


def download_seconds(job):
    """From the first byte asked for to the sum."""
    times = {record.text.split()[0]: datetime.datetime.fromisoformat(record.time.replace("Z", "+00:00")) for record in job.records() if record.text}
    return (times["🔐"] - times["⬇"]).total_seconds()


def bench_pull(build):
    """a model from a hub on loopback, with its sum; curl and sha256sum beside it, by turns"""
    size = amount(1024 * MIB, 1 << 20) // 32 * 32
    hive, hub = hive_on(build), Hub()
    reference = hub.put("owner/repo", "large.gguf", gguf(tensors=[("t", (size,), 24, 0)], data=os.urandom(size)))
    hive.configuration["Models"] = {"HubURL": hub.url}
    file = hive.directory / "beside"
    ours, fetch, theirs, sums = [], [], [], []
    try:
        hive.start()
        for _ in range(3):
            start = time.monotonic()
            job = Job(hive, hive.call("PullModel", GLib.Variant("(sa{sv})", (reference, {}))))
            ours.append(ended(job, start))
            fetch.append(download_seconds(job))
            hive.call("RemoveModel", "large")
            if measure.peers:
                theirs.append(seconds(["curl", "-sSL", "-o", file, f"{hub.url}/owner/repo/resolve/main/large.gguf"]))
                sums.append(seconds(["sha256sum", file]))
                file.unlink()
    finally:
        hive.close()
        hub.close()
    rate = {name: size / MIB / min(times) for name, times in (("pull", ours), ("download_alone", fetch)) if times}
    figures = {f"{name}_mib_per_s": round(value) for name, value in rate.items()}
    if theirs:
        curl = size / MIB / min(theirs)
        both = size / MIB / min(a + b for a, b in zip(theirs, sums))
        figures |= {"curl_mib_per_s": round(curl), "curl_and_sha256sum_mib_per_s": round(both)}
        figures |= {"download_to_curl": round(rate["download_alone"] / curl, 2), "pull_to_both": round(rate["pull"] / both, 2)}
    return figures


def bring(hive, path):
    files = Gio.UnixFDList.new()
    with open(path, "rb") as file:
        arguments = GLib.Variant("(ha{sv})", (files.append(file.fileno()), {"name": GLib.Variant("s", "large")}))
    answer, _ = hive.connection.call_with_unix_fd_list_sync(
        NAME, PATH, NAME, "ImportModel", arguments, None, Gio.DBusCallFlags.NONE, 60000, files, None
    )
    return Job(hive, answer.unpack()[0])


def import_obstacle():
    """Why there can be no btrfs here, or None."""
    if os.geteuid() != 0 or not shutil.which("mkfs.btrfs"):
        return "import needs root and mkfs.btrfs"
    if shutil.which("modprobe"):
        subprocess.run(["modprobe", "--quiet", "btrfs"], check=False, stderr=subprocess.DEVNULL)
    return None if "\tbtrfs\n" in pathlib.Path("/proc/filesystems").read_text() else "import needs a kernel that knows btrfs"


def bench_import(build):
    """a model by its descriptor, from a file on the same btrfs; needs root and mkfs.btrfs"""
    if why := import_obstacle():
        sys.exit(why)
    hive, figures = hive_on(build), {}
    image, mount = pathlib.Path(f"{hive.directory}.image"), pathlib.Path(f"{hive.directory}.mount")
    mount.mkdir()
    try:
        with open(image, "wb") as file:
            file.truncate(64 << 30)
        subprocess.run(["mkfs.btrfs", "-q", image], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["mount", "-o", "loop", image, mount], check=True)
        subprocess.run(["cp", "-a", f"{hive.directory}/.", mount], check=True)
        subprocess.run(["mount", "--move", mount, hive.directory], check=True)
        hive.mounts.append(hive.directory)
        hive.start()
        for mib in (amount(64), amount(24 * 1024)):
            path = hive.directory / "large.gguf"
            head = gguf(tensors=[("t", (mib * MIB,), 24, 0)], data=b"")
            path.write_bytes(head)
            with open(path, "r+b") as file:
                os.posix_fallocate(file.fileno(), 0, len(head) + mib * MIB)
            times = []
            for _ in range(5):
                start = time.monotonic()
                times.append(ended(bring(hive, path), start))
                hive.call("RemoveModel", "large")
            figures[f"{mib}_mib_ms"] = round(statistics.median(times) * 1000)
    finally:
        hive.close()
        image.unlink(missing_ok=True)
        mount.rmdir()
    return figures
