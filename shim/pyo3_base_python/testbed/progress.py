"""Show progress: live on a terminal, else a line a minute, so that a log shows that the run is alive."""

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
    """Yield a function to be called with words about the progress, which begins with ``words``; all on stderr."""
    console = Console(stderr=True)
    if console.is_terminal:
        with console.status(words) as status:
            yield status.update
    else:
        with lines(words, _printer(console)) as tell:
            yield tell


@contextlib.contextmanager
def counted(total: int) -> Iterator[tuple[Tell, Tell]]:
    """Like ``shown``, for ``total`` steps; the second function is called when a step is done, and prints its words."""
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
    """Like ``shown``, without a terminal: ``say`` gets the last words every ``seconds``, whether new or not."""
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
    """A function that prints a line unchanged."""
    return lambda words: console.print(words, highlight=False, markup=False, soft_wrap=True)
