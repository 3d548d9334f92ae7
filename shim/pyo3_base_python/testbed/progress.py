"""Say what goes on: live on a terminal, a line a minute where there is none, so that a log shows a run that lives."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["counted", "lines", "shown"]

SECONDS_BETWEEN_LINES = 60.0
SPEAKER = "progress"


Tell = Callable[[str], None]


@contextlib.contextmanager
def shown(words: str) -> Iterator[Tell]:
    """Yield what is to be told in words what goes on; it begins with ``words``. All goes to stderr."""
    console = Console(stderr=True)
    if console.is_terminal:
        with console.status(words) as status:
            yield status.update
    else:
        with lines(words, _printer(console)) as tell:
            yield tell


@contextlib.contextmanager
def counted(total: int) -> Iterator[tuple[Tell, Tell]]:
    """As ``shown``, for ``total`` steps; the second thing is to be told when one is done, and prints its words."""
    console = Console(stderr=True)
    say = _printer(console)
    if not console.is_terminal:
        with lines("starting", say) as tell:
            yield tell, say
        return
    columns = (BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=total)

        def step(words: str) -> None:
            bar.advance(task)
            say(words)

        yield lambda words: bar.update(task, description=words), step


@contextlib.contextmanager
def lines(words: str, say: Tell, seconds: float = SECONDS_BETWEEN_LINES) -> Iterator[Tell]:
    """As ``shown``, without a terminal: ``say`` gets the last words every ``seconds``, whether they are new or not."""
    last = words
    ended = threading.Event()
    began = time.monotonic()

    def tell(words: str) -> None:
        nonlocal last
        last = words

    def speak() -> None:
        while not ended.wait(seconds):
            say(f"after {(time.monotonic() - began) / 60:.0f} min: {last}")

    speaker = threading.Thread(target=speak, name=SPEAKER, daemon=True)
    speaker.start()
    try:
        yield tell
    finally:
        ended.set()
        speaker.join()


def _printer(console: Console) -> Tell:
    """What prints a line as it is."""
    return lambda words: console.print(words, highlight=False, markup=False, soft_wrap=True)
