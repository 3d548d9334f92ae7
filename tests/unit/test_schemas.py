"""The published schemas of the JSON documents, compared with what the commands write."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from pyo3_base_python.commands import stats
from pyo3_base_python.commands.cli import main
from pyo3_base_python.doctor import report as doctor_report
from pyo3_base_python.doctor.finding import NOTE, OK, PROBLEM, Finding
from pyo3_base_python.explain import document, reasons
from pyo3_base_python.testbed import matrix
from pyo3_base_python.testbed import report as testbed_report
from tests.documentation.pages import PAGES, ROOT
from tests.unit.doctor.support import WELL
from tests.unit.explain.support import STORIES, explained
from tests.unit.testbed.test_report import BAD, GOOD, report_of

SCHEMAS = sorted((PAGES / "schemas").glob("*.json"))


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((PAGES / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def closed(part: Any) -> Any:
    """A schema that allows only the names it describes, so that any other name is found."""
    if isinstance(part, dict):
        part = {key: closed(value) for key, value in part.items()}
        return {**part, "additionalProperties": False} if isinstance(part.get("properties"), dict) else part
    return [closed(each) for each in part] if isinstance(part, list) else part


def hold(text: str, name: str) -> None:
    jsonschema.validate(json.loads(text), closed(schema(name)))


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_a_schema_is_one_and_is_in_the_reference(path: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))
    assert f"schemas/{path.name}" in (PAGES / "reference.md").read_text(encoding="utf-8")


def test_doctor() -> None:
    findings = [Finding(OK, "a", "b"), Finding(NOTE, "a", "b", "c"), Finding(PROBLEM, "a", "b", "c", ("d",))]
    hold(doctor_report.as_json(WELL, findings, nothing_to_do=False), "doctor")
    with pytest.raises(jsonschema.ValidationError):
        hold(doctor_report.as_json(WELL, [Finding("bad", "a", "b")], nothing_to_do=False), "doctor")


@pytest.mark.parametrize("story", STORIES)
def test_explain(story: str) -> None:
    hold(document.render(["uv", "build"], 0, [explained(story)]), "explain")


def test_explain_names_every_kind_of_cause() -> None:
    kinds = {value for name, value in vars(reasons.Kind).items() if name.isupper()}
    assert set(schema("explain")["$defs"]["cause"]["properties"]["kind"]["enum"]) == kinds


@pytest.mark.parametrize("options", [[], ["--unset"]])
def test_env(options: list[str]) -> None:
    done = CliRunner().invoke(main, ["env", "--format", "json", *options], env={"PYO3_SHIM_CARGO": "/bin/true"})
    assert done.exit_code == 0
    hold(done.output, "env")


def test_stats(monkeypatch: pytest.MonkeyPatch) -> None:
    hold(CliRunner().invoke(main, ["stats", "--json"]).output, "stats")
    monkeypatch.setattr(stats, "count", lambda _: [stats.Spared("a", 2, 6, 8.5, 1.0)])
    hold(CliRunner().invoke(main, ["stats", "--json"]).output, "stats")


def test_matrix() -> None:
    for found in (GOOD, BAD):
        hold(testbed_report.as_json(report_of(found)), "matrix")
    hold((ROOT / "patches" / "measured" / "matrix.json").read_text(encoding="utf-8"), "matrix")


def test_matrix_names_every_choice() -> None:
    cell = schema("matrix")["properties"]["cells"]["items"]["properties"]
    for name, choices in (
        ("backend", matrix.BACKENDS),
        ("abi", matrix.ABIS),
        ("front_end", matrix.FRONT_ENDS),
        ("shim", matrix.SHIMS),
    ):
        assert cell[name]["enum"] == list(choices)
