"""`pyo3-base-python stats`: what the shim has saved so far."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import NamedTuple

import click

from pyo3_base_python import fingerprints
from pyo3_base_python.wrapper import calls
from pyo3_base_python.wrapper.store import default_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyo3_base_python.fingerprints import Unit
    from pyo3_base_python.wrapper.calls import Call

__all__ = ["Spared", "count", "stats"]

FORMAT = 1


class Spared(NamedTuple):
    """For one package: the calls of cargo in which something stayed fresh, how many crates did, and their seconds.

    ``when`` is the time (s) of the first call that is known.
    """

    package: str
    calls: int
    crates: int
    seconds: float
    when: float


def count(known: Iterable[Call]) -> list[Spared]:
    """What stayed fresh in the calls ``known``, in their order, and would have been compiled without the shim.

    In the place for sdists that is all that was there; elsewhere what depends on the interpreter, where the build
    backend named another one than the time before. Of each unit only the last time is known that it was compiled: what
    was fresh before that is not counted.
    """
    found: dict[str, Spared] = {}
    last: dict[str, str] = {}
    read: dict[str, tuple[list[Unit], list[Unit]]] = {}
    for call in known:
        if call.profile_dir not in read:
            units = fingerprints.units(Path(call.profile_dir))
            read[call.profile_dir] = units, fingerprints.depend_on_python(units)
        everything, on_python = read[call.profile_dir]
        other = last.get(call.profile_dir, call.python) != call.python
        last[call.profile_dir] = call.python
        would_be = everything if call.unpacked else on_python if other else []
        fresh = [unit for unit in would_be if unit.compiled + unit.seconds < call.when / 1e9]
        before = found.get(call.package, Spared(call.package, 0, 0, 0.0, call.when / 1e9))
        found[call.package] = before._replace(
            calls=before.calls + bool(fresh),
            crates=before.crates + len({unit.package for unit in fresh}),
            seconds=before.seconds + sum(unit.seconds for unit in fresh),
        )
    return sorted(found.values(), key=lambda one: -one.seconds)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One object: format, since, packages.")
@click.option("--zero", is_flag=True, help="Forget the calls counted so far, and start anew.")
def stats(*, as_json: bool, zero: bool) -> None:
    """Show which crates stayed fresh because of the shim, and how long compiling them took.

    \b
    pyo3-base-python stats
    pyo3-base-python stats --json
    pyo3-base-python stats --zero

    It counts the crates that cargo would have compiled without the shim, each as often as it stayed fresh. The time is
    an estimate: how long each took when it was last compiled, added up, though cargo compiles several at once. Only
    what cargo has kept a record of can be counted, so the shim has saved at least as much.
    """
    root = default_root(os.environ)
    if zero:
        shutil.rmtree(os.path.join(root, calls.FOLDER), ignore_errors=True)
        click.echo("forgotten: counted from now on")
        return
    found = count(calls.read(root))
    since = min((one.when for one in found), default=None)
    if as_json:
        packages = [{name: value for name, value in one._asdict().items() if name != "when"} for one in found]
        click.echo(json.dumps({"format": FORMAT, "since": since, "packages": packages}, indent=2))
        return
    if since is None:
        click.echo("no call of cargo with the shim is known yet")
        return
    seconds = sum(one.seconds for one in found)
    total = Spared("all", sum(one.calls for one in found), sum(one.crates for one in found), seconds, since)
    click.echo(f"since {time.strftime('%Y-%m-%d %H:%M', time.localtime(since))}, at least:")
    width = max(len(one.package) for one in (*found, total))
    for one in (*found, total) if len(found) > 1 else found:
        click.echo(
            f"{one.package:{width}}  {one.crates:5} crates kept fresh in {one.calls} build{'s' * (one.calls != 1)},"
            f" about {_shown(one.seconds)} of compiling"
        )


def _shown(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
