"""The answer as a page; for its looks, in a browser, see tests/integration/test_explain_page.py."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from pyo3_base_python.explain import page

from .support import STORIES, explained

VOID = {"meta", "link"}


class Checked(HTMLParser):
    """Fails where a tag is not closed; keeps the tags, their attributes and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """HTMLParser's."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """HTMLParser's."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """HTMLParser's."""
        self.words.append(data)

    def of_class(self, name: str) -> list[dict[str, str | None]]:
        """The attributes of each element of a class."""
        return [attributes for _, attributes in self.tags if name in (attributes.get("class") or "").split()]


@pytest.mark.parametrize("story", STORIES)
def test_page_is_well_formed_and_needs_nothing_else(story: str) -> None:
    text = page.render(["uv", "build"], [explained(story)])
    found = Checked(text)
    for _, attributes in found.tags:
        assert attributes.get("href") in (None, "data:,")
        assert "src" not in attributes
    assert "url(" not in text
    assert "@import" not in text
    assert not any(tag == "script" for tag, _ in found.tags)


def test_whatever_comes_from_outside_is_escaped() -> None:
    hostile = '<script>alert("1")</script>$command\'&'
    call = explained("variable-changed")
    cause = call.causes[0]
    crate = cause.crates[0]
    package = crate.package._replace(name=hostile, version=hostile, folder=hostile)
    crate = crate._replace(package=package, also_after=hostile)
    reason = cause.reason._replace(what=hostile, old=hostile, new=hostile + "2")
    call = call._replace(
        recorded=call.recorded._replace(command=(hostile,), cwd=hostile),
        causes=(cause._replace(reason=reason, watchers=(hostile,), advice=hostile, crates=(crate,)),),
        fresh=(package,),
    )
    found = Checked(page.render([hostile], [call]))
    assert not any(tag == "script" for tag, _ in found.tags)
    assert sum(hostile in word for word in found.words) >= 10


def test_tree_and_timeline_have_every_crate_and_job() -> None:
    call = explained("variable-changed")
    found = Checked(page.render([], [call]))
    assert len(found.of_class("tree")) == 1
    jobs = [job for crate in call.compiled for job in crate.jobs]
    bars = found.of_class("bar")
    assert len(bars) == len(jobs) == 3
    for bar in bars:
        left, width = (float(part.partition(":")[2].rstrip("%")) for part in (bar["style"] or "").split(";"))
        assert 0 <= left <= 100
        assert 0 <= width <= 100 - left + 0.02


def test_a_call_without_compiled_crates_has_no_timeline() -> None:
    found = Checked(page.render([], [explained("nothing-changed")]))
    assert not found.of_class("timeline")
    assert "nothing compiled in 2.0 s, 2 fresh; without the shim" in found.words


def test_without_calls_it_says_so() -> None:
    assert any("no cargo that compiles was started" in word for word in Checked(page.render([], [])).words)


@pytest.mark.parametrize(
    ("whole", "marks"),
    [(0.1, [0, 0.02, 0.04, 0.06, 0.08]), (8.9, [0, 2, 4, 6, 8]), (17, [0, 5, 10, 15]), (600, [0, 200, 400])],
)
def test_marks_are_round_and_few(whole: float, marks: list[float]) -> None:
    assert page._marks(whole) == pytest.approx(marks)


def test_the_answer_is_the_total_and_the_cause_of_most_of_it() -> None:
    call = explained("variable-changed")
    text = page.render(["uv", "build"], [call, call])
    (answer,) = re.findall('<p class="answer">(.*?)</p>', text)
    size = f"2 crates, {call.causes[0].seconds:.1f} s"
    assert answer == f"4 crates compiled in 2 calls, 4.0 s; most of it: WATCHED changed ({size})"
    assert text.index(answer) < text.index("<section")


def test_where_nothing_was_compiled_that_is_the_answer() -> None:
    assert '<p class="answer">Nothing was compiled.</p>' in page.render(["x"], [explained("nothing-changed")])
    assert 'class="answer"' not in page.render(["x"], [])


def test_a_command_in_advice_can_be_copied() -> None:
    call = explained("variable-changed")
    cause = call.causes[0]._replace(advice="with the shim: pyo3-base-python run -- uv build")
    text = page.render(["x"], [call._replace(causes=(cause,))])
    assert text.count("with the shim: <code>pyo3-base-python run -- uv build</code><button") == 2
