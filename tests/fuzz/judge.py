"""Play a history in two worlds, with the shim and without it, and say what the shim did worse.

`stale`: the module does not answer what its sources say, though that of today's isolated build does. `broken`: the
build fails, and works without the shim. `more`: more is compiled than without, or another package of the registry.
`touched`: the user's files have other contents or times than before, or there is a file that should not be there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import project
from .history import Build, Edit, Elsewhere, History, Put, Requirement, Return, Step, Version
from .world import Environment, Machine, Outcome, Tree, World

if TYPE_CHECKING:
    from .project import Shape, Sources

__all__ = ["KINDS", "NO_FAULTS", "Fault", "Judge"]

KINDS = ("stale", "broken", "more", "touched")
# No fault: more local packages are compiled where less is stale without the shim, or may be: of trees that take turns
# in one target directory, unpacked anew or not, all packages are cleaned, or none (see `staleness`).
TOGETHER = "together"
# Nor this: in an environment in which there was a build without the shim, PYO3_PYTHON has another name from now on; and
# in one whose build requirements have changed, which a build script may read.
RENAMED = "renamed"
NO_FAULTS = (TOGETHER, RENAMED)
FIXED = 1153704088 * 10**9  # what maturin gives to every file of an sdist
OLD = 1_000_000_000 * 10**9
DAY = 24 * 3600 * 10**9
LOCAL = frozenset(project.FOLDERS)


@dataclass(frozen=True)
class Fault:
    """What the shim did worse in the step with that number, and how both builds ended."""

    kind: str
    step: int
    expected: str
    shim: Outcome
    bare: Outcome
    log: str

    def lines(self) -> list[str]:
        """The fault, in lines for a reader."""
        found = [f"{self.kind}, at step {self.step}; a clean build answers {self.expected}"]
        for name, outcome in (("with the shim", self.shim), ("without", self.bare)):
            compiled = ", ".join(sorted(outcome.compiled)) or "nothing"
            found.append(f"  {name}: exit code {outcome.code}, compiled {compiled}, answers {outcome.answer}")
        found += [f"  written: {path}" for path in self.shim.written] if self.kind == "touched" else []
        found += [f"  {line}" for line in self.shim.output.splitlines()] if self.kind == "broken" else []
        return [*found, f"  log: {self.log}"]


class Judge:
    """Plays histories on a machine and counts: ``figures`` has histories, builds, builds from nothing, and faults."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.figures: Counter[str] = Counter()
        self.locks: dict[str, str] = {}

    def play(self, history: History, *, twin: bool = True) -> Fault | None:
        """The first fault in ``history``, if there is one.

        ``twin``: all of it is built without the shim as well, and at the end from nothing. Else that is done only where
        an answer is not what the files say, or a build fails; what is compiled is then compared with nothing.
        """
        self.figures["histories"] += 1
        self.figures["with a twin"] += twin
        play = _Play(self.machine, history, self.lock(history), twin=twin)
        last, place, requirement = Build(), "", play.requirement
        for number, step in enumerate(history.steps):
            if not isinstance(step, Build):
                play.change(step)
                continue
            shim, *others = play.build(step)
            self.figures["builds"] += 1 + len(others)
            self.figures["fresh"] += not shim.compiled
            if not others:
                if not step.how.startswith("killed") and (shim.code or shim.answer != play.expected or shim.written):
                    self.figures["histories"] -= 1
                    return self.play(history)
                continue
            (bare,) = others
            turns = history.shape.target == "shared" and place not in {"", play.name}
            renamed = step.python == "same" and (last.how == "bare" or play.requirement != requirement)
            kind = _verdict(step, history.shape, play.expected, shim, bare, turns=turns, renamed=renamed)
            last, place, requirement = step, play.name, play.requirement
            self.figures["stale without"] += bool(bare.answer) and bare.answer != play.expected
            self.figures["compiled"] += len(shim.compiled)
            self.figures["compiled without"] += len(bare.compiled)
            if kind:
                self.figures[kind] += 1
            if kind in KINDS:
                return Fault(kind, number, play.expected, shim, bare, play.log())
        if twin:
            clean = play.build_from_nothing()
            self.figures["from nothing"] += 1
            assert clean.answer == play.expected, (clean, play.expected, "\n".join(history.lines()))
        return None

    def shrink(self, history: History, kind: str) -> History:
        """The same fault in a shorter history of a smaller project, found by leaving out one thing at a time."""
        found = True
        while found:
            found = False
            for smaller in _smaller(history):
                fault = self.play(smaller)
                if fault is not None and fault.kind == kind:
                    history, found = smaller, True
                    break
        return history

    def lock(self, history: History) -> str:
        """What cargo writes into Cargo.lock for the first version of the project."""
        manifests = {
            path: text
            for path, text in project.files(history.shape, project.first_sources(history.shape)).items()
            if path.endswith(("Cargo.toml", "lib.rs"))
        }
        key = repr(sorted(item for item in manifests.items() if item[0].endswith("Cargo.toml")))
        if key not in self.locks:
            world = World(self.machine, "lock", shim=False)
            world.write("tree", {path: (text, OLD) for path, text in manifests.items()}, {})
            command = [self.machine.cargo, "generate-lockfile", "--offline"]
            place = world.home / "tree" / "py"
            subprocess.run(command, cwd=place, env=self.machine.environ(), check=True, capture_output=True)
            self.locks[key] = (place / "Cargo.lock").read_text()
            shutil.rmtree(world.home)
        return self.locks[key]


