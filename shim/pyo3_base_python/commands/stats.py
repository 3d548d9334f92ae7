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
from pyo3_base_python.wrapper import calls, project
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

    Of what the package itself is made of: in the place for sdists all that was there, elsewhere what depends on the
    interpreter, where the build backend named another one than the time before. Once for each tree that was unpacked,
    and for each interpreter: a backend may call cargo several times in a build. Of each unit only the last time is
    known that it was compiled: what was fresh before that is not counted.
    """
    found: dict[str, Spared] = {}
    last: dict[tuple[str, str], str] = {}
    # The fingerprints of what would have been compiled since then anyhow, by the calls before.
    since: dict[tuple[str, str], set[int]] = {}
    another: set[tuple[str, str]] = set()
    read: dict[str, tuple[list[Unit], list[Unit]]] = {}
    for call in known:
        if call.profile_dir not in read:
            units = fingerprints.units(Path(call.profile_dir))
            read[call.profile_dir] = units, fingerprints.depend_on_python(units)
        everything, on_python = read[call.profile_dir]
        where = (call.profile_dir, call.unpacked)
        if not call.unpacked and last.get(where, call.python) != call.python:
            another.add(where)
            since[where] = set()
        last[where] = call.python
        before = since.setdefault(where, set())
        would_be = everything if call.unpacked else on_python if where in another else []
        # The root of a workspace may have no package: then all in it is built.
        own = fingerprints.made_for(call.package, everything) if call.package != project.NO_PACKAGE else None
        new = [unit for unit in would_be if unit.fingerprint not in before and (own is None or unit.fingerprint in own)]
        before.update(unit.fingerprint for unit in new)
        fresh = [unit for unit in new if unit.compiled + unit.seconds < call.when / 1e9]
        of_package = found.get(call.package, Spared(call.package, 0, 0, 0.0, call.when / 1e9))
        found[call.package] = of_package._replace(
            calls=of_package.calls + bool(fresh),
            crates=of_package.crates + len({unit.package for unit in fresh}),
            seconds=of_package.seconds + sum(unit.seconds for unit in fresh),
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
    shown = [one for one in found if one.calls] or found[:1]
    for one in (*shown, total) if len(shown) > 1 else shown:
        click.echo(
            f"{one.package:{width}}  {one.crates:5} crates kept fresh in {one.calls} build{'s' * (one.calls != 1)},"
            f" about {_shown(one.seconds)} of compiling"
        )


def _shown(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
