"""What pyo3 is configured for by plain cargo: each setting by which it finds an interpreter is obeyed, and noticed.

The settings are those of pyo3's guide: PYO3_PYTHON, an active environment, the first python on PATH, and before all of
them a configuration file. Cross compilation is not tried.
"""

from __future__ import annotations

import json
import os
import re
from typing import NamedTuple

from pyo3_base_python.testbed import failures, running
from pyo3_base_python.testbed.evidence import BASE, CONFIG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pyo3_base_python.testbed.tools import Python

__all__ = ["Setting", "check", "settings"]

# With it a front end tells pyo3 of any change in the environment (pyo3 issue 2724).
SIGNATURE = "PYO3_ENVIRONMENT_SIGNATURE"


class Setting(NamedTuple):
    """Variables for cargo, the interpreter that they mean, and the one of them that has ``changed`` if that is all."""

    variables: dict[str, str]
    python: Python
    changed: str = ""


def settings(
    pythons: tuple[Python, Python], environments: Sequence[Mapping[str, str]], folder: Path, *, with_base: bool
) -> Iterator[Setting]:
    """The settings, in an order in which most follow one of the other interpreter: what is not noticed, is seen.

    ``environments`` are the variables of ``tools.environment`` for each of ``pythons``. A configuration file is written
    in ``folder``. ``with_base`` adds settings with ``PYO3_BASE_PYTHON``.
    """
    one, other = pythons
    here, there = (environ["PATH"] for environ in environments)
    active_here, active_there = (
        {"VIRTUAL_ENV": os.path.dirname(path.partition(os.pathsep)[0])} for path in (here, there)
    )
    configuration = folder / "pyo3-config.txt"
    configuration.write_text(f"implementation=CPython\nversion={other.version}\nshared=true\n", encoding="utf-8")
    by_file = {CONFIG: os.fspath(configuration)}
    named = {"PYO3_PYTHON": one.path}
    yield Setting(named, one)
    yield Setting({"PYO3_PYTHON": other.path}, other)
    yield Setting({**named, **active_there}, one)
    yield Setting(active_there, other)
    yield Setting(active_here, one)
    yield Setting({"PATH": there}, other)
    yield Setting({"PATH": here}, one)
    yield Setting(by_file, other)
    if with_base:
        yield Setting(named, one)
        yield Setting({**named, BASE: other.path}, other)
        yield Setting({**named, BASE: one.path}, one)
        yield Setting({**named, BASE: one.path, SIGNATURE: "another"}, one, SIGNATURE)
        yield Setting({**named, BASE: one.path, **by_file}, other)


def check(setting: Setting, environ: Mapping[str, str], crate: Path, log: Path) -> str:
    """Have cargo check pyo3-ffi in ``crate`` by ``setting``: what is wrong with that, empty if nothing is.

    It is no more than checked: what pyo3 was configured for, its build scripts tell cargo.
    """
    variables = {name: value for name, value in environ.items() if name != "VIRTUAL_ENV"}
    variables.update(setting.variables)
    command = [variables["CARGO"], "check", "--release", "--package", "pyo3-ffi", "--message-format=json"]
    status, output = running.run(command, variables, crate, log)
    values = ", ".join(f"{name} is {value.partition(os.pathsep)[0]}" for name, value in setting.variables.items())
    wrong = failures.telling(output) if status else misunderstood(setting, output)
    return f"{wrong}; {values}" if wrong else ""


def misunderstood(setting: Setting, messages: str) -> str:
    """What cargo's ``messages`` of JSON show to be wrong with ``setting``; empty if nothing is."""
    found = configured_for(messages)
    if found != {setting.python.version}:
        return f"configured for {', '.join(sorted(found)) or 'nothing'}, not for {setting.python.version}"
    if setting.changed and '"fresh":false' not in messages:
        return f"nothing is compiled, though {setting.changed} has changed"
    return ""


def configured_for(messages: str) -> set[str]:
    """The versions of Python (``3.11``) that crates were configured for, in cargo's ``messages`` of JSON."""
    found = set()
    for line in messages.splitlines():
        if not line.startswith('{"reason":"build-script-executed"'):
            continue
        versions = (re.match(r"Py_3_(\d+)$", name) for name in json.loads(line)["cfgs"])
        minors = [int(match[1]) for match in versions if match]
        if minors:
            found.add(f"3.{max(minors)}")
    return found
