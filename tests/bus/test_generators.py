# SPDX-License-Identifier: LGPL-2.1-or-later
"""What generators make of dbus-interfaces/ compiles, and a client of it installs a worker."""

import re
import shutil
import subprocess

import pytest

from build import SOURCE
from test_manual import manual, sections, shown  # noqa: F401

XML = SOURCE / "dbus-interfaces"
INTERFACES = {"hive": "org.rbee.Hive", "hivejob": "org.rbee.Hive.Job", "hiveworker": "org.rbee.Hive.Worker", "hiveinstance": "org.rbee.Hive.Instance"}
pytestmark = pytest.mark.plain


def run(*command, cwd):
    done = subprocess.run([str(word) for word in command], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout[-6000:]}"
    return done.stdout


def flags(*modules):
    return subprocess.run(["pkg-config", "--cflags", "--libs", *modules], check=True, stdout=subprocess.PIPE, text=True).stdout.split()


C_CLIENT = """
#include "hive.h"
#include <stdio.h>

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  g_autoptr (OrgRbeeHive) hive = org_rbee_hive_proxy_new_for_bus_sync (G_BUS_TYPE_SYSTEM, 0, "org.rbee.Hive", "/org/rbee/Hive", NULL, &error);
  g_autoptr (OrgRbeeHiveJob) job = NULL;
  guint64 cursor = 0;
  gboolean ended = FALSE;

  g_assert_no_error (error);
  org_rbee_hive_call_install_worker_sync (hive, argv[1], &path, NULL, &error);
  g_assert_no_error (error);
  job = org_rbee_hive_job_proxy_new_for_bus_sync (G_BUS_TYPE_SYSTEM, 0, "org.rbee.Hive", path, NULL, &error);
  while (!ended)
    {
      g_autoptr (GVariant) records = NULL;
      GVariantIter iter;
      const char *text;

      org_rbee_hive_job_call_read_log_sync (job, cursor, 0, &records, &cursor, &ended, NULL, &error);
      g_assert_no_error (error);
      g_variant_iter_init (&iter, records);
      while (g_variant_iter_loop (&iter, "(tt&s&s&s)", NULL, NULL, NULL, NULL, &text))
        puts (text);
    }
  return 0;
}
"""


def test_client_of_gdbus_codegen_compiles_and_installs_a_worker(hive, tmp_path):
    run(
        "gdbus-codegen",
        "--generate-c-code",
        "hive",
        "--c-generate-autocleanup",
        "all",
        *(XML / f"{name}.xml" for name in INTERFACES.values()),
        cwd=tmp_path,
    )
    (tmp_path / "main.c").write_text(C_CLIENT)
    run("gcc", "-Wall", "-Werror", "-Wno-unused-parameter", "main.c", "hive.c", "-o", "client", *flags("gio-unix-2.0"), cwd=tmp_path)
    hive.catalog.add("some")
    hive.start()
    assert hive.run(tmp_path / "client", "some").stdout.splitlines()[-1] == "done"
    assert set(hive.workers()) == {"some"}


def test_gdbus_codegen_keeps_what_is_said_of_each_argument(tmp_path):
    run("gdbus-codegen", "--generate-docbook", "doc", *(XML / f"{name}.xml" for name in INTERFACES.values()), cwd=tmp_path)
    for name in INTERFACES.values():
        text = (tmp_path / f"doc-{name}.xml").read_text()
        assert "FIXME" not in text and text.count("<listitem><para>") == len(re.findall("<listitem><para>[^<]", text)), name


QT_CLIENT = """
#include "hive.h"
#include "hiveinstance.h"
#include "hivejob.h"
#include "hiveworker.h"
#include <QCoreApplication>
#include <QTextStream>

int main(int argc, char **argv)
{
  QCoreApplication app(argc, argv);
  qDBusRegisterMetaType<HiveLogRecord>();
  qDBusRegisterMetaType<HiveLogRecords>();
  qDBusRegisterMetaType<HiveProblem>();
  qDBusRegisterMetaType<HiveProblems>();
  OrgRbeeHiveInterface hive("org.rbee.Hive", "/org/rbee/Hive", QDBusConnection::systemBus());
  QDBusPendingReply<QDBusObjectPath> path = hive.InstallWorker(argv[1]);
  path.waitForFinished();
  OrgRbeeHiveJobInterface job("org.rbee.Hive", path.value().path(), QDBusConnection::systemBus());
  qulonglong cursor = 0;
  for (bool ended = false; !ended;) {
    auto reply = job.ReadLog(cursor, 0);
    reply.waitForFinished();
    if (reply.isError())
      return 1;
    for (const HiveLogRecord &record : reply.argumentAt<0>())
      QTextStream(stdout) << record.text << "\\n";
    cursor = reply.argumentAt<1>();
    ended = reply.argumentAt<2>();
  }
  OrgRbeeHiveWorkerInterface worker("org.rbee.Hive", "/org/rbee/Hive/worker/some", QDBusConnection::systemBus());
  return worker.Verify().value().isEmpty() ? 0 : 1;
}
"""


def program_of_qt(version, name):
    """Qt 5 and 6, and distributions, each have a folder of their own for these."""
    variables = ("host_bins", "bindir", "libexecdir")
    folders = [
        subprocess.run(["pkg-config", f"--variable={variable}", f"Qt{version}Core"], stdout=subprocess.PIPE, text=True).stdout.strip()
        for variable in variables
    ]
    found = shutil.which(name, path=":".join(folder for folder in folders if folder))
    assert found, f"Qt {version} is here without its {name}"
    return found


@pytest.mark.parametrize("version", [5, 6])
def test_client_of_qdbusxml2cpp_compiles_and_installs_a_worker(hive, manual, tmp_path, version):  # noqa: F811
    """With the header that the manual has."""
    if subprocess.run(["pkg-config", "--exists", f"Qt{version}DBus"]).returncode:
        pytest.skip(f"there is no Qt {version} to build with here")
    text = sections(shown(manual, "org.rbee.Hive.5"))["Qt"]
    block = text[text.index("#pragma once") :]
    (tmp_path / "hive-types.h").write_text("".join(line.removeprefix(" " * 11) + "\n" for line in block.splitlines()))
    for name, interface in INTERFACES.items():
        run(program_of_qt(version, "qdbusxml2cpp"), "-N", "-i", "hive-types.h", "-p", name, XML / f"{interface}.xml", cwd=tmp_path)
    for name in INTERFACES:
        run(program_of_qt(version, "moc"), f"{name}.h", "-o", f"moc_{name}.cpp", cwd=tmp_path)
    # In one unit: most of the compiler's work is what Qt's headers bring.
    (tmp_path / "main.cpp").write_text("".join(f'#include "{part}{name}.cpp"\n' for name in INTERFACES for part in ("", "moc_")) + QT_CLIENT)
    run("g++", "-std=c++17", "-fPIC", "main.cpp", "-o", "client", *flags(f"Qt{version}DBus"), cwd=tmp_path)
    hive.catalog.add("some")
    hive.start()
    assert hive.run(tmp_path / "client", "some").stdout.splitlines()[-1] == "done"
