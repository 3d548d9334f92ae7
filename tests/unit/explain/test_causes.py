"""From cargo's log to root causes and what followed from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyo3_base_python.explain import causes, rust_debug
from pyo3_base_python.explain.cargo_log import Package, Unit
from pyo3_base_python.explain.reasons import Kind
from pyo3_base_python.explain.sieve import part

from .support import CARGOS, STORIES, TYPED, explained, recorded, stderr_of

# For each story the kind of the one cause, its words, and the tree: `base > top` is `top`, which followed `base`.
EXPECTED = {
    "build-script-fails": (Kind.FILE, "build.rs of base changed", "base"),
    "build-script-fails-with-backtrace": (Kind.FILE, "build.rs of base changed", "base"),
    "check": (
        Kind.FIRST,
        "never compiled in this target directory with these features, profile, flags and rustc",
        "base, top",
    ),
    "compiled-elsewhere": (Kind.ELSEWHERE, "a dependency was compiled since, by another build", "top"),
    "declared-features-changed": (Kind.FLAGS, "the features that the manifest declares changed", "top"),
    "dependency-added": (Kind.FIRST, "", "extra, top"),
    "fails": (Kind.FILE, "src/lib.rs of base changed", "base"),
    "features-changed": (Kind.FIRST, "", "top"),
    "first-build": (Kind.FIRST, "", "base, top"),
    "first-build-with-backtrace": (Kind.FIRST, "", "base, top"),
    "lint-settings-changed": (Kind.FLAGS, "the settings of the profile, or of its lints, changed", "top"),
    "moved": (Kind.FIRST, "", "base, top"),
    "nothing-watched": (Kind.PACKAGE_FILES, "data.txt of base changed", "base > top"),
    "path-watched": (Kind.VARIABLE, "PATH changed", "base > top"),
    "profile-changed": (Kind.FIRST, "", "base, top"),
    "profile-setting-changed": (Kind.FIRST, "", "base, top"),
    "quiet": (Kind.VARIABLE, "WATCHED changed", "base > top"),
    "rustflags-changed": (Kind.FIRST, "", "base, top"),
    "source-edited": (Kind.FILE, "src/main.rs of top changed", "top"),
    "source-of-dependency-edited": (Kind.FILE, "src/lib.rs of base changed", "base > top"),
    "tests": (Kind.FIRST, "", "top"),
    "variable-changed": (Kind.VARIABLE, "WATCHED changed", "base > top"),
    "variable-of-a-macro": (Kind.VARIABLE, "SAID changed", "top"),
    "variable-set": (Kind.VARIABLE, "WATCHED changed", "base > top"),
    "variable-unset": (Kind.VARIABLE, "WATCHED changed", "base > top"),
    "watched-file-changed": (Kind.FILE, "data.txt of base changed", "base > top"),
    "watched-file-missing": (Kind.MISSING_FILE, "not-there.txt of base is not there", "base > top"),
    "watched-lines-changed": (Kind.FILE, "build.rs of base changed", "base > top"),
}


def tree(crates: tuple[causes.Crate, ...]) -> str:
    return ", ".join(" > ".join(filter(None, (crate.package.name, tree(crate.followed_by)))) for crate in crates)


def test_no_story_is_left_out() -> None:
    assert sorted([*EXPECTED, "nothing-changed"]) == STORIES


@pytest.mark.parametrize("cargo", CARGOS)
@pytest.mark.parametrize("story", EXPECTED)
def test_the_root_cause_comes_first_and_what_followed_below_it(story: str, cargo: str) -> None:
    kind, what, followed = EXPECTED[story]
    (cause,) = explained(story, cargo).causes
    assert (cause.reason.kind, tree(cause.crates)) == (kind, followed)
    assert cause.reason.what == what or not what
    assert cause.advice


@pytest.mark.parametrize("cargo", CARGOS)
@pytest.mark.parametrize(
    ("story", "old", "new"),
    [
        ("variable-changed", "before", 'after "it"'),
        ("variable-set", None, "after"),
        ("variable-unset", "before", None),
        ("variable-of-a-macro", None, "hello"),
        ("declared-features-changed", "louder", "quieter"),
    ],
)
def test_old_and_new_value(story: str, old: str | None, new: str | None, cargo: str) -> None:
    (cause,) = explained(story, cargo).causes
    assert (cause.reason.old, cause.reason.new) == (old, new)


@pytest.mark.parametrize(
    ("story", "watchers"),
    [
        ("variable-changed", ("the build script of base",)),
        ("path-watched", ("the build script of base",)),
        ("watched-file-changed", ("the build script of base",)),
        ("nothing-watched", ("the build script of base",)),
        ("variable-of-a-macro", ("top",)),
        ("source-edited", ()),
    ],
)
def test_who_watches_it(story: str, watchers: tuple[str, ...]) -> None:
    (cause,) = explained(story).causes
    assert cause.watchers == watchers


@pytest.mark.parametrize("cargo", CARGOS)
def test_nothing_changed_is_no_cause_and_all_fresh(cargo: str) -> None:
    call = explained("nothing-changed", cargo)
    assert call.causes == ()
    assert sorted(package.name for package in call.fresh) == ["base", "top"]
    assert not call.silent


@pytest.mark.parametrize("cargo", CARGOS)
def test_of_a_first_build_it_is_known_where_it_went(cargo: str) -> None:
    (cause,) = explained("first-build", cargo).causes
    assert cause.reason.kept_in.startswith("/home/user/project/top/target/debug/.fingerprint/")


def test_fresh_is_what_was_not_compiled() -> None:
    call = explained("source-edited")
    assert [package.name for package in call.fresh] == ["base"]
    assert [crate.package.name for crate in call.compiled] == ["top"]


def test_a_crate_that_waited_for_a_failed_one_is_neither_compiled_nor_fresh() -> None:
    call = explained("fails")
    assert [crate.package.name for crate in call.compiled] == ["base"]
    assert [job.failed for job in call.compiled[0].jobs] == [True]
    assert call.fresh == ()


def test_jobs_and_their_seconds() -> None:
    call = explained("variable-changed")
    base, top = call.compiled
    assert [job.what for job in base.jobs] == ["build script, run", "crate"]
    assert [job.what for job in top.jobs] == ["crate"]
    for crate in (base, top):
        assert crate.seconds == pytest.approx(sum((job.ended or 0) - job.started for job in crate.jobs))
    assert call.causes[0].seconds == pytest.approx(base.seconds + top.seconds)


def test_a_crate_with_a_cause_of_its_own_that_would_have_followed_says_so() -> None:
    """`base` watches a variable that changed, and `top` is told to have a changed source."""
    log = stderr_of("variable-changed").replace(
        b"UnitDependencyInfoChanged { unit: UnitIndex(0) }",
        b'FsStatusOutdated(StaleItem(MissingFile { path: "/gone" }))',
    )
    call = causes.explain(recorded(log), TYPED, "")
    found = {crate.package.name: crate.also_after for crate in call.compiled}
    assert found["base"] == ""
    assert found["top"] == "base"


def unit(name: str, started: float, reason: str, *needs: int) -> Unit:
    """A crate that took a second."""
    value = rust_debug.parse(reason)
    assert isinstance(value, rust_debug.Struct)
    return Unit(Package(name, "1.0.0", ""), "Build", False, value, started, started + 1, False, needs)


CHANGED = 'EnvVarChanged { name: "A", old_value: None, new_value: Some("b") }'
FOLLOWED = "UnitDependencyInfoChanged { unit: UnitIndex(0) }"


def by_package(*units: Unit) -> dict[Package, list[Unit]]:
    found: dict[Package, list[Unit]] = {}
    for one in units:
        found.setdefault(one.package, []).append(one)
    return found


def test_of_several_the_one_that_it_waited_for_last_is_followed() -> None:
    units = [unit("a", 0, CHANGED), unit("b", 1, FOLLOWED, 0), unit("c", 2, FOLLOWED, 0, 1)]
    after = causes._after(units, by_package(*units))
    assert {package.name: before.name for package, before in after.items()} == {"b": "a", "c": "b"}


def test_packages_that_need_each_other_are_no_circle() -> None:
    """As by a test that needs a crate which needs what is tested."""
    units = [unit("a", 0, CHANGED), unit("b", 1, FOLLOWED, 0), unit("a", 2, FOLLOWED, 1)]
    after = causes._after(units, by_package(*units))
    assert {package.name: before.name for package, before in after.items()} == {"b": "a"}


def test_what_changed_says_more_than_what_is_new() -> None:
    units = [unit("a", 0, "FreshBuild"), unit("a", 1, CHANGED)]
    ((reason,),) = [list(root.values()) for root in causes._roots(by_package(*units), {})]
    assert reason.kind == Kind.VARIABLE


def test_an_old_cargo_that_says_nothing_is_not_taken_for_a_fresh_build() -> None:
    call = causes.explain(recorded(b"   Compiling a v1.0.0\n"), TYPED, "")
    assert call.silent
    assert not causes.explain(recorded(b"    Finished"), TYPED, "").silent
    assert not explained("variable-changed").silent


@given(st.data())
def test_a_damaged_log_is_explained(data: st.DataObject) -> None:
    """Whatever is lost of a log, there is a tree of what is left, with each crate in it once."""
    lines = part(stderr_of("source-of-dependency-edited")).log.split(b"\n")
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(lines) - 1))
        del lines[place : place + data.draw(st.integers(1, 60))]
        lines = lines or [b""]
    call = causes.explain(recorded(b"\n".join(lines)), TYPED, "")
    packages = [crate.package for crate in call.compiled]
    assert len(packages) == len(set(packages))
    assert not set(packages) & set(call.fresh)
