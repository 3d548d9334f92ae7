"""The answer for a terminal."""

from __future__ import annotations

import pytest

from pyo3_base_python.explain import causes, report
from pyo3_base_python.explain.shim import LEFT_ALONE, OFF, PASSED_BY, Shim

from .support import TYPED, explained, recorded


def lines(*calls: causes.Call) -> list[str]:
    return [text.plain for text in report.render(calls)]


def test_root_cause_then_what_followed_then_what_to_do() -> None:
    call = explained("variable-changed")
    base, top = (f"{crate.seconds:.1f} s" for crate in call.compiled)
    both = f"{call.causes[0].seconds:.1f} s"
    assert lines(call) == [
        "why cargo compiled",
        "",
        "cargo build --offline",
        "in /home/user/project/top",
        "2 crates compiled in 2.0 s, 0 fresh; without the shim",
        "",
        f"WATCHED changed: 2 crates, {both}",
        "  was before",
        '  now after "it"',
        "  watched by the build script of base",
        f"  base 0.2.0  {base}",
        f"  └── top 0.1.0  {top}",
        "  -> the build script of base tracks WATCHED: give it the same value in every build",
        "",
        report.NOTE,
    ]


@pytest.mark.parametrize(("shim", "left_out"), [(True, True), (False, False)])
def test_the_option_of_the_shims_own_is_left_out_of_the_call(shim: bool, left_out: bool) -> None:
    own = ("cargo", "--config", "build.build-dir='/places/x'", "rustc", "--config", "a.b=1")
    call = explained("nothing-changed", shim=shim)
    call = call._replace(recorded=call.recorded._replace(command=own))
    assert (report.typed(call) == "cargo rustc --config a.b=1") is left_out
    assert ("build-dir" in lines(call)[2]) is not left_out


def test_nothing_compiled_is_a_line() -> None:
    assert lines(explained("nothing-changed", shim=True))[4:] == ["nothing compiled in 2.0 s, 2 fresh; with the shim"]


@pytest.mark.parametrize(
    ("did", "words"),
    [
        (Shim(LEFT_ALONE, "pyo3 0.15.2 is old"), "with the shim on, which left it alone: pyo3 0.15.2 is old"),
        (Shim(PASSED_BY), "past the shim, which is on"),
        (Shim(OFF), "without the shim"),
    ],
)
def test_the_headline_says_what_the_shim_did(did: Shim, words: str) -> None:
    call = explained("nothing-changed")
    call = call._replace(recorded=call.recorded._replace(shim=did))
    assert lines(call)[4] == f"nothing compiled in 2.0 s, 2 fresh; {words}"


def test_a_first_build_is_a_list_and_no_tree() -> None:
    found = lines(explained("first-build"))
    assert "  base, top" in found
    assert found[4] == "2 crates compiled in 2.0 s, 0 fresh; without the shim"


def test_seconds_that_add_up_to_more_than_the_call_took_are_explained_once() -> None:
    found = lines(explained("first-build"), explained("variable-changed"))
    assert [line for line in found if "may add up to more than the call took" in line] == found[-1:]


def test_a_variable_that_was_not_set_is_told_from_an_empty_one() -> None:
    assert "  was (not set)" in lines(explained("variable-set"))
    assert "  now (not set)" in lines(explained("variable-unset"))


def test_of_a_path_only_the_folders_that_differ_are_shown() -> None:
    found = lines(explained("path-watched"))
    assert "  was ..." in found
    assert "  now /home/user/.cache/tmp1/bin:..." in found


def test_folders_in_another_order_are_shown_all() -> None:
    reason = explained("path-watched").causes[0].reason._replace(old="/a:/b", new="/b:/a")
    assert report.values(reason) == ("/a:/b", "/b:/a")


@pytest.mark.parametrize(
    ("code", "words"),
    [(101, "; it failed with exit code 101"), (-2, "; it was ended by signal 2"), (None, "; it was killed"), (0, "")],
)
def test_how_cargo_ended(code: int | None, words: str) -> None:
    call = explained("fails")
    call = call._replace(recorded=call.recorded._replace(exit_code=code))
    assert lines(call)[4] == f"1 crate compiled in 2.0 s, 0 fresh; without the shim{words}"


def test_a_failed_crate_and_one_that_did_not_finish_are_named() -> None:
    call = explained("fails")
    assert any(line.startswith("  base ") and line.endswith("  failed") for line in lines(call))
    crate = call.causes[0].crates[0]
    crate = crate._replace(jobs=(crate.jobs[0]._replace(failed=False, ended=None),))
    call = call._replace(causes=(call.causes[0]._replace(crates=(crate,)),))
    assert "  base 0.2.0  0.0 s  not finished" in lines(call)


def test_several_crates_below_one_are_a_tree() -> None:
    call = explained("variable-changed")
    base = call.causes[0].crates[0]
    (top,) = base.followed_by
    base = base._replace(followed_by=(top._replace(followed_by=(top, top)), top))
    call = call._replace(causes=(call.causes[0]._replace(crates=(base,)),))
    assert [line.partition("top")[0] for line in lines(call) if "top 0" in line] == [
        "  ├── ",
        "  │   ├── ",
        "  │   └── ",
        "  └── ",
    ]


def test_without_cargo_calls_it_says_where_it_looks() -> None:
    assert lines() == ["why cargo compiled", report.NO_CALLS]
    *_, last = report.render([], 2)
    assert last.plain == f"{report.NO_CALLS}; the command ended with exit code 2"


def test_a_cargo_that_does_not_say_why() -> None:
    call = causes.explain(recorded(b"   Compiling a v1.0.0\n"), TYPED, "")
    assert report.SILENT in lines(call)
    assert not any("fresh" in line for line in lines(call))
