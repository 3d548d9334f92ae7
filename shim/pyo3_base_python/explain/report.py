"""The answer for a terminal: the root causes, each with the tree of what followed from it, and what to do."""

from __future__ import annotations

import os
import shlex

from rich.text import Text

from pyo3_base_python.explain import shim
from pyo3_base_python.explain.reasons import Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyo3_base_python.explain.causes import Call, Cause, Crate
    from pyo3_base_python.explain.reasons import Reason

__all__ = ["count", "ended", "headline", "render", "shown", "typed", "values"]

NO_CALLS = "no cargo that compiles was started (explain sees those that are started through CARGO or from PATH)"
SILENT = "cargo does not say why it compiles: cargo 1.74 and later do"
LONGEST_COMMAND = 100
BUILD_DIR = "build.build-dir="
STATES = {
    shim.SET: "with the shim",
    shim.LEFT_ALONE: "with the shim on, which left it alone",
    shim.PASSED_BY: "past the shim, which is on",
    shim.OFF: "without the shim",
}
AS_IT_SHOULD_BE = frozenset({Kind.FILE, Kind.FIRST, Kind.TOOLCHAIN, Kind.FLAGS, Kind.DEPENDENCIES})


def render(calls: Sequence[Call], status: int = 0) -> Iterator[Text]:
    """The whole report, line by line; not to be wrapped, so that paths can be copied.

    ``status`` is the exit code of the command.
    """
    yield Text("why cargo compiled", style="bold")
    if not calls:
        yield Text(f"{NO_CALLS}; the command ended with exit code {status}" if status > 0 else NO_CALLS)
    for call in calls:
        yield Text()
        yield from _call(call)
    if any(call.compiled for call in calls):
        yield Text()
        yield Text(NOTE, style="dim")


NOTE = (
    "Seconds: from start to end of a crate's jobs by cargo's own clock; crates compiled side by side count in full,"
    " so that they may add up to more than the call took."
)


def headline(call: Call) -> str:
    """How much was compiled in a call, and how much was not."""
    took = f" in {call.recorded.seconds:.1f} s" if call.recorded.seconds is not None else ""
    done = f"{count(len(call.compiled))} compiled{took}" if call.compiled else f"nothing compiled{took}"
    return f"{done}, {len(call.fresh)} fresh; {STATES[call.recorded.shim.state]}{_why(call)}{ended(call)}"


def _why(call: Call) -> str:
    return f": {call.recorded.shim.why}" if call.recorded.shim.why else ""


def ended(call: Call) -> str:
    """How the call ended, if it failed: words to put after others."""
    code = call.recorded.exit_code
    if code is None:
        return "; it was killed"
    if code < 0:
        return f"; it was ended by signal {-code}"
    return f"; it failed with exit code {code}" if code else ""


def count(crates: int) -> str:
    """A number of crates in words."""
    return f"{crates} crate{'' if crates == 1 else 's'}"


def values(reason: Reason) -> tuple[str, str]:
    """The value before and the value after; for lists of folders only what is not in both."""
    old, new = ("(not set)" if text is None else text for text in (reason.old, reason.new))
    if not reason.subject.endswith("PATH"):
        return old, new
    before, after = old.split(os.pathsep), new.split(os.pathsep)
    lists = [[folder for folder in own if folder not in other] for own, other in ((before, after), (after, before))]
    if not any(lists):
        return old, new  # the order alone
    gone, come = (os.pathsep.join([*folders, "..."]) for folders in lists)
    return gone, come


def typed(call: Call) -> str:
    """The words of the call, without the option for the shim's own build directory."""
    words = list(call.recorded.command)
    own = [number for number, word in enumerate(words) if number and word.startswith(BUILD_DIR)]
    if call.recorded.shim.on and own and words[own[0] - 1] == "--config":
        del words[own[0] - 1 : own[0] + 1]
    return shlex.join(words)


def shown(call: Call) -> str:
    """The words of the call, shortened."""
    words = typed(call)
    return words if len(words) <= LONGEST_COMMAND else words[: LONGEST_COMMAND - 3] + "..."


def _call(call: Call) -> Iterator[Text]:
    yield Text(shown(call), style="bold cyan")
    yield Text(f"in {call.recorded.cwd}", style="dim")
    yield Text(SILENT if call.silent else headline(call), style="bold green" if not call.compiled else "bold")
    for cause in call.causes:
        yield Text()
        yield from _cause(cause)


def _cause(cause: Cause) -> Iterator[Text]:
    reason = cause.reason
    size = f": {count(len(cause.all_crates))}, {cause.seconds:.1f} s"
    yield Text.assemble((reason.what, "bold yellow" if reason.kind in AS_IT_SHOULD_BE else "bold red"), size)
    if reason.old != reason.new:
        was, now = values(reason)
        yield Text(f"  was {was}")
        yield Text(f"  now {now}")
    if cause.watchers:
        yield Text(f"  watched by {', '.join(cause.watchers)}", style="dim")
    if reason.kind == Kind.FIRST and not any(crate.followed_by for crate in cause.crates):
        yield Text(f"  {', '.join(crate.package.name for crate in cause.crates)}")
    else:
        for crate in cause.crates:
            yield from _tree(crate, "  ", "  ")
    yield Text(f"  -> {cause.advice}", style="green")


def _tree(crate: Crate, first: str, rest: str) -> Iterator[Text]:
    """A line for each crate; rich's own trees pad lines and cut them, these can be copied."""
    yield Text.assemble((first, "dim"), _words(crate))
    for number, below in enumerate(crate.followed_by, start=1):
        last = number == len(crate.followed_by)
        yield from _tree(below, rest + ("└── " if last else "├── "), rest + ("    " if last else "│   "))


def _words(crate: Crate) -> Text:
    package = crate.package
    words = Text.assemble((package.name, "bold"), f" {package.version}", (f"  {crate.seconds:.1f} s", "cyan"))
    if crate.also_after:
        words.append(f"  would have followed {crate.also_after} as well", "dim")
    if any(job.failed for job in crate.jobs):
        words.append("  failed", "red")
    elif any(job.ended is None for job in crate.jobs):
        words.append("  not finished", "red")
    return words
