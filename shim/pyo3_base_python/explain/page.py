"""The answer as one HTML page that needs nothing else: the causes with their trees, and when each job ran.

`html` and `string.Template` of the standard library suffice: whatever is put in is escaped in one place, `_e`.
"""

from __future__ import annotations

import html
import shlex
from importlib import resources
from string import Template

from pyo3_base_python.explain import advice, report
from pyo3_base_python.explain.reasons import Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyo3_base_python.explain.causes import Call, Cause, Crate, Job

__all__ = ["render"]

# As many marks as fit on a narrow screen.
MARKS = 5
STEPS = (1, 2, 5)
# No mark so near to the end that its words would not fit.
LAST_MARK = 0.9


def render(command: Sequence[str], calls: Sequence[Call]) -> str:
    """The page as text."""
    template = Template(resources.files("pyo3_base_python.explain").joinpath("page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=_e(shlex.join(command)),
        answer=_answer(calls),
        command=_to_copy(shlex.join(command)),
        calls="\n".join(_call(call) for call in calls) or f"<p>{_e(report.NO_CALLS)}</p>",
        note=_e(report.NOTE),
    )


def _e(text: object) -> str:
    return html.escape(str(text))


def _to_copy(command: str) -> str:
    """A command line, and a button that copies it; without a script, which a page from a disk need not be allowed."""
    copy = "navigator.clipboard.writeText(this.previousElementSibling.textContent)"
    return f'<code>{_e(command)}</code><button type="button" onclick="{copy}">copy</button>'


def _advice(cause: Cause) -> str:
    words, run, command = cause.advice.partition(advice.RUN)
    return f'<p class="advice">{_e(words)}{_to_copy(run + command) if run else ""}</p>'


def _answer(calls: Sequence[Call]) -> str:
    """How much was compiled in all, and the cause of most of it with what to do about that."""
    crates = sum(len(call.compiled) for call in calls)
    causes = [cause for call in calls for cause in call.causes]
    if not crates or not causes:
        return '<p class="answer">Nothing was compiled.</p>' if calls and not crates else ""
    most = max(causes, key=lambda cause: cause.seconds)
    seconds = sum(call.recorded.seconds or 0.0 for call in calls)
    total = f"{report.count(crates)} compiled in {len(calls)} call{'s' * (len(calls) != 1)}, {seconds:.1f} s"
    size = f"{report.count(len(most.all_crates))}, {most.seconds:.1f} s"
    return f'<p class="answer">{total}; most of it: {_e(most.reason.what)} ({size})</p>{_advice(most)}'


def _call(call: Call) -> str:
    recorded = call.recorded
    words = report.SILENT if call.silent else report.headline(call)
    parts = [
        f"<h2><code>{_e(report.typed(call))}</code></h2>",
        f'<p class="quiet">in <code>{_e(recorded.cwd)}</code></p>',
        f'<p class="headline">{_e(words)}</p>',
        *[_cause(cause) for cause in call.causes],
    ]
    if call.compiled:
        parts.append(_timeline(call))
    if call.fresh:
        names = ", ".join(_e(f"{package.name} {package.version}") for package in call.fresh)
        parts.append(f"<details><summary>{report.count(len(call.fresh))} fresh</summary><p>{names}</p></details>")
    return f'<section class="call">{"".join(parts)}</section>'


def _cause(cause: Cause) -> str:
    reason = cause.reason
    size = f"{report.count(len(cause.all_crates))}, {cause.seconds:.1f} s"
    parts = [f'<h3>{_e(reason.what)} <span class="quiet">{size}</span></h3>']
    if reason.old != reason.new:
        values = zip(("was", "now"), report.values(reason))
        rows = "".join(f"<dt>{name}</dt><dd><code>{_e(text)}</code></dd>" for name, text in values)
        parts.append(f"<dl>{rows}</dl>")
    if cause.watchers:
        parts.append(f'<p class="quiet">watched by {_e(", ".join(cause.watchers))}</p>')
    parts.append(f'<ul class="tree">{"".join(_crate(crate) for crate in cause.crates)}</ul>')
    parts.append(_advice(cause))
    kind = "first" if reason.kind == Kind.FIRST else "again"
    return f'<article class="cause {kind}">{"".join(parts)}</article>'


def _crate(crate: Crate) -> str:
    package = crate.package
    below = f"<ul>{''.join(_crate(other) for other in crate.followed_by)}</ul>" if crate.followed_by else ""
    also = f' <span class="quiet">would have followed {_e(crate.also_after)} as well</span>' if crate.also_after else ""
    failed = ' <span class="failed">failed</span>' if any(job.failed for job in crate.jobs) else ""
    return (
        f'<li><span class="crate">{_e(package.name)}</span> {_e(package.version)}'
        f' <span class="seconds">{crate.seconds:.1f} s</span>{also}{failed}{below}</li>'
    )


def _timeline(call: Call) -> str:
    """A row for each crate in the order in which they began, a bar for each job."""
    crates = sorted(call.compiled, key=lambda crate: min(job.started for job in crate.jobs))
    last = max((job.ended or job.started) for crate in crates for job in crate.jobs)
    whole = max(call.recorded.seconds or 0.0, last, 0.1)
    rows = "".join(
        f'<div class="name" title="{_e(crate.package.name)}">{_e(crate.package.name)}</div>'
        f'<div class="row">{"".join(_bar(crate, job, whole) for job in crate.jobs)}</div>'
        for crate in crates
    )
    marks = "".join(f'<span style="left:{100 * second / whole:.2f}%">{second:g} s</span>' for second in _marks(whole))
    return (
        f'<h3>When</h3><div class="timeline" role="img" aria-label="When each crate was compiled">{rows}'
        f'<div class="name"></div><div class="axis">{marks}</div></div>'
    )


def _bar(crate: Crate, job: Job, whole: float) -> str:
    ended = job.ended if job.ended is not None else whole
    kind = "script" if job.what.startswith("build script") else "crate"
    words = f"{crate.package.name}, {job.what}: {job.started:.2f} s to {ended:.2f} s"
    left, width = 100 * job.started / whole, 100 * max(ended - job.started, 0.0) / whole
    return f'<span class="bar {kind}" title="{_e(words)}" style="left:{left:.2f}%;width:{width:.2f}%"></span>'


def _marks(whole: float) -> list[float]:
    """Round seconds from 0 to below ``whole``."""
    size = 0.01
    while True:
        for step in STEPS:
            if whole / (step * size) <= MARKS:
                return [
                    number * step * size for number in range(MARKS + 1) if number * step * size <= LAST_MARK * whole
                ]
        size *= 10
