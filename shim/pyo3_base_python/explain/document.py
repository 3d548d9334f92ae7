"""The answer as JSON.

One object:

- ``version``: 1; another number means that what is described here has changed;
- ``command``: the words of the command that was run; ``exit_code``: how it ended, negative for a signal;
- ``calls``: the calls of cargo that may compile, in order, each with
    - ``command``, ``cwd``, ``exit_code`` (``null`` if it was killed), ``shim`` (was a stable interpreter set),
    - ``shim_state`` (``set``; ``left alone``; ``passed by``, of a cargo that was started past a shim that was on;
      ``off``), ``left_alone`` (why the shim left it alone, or ``""``), ``shim_did`` (what the shim says that it did),
    - ``began`` (seconds since the epoch), ``seconds`` (``null`` if it was killed),
    - ``silent`` (cargo compiled, but did not say why),
    - ``fresh``: the packages that were not compiled,
    - ``causes``: root causes, the most expensive first, each with ``kind`` (one of `reasons.Kind`), ``what``,
      ``subject`` (the variable or the file), ``old`` and ``new`` (``null`` for a variable that is not set, ``""`` where
      there is no value), ``watchers``, ``advice``, ``count`` and ``seconds`` of all its crates, and ``crates``.

A package has ``name``, ``version`` and ``folder`` (``""`` if it comes from a registry). A crate has ``package``,
``seconds``, ``jobs``, ``followed_by``, the crates that were compiled since it was, and ``also_after``, the crate that
it would have followed without a cause of its own (``""`` if none). A job has ``what``, ``started`` and ``ended``
(seconds since the call began; ``null`` if it did not end) and ``failed``.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyo3_base_python.explain.cargo_log import Package
    from pyo3_base_python.explain.causes import Call, Cause, Crate

__all__ = ["VERSION", "render"]

VERSION = 1


def render(command: Sequence[str], exit_code: int, calls: Sequence[Call]) -> str:
    """The document as text, with a line's end."""
    content = {
        "version": VERSION,
        "command": list(command),
        "exit_code": exit_code,
        "calls": [_call(call) for call in calls],
    }
    return json.dumps(content, indent=2) + "\n"


def _call(call: Call) -> dict[str, object]:
    recorded = call.recorded
    return {
        "command": list(recorded.command),
        "cwd": recorded.cwd,
        "exit_code": recorded.exit_code,
        "shim": recorded.shim.on,
        "shim_state": recorded.shim.state,
        "left_alone": recorded.shim.why,
        "shim_did": recorded.shim.did,
        "began": recorded.began,
        "seconds": recorded.seconds,
        "silent": call.silent,
        "fresh": [_package(package) for package in call.fresh],
        "causes": [_cause(cause) for cause in call.causes],
    }


def _cause(cause: Cause) -> dict[str, object]:
    reason = cause.reason
    return {
        "kind": reason.kind,
        "what": reason.what,
        "subject": reason.subject,
        "old": reason.old,
        "new": reason.new,
        "watchers": list(cause.watchers),
        "advice": cause.advice,
        "count": len(cause.all_crates),
        "seconds": round(cause.seconds, 3),
        "crates": [_crate(crate) for crate in cause.crates],
    }


def _crate(crate: Crate) -> dict[str, object]:
    return {
        "package": _package(crate.package),
        "seconds": round(crate.seconds, 3),
        "jobs": [job._asdict() for job in crate.jobs],
        "also_after": crate.also_after,
        "followed_by": [_crate(below) for below in crate.followed_by],
    }


def _package(package: Package) -> dict[str, str]:
    return package._asdict()
