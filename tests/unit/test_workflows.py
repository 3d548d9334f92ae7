"""The files under `.github/`: they can be read, what they run exists, and nothing is published unchecked."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.documentation.pages import ROOT

GITHUB = ROOT / ".github"
FILES = sorted(GITHUB.rglob("*.yml"))
RELEASE = yaml.safe_load((GITHUB / "workflows" / "release.yml").read_text(encoding="utf-8"))["jobs"]


def steps(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each step with the system that it runs on."""
    jobs = document.get("jobs") or ({"": document["runs"]} if "runs" in document else {})
    for job in jobs.values():
        for step in job.get("steps", ()):
            yield job.get("runs-on", "ubuntu-latest"), step


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_steps_are_shell_and_actions_with_a_version(path: Path) -> None:
    for system, step in steps(yaml.safe_load(path.read_text(encoding="utf-8"))):
        if "uses" in step:
            assert step["uses"].startswith("./") or "@" in step["uses"]
        elif not system.startswith("windows"):
            subprocess.run(["bash", "-n", "-c", step["run"]], check=True)
            # Values of the event would be code.
            assert "${{" not in step["run"]


def test_nothing_is_published_before_all_checks_and_by_no_secret() -> None:
    publish = RELEASE["publish"]
    assert set(publish["needs"]) == {"checks", "build"}
    assert (ROOT / RELEASE["checks"]["uses"]).is_file()
    assert publish["permissions"] == {"id-token": "write"}
    assert publish["environment"] == "pypi"
    assert [name for name, job in RELEASE.items() if "id-token" in job["permissions"]] == ["publish"]
    assert "secrets" not in (GITHUB / "workflows" / "release.yml").read_text(encoding="utf-8")


def test_what_is_published_is_what_was_checked() -> None:
    build = [step.get("run", "") for step in RELEASE["build"]["steps"]]
    assert any("tests.release dist --tag" in run for run in build)
    folders = {
        step["with"]["name"] for step in RELEASE["build"]["steps"] if step.get("uses", "").startswith("actions/up")
    }
    assert folders == {"dist", "notes"}
    assert [step for step in RELEASE["publish"]["steps"] if "run" in step] == []


def test_ci_runs_what_contributors_are_told_to_run() -> None:
    ci = yaml.safe_load((GITHUB / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    assert "bash .ci/run" in [step.get("run") for step in ci["jobs"]["linux"]["steps"]]


def test_ci_runs_tests_on_each_system() -> None:
    ci = yaml.safe_load((GITHUB / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    tested = {
        system for system, step in steps(ci) if "pytest" in step.get("run", "") or ".ci/run" in step.get("run", "")
    }
    assert tested == {"ubuntu-latest", "macos-latest", "windows-latest"}
    assert [job.get("container") for job in ci["jobs"].values() if "container" in job] == ["python:3.12-alpine"]
