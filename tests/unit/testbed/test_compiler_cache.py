"""The servers of a shared compiler cache: their statistics are read, and none of them outlives its use."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from pyo3_base_python.testbed import compiler_cache
from pyo3_base_python.testbed.compiler_cache import Counted
from pyo3_base_python.testbed.failures import Exit
from pyo3_base_python.wrapper.errors import ShimError

# As sccache 0.16 has it, of what is read here.
STATISTICS: dict[str, Any] = {
    "stats": {
        "compile_requests": 40,
        "cache_hits": {"counts": {"Rust": 12, "C/C++": 3}},
        "cache_misses": {"counts": {"Rust": 2}},
        "not_cached": {"crate-type": 9, "incremental": 1, "missing input": 5, "-": 2},
    }
}

LOG = """\
[2026-11-23T08:54:22Z DEBUG sccache::compiler::compiler] [proc_macro2]: Cache miss in 0.000 s
[2026-11-23T08:54:22Z DEBUG sccache::compiler::compiler] [proc_macro2]: Compiled but failed, not storing in cache
[2026-11-23T08:54:22Z DEBUG sccache::compiler::compiler] [pyo3_ffi]: Cache hit in 0.005 s
[2026-11-23T08:54:22Z DEBUG sccache::compiler::compiler] [pyo3]: Cache miss in 0.000 s
[2026-11-23T08:54:25Z DEBUG sccache::compiler::compiler] [pyo3]: Compiled in 3.060 s, storing in cache
[2026-11-23T08:54:25Z DEBUG sccache::compiler::compiler] [libc]: Compiled in 3.060 s, storing in cache
"""


def program(folder: Path, name: str, script: str) -> dict[str, str]:
    """The variables of a shell that finds a program ``name`` first."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o700)
    return {"PATH": os.pathsep.join([os.fspath(folder), os.environ["PATH"]])}


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_calls_for_a_crate_are_counted_and_others_are_not() -> None:
    found = compiler_cache.counted(json.dumps(STATISTICS))
    assert found == Counted(hits=12, misses=2, not_cacheable=10)
    assert found.asked == 24


def test_a_server_that_has_done_nothing_yet() -> None:
    empty: dict[str, Any] = {"stats": {"cache_hits": {"counts": {}}, "cache_misses": {"counts": {}}, "not_cached": {}}}
    assert compiler_cache.counted(json.dumps(empty)) == Counted(0, 0, 0)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"stats": 1}', '{"stats": {"cache_hits": {"counts": 1}}}'])
def test_other_statistics_are_told(text: str) -> None:
    with pytest.raises(ShimError) as caught:
        compiler_cache.counted(text)
    assert "sccache" in caught.value.what
    assert caught.value.hint


def test_what_is_compiled_was_missed_and_a_trial_of_a_build_script_was_not() -> None:
    assert compiler_cache.missed(LOG) == ("libc", "pyo3")


def test_a_cache_of_the_users_own_is_left_out() -> None:
    environ = {"SCCACHE_BUCKET": "mine", "SCCACHE_GHA_ENABLED": "on", "PATH": "/bin"}
    assert compiler_cache.without_settings(environ) == {"PATH": "/bin"}


def test_a_missing_program_is_told_with_what_to_install(tmp_path: Path) -> None:
    nothing = {"PATH": os.fspath(tmp_path)}
    contexts = {
        "redis-server": compiler_cache.served(nothing, tmp_path / "log"),
        "sccache": compiler_cache.on_a_machine("unix://localhost/socket", nothing, tmp_path / "log"),
    }
    for name, context in contexts.items():
        with pytest.raises(ShimError, match=f"there is no {name} on PATH") as caught, context:
            pass
        assert "install" in caught.value.hint
        assert caught.value.exit_code == Exit.PROGRAM


def test_a_server_that_does_not_start_is_told_with_its_words(tmp_path: Path) -> None:
    environ = program(tmp_path / "bin", "redis-server", "echo 'error: no room' >&2; exit 1")
    told = "redis-server does not start: error: no room"
    with pytest.raises(ShimError, match=told), compiler_cache.served(environ, tmp_path / "log"):
        pass


@pytest.mark.parametrize("fails", [False, True], ids=["in peace", "in an error"])
def test_a_server_ends_with_its_use(tmp_path: Path, fails: bool) -> None:
    script = f'echo $$ >{tmp_path}/pid; touch "$4"; exec sleep 600'  # the fourth argument is the socket
    environ = program(tmp_path / "bin", "redis-server", script)
    try:
        with compiler_cache.served(environ, tmp_path / "log") as endpoint:
            socket = Path(endpoint.partition("localhost")[2])
            assert socket.exists()
            assert is_running(int((tmp_path / "pid").read_text()))
            if fails:
                raise KeyboardInterrupt  # noqa: TRY301 - as a user does
    except KeyboardInterrupt:
        assert fails
    assert not is_running(int((tmp_path / "pid").read_text()))
    assert not socket.parent.exists()
