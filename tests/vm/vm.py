# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine with a kernel of its own, for what a container cannot show: power cuts, and limits of memory and tasks. qemu emulates it, without
help by the processor, so it runs wherever root does, ten times as slow as this machine; it boots this machine's own files in some eight
seconds."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import types

import kernel
import machine

HERE = pathlib.Path(__file__).resolve().parent
MEMORY = "1G"
# Emulated, it has no use for what costs time and guards against nothing here.
PARAMETERS = "console=ttyS0 quiet panic=-1 rdinit=/init tsc=reliable mitigations=off init_on_alloc=0"
VIRTIOFSD = ("/usr/libexec/virtiofsd", "/usr/lib/qemu/virtiofsd", "/usr/lib/virtiofsd")
# What a machine does at boot beyond a container's that no test needs.
MASKED = (
    "proc-sys-fs-binfmt_misc.automount",
    "systemd-binfmt.service",
    "systemd-logind.service",
    "serial-getty@.service",
    "systemd-pstore.service",
    "systemd-udevd.service",
    "systemd-udev-trigger.service",
)
AGENT = """[Unit]
Description=Runs the tests' commands

[Service]
ExecStart=/usr/bin/python3 /opt/rbee-vm/agent.py
"""


def find_virtiofsd():
    return next((path for path in VIRTIOFSD if os.access(path, os.X_OK)), None)


def obstacle():
    """Why there can be no virtual machine here, or None."""
    if os.geteuid() != 0:
        return "a virtual machine of this machine's own files needs root"
    if os.uname().machine != "x86_64":
        return "the virtual machine is an x86_64 one"
    if not shutil.which("qemu-system-x86_64"):
        return "there is no qemu-system-x86_64 here (Debian: qemu-system-x86)"
    if not find_virtiofsd():
        return "there is no virtiofsd here (Debian: qemu-system-common, later virtiofsd)"
    try:
        kernel.Kernel()
    except kernel.Unavailable as reason:
        return str(reason)
    return None


class VirtualMachine(machine.Copy):
    """Booted by qemu. What is changed in it stays in its memory."""

    qemu = virtiofsd = connection = None

    def prepare(self):
        super().prepare()
        units = self.files / "etc/systemd/system"
        shutil.copytree(HERE / "guest", self.files / "opt/rbee-vm")
        for name in MASKED:
            (units / name).unlink(missing_ok=True)
            (units / name).symlink_to("/dev/null")
        (units / "rbee-vm-agent.service").write_text(AGENT)
        (units / "multi-user.target.wants").mkdir(exist_ok=True)
        (units / "multi-user.target.wants/rbee-vm-agent.service").symlink_to("../rbee-vm-agent.service")
        (self.files / ".dockerenv").unlink(missing_ok=True)  # else systemd takes the machine for a container

    # its life

    # A "pc", though a "microvm" would boot sooner: without a timer to measure its clock by, one boot in three hangs there. One processor:
    # emulated ones wait for each other more than they work.
    def boot(self):
        found = kernel.Kernel()
        initial = found.make_initial(self.directory)
        self.connection, agent = socket.socketpair()
        files = self.directory / "files.socket"
        with open(self.directory / "console", "ab") as console, socket.socket(socket.AF_UNIX) as listener, agent:
            listener.bind(str(files))
            listener.listen()
            quiet = {"stdin": subprocess.DEVNULL, "stdout": console, "stderr": console}
            self.virtiofsd = subprocess.Popen(
                [
                    find_virtiofsd(),
                    f"--fd={listener.fileno()}",
                    "-o",
                    f"source={self.files}",
                    "-o",
                    "cache=always",
                    "-o",
                    "sandbox=chroot",
                    "-o",
                    "log_level=warn",
                ],
                pass_fds=[listener.fileno()],
                **quiet,
            )
            self.qemu = subprocess.Popen(
                [
                    "qemu-system-x86_64",
                    "-nodefaults",
                    "-no-user-config",
                    "-no-reboot",
                    "-display",
                    "none",
                    "-M",
                    "pc,memory-backend=memory",
                    "-accel",
                    "tcg",
                    "-cpu",
                    "max,la57=off",
                    "-smp",
                    "1",
                    "-m",
                    MEMORY,
                    "-object",
                    f"memory-backend-memfd,id=memory,size={MEMORY},share=on",
                    "-kernel",
                    str(found.image),
                    "-initrd",
                    str(initial),
                    "-append",
                    PARAMETERS,
                    "-serial",
                    "stdio",
                    "-chardev",
                    f"socket,id=files,path={files}",
                    "-device",
                    "vhost-user-fs-pci,chardev=files,tag=files",
                    "-chardev",
                    f"socket,id=agent,fd={agent.fileno()}",
                    "-device",
                    "virtio-serial-pci",
                    "-device",
                    "virtserialport,chardev=agent,name=agent",
                ],
                pass_fds=[agent.fileno()],
                **quiet,
            )
        state = self.run("systemctl", "is-system-running", "--wait", status=None, timeout=180).stdout.strip()
        assert state == "running", f"the machine is {state}:\n{self.run('systemctl', '--failed').stdout}\n{self.console()}"

    def power_off(self):
        """The plug is pulled: nothing in the machine notices."""
        if self.connection:
            self.connection.close()
        for process in (self.qemu, self.virtiofsd):
            if process and process.poll() is None:
                process.kill()
                process.wait()

    def close(self):
        self.power_off()
        super().close()

    # in it

    def run(self, *command, user=None, status=0, timeout=60, input=""):
        """Runs a command to its end, as @user (root unless told); @status None: any."""
        timeout *= 2 if os.environ.get("CI") else 1
        self.connection.settimeout(timeout + 10)
        request = {"command": [str(part) for part in command], "user": user, "timeout": timeout, "input": input}
        self.connection.sendall(json.dumps(request).encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            try:
                some = self.connection.recv(1 << 16)
            except TimeoutError:
                raise AssertionError(f"the machine does not answer:\n{self.console()}") from None
            assert some, f"the machine ended ({self.qemu.wait()}):\n{self.console()}"
            answer += some
        done = types.SimpleNamespace(**json.loads(answer))
        if status is not None:
            assert done.status == status, f"{command} ended with {done.status}:\n{done.stdout}\n{done.stderr}"
        return done

    def write(self, path, text):
        self.run("install", "-D", "--mode=644", "/dev/stdin", path, input=text)
