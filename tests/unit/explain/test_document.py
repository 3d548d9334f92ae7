"""The answer as JSON keeps what its description promises."""

from __future__ import annotations

import json

import pytest

from pyo3_base_python.explain import document

from .support import STORIES, explained


def test_document_has_what_is_described() -> None:
    call = explained("variable-set")
    content = json.loads(document.render(["uv", "build"], 0, [call]))
    assert (content["version"], content["command"], content["exit_code"]) == (1, ["uv", "build"], 0)
    (found,) = content["calls"]
    assert {name: value for name, value in found.items() if name != "causes"} == {
        "command": ["cargo", "build", "--offline"],
        "cwd": "/home/user/project/top",
        "exit_code": 0,
        "shim": False,
        "shim_state": "off",
        "left_alone": "",
        "shim_did": "",
        "began": 1000.0,
        "seconds": 2.0,
        "silent": False,
        "fresh": [],
    }
    (cause,) = found["causes"]
    (base,) = cause.pop("crates")
    assert cause == {
        "kind": "environment variable",
        "what": "WATCHED changed",
        "subject": "WATCHED",
        "old": None,
        "new": "after",
        "watchers": ["the build script of base"],
        "advice": call.causes[0].advice,
        "count": 2,
        "seconds": round(call.causes[0].seconds, 3),
    }
    assert base["package"] == {"name": "base", "version": "0.2.0", "folder": "/home/user/project/base"}
    assert [job["what"] for job in base["jobs"]] == ["build script, run", "crate"]
    assert base["jobs"][0].keys() == {"what", "started", "ended", "failed"}
    assert base["also_after"] == ""
    assert [crate["package"]["name"] for crate in base["followed_by"]] == ["top"]


@pytest.mark.parametrize("story", STORIES)
def test_every_key_and_no_other_is_described(story: str) -> None:
    def keys(value: object) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*map(keys, value.values()))
        return set().union(*map(keys, value)) if isinstance(value, list) else set()

    content = json.loads(document.render([], 0, [explained(story)]))
    assert document.__doc__ is not None
    assert {key for key in keys(content) if f"``{key}``" not in document.__doc__} == set()
