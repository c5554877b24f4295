# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bridge, against nginx with nchan, systemd-journal-gatewayd and a bare epoll program."""

import json
import os
import pathlib
import resource
import shutil
import socket
import subprocess
import tempfile
import time

import bridge as bridges
import measure
from catalog import pkgbuild
from client import PATH
from job import Job
from measure import amount, cpu_seconds, hive_on, private_kib
from ports import free_port
from waiting import wait_until

# The bridge. Events of 98 bytes ("data: ", 90 bytes, two newlines), written to the log of a job that does nothing.

EVENT = 98


class Served:
    """A bridge, and a job whose log is ours to write."""

    def __init__(self, build):
        self.build, self.hive = build, hive_on(build, MaxLogSize="4G")
        self.hive.catalog.add("idle", pkgbuild("idle", build="sleep 10000"))
        self.bridge = bridges.Bridge(self.hive).start()
        self.token = self.bridge.token()
        self.jobs = 0

    def job(self):
        """A new one, and how many bytes its stream has had so far."""
        if self.jobs:
            self.bridge.delete(f"/v1/jobs/{self.jobs}")
            Job(self.hive, f"{PATH}/job/{self.jobs}").wait_for_state("cancelled")
        self.jobs = int(self.bridge.install("idle"))
        job = Job(self.hive, f"{PATH}/job/{self.jobs}")
        job.wait_for_line("Starting build")
        time.sleep(0.3)
        return job, sum(len(f"data: {line}\n\n".encode()) for line in job.lines())

    def path(self):
        return f"/v1/jobs/{self.jobs}/stream"

    def cpu(self):
        return cpu_seconds(self.bridge.process.pid)

    def close(self):
        self.bridge.close()
        self.hive.close()


def clock(build, *arguments):
    return [str(build.build / "tests/bench/sse-clock"), *map(str, arguments)]


