# SPDX-License-Identifier: LGPL-2.1-or-later
"""Catalogs asked by units: a private one's token is a credential of the unit that needs it, and nothing else's."""

import pytest

from catalog import HttpCatalog, pkgbuild

SPY = 'cat "$srcdir/data"; grep -rl s3[c]ret /proc/self/environ /run /etc /tmp /var 2>/dev/null || true; echo "have $CREDENTIALS_DIRECTORY."'


@pytest.fixture
def private(hive):
    """A catalog that wants a token, on the network that the machine shares with us."""
    catalog = HttpCatalog()
    plain = catalog.answer

    def answer(handler, path):
        if handler.headers.get("Authorization") == "Bearer s3cret-token":
            plain(handler, path)
        else:
            handler.send_response(401)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

    catalog.answer = answer
    hive.configuration["Catalog corp"] = {"URL": catalog.url}
    yield catalog
    del hive.configuration["Catalog corp"]
    catalog.close()


@pytest.mark.parametrize(
    "credential, path", [("/etc/rbee-hive/corp.token", "/etc/rbee-hive/corp.token"), ("corp.token", "/etc/credstore/corp.token")]
)
def test_token_is_a_credential_of_the_unit_alone(hive, machine, private, credential, path):
    file = machine.path(path)
    file.parent.mkdir(exist_ok=True)
    file.write_text("s3cret-token\n")
    file.chmod(0o600)
    try:
        hive.configure("Catalog corp", TokenCredential=credential)
        machine.run("systemctl", "stop", "rbee-hived.service")
        private.add("some", pkgbuild("some", source=["data"], sha256sums=["SKIP"], build=SPY), {"data": "private\n"})
        assert hive.call("GetCatalogWorker", "some")["catalog"] == "corp"
        job = hive.installs("some")
        assert [record.text for record in job.records() if record.phase == "build" and record.stream == "out"] == ["private", "have ."]
        assert "s3cret" not in hive.daemon_log() + job.log_text()
    finally:
        file.unlink()


def test_token_that_is_not_there_is_named(hive, machine, private):
    hive.configure("Catalog corp", TokenCredential="/etc/rbee-hive/nowhere")
    machine.run("systemctl", "stop", "rbee-hived.service")
    private.add("some")
    hive.catalog.add("other")
    hive.installs("other")
    hive.refuses("corp/some", "CatalogUnavailable", "/etc/rbee-hive/nowhere", "TokenCredential=")
