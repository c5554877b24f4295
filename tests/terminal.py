# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program on a terminal of its own."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

from waiting import LEAST


class Terminal:
    """What the program shows, and keys for it. @patience: how many times as long as usual everything may take. A program that is brought
    somewhere else by another, which keys like Ctrl-C are not for, is told to make the terminal its own by `setsid --ctty`: then it is
    not @owned by the other."""

    def __init__(self, *command, environment=None, columns=80, patience=1, owned=True):
        self.shown, self.status, self.patience = "", None, patience
        command = [str(part) for part in command]
        self.fd, other = pty.openpty()
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            for descriptor in range(3):
                os.dup2(other, descriptor)
            if owned:
                fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            # What a shell without job control runs in the background ignores both, and so would all that it starts.
            for number in (signal.SIGINT, signal.SIGQUIT):
                signal.signal(number, signal.SIG_DFL)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            os.execvpe(command[0], command, dict(os.environ) if environment is None else environment)
        os.close(other)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    def read(self):
        """What came next; empty at the end, and where nothing comes for a while."""
        if not select.select([self.fd], [], [], 0.1)[0]:
            return ""
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # nobody has the other side open
            return ""
        self.shown += data.decode("utf-8", "replace")
        return data

    def wait_for(self, text, timeout=LEAST):
        deadline = time.monotonic() + timeout * self.patience
        while text not in self.shown:
            assert time.monotonic() < deadline, f"{text!r} is not on the terminal:\n{self.shown}"
            self.read()

    def is_silent(self):
        """Whether keys are not shown, as for a password."""
        return not termios.tcgetattr(self.fd)[3] & termios.ECHO

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def has_ended(self, timeout=0.5):
        """Whether it ends in that time."""
        deadline = time.monotonic() + timeout
        while self.status is None and time.monotonic() < deadline:
            self.read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def end(self, timeout=LEAST):
        """Waits for its end: the exit status."""
        deadline = time.monotonic() + timeout * self.patience
        while self.status is None:
            assert time.monotonic() < deadline, f"it does not end:\n{self.shown}"
            self.has_ended(1)
        while self.read():
            pass
        return self.status
