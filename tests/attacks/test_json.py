# SPDX-License-Identifier: LGPL-2.1-or-later
"""JSON that two readers could read in two ways, or that is meant to exhaust one: refused alike by the bridge, the builder and the daemon."""

import pytest

DEEP = "[" * 400000

TEXTS = {
    "depth hidden by a comment": '{/*"*/"a":' + DEEP,
    "depth hidden by a line's comment": '{//"\n"a":' + DEEP,
    "depth hidden by single quotes": "{'\"':" + DEEP,
    "depth hidden by an escape": '{\\"a":' + DEEP,
    "depth": '{"a":' + DEEP,
    "depth of objects": '{"a":' * 150000,
    "depth that ends": '{"a":' + "[" * 64 + "]" * 64 + "}",
    "comment": '{/* here */"id":"some"}',
    "comment to the line's end": '{"id":"some"} // here',
    "single quotes": "{'id':'some'}",
    "bare key": '{id:"some"}',
    "key that is there twice": '{"id":"other","id":"some"}',
    "key that is there twice, once escaped": '{"id":"other","\\u0069d":"some"}',
    "comma at the end": '{"id":"some",}',
    "lone surrogate": '{"id":"some\\ud800"}',
    "surrogates the wrong way round": '{"id":"\\udc00\\ud800"}',
    "escaped NUL": '{"id":"some\\u0000"}',
    "NUL": '{"id":"some\0"}',
    "NUL after the end": '{"id":"some"}\0',
    "second value": '{"id":"some"}{"id":"other"}',
    "number that is none": '{"id":0x10}',
    "number too large": '{"id":1e999}',
    "NaN": '{"id":NaN}',
    "line break in a string": '{"id":"so\nme"}',
    "unknown escape": '{"id":"\\x41"}',
    "assignment": 'var x = {"id":"some"};',
}


@pytest.fixture
def roomy(new_bridge):
    return new_bridge.configure(MaxBodySize="1M").start()


@pytest.mark.parametrize("text", TEXTS)
def test_body_in_another_json_is_refused_and_breaks_nothing(roomy, text):
    for path in ("/v1/jobs", "/v1/tokens"):
        roomy.post(path, TEXTS[text].encode()).problem(400, "InvalidArgument", "body", "line ")
    assert roomy.get("/health", token=None).status == 200


@pytest.mark.parametrize("text", TEXTS)
def test_catalog_in_another_json_is_invalid_and_names_its_line(hive, http_catalog, text):
    http_catalog.answers["/workers/some"] = (200, "application/json", TEXTS[text].encode())
    hive.configure("Catalog", URL=http_catalog.url)
    hive.refuses("some", "CatalogInvalid", "not valid JSON: line ")


@pytest.mark.parametrize("text", ["depth hidden by a comment", "comment", "key that is there twice", "lone surrogate"])
def test_record_of_a_worker_in_another_json_is_damaged_and_nobody_elses_matter(hive, text):
    """What the daemon and the commit read from their own disk is read as strictly."""
    hive.catalog.add("some")
    hive.catalog.add("other")
    hive.installs("some")
    hive.installs("other")
    (hive.state / "workers/some.json").write_text(TEXTS[text])
    hive.restart()
    assert set(hive.workers()) == {"other"}


def test_members_and_elements_without_end_are_read_in_time(roomy):
    for body in (
        '{"a":[' + ",".join(["0"] * 400000) + "]}",
        "{" + ",".join(f'"{number}":0' for number in range(80000)) + "}",
        '{"a":"' + "x" * 1000000 + '"}',
    ):
        roomy.post("/v1/jobs", body.encode()).problem(400, "InvalidArgument")
