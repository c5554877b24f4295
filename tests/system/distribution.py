# SPDX-License-Identifier: LGPL-2.1-or-later
"""Packages of a distribution, made for the tests: a signed repository on the machine itself, in the place of all others."""

import hashlib
import shutil
import subprocess

REPOSITORY = "/srv/repository"
KEYRING = "/etc/apt/keyrings/tests.gpg"


class Repository:
    """A repository of Debian's format that the machine installs from."""

    def __init__(self, machine):
        self.machine = machine
        self.folder = machine.path(REPOSITORY)
        self.keys = machine.path("/root/repository-keys")
        self.packages = {}

        self.folder.mkdir()
        self.keys.mkdir(mode=0o700)
        self.gpg("--quick-generate-key", "tests", "ed25519", "sign", "never")
        machine.path(KEYRING).parent.mkdir(exist_ok=True)
        machine.path(KEYRING).write_bytes(self.gpg("--export"))
        for path in [machine.path("/etc/apt/sources.list"), *machine.path("/etc/apt/sources.list.d").glob("*")]:
            path.unlink(missing_ok=True)
        self.trust(KEYRING)

    def gpg(self, *arguments):
        done = subprocess.run(
            ["gpg", "--homedir", self.keys, "--batch", "--yes", "--passphrase", "", *map(str, arguments)],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
        )
        subprocess.run(["gpgconf", "--homedir", self.keys, "--kill", "gpg-agent"], check=True)  # it would outlive the machine
        return done.stdout

    def trust(self, keyring, **options):
        """What the repository says is believed when a key of @keyring has signed it. @options are those of sources.list(5)."""
        text = " ".join(f"{key}={value}" for key, value in options.items())
        self.machine.path("/etc/apt/sources.list").write_text(f"deb [signed-by={keyring} {text}] file:{REPOSITORY} ./\n")

    def add(self, name, files=(), postinst=None, **fields):
        """A package whose @files are programs that do nothing. It is told of by publish()."""
        tree = self.machine.path("/root/package")
        control = {
            "Package": name,
            "Version": "1.0-1",
            "Architecture": "all",
            "Maintainer": "tests <tests@localhost>",
            "Description": "a package of the tests",
            **fields,
        }
        (tree / "DEBIAN").mkdir(parents=True)
        text = "".join(f"{key.replace('_', '-')}: {value}\n" for key, value in control.items())
        (tree / "DEBIAN/control").write_text(text)
        if postinst:
            (tree / "DEBIAN/postinst").write_text(f"#!/bin/sh\n{postinst}\n")
            (tree / "DEBIAN/postinst").chmod(0o755)
        for file in files:
            path = tree / file.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"#!/bin/sh\necho {name} 1.0\n")
            path.chmod(0o755)
        subprocess.run(["dpkg-deb", "--build", "--root-owner-group", tree, self.folder / f"{name}.deb"], check=True, stdout=subprocess.DEVNULL)
        shutil.rmtree(tree)
        content = (self.folder / f"{name}.deb").read_bytes()
        self.packages[name] = text + (f"Filename: ./{name}.deb\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n")

    def publish(self):
        index = "\n".join(self.packages.values()).encode()
        (self.folder / "Packages").write_bytes(index)
        (self.folder / "Release").write_text(
            f"Origin: tests\nSuite: tests\nCodename: tests\nDate: Mon, 01 Jan 2024 00:00:00 UTC\nSHA256:\n {hashlib.sha256(index).hexdigest()} {len(index)} Packages\n"
        )
        self.gpg("--clearsign", "--output", self.folder / "InRelease", self.folder / "Release")

    def update(self):
        self.machine.run("apt-get", "update")
