# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a step asks of the kernel: a program that the recipe compiles tries what the sandbox's filter refuses, and what it must not."""

import pytest

from asking import ALLOWED, OTHER_NUMBERS, REFUSED, answers, asking
from catalog import pkgbuild


@pytest.fixture(params=["a job of the hive", "a build of one's own"])
def asked(request):
    if request.param == "a job of the hive":
        hive = request.getfixturevalue("hive")
        hive.catalog.add("asking", asking("asking"))
        return answers(hive.installs("asking").lines())
    author = request.getfixturevalue("author")
    author.write("PKGBUILD", asking("asking"))
    return answers(author.builds().stdout.splitlines())


def test_steps_are_refused_what_a_build_has_no_use_for_and_left_the_rest(asked):
    for of_function in asked:
        assert {name: of_function[name] for name in REFUSED} == REFUSED
        assert {name: of_function[name] for name in ALLOWED} == dict.fromkeys(ALLOWED, "done")


@pytest.mark.skipif(not OTHER_NUMBERS, reason="this architecture has one set of system call numbers")
def test_calls_by_another_architectures_numbers_do_not_pass_the_filter(asked):
    for of_function in asked:
        assert {name: of_function[name] for name in OTHER_NUMBERS} == OTHER_NUMBERS


def test_every_sandbox_has_the_filter_also_the_one_that_reads_the_recipe(author):
    author.write(
        "PKGBUILD",
        pkgbuild(
            "some",
            extra='pkgver() { grep -o "Seccomp:.*" /proc/self/status >&2; echo 2; }\n'
            'echo "evaluated $(grep Seccomp: /proc/self/status)" >&2; [[ $(grep Seccomp: /proc/self/status) == *2 ]] || exit 1',
        ),
    )
    assert "Seccomp:\t2" in author.builds().stdout