def _verdict(
    step: Build, shape: Shape, expected: str, shim: Outcome, bare: Outcome, *, turns: bool, renamed: bool
) -> str:
    """``turns``: another tree was built last into this one's target directory; ``renamed``: see ``RENAMED``."""
    if step.how.startswith("killed"):
        return ""
    if shim.code and not bare.code:
        return "broken"
    if bare.answer == expected != shim.answer:
        return "stale"
    foreign = {name for name in shim.compiled - bare.compiled if name.partition(" ")[0] not in LOCAL}
    if step.how == "shim" and (foreign or len(shim.compiled) > len(bare.compiled)):
        if renamed:
            return RENAMED
        turns = turns or (shape.tree != "own" and shape.target == "shared")
        together = not foreign and (bare.answer != expected or turns)
        return TOGETHER if together else "more"
    return "touched" if shim.written else ""


def _smaller(history: History) -> Iterator[History]:
    for number in reversed(range(len(history.steps))):
        steps = history.steps[:number] + history.steps[number + 1 :]
        if any(isinstance(step, Build) for step in steps):
            yield replace(history, steps=steps)
    packages = history.shape.packages
    for number, package in enumerate(packages):
        others = [replace(package, parts=tuple(part for part in package.parts if part != one)) for one in package.parts]
        if package.script:
            others.append(replace(package, script=None))
        for other in others:
            shape = replace(history.shape, packages=(*packages[:number], other, *packages[number + 1 :]))
            yield replace(history, shape=shape)
        if number:
            shape = replace(history.shape, packages=(*packages[:number], *packages[number + 1 :]))
            yield replace(history, shape=shape)
    for number, step in enumerate(history.steps):
        if isinstance(step, Build):
            for plain in (Build(), replace(step, how="shim"), replace(step, python="new"), replace(step, loud=False)):
                if plain != step:
                    yield replace(history, steps=(*history.steps[:number], plain, *history.steps[number + 1 :]))


