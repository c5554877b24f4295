# SPDX-License-Identifier: LGPL-2.1-or-later
"""Models, over HTTP."""

import pytest

from gguf import gguf
from hub import Hub

DATA = gguf()


@pytest.fixture
def hub(hive):
    hub = Hub()
    folder = hive.directory / "models"
    folder.mkdir()
    hive.configuration["Models"] = {"HubURL": hub.url, "Folders": folder}
    (folder / "theirs.gguf").write_bytes(DATA)
    (folder / "cut.gguf").write_bytes(DATA[:40])
    yield hub
    hub.close()


def pull(bridge, headers=None, **fields):
    return bridge.post("/v1/jobs", {"operation": "model_download", **fields}, headers)


def test_models_say_who_uses_them_and_whether_they_can_be_removed(hub, bridge):
    own = bridge.hive.state / "models"
    own.mkdir(parents=True, exist_ok=True)
    (own / "mine.gguf").write_bytes(DATA)
    answer = bridge.get("/v1/models").json
    models = {model["name"]: model for model in answer["models"]}
    assert {name: (model["removable"], model["used_by"]) for name, model in models.items()} == {"mine": (True, []), "theirs": (False, [])}
    assert models["theirs"]["format"] == "gguf" and models["theirs"]["size"] == len(DATA)
    (skipped,) = answer["skipped"]
    assert skipped["path"].endswith("/cut.gguf") and skipped["why"]


def test_model_is_removed_and_that_is_told(hub, bridge):
    own = bridge.hive.state / "models"
    own.mkdir(parents=True, exist_ok=True)
    (own / "mine.gguf").write_bytes(DATA)
    with bridge.events("/v1/events") as events:
        events.until(lambda event: event[0] == "instances")
        assert bridge.delete("/v1/models/mine").json == {"name": "mine", "status": "removed"}
        assert events.until(lambda event: event[0] == "models")[1] == "{}"
    bridge.delete("/v1/models/mine").problem(404, "ModelNotFound")
    bridge.delete("/v1/models/theirs").problem(400, "InvalidArgument", "theirs.gguf", "Folders=")
    bridge.delete("/v1/models/NO%2FWAY").problem(400, "InvalidArgument")


def test_pull_is_a_job_as_any_other(hub, bridge):
    reference = hub.put("owner/repo", "tiny.gguf", DATA)
    with bridge.events("/v1/events") as events:
        events.until(lambda event: event[0] == "instances")
        answer = pull(bridge, {"Idempotency-Key": "k"}, model=reference)
        assert answer.status == 202, answer.text
        job = answer.json["job_id"]
        assert bridge.lines(job)[-2:] == ["✅ The model is there", "[DONE]"]
        events.until(lambda event: event[0] == "models")
    shown = bridge.get(f"/v1/jobs/{job}").json
    assert (shown["operation"], shown["worker_id"], shown["state"]) == ("model_download", "tiny", "done")
    (model,) = [model for model in bridge.get("/v1/models").json["models"] if model["name"] == "tiny"]
    assert model["removable"] and model["source"] == reference
    assert pull(bridge, {"Idempotency-Key": "k"}, model=reference).json["job_id"] == job
    pull(bridge, model=reference).problem(409, "FileConflict", "tiny")


def test_pull_names_a_model_and_a_bare_repository_is_the_hubs(hub, bridge):
    hub.put("owner/repo", "tiny.gguf", DATA)
    answer = pull(bridge, model="owner/repo:tiny.gguf", name="mine")
    assert bridge.lines(answer.json["job_id"])[-1] == "[DONE]"
    assert [model["source"] for model in bridge.get("/v1/models").json["models"] if model["name"] == "mine"] == ["hf:owner/repo:tiny.gguf"]


def test_pull_that_fails_says_so_at_the_end_of_its_stream(hub, bridge):
    answer = pull(bridge, model="owner/nothing")
    assert bridge.lines(answer.json["job_id"])[-1].startswith("[ERROR] ")
    assert bridge.get(f"/v1/jobs/{answer.json['job_id']}").json["error_name"] == "ModelNotFound"
    pull(bridge, model="nonsense").problem(400, "InvalidArgument", "hf:OWNER/REPOSITORY")
    pull(bridge, model="hf:owner/repo", name="NO/WAY").problem(400, "InvalidArgument")