def clock_json(build, *arguments):
    return json.loads(subprocess.run(clock(build, *arguments), check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)


def start_readers(build, port, path, token, clients, kind, amount, environment=None):
    """Clients that are connected when this returns."""
    readers = subprocess.Popen(
        clock(build, "read", port, path, token, clients, kind, amount),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    readers.stderr.readline()
    return readers


def finish(readers):
    output, complaint = readers.communicate()
    assert readers.returncode == 0, complaint
    return json.loads(output)


def bare(build, clients, events):
    """Seconds and CPU of a bare epoll program that sends the same bytes out of one buffer."""
    server = subprocess.Popen(clock(build, "serve", events), stdout=subprocess.PIPE, text=True)
    port = int(server.stdout.readline())
    done = clock_json(build, "read", port, "/", "-", clients, "bytes", events * EVENT)
    cpu = cpu_seconds(server.pid)
    server.kill()
    server.wait()
    server.stdout.close()
    return done["seconds"], cpu


NCHAN = "/usr/lib/nginx/modules/ngx_nchan_module.so"
GATEWAYD = "/lib/systemd/systemd-journal-gatewayd"


class Nginx:
    """nginx with nchan (Debian: libnginx-mod-nchan), one worker, everything in memory."""

    def __init__(self, messages):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="nchan.", dir="/var/tmp"))
        self.port = free_port()
        (self.directory / "nginx.conf").write_text(f"""
load_module {NCHAN};
worker_processes 1; daemon off; pid {self.directory}/pid; error_log {self.directory}/error.log crit;
events {{ worker_connections 16384; }}
http {{
  access_log off; keepalive_requests 100000000; client_body_temp_path {self.directory}; proxy_temp_path {self.directory};
  fastcgi_temp_path {self.directory}; uwsgi_temp_path {self.directory}; scgi_temp_path {self.directory};
  nchan_max_reserved_memory 2048M;
  server {{
    listen 127.0.0.1:{self.port};
    location = /pub {{ nchan_publisher; nchan_channel_id x; nchan_message_buffer_length {messages}; nchan_message_timeout 1h; }}
    location = /sub {{ nchan_subscriber eventsource; nchan_channel_id x; nchan_subscriber_first_message oldest; }}
  }}
}}
""")
        self.process = subprocess.Popen(["nginx", "-c", str(self.directory / "nginx.conf"), "-p", str(self.directory)], stderr=subprocess.DEVNULL)
        wait_until(self.answers, what="nginx")

    def answers(self):
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def cpu(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return sum(cpu_seconds(int(child)) for child in children)

    def close(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.directory)


def nchan(build, clients, events, live):
    """Seconds and CPU until each client has had every event; None when that takes longer than two minutes, or without nginx."""
    if not measure.peers or not pathlib.Path(NCHAN).exists():
        return None
    server = Nginx(events + 10)
    arguments = (server.port, "/sub", "-", clients, "events", events)
    try:
        if live:
            readers = start_readers(build, *arguments, {"ACCEPT": "text/event-stream"})
            time.sleep(0.5)
            before, start = server.cpu(), time.monotonic()
            subprocess.run(clock(build, "publish", server.port, "/pub", events), check=True, stdout=subprocess.DEVNULL)
        else:
            subprocess.run(clock(build, "publish", server.port, "/pub", events), check=True, stdout=subprocess.DEVNULL)
            time.sleep(0.5)
            before, start = server.cpu(), time.monotonic()
            readers = start_readers(build, *arguments, {"ACCEPT": "text/event-stream"})
        try:
            readers.wait(120)
        except subprocess.TimeoutExpired:
            readers.kill()
            readers.communicate()
            return None
        return finish(readers)["at"] - start, server.cpu() - before
    finally:
        server.close()


def gatewayd(build, clients, events):
    """The same of systemd-journal-gatewayd with a journal of so many entries; it has one thread, as the bridge."""
    if not measure.peers or not pathlib.Path(GATEWAYD).exists():
        return None
    directory = pathlib.Path(tempfile.mkdtemp(prefix="gatewayd.", dir="/var/tmp"))
    port = free_port()
    try:
        entry = b"__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=00000000000000000000000000000001\nMESSAGE=" + b"x" * 90 + b"\n\n"
        subprocess.run(
            ["/lib/systemd/systemd-journal-remote", "-o", directory / "x.journal", "-"],
            check=True,
            stderr=subprocess.DEVNULL,
            input=b"".join(entry % (1700000000000000 + number, number + 1) for number in range(events)),
        )
        server = subprocess.Popen(
            ["systemd-socket-activate", "-l", f"127.0.0.1:{port}", GATEWAYD, "-D", directory], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        time.sleep(0.5)
        try:
            readers = start_readers(build, port, "/entries", "-", clients, "events", events, {"ACCEPT": "text/event-stream"})
            start = time.monotonic()
            try:
                readers.wait(120)
            except subprocess.TimeoutExpired:
                readers.kill()
                readers.communicate()
                return None
            return finish(readers)["at"] - start, cpu_seconds(server.pid)
        finally:
            server.kill()
            server.wait()
    finally:
        shutil.rmtree(directory)


def rates(figures, name, clients, events, measured):
    """Events a second to each client, and CPU of the server per event and client."""
    if not measured:
        return
    seconds, cpu = measured
    figures[f"{name}_events_per_second"] = round(events / seconds)
    figures[f"{name}_cpu_ns_per_event"] = round(cpu / events / clients * 1e9)


def replay_of_bridge(served, clients, events):
    job, before = served.job()
    clock_json(served.build, "write", job.log_path, events, 0)
    time.sleep(0.3)
    cpu = served.cpu()
    done = clock_json(served.build, "read", served.bridge.port, served.path(), served.token, clients, "bytes", before + events * EVENT)
    return done["seconds"], served.cpu() - cpu


def live_of_bridge(served, clients, events):
    job, before = served.job()
    readers = start_readers(served.build, served.bridge.port, served.path(), served.token, clients, "bytes", before + events * EVENT)
    time.sleep(0.5)
    cpu, start = served.cpu(), time.monotonic()
    clock_json(served.build, "write", job.log_path, events, 0)
    return finish(readers)["at"] - start, served.cpu() - cpu


def measured_with(figures, clients, events, ours, base, others):
    """The figures of so many clients: the bridge's, those of a bare program, and of the others (name, events, what was measured)."""
    rates(figures, f"{clients}_bridge", clients, events, ours)
    if base:
        rates(figures, f"{clients}_bare", clients, events, base)
        figures[f"{clients}_times_as_long_as_bare"] = round(ours[0] / base[0], 2)
    for name, their_events, theirs in others:
        rates(figures, f"{clients}_{name}", clients, their_events, theirs)
        if theirs:
            figures[f"{clients}_times_faster_than_{name}"] = round(theirs[0] / their_events / (ours[0] / events), 1)


def best_bare(build, clients, events):
    return min(bare(build, clients, events) for _ in range(amount(3))) if measure.peers else None


def bench_replay(build):
    """200,000 events of 98 bytes from the start of a log to 1 and to 100 clients, as fast as they come, against a bare epoll program
    (the same bytes), nginx with nchan and systemd-journal-gatewayd."""
    figures, events = {}, amount(200_000)
    served = Served(build)
    try:
        for clients in (1, 100):
            ours = min(replay_of_bridge(served, clients, events) for _ in range(amount(3)))
            few, fewer = amount(20_000), amount(200_000 // clients)
            others = [("nchan", few, nchan(build, clients, few, False)), ("gatewayd", fewer, gatewayd(build, clients, fewer))]
            measured_with(figures, clients, events, ours, best_bare(build, clients, events), others)
    finally:
        served.close()
    return figures


def bench_live(build):
    """Events as they are written, as fast as every client gets all of them: 1 and 100 clients, against nginx with nchan."""
    figures = {}
    served = Served(build)
    try:
        for clients, events, few in ((1, amount(2_000_000), amount(50_000)), (100, amount(200_000), amount(10_000))):
            ours = min(live_of_bridge(served, clients, events) for _ in range(amount(3)))
            others = [("nchan", few, nchan(build, clients, few, True))]
            measured_with(figures, clients, events, ours, best_bare(build, clients, events), others)
    finally:
        served.close()
    return figures


def delays(served, count, interval):
    """Of lines that are written so many µs apart, from the log to a client."""
    job, _ = served.job()
    reader = subprocess.Popen(clock(served.build, "delays", served.bridge.port, served.path(), served.token, count), stdout=subprocess.PIPE)
    time.sleep(0.3)
    subprocess.run(clock(served.build, "stamp", job.log_path, count, interval), check=True)
    return json.loads(reader.communicate()[0])


def bench_stream_latency(build):
    """From a line in the log to the client, 5,000 lines, one every 2 ms, beside a bare TCP socket's."""
    many, few = amount(5000), amount(300)
    served = Served(build)
    try:
        base = clock_json(build, "tcp", many, 2000)
        ours, slow = delays(served, many, 2000), delays(served, few, 10000)
    finally:
        served.close()
    return {
        "every_2ms_median_us": ours["median"],
        "every_2ms_p99_us": ours["p99"],
        "every_10ms_median_us": slow["median"],
        "every_10ms_p99_us": slow["p99"],
        "tcp_median_us": base["median"],
        "tcp_p99_us": base["p99"],
    }


def bench_streams(build):
    """The bridge's private memory: idle, with 5,000 idle streams of one job, and what one costs."""
    count = amount(5000)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    served = Served(build)
    try:
        served.job()
        served.bridge.restart()
        time.sleep(1)
        fresh, dirty = private_kib(served.bridge.process.pid), served.bridge.memory("Private_Dirty")
        streams = [served.bridge.events(served.path(), token=served.token) for _ in range(count)]
        for stream in streams:
            assert stream.answer.status == 200
        time.sleep(2)
        full = private_kib(served.bridge.process.pid)
        for stream in streams:
            stream.close()
        time.sleep(2)
        return {
            "idle_private_kib": fresh,
            "idle_without_libraries_code_kib": dirty,
            "with_streams_kib": full,
            "one_stream_bytes": round((full - fresh) * 1024 / count),
            "after_them_kib": private_kib(served.bridge.process.pid),
        }
    finally:
        served.close()
