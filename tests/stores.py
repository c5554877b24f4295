# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stores of ready builds for tests: keys, folders, and builds that were made to do harm, signed as an honest one is."""

import hashlib
import io
import json
import pathlib
import subprocess
import tarfile

from gi.repository import GLib

from client import variant
from job import Job

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
RECORD = "application/vnd.rbee.hive.record.v1+json"
TREE = "application/vnd.rbee.hive.tree.v1.tar+zstd"
SIGNATURE = "application/vnd.rbee.hive.signature.v1+minisign"
REF = "org.opencontainers.image.ref.name"


class Signer:
    """A minisign key without a password."""

    def __init__(self, folder, name="builder"):
        folder.mkdir(exist_ok=True)
        self.public, self.secret = folder / f"{name}.pub", folder / f"{name}.key"
        subprocess.run(["minisign", "-G", "-W", "-p", self.public, "-s", self.secret], check=True, capture_output=True)
        self.public.chmod(0o644)
        self.folder = folder

    def sign(self, data):
        file = self.folder / "signed"
        file.write_bytes(data)
        subprocess.run(["minisign", "-S", "-s", self.secret, "-m", file, "-x", self.folder / "signature"], check=True, capture_output=True)
        return (self.folder / "signature").read_bytes()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


class Layout:
    """The folder of a store, as a test looks at it and changes it."""

    def __init__(self, path):
        self.path = path

    @property
    def url(self):
        return f"oci://{self.path}"

    def blob(self, name):
        return self.path / "blobs" / "sha256" / name.removeprefix("sha256:")

    def read(self, name):
        return self.blob(name).read_bytes()

    def put(self, data):
        self.blob(digest(data)).write_bytes(data)
        return {"digest": digest(data), "size": len(data)}

    @property
    def index(self):
        return json.loads((self.path / "index.json").read_text())

    @property
    def tags(self):
        return {entry["annotations"][REF]: entry for entry in self.index["manifests"]}

    def set_tag(self, tag, index):
        """@index: bytes, or what becomes JSON."""
        data = index if isinstance(index, bytes) else compact(index)
        others = [entry for entry in self.index["manifests"] if entry["annotations"][REF] != tag]
        entry = {"mediaType": INDEX, **self.put(data), "annotations": {REF: tag}}
        (self.path / "index.json").write_bytes(compact({"schemaVersion": 2, "mediaType": INDEX, "manifests": [*others, entry]}))

    def builds(self, tag):
        """The builds of a tag: manifests, as JSON."""
        index = json.loads(self.read(self.tags[tag]["digest"]))
        return [json.loads(self.read(entry["digest"])) for entry in index["manifests"]]

    def record(self, tag, number=0):
        return json.loads(self.read(self.builds(tag)[number]["config"]["digest"]))

    def set_builds(self, tag, *manifests):
        self.set_tag(
            tag,
            {"schemaVersion": 2, "mediaType": INDEX, "manifests": [{"mediaType": MANIFEST, **self.put(compact(manifest))} for manifest in manifests]},
        )

    def manifest(self, record, tree, signature):
        """Of texts and bytes."""
        return {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": RECORD, **self.put(record)},
            "layers": [{"mediaType": TREE, **self.put(tree)}, {"mediaType": SIGNATURE, **self.put(signature)}],
        }

    def forge(self, tag, signer, change=None, tree=None):
        """Replaces the build of @tag by one whose record @change has changed, and whose tree is @tree, signed by @signer."""
        build = self.builds(tag)[0]
        record = json.loads(self.read(build["config"]["digest"]))
        data = tree if tree is not None else self.read(build["layers"][0]["digest"])
        record["tree"] = {"mediaType": TREE, "digest": digest(data), "size": len(data)}
        if change:
            change(record)
        text = compact(record)
        self.set_builds(tag, self.manifest(text, data, signer.sign(text)))


def pack(*members):
    """A tree.tar.zst: (TarInfo, bytes or None)…"""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for info, data in members:
            if data is not None:
                info.size = len(data)
            archive.addfile(info, io.BytesIO(data) if data is not None else None)
    return subprocess.run(["zstd", "-q", "-c"], input=file.getvalue(), stdout=subprocess.PIPE, check=True).stdout


def member(name, kind=tarfile.REGTYPE, mode=0o644, **more):
    info = tarfile.TarInfo(name)
    info.type, info.mode = kind, mode
    for key, value in more.items():
        setattr(info, key, value)
    return info


def pushes(hive, worker, **options):
    """Pushes, and expects that to work."""
    job = Job(hive, hive.call("PushWorkerWithOptions", GLib.Variant("(sa{sv})", (worker, {key: variant(value) for key, value in options.items()}))))
    assert job.wait() == ("done", "", ""), job.log_text()
    return job


def said(job):
    """What the phase store told."""
    return [record.text for record in job.records() if record.phase == "store" and record.stream == "note"]


def is_ready(job):
    """It came from a store, and was not built."""
    assert any(line.startswith("✓ Ready build from ") for line in said(job)), job.log_text()
    assert "This was built here" not in job.lines()
    return job


def make_folder(path):
    pathlib.Path(path).mkdir()
    return Layout(pathlib.Path(path))
