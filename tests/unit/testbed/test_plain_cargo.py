"""The settings by which pyo3 finds an interpreter, and what cargo's messages say of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyo3_base_python.testbed import plain_cargo
from pyo3_base_python.testbed.evidence import BASE
from pyo3_base_python.testbed.plain_cargo import SIGNATURE, Setting
from pyo3_base_python.testbed.tools import Python

ONE, OTHER = Python("/a/python", "3.11"), Python("/b/python", "3.12")
ENVIRONMENTS = [{"PATH": "/env11/bin:/bin"}, {"PATH": "/env12/bin:/bin"}]
EXECUTED = '{"reason":"build-script-executed","package_id":"pyo3","cfgs":%s}'
FOR_3_11 = EXECUTED % '["Py_3_7","Py_3_11","Py_3_9","Py_GIL_DISABLED"]'


@pytest.mark.parametrize("with_base", [True, False])
def test_each_setting_is_tried_and_most_follow_one_of_another_interpreter(tmp_path: Path, *, with_base: bool) -> None:
    found = list(plain_cargo.settings((ONE, OTHER), ENVIRONMENTS, tmp_path, with_base=with_base))
    names = {name for setting in found for name in setting.variables}
    assert names - {BASE, SIGNATURE} == {"PYO3_PYTHON", "VIRTUAL_ENV", "PATH", "PYO3_CONFIG_FILE"}
    assert (BASE in names) == with_base
    other_than_before = [before.python != after.python for before, after in zip(found, found[1:])]
    assert sum(other_than_before) > len(other_than_before) / 2
    alone = [(next(iter(one.variables)), one.python) for one in found if len(one.variables) == 1]
    for name in ("PYO3_PYTHON", "VIRTUAL_ENV", "PATH"):
        assert {python for named, python in alone if named == name} == {ONE, OTHER}


def test_an_active_environment_is_the_folder_that_has_its_programs(tmp_path: Path) -> None:
    found = plain_cargo.settings((ONE, OTHER), ENVIRONMENTS, tmp_path, with_base=False)
    active = [one.variables["VIRTUAL_ENV"] for one in found if "VIRTUAL_ENV" in one.variables]
    assert set(active) == {"/env11", "/env12"}


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([FOR_3_11], {"3.11"}),
        (["    Checking pyo3", FOR_3_11, EXECUTED % "[]", '{"reason":"compiler-artifact"}'], {"3.11"}),
        ([FOR_3_11, EXECUTED % '["Py_3_8"]'], {"3.11", "3.8"}),
        (["error: no"], set()),
    ],
)
def test_cargo_says_what_crates_were_configured_for(messages: list[str], expected: set[str]) -> None:
    assert plain_cargo.configured_for("\n".join(messages)) == expected


@pytest.mark.parametrize(
    ("setting", "messages", "wrong"),
    [
        (Setting({}, ONE), FOR_3_11, ""),
        (Setting({}, OTHER), FOR_3_11, "configured for 3.11, not for 3.12"),
        (Setting({}, ONE), "", "configured for nothing, not for 3.11"),
        (Setting({}, ONE, "A"), f'{FOR_3_11}\n{{"fresh":true}}', "nothing is compiled, though A has changed"),
        (Setting({}, ONE, "A"), f'{FOR_3_11}\n{{"fresh":false}}', ""),
    ],
)
def test_a_setting_is_misunderstood_if_another_version_is_configured_or_nothing_happens(
    setting: Setting, messages: str, wrong: str
) -> None:
    assert plain_cargo.misunderstood(setting, messages) == wrong
