"""Without a terminal, a long run shows that it is alive."""

from __future__ import annotations

import threading

from pyo3_base_python.testbed import progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pytest


def test_the_last_words_are_said_again_and_again() -> None:
    said: list[str] = []
    spoken = threading.Event()

    def say(words: str) -> None:
        said.append(words)
        if said[-1].endswith("second") and len(said) > 2:
            spoken.set()

    with progress.lines("first", say, seconds=0.001) as tell:
        tell("second")
        assert spoken.wait(60)
    assert said[-1] == "after 0 min: second"
    assert not [thread for thread in threading.enumerate() if thread.name == progress.SPEAKER], "silent when it is over"


def test_each_step_is_a_line_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.counted(2) as (tell, step):
        tell("at work")
        step("[first] is done" + " and long" * 20)
        step("second")
    assert capsys.readouterr().err.splitlines() == ["[first] is done" + " and long" * 20, "second"]
