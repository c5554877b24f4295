# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs commands in the virtual machine, one at a time, for VirtualMachine.run(): a line of JSON in, a line of JSON out."""

import glob
import json
import os
import subprocess

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/root"}


def run(request):
    user = request["user"]
    environment = dict(ENVIRONMENT, HOME=f"/home/{user}" if user else "/root")
    command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", *request["command"]] if user else request["command"]
    try:
        done = subprocess.run(
            command,
            input=request["input"].encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd="/",
            timeout=request["timeout"],
        )
        return {"status": done.returncode, "stdout": done.stdout.decode(errors="replace"), "stderr": done.stderr.decode(errors="replace")}
    except OSError as error:
        return {"status": 127, "stdout": "", "stderr": str(error)}
    except subprocess.TimeoutExpired:
        return {"status": 124, "stdout": "", "stderr": f"it took longer than {request['timeout']} s"}


def main():
    port = os.open(glob.glob("/dev/vport*")[0], os.O_RDWR)
    with open(port, "rb", closefd=False) as requests:
        for line in requests:
            answer = memoryview(json.dumps(run(json.loads(line))).encode() + b"\n")
            while answer:
                answer = answer[os.write(port, answer) :]


main()
