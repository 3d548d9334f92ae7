"""`pyo3-base-python explain`: why real cargos, behind real front ends, compiled what they did."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any, Callable, NamedTuple

import pytest

from .conftest import FrontEnd, Site, build, pip, uv

Make = Callable[[str], Site]

PLAIN_CRATE = {
    "Cargo.toml": '[package]\nname = "plain"\nversion = "0.1.0"\nedition = "2021"\n',
    "src/main.rs": 'fn main() { println!("ran"); eprintln!("aside"); }\n',
    "build.rs": 'fn main() { println!("cargo:rerun-if-env-changed=PATH"); }\n',
}


class Answer(NamedTuple):
    """The answer of `explain`: the JSON document, what it and the command printed, and the exit code."""

    document: dict[str, Any]
    stdout: str
    stderr: str
    code: int

    @property
    def causes(self) -> list[dict[str, Any]]:
        """The causes of all calls."""
        return [cause for call in self.document["calls"] for cause in call["causes"]]

    @property
    def fresh(self) -> set[str]:
        """The names of all packages that were fresh in some call."""
        return {package["name"] for call in self.document["calls"] for package in call["fresh"]}


def explain(site: Site, command: list[str], *options: str, before: tuple[str, ...] = (), **variables: str) -> Answer:
    """Run `explain` on a command in the site's project; ``before`` goes in front of `explain` itself."""
    file = site.scratch / "why.json"
    file.unlink(missing_ok=True)
    done = subprocess.run(
        [*before, "pyo3-base-python", "explain", "--json", os.fspath(file), *options, "--", *command],
        cwd=site.project,
        env={**site.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert file.exists(), done.stdout + done.stderr
    return Answer(json.loads(file.read_text(encoding="utf-8")), done.stdout, done.stderr, done.returncode)


def names(crates: list[dict[str, Any]]) -> str:
    """The tree of a cause in one line: `a > b` says that `b` followed `a`."""
    return ", ".join(
        " > ".join(filter(None, (crate["package"]["name"], names(crate["followed_by"])))) for crate in crates
    )


@pytest.fixture
def plain(tmp_path: Path, environ: dict[str, str]) -> Site:
    """A crate that needs nothing, with a build script that watches PATH; not built yet."""
    for name, text in PLAIN_CRATE.items():
        path = tmp_path / "plain" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Site(tmp_path / "plain", tmp_path / "scratch", environ)


def test_the_one_root_cause_of_an_isolated_build_without_the_shim(site_of: Make) -> None:
    site = site_of("version_specific")
    first, second = (explain(site, uv(site, site.scratch / "wheels")) for _ in range(2))
    assert second.code == 0, second.stderr
    (switch,) = first.causes
    assert switch["subject"] == "PYO3_CONFIG_FILE", "the crate was built with the shim before"
    assert switch["advice"].startswith("the build before had the shim, and this one did not")
    (cause,) = second.causes
    # What uv says of the environments that it made, and maturin was told.
    old, new = (re.findall(r"Running `maturin .* -i (\S+)", one.stderr)[0] for one in (first, second))
    assert old != new
    assert (cause["subject"], cause["old"], cause["new"]) == ("PYO3_PYTHON", old, new)
    assert names(cause["crates"]) == "pyo3-ffi > pyo3 > version_specific"
    assert cause["watchers"] == ["the build script of pyo3-ffi"]
    assert cause["advice"].startswith("the shim would keep it fresh: pyo3-base-python run -- uv build --wheel")
    assert cause["seconds"] > 0
    report = second.stderr.rpartition("why cargo compiled\n")[2]
    assert (
        f"PYO3_PYTHON changed: 3 crates, {cause['seconds']:.1f} s\n  was {cause['old']}\n  now {cause['new']}\n"
        in report
    )
    (call,) = second.document["calls"]
    assert (call["command"][:2], call["shim"], call["exit_code"]) == (["cargo", "rustc"], False, 0)
    assert "pyo3-macros" in second.fresh


@pytest.mark.parametrize("front_end", [pytest.param(build, id="build"), pytest.param(pip, id="pip")])
def test_behind_other_front_ends(site_of: Make, front_end: FrontEnd) -> None:
    """Also where cargo's output is hidden, as pip does it."""
    site = site_of("version_specific")
    found = explain(site, front_end(site, site.scratch / "wheels"))
    assert found.code == 0, found.stderr
    assert "version_specific" in names([crate for cause in found.causes for crate in cause["crates"]])


@pytest.mark.parametrize(
    ("before", "between"),
    [
        pytest.param(("pyo3-base-python", "run", "--"), (), id="run-explain"),
        pytest.param((), ("pyo3-base-python", "run", "--"), id="explain-run"),
    ],
)
def test_with_the_shim_nothing_is_compiled_and_an_edit_is_the_only_cause(
    site_of: Make, before: tuple[str, ...], between: tuple[str, ...]
) -> None:
    site = site_of("version_specific")
    command = [*between, *uv(site, site.scratch / "wheels")]
    unchanged = explain(site, command, before=before)
    assert unchanged.causes == []
    assert {"pyo3", "version_specific"} <= unchanged.fresh
    assert [call["shim"] for call in unchanged.document["calls"]] == [True]
    assert (
        f"nothing compiled in {unchanged.document['calls'][0]['seconds']:.1f} s, 14 fresh; with the shim"
        in unchanged.stderr
    )

    site.edit("src/lib.rs", "42", "4242")
    edited = explain(site, command, before=before)
    (cause,) = edited.causes
    assert (cause["kind"], cause["what"]) == ("file", "src/lib.rs of version_specific changed")
    assert names(cause["crates"]) == "version_specific"
    assert "the sources changed, as they should" in cause["advice"]
    assert "pyo3" in edited.fresh


def test_maturin_shim(site_of: Make) -> None:
    site = site_of("version_specific")
    found = explain(site, ["maturin-shim", "build", "--release", "-i", site.python])
    assert (found.code, found.causes) == (0, [])
    assert [call["shim"] for call in found.document["calls"]] == [True]


def test_behind_tox_with_the_shim(site_of: Make) -> None:
    site = site_of("version_specific")
    (site.project / "tox.ini").write_text(
        "[tox]\nenv_list = a\n[testenv]\npackage = wheel\nwheel_build_env = .pkg\ncommands = python --version\n"
    )
    found = explain(site, ["pyo3-base-python", "run", "--", "tox", "-e", "a"])
    assert found.code == 0, found.stdout + found.stderr
    assert found.causes == []
    assert "pyo3" in found.fresh


@pytest.mark.quick
def test_a_build_script_that_watches_path_is_named(plain: Site) -> None:
    first = explain(plain, ["cargo", "build"])
    assert [cause["kind"] for cause in first.causes] == ["first build"]
    same = explain(plain, ["cargo", "build"])
    assert same.causes == [], "explain itself must not show on PATH"
    alone = subprocess.run(
        ["cargo", "build", "-v"], cwd=plain.project, env=plain.environ, capture_output=True, check=True
    )
    assert b"Fresh plain" in alone.stderr, "what explain built is what cargo alone builds"
    path = os.pathsep.join(["/tmp/isolated/bin", plain.environ["PATH"]])
    (cause,) = explain(plain, ["cargo", "build"], PATH=path).causes
    assert (cause["subject"], cause["new"], cause["old"]) == ("PATH", path, plain.environ["PATH"])
    assert cause["watchers"] == ["the build script of plain"]
    assert cause["advice"].startswith("the shim can't help here: the build script of plain tracks PATH")


@pytest.mark.quick
def test_two_cargos_in_parallel_are_two_calls(plain: Site, tmp_path: Path) -> None:
    shutil.copytree(plain.project, tmp_path / "other")
    (tmp_path / "other" / "Cargo.toml").write_text(PLAIN_CRATE["Cargo.toml"].replace("plain", "other"))
    found = explain(plain, ["sh", "-c", "cargo build & cargo build --manifest-path ../other/Cargo.toml & wait"])
    assert found.code == 0
    assert sorted(names(call["causes"][0]["crates"]) for call in found.document["calls"]) == ["other", "plain"]


def said(output: str) -> list[str]:
    """The lines of ``output`` but those on time: how long it took, and that another cargo was waited for."""
    return [line for line in output.splitlines() if "Finished" not in line and "Blocking waiting" not in line]


@pytest.mark.quick
def test_what_is_printed_is_what_cargo_alone_prints(plain: Site) -> None:
    explain(plain, ["cargo", "build"])
    command = ["cargo", "run"]
    alone = subprocess.run(command, cwd=plain.project, env=plain.environ, capture_output=True, text=True, check=False)
    found = explain(plain, command)
    told, _, report = found.stderr.partition("why cargo compiled\n")
    assert (found.code, found.stdout) == (alone.returncode, alone.stdout) == (0, "ran\n")
    assert said(told) == said(alone.stderr)
    assert "aside" in told
    assert "nothing compiled" in report


@pytest.mark.quick
def test_a_build_that_fails_has_its_own_exit_code_and_is_explained(plain: Site) -> None:
    explain(plain, ["cargo", "build"])
    (plain.project / "src" / "main.rs").write_text("fn main() { no }\n")
    found = explain(plain, ["cargo", "build"])
    assert found.code == 101
    assert "error[E0425]: cannot find value `no` in this scope" in found.stderr
    assert "Caused by" not in found.stderr
    (cause,) = found.causes
    assert cause["what"] == "src/main.rs of plain changed"
    assert cause["crates"][0]["jobs"][-1]["failed"]
    assert "; it failed with exit code 101" in found.stderr


@pytest.mark.quick
def test_a_users_own_cargo_and_toolchain(plain: Site, cargo: str) -> None:
    found = explain(plain, ["sh", "-c", '"$CARGO" build --quiet'], CARGO=cargo)
    assert [cause["kind"] for cause in found.causes] == ["first build"]
    if "rustup" not in os.path.realpath(cargo):
        pytest.skip("cargo is not rustup's: it takes no +toolchain")
    toolchain = subprocess.run(
        ["rustup", "show", "active-toolchain"], env=plain.environ, capture_output=True, text=True, check=True
    ).stdout.split()[0]
    again = explain(plain, ["cargo", f"+{toolchain}", "build"])
    assert (again.code, again.causes) == (0, [])
    assert again.fresh == {"plain"}


@pytest.mark.quick
def test_a_cargo_that_the_shim_left_alone_says_so_and_why(plain: Site) -> None:
    explain(plain, ["pyo3-base-python", "run", "--", "cargo", "build"])
    found = explain(plain, ["pyo3-base-python", "run", "--", "cargo", "build"])
    (call,) = found.document["calls"]
    assert (call["shim"], call["shim_state"]) == (False, "left alone")
    assert call["left_alone"] == "there is no pyo3 in Cargo.lock, and no interpreter is named"
    assert "with the shim on, which left it alone: there is no pyo3 in Cargo.lock" in found.stderr


@pytest.mark.quick
def test_a_cargo_that_is_started_by_its_name_below_run_is_told_from_the_others(plain: Site) -> None:
    script = ["--", "sh", "-c", 'cargo build; "$CARGO" build; env -u CARGO cargo build']
    past = explain(plain, ["pyo3-base-python", "run", "--no-path", *script])
    assert [call["shim_state"] for call in past.document["calls"]] == ["passed by", "left alone", "off"]
    reached = explain(plain, ["pyo3-base-python", "run", *script])
    assert [call["shim_state"] for call in reached.document["calls"]] == ["left alone"] * 3


def test_an_interpreter_that_a_left_alone_cargo_was_told_of_is_not_blamed_on_a_missing_shim(site_of: Make) -> None:
    site = site_of("version_specific")
    command = ["pyo3-base-python", "run", "--", *uv(site, site.scratch / "wheels")]
    (site.project / ".cargo").mkdir()
    (site.project / ".cargo" / "config.toml").write_text('[env]\nPYO3_CROSS_UNUSED = "1"\n', encoding="utf-8")
    explain(site, command)
    (cause,) = explain(site, command).causes
    assert cause["subject"] == "PYO3_PYTHON"
    assert cause["advice"].startswith(
        "the shim would keep it fresh: it was on, and left this cargo alone: cargo's configuration sets PYO3_CROSS_"
    )
    assert "run --" not in cause["advice"]


@pytest.mark.parametrize("front_end", [("uv", "build"), ("python", "-m", "build")])
def test_a_build_by_way_of_an_sdist_and_its_advice_followed(site_of: Make, front_end: tuple[str, ...]) -> None:
    """What is compiled among the unpacked sources is lost; in the place for sdists it is not."""
    site = site_of("version_specific")
    command = [*front_end, "--out-dir" if front_end[0] == "uv" else "--outdir", os.fspath(site.scratch / "wheels")]
    first = explain(site, command)
    assert first.code == 0, first.stderr
    (cause,) = first.causes
    assert cause["count"] == 14
    assert cause["advice"].startswith("the sources were unpacked from an sdist")
    words = shlex.split(cause["advice"].rpartition(": ")[2])
    assert words == ["pyo3-base-python", "run", "--", *command]
    explain(site, words)
    second = explain(site, words)
    assert (second.code, second.causes) == (0, [])


def test_maturin_and_check_in_turn_and_the_advice_followed(site_of: Make) -> None:
    site = site_of("version_specific")
    subprocess.run(["uv", "venv", "-q", "--python", site.python, site.scratch / "env"], env=site.environ, check=True)
    site.environ["VIRTUAL_ENV"] = os.fspath(site.scratch / "env")
    develop, check = ["maturin-shim", "develop"], ["cargo", "base-python", "build"]
    site.environ["PYO3_SHIM_BUILD_DIR"] = "shared"
    explain(site, develop)
    (cause,) = [one for one in explain(site, check).causes if one["kind"] == "environment variable"]
    assert cause["subject"] == "PYO3_BUILD_EXTENSION_MODULE"
    assert "PYO3_SHIM_BUILD_DIR=auto, the default" in cause["advice"]
    site.environ["PYO3_SHIM_BUILD_DIR"] = "auto"
    # What was built last has cargo's own.
    assert any("it has a build directory of its own" in cause["advice"] for cause in explain(site, develop).causes)
    for _ in range(2):
        rounds = [explain(site, develop), explain(site, check)]
    assert [found.causes for found in rounds] == [[], []]


def test_maturin_and_a_check_that_links_nothing_share_what_is_compiled(site_of: Make) -> None:
    site = site_of("version_specific")
    subprocess.run(["uv", "venv", "-q", "--python", site.python, site.scratch / "env"], env=site.environ, check=True)
    site.environ["VIRTUAL_ENV"] = os.fspath(site.scratch / "env")
    develop, check = ["maturin-shim", "develop"], ["cargo", "base-python", "check"]
    for _ in range(2):
        rounds = [explain(site, develop), explain(site, check)]
    assert [found.causes for found in rounds] == [[], []]
