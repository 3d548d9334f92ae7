"""The stable name of an isolated interpreter: CPython's own redirector, and what it leads to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.support import Wrapper

# What a build script does: it starts what PYO3_PYTHON names, and reads what that prints.
SAYS = "import json, sys, cffi; print(json.dumps([sys.prefix, cffi.__file__, sys.argv[1:], sys.stdin.read()]))"
AWKWARD = ["", "a b", 'q"uo"te', "back\\", "back\\\\ slash\\", "%OS%", "^&|<>", "ä€"]

pytestmark = pytest.mark.promise("fault")


@pytest.fixture
def name(wrapper: Wrapper, environment: Callable[[str], Path]) -> Path:
    """The stable name of an environment called ``one``, by a build."""
    result = wrapper.run("build", PYO3_PYTHON=os.fspath(environment("one")))
    assert result.err == ""
    return wrapper.folder.joinpath(result.environ["PYO3_PYTHON"])


def said(name: Path, *arguments: str, environ: dict[str, str] | None = None, stdin: str = "") -> tuple[int, str, str]:
    done = subprocess.run(
        [name, *arguments],
        env=environ,
        input=stdin.encode(),
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_three_isolated_environments_are_one_for_cargo_and_each_imports_its_requirement(
    wrapper: Wrapper, environment: Callable[[str], Path]
) -> None:
    seen = []
    script = wrapper.folder / "script.py"
    script.write_text(f"import os, subprocess; subprocess.run([os.environ['PYO3_PYTHON'], '-c', {SAYS!r}])")
    for each in ("one", "two", "three"):
        python = environment(each)
        does = f'"{sys.executable}" "{script}"'
        result = wrapper.run("build", PYO3_PYTHON=os.fspath(python), FAKE_CARGO_DOES=does)
        assert (result.code, result.err) == (0, "")
        prefix, module, _, _ = json.loads(result.out)
        assert prefix == os.fspath(python.parents[1])
        assert module.startswith(prefix)
        assert result.environ.pop("PYO3_SHIM_PYTHON") == os.fspath(python)
        seen.append(result.environ)
        shutil.rmtree(python.parents[1])
    assert seen[0] == seen[1] == seen[2]
    assert seen[0]["PYO3_PYTHON"].startswith(os.fspath(wrapper.store))


def test_another_requirement_is_another_name(wrapper: Wrapper, environment: Callable[[str], Path], name: Path) -> None:
    other = environment("other")
    (record,) = (other.parents[1] / "Lib" / "site-packages").glob("cffi-*.dist-info/RECORD")
    record.write_text(record.read_text().replace("sha256=", "sha256=0"))
    assert wrapper.run("build", PYO3_PYTHON=os.fspath(other)).environ["PYO3_PYTHON"] != os.fspath(name)


def test_it_looks_like_an_environment(name: Path) -> None:
    assert name.name == "python.exe"
    assert name.parent.name == "Scripts"
    assert name.parents[1].joinpath("pyvenv.cfg").is_file()
    assert name.read_bytes().startswith(b"MZ")


def test_arguments_streams_and_exit_code_are_handed_on(name: Path, tmp_path: Path) -> None:
    environ = {**os.environ, "PYO3_SHIM_PYTHON": os.fspath(tmp_path / "one" / "Scripts" / "python.exe")}
    code, out, _ = said(name, "-c", SAYS, *AWKWARD, environ=environ, stdin="typed")
    prefix, module, arguments, typed = json.loads(out)
    assert (code, prefix, arguments, typed) == (0, os.fspath(tmp_path / "one"), AWKWARD, "typed")
    assert module.startswith(prefix)
    for ends_with in (7, 255, 0xC0000005):
        code = ends_with - (1 << 32) if ends_with > 1 << 31 else ends_with
        does = f"import sys, os; print('last', file=sys.stderr, flush=True); os._exit({code})"
        assert said(name, "-c", does, environ=environ)[::2] == (ends_with, "last\r\n")


def test_options_of_python_are_the_isolated_interpreters(name: Path, tmp_path: Path) -> None:
    for options in (["-I"], ["-E", "-s"], ["-X", "utf8"], ["-O"]):
        code, out, _ = said(name, *options, "-c", "import sys, cffi; print(sys.prefix, sys.flags.optimize)")
        assert (code, out.split()) == (0, [os.fspath(tmp_path / "one"), str(int(options == ["-O"]))])


def test_a_cleared_environment_leads_to_the_last_one_that_was_built_with(name: Path, tmp_path: Path) -> None:
    """S10: it silently was the base interpreter."""
    environ = {"SYSTEMROOT": os.environ["SYSTEMROOT"]}
    code, out, _ = said(name, "-c", SAYS, environ=environ)
    assert (code, json.loads(out)[0]) == (0, os.fspath(tmp_path / "one"))
    shutil.rmtree(tmp_path / "one")
    code, out, err = said(name, "-c", SAYS, environ=environ)
    assert (code, out) == (127, "")
    assert err == f"pyo3-base-python: the environment that {name} stands for is gone\n".replace("\n", "\r\n")


def test_what_pythonpath_holds_is_not_run_by_the_redirected_base(name: Path, tmp_path: Path) -> None:
    """Pip's isolation sets it, with a sitecustomize."""
    folder = tmp_path / "path"
    folder.mkdir()
    for module in ("subprocess", "sitecustomize"):
        (folder / f"{module}.py").write_text(f"import os; os.write(1, b'{module} ')")
    out = said(name, "-c", "print()", environ={**os.environ, "PYTHONPATH": os.fspath(folder)})[1]
    assert out.split() == ["sitecustomize"]  # once: by the isolated interpreter itself


def test_no_compiled_file_arises_beside_it(name: Path) -> None:
    said(name, "-c", "pass")
    folder = name.parents[1]
    found = {os.fspath(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found == {
        r"Scripts\python.exe",
        "pyvenv.cfg",
        r"Lib\site-packages\isolated.pth",
        "interpreter.txt",
    }


def test_what_was_changed_there_is_put_right_by_the_next_build(wrapper: Wrapper, name: Path, tmp_path: Path) -> None:
    line = name.parents[1] / "Lib" / "site-packages" / "isolated.pth"
    right = line.read_bytes()
    line.write_text("import sys; sys.exit(5)\n")
    python = tmp_path / "one" / "Scripts" / "python.exe"
    assert wrapper.run("build", PYO3_PYTHON=os.fspath(python)).err == ""
    assert line.read_bytes() == right


def test_where_the_base_has_no_redirector_the_path_stays_and_the_log_says_why(
    wrapper: Wrapper, environment: Callable[[str], Path], tmp_path: Path
) -> None:
    """As with embeddable Python."""
    python = environment("one")
    code = python.parents[1] / "Lib" / "site-packages" / "sitecustomize.py"
    library = os.path.dirname(os.__file__)
    code.write_text(f"import os; os.__file__ = {os.fspath(tmp_path / 'Lib' / 'os.py')!r}  # not {library!r}\n")
    log = tmp_path / "log"
    result = wrapper.run("build", PYO3_PYTHON=os.fspath(python), PYO3_SHIM_LOG=os.fspath(log))
    assert result.environ["PYO3_PYTHON"] == os.fspath(python)
    assert "PYO3_SHIM_PYTHON" not in result.environ
    assert "PYO3_CONFIG_FILE" in result.environ
    assert "left alone" in log.read_text()
    assert "has no redirector" in log.read_text()