class _Play:
    """The state of a history: what the files say, where they lie, and the twin worlds."""

    def __init__(self, machine: Machine, history: History, lock: str, *, twin: bool) -> None:
        self.machine = machine
        self.shape = history.shape
        self.lock = lock
        self.sources = project.first_sources(self.shape)
        self.earlier: list[Sources] = []
        self.requirement = "v0"
        self.worlds = [World(machine, "with", shim=True)]
        if twin:
            self.worlds.append(World(machine, "without", shim=False))
        self.count = 0
        self.python = ""
        self.other = False
        self.expected = ""
        self.name = "tree"
        now = time.time_ns()
        first = {"fixed": FIXED, "now": now, "own": OLD}[self.shape.times]
        # Of the tree that is worked in, or from which sdists are made.
        self.times = dict.fromkeys(self._texts(), first if self.shape.tree == "kept" else now)
        self.visited: list[tuple[str, Sources, dict[str, int]]] = []
        self.on_disk: dict[str, Tree] = {}
        if self.shape.tree != "sdist":
            self._write(self.name)

    def change(self, step: Step) -> None:
        """Take a step that is not a build."""
        before = self._texts()
        when: int | None = time.time_ns()
        if isinstance(step, Edit):
            known = self.times.get(step.path, time.time_ns())
            when = {"now": when, "old": OLD, "future": time.time_ns() + DAY, "kept": known}[step.time]
            self.sources = self.sources.with_values(**{step.path: step.value})
        elif isinstance(step, Version):
            self.sources = replace(self.sources, version=step.number)
        elif isinstance(step, Requirement):
            self.requirement = step.value
        elif isinstance(step, Return):
            self.sources = (self.earlier or [self.sources])[-step.builds :][0]
        elif isinstance(step, Put):
            self.sources = self.sources.with_values(**{step.path: step.value})
            for world in self.worlds:
                shutil.rmtree(world.home / self.name)
            self.on_disk.pop(self.name)
            before = {}
            when = OLD
        elif isinstance(step, Elsewhere):
            self._go(step.how)
            before = self._texts()
        texts = self._texts()
        assert when is not None
        self.times = {path: self.times[path] if before.get(path) == text else when for path, text in texts.items()}
        if self.shape.tree != "sdist":
            self._write(self.name)

    def build(self, step: Build) -> list[Outcome]:
        """Build in each world, with the shim first."""
        self.count += 1
        name = self.name
        if self.shape.tree == "sdist":
            name = "unpacked/app" if self.shape.path == "same" else f"unpacked-{self.count}/app"
            times = {"fixed": lambda _: FIXED, "now": lambda _: time.time_ns(), "own": self.times.__getitem__}
            self._write(name, {path: times[self.shape.times](path) for path in self.times})
        if step.python != "same" or not self.python:
            self.other = step.python == "other"
            self.python = f"environment-{self.count}"
        self.expected = project.answer(
            self.shape,
            self.sources,
            requirement=self.requirement,
            tree=os.fspath(self.machine.at / name),
            loud=step.loud,
        )
        outcomes = [self._build(world, name, step) for world in self.worlds]
        self.earlier.append(self.sources)
        if self.shape.tree == "sdist":
            for world in self.worlds:
                shutil.rmtree(world.home / name)
            self.on_disk.pop(name)
        return outcomes

    def build_from_nothing(self) -> Outcome:
        """What the last build would be if no build had come before it."""
        world = World(self.machine, "nothing", shim=False)
        name = "tree"
        world.write(name, {path: (text, OLD) for path, text in self._texts().items()}, {})
        self.expected = project.answer(
            self.shape,
            self.sources,
            requirement=self.requirement,
            tree=os.fspath(self.machine.at / name),
            loud=False,
        )
        return self._build(world, name, Build("bare"))

    def log(self) -> str:
        """The last line of the wrapper's log."""
        file = self.worlds[0].home / "log"
        return file.read_text().splitlines()[-1] if file.exists() else ""

    def _build(self, world: World, name: str, step: Build) -> Outcome:
        arguments = ["--profile", step.profile] + (["--features", "loud"] if step.loud else [])
        killed = step.how.partition("killed ")[2]
        shared = os.fspath(self.machine.at / "target")
        return world.build(
            name,
            environment=Environment(self.python, self.requirement, self.other),
            arguments=(*arguments, *(["-j1"] if killed else [])),
            variables={"CARGO_TARGET_DIR": shared} if self.shape.target == "shared" else {},
            shim=step.how != "bare",
            # Of what a tool has unpacked they may change.
            times=self.shape.tree == "own",
            killed=killed,
        )

    def _texts(self) -> dict[str, str]:
        return project.files(self.shape, self.sources, self.lock)

    def _write(self, name: str, times: dict[str, int] | None = None) -> None:
        times = times or self.times
        tree = {path: (text, times[path]) for path, text in self._texts().items()}
        for world in self.worlds:
            world.write(name, tree, self.on_disk.get(name, {}))
            if self.shape.tree == "sdist" and self.shape.times == "fixed":
                for place, _, _ in os.walk(world.home / name):
                    os.utime(place, ns=(FIXED, FIXED))
        self.on_disk[name] = tree

    def _go(self, how: str) -> None:
        here = (self.name, self.sources, self.times)
        if how == "back":
            if self.visited:
                self.name, self.sources, self.times = self.visited.pop(0)
                self.visited.append(here)
            return
        name = f"tree-{len(self.on_disk)}"
        while name in self.on_disk:
            name += "x"
        for world in self.worlds:
            if how == "moved":
                os.rename(world.home / self.name, world.home / name)
            else:
                shutil.copytree(world.home / self.name, world.home / name, symlinks=True)
        self.on_disk[name] = self.on_disk[self.name]
        if how == "moved":
            self.on_disk.pop(self.name)
        else:
            self.visited.append(here)
        self.name = name
