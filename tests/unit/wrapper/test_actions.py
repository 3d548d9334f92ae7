"""What is compiled again after what, by the cases alone; `test_staleness` has them with files."""

from __future__ import annotations

import pytest

from pyo3_base_python.wrapper.actions import of_own_tree, of_sdist
from pyo3_base_python.wrapper.record import Record
from pyo3_base_python.wrapper.today import Today

BEFORE = {"a": ("1", 1), "b": ("1", 1)}


def test_a_tree_is_cleaned_after_another_one_and_compiled_as_isolated_builds_do_if_it_has_changed_too() -> None:
    today = Today("/2", ["crate", "user"], ["script"])
    records = {"crate": Record(["/other"]), "user": Record(["/tree"])}
    for found, forget, run in ((BEFORE, [], []), ({**BEFORE, "b": ("2", 2)}, ["user"], ["script"])):
        actions = of_own_tree("/tree", records, [], Record(["/tree"], BEFORE, "/1"), found, today=today)
        assert (actions.clean, actions.forget, actions.run) == (["crate"], forget, run)
        assert actions.why == "cleaned crate: another tree was built last"
        assert actions.tree is not None
        assert (actions.tree.entries, actions.tree.python, actions.tree.dirty) == (found, "/2", False)


def test_what_an_isolated_build_would_compile_is_said_and_what_was_seen_is_kept() -> None:
    found = {**BEFORE, "b": ("2", 2)}
    for python, why, dirty in (("/1", "", True), ("/2", "cleaned crate, user: b has changed", False)):
        today = Today(python, ["crate", "user"], [])
        seen = Record(["/tree"], BEFORE, "/1", built=["crate", "user"])
        actions = of_own_tree("/tree", {"crate": Record(["/tree"])}, ["/tree"], seen, found, today=today)
        assert (actions.why, actions.clean) == (why, [])
        assert actions.record is not None
        assert actions.record.trees == ["/tree"]
        assert actions.tree is not None
        assert (actions.tree.entries, actions.tree.dirty) == (found, dirty)


def test_a_tree_without_a_record_is_said_to_be_new() -> None:
    today = Today("/1", ["crate"], ["crate"])
    actions = of_own_tree("/tree", {"crate": None}, [], None, BEFORE, today=today)
    assert (actions.why, actions.forget) == ("cleaned crate: it was not looked at before", ["crate"])
    assert actions.tree is not None
    assert (actions.tree.python, actions.tree.dirty) == ("/1", False)


@pytest.mark.promise("stale")
def test_an_sdist_of_which_nothing_is_said_was_unpacked_just_now() -> None:
    actions = of_sdist("/tree", {".": "1"}, {"crate": Record(["/other"], {".": ("2", 2)})}, "", 5)
    assert (actions.clean, actions.forget, actions.run) == (["crate"], [], [])
    assert actions.times == {".": 5}
    assert actions.record is not None
    assert (actions.record.trees, actions.record.dirty, actions.record.built) == (["/other", "/tree"], False, [])


@pytest.mark.promise("stale")
def test_what_was_not_asked_for_yet_with_this_interpreter_is_compiled_when_something_changes() -> None:
    """A backend calls cargo for one package after the other, and may write a source in between."""
    today = Today("/1", ["crate", "user"], ["user"], asked=["user"], how="build")
    found = {**BEFORE, "b": ("2", 2)}
    seen = Record(["/tree"], BEFORE, "/1", since=7, built=["crate build", "user check"])
    records = {"crate": Record(["/tree"])}
    own = of_own_tree("/tree", records, ["/tree"], seen, found, today=today)
    digests = {path: digest for path, (digest, _) in found.items()}
    sdist = of_sdist("/tree", digests, {"crate": seen}, "", 1, last=True, today=today)
    for actions, record in ((own, own.tree), (sdist, sdist.record)):
        assert (actions.why, actions.forget, actions.run) == ("cleaned user: b has changed", ["user"], ["user"])
        assert actions.since == 7, "what was compiled with this interpreter stays as it is"
        assert record is not None
        assert (record.since, record.built, record.dirty) == (7, ["crate build", "user build", "user check"], True)
    nothing = of_own_tree("/tree", records, ["/tree"], seen, BEFORE, today=today)
    assert (nothing.why, nothing.forget) == ("", [])
    assert nothing.tree is not None
    assert (nothing.tree.built, nothing.tree.dirty) == (["crate build", "user build", "user check"], False)


@pytest.mark.promise("stale")
def test_with_another_interpreter_it_begins_anew() -> None:
    today = Today("/2", ["crate"], asked=["crate"], how="build")
    found = {**BEFORE, "b": ("2", 2)}
    seen = Record(["/tree"], BEFORE, "/1", since=7, built=["crate build"])
    own = of_own_tree("/tree", {}, ["/tree"], seen, found, today=today, begun=9)
    digests = {path: digest for path, (digest, _) in found.items()}
    sdist = of_sdist("/tree", digests, {"crate": seen}, "", 9, last=True, today=today)
    for actions, record in ((own, own.tree), (sdist, sdist.record)):
        assert (actions.forget, actions.since) == (["crate"], None)
        assert record is not None
        assert (record.since, record.built, record.dirty) == (9, ["crate build"], False)


def test_an_sdist_that_was_built_last_is_compared_with_what_there_was_but_for_what_builds_leave() -> None:
    before = {".": ("1", 1), "a": ("1", 1)}
    today = Today("/2", ["crate", "user"], [])
    for found, why in (
        (
            {".": "2", "a": "1", "build": "1", "build/temp.linux-x86_64": "1", "build/temp.linux-x86_64/x.o": "1"},
            "/tree was built last",
        ),
        ({".": "2", "a": "1", "b": "1"}, "cleaned crate, user: b has changed"),
    ):
        actions = of_sdist("/tree", found, {"crate": Record(["/tree"], before, "/1")}, "", 9, last=True, today=today)
        assert (actions.why, actions.clean, actions.times) == (why, [], {})
        assert actions.record is not None
        assert (actions.record.entries == before) == (why == "/tree was built last")
    assert of_sdist("/tree", {}, {}, "", 9, last=True).why == "/tree was built last"
