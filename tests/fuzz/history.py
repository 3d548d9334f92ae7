"""What happens to a project, step by step: drawn at random, and printed for a reader."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Union

from .project import FOLDERS, Package, Script, Shape, first_sources

__all__ = ["Build", "Edit", "Elsewhere", "History", "Put", "Requirement", "Return", "Step", "Version", "draw"]


@dataclass(frozen=True)
class Edit:
    """A file gets another value, or is removed (``None``). Its time is `now`, `old`, in the `future`, or `kept`."""

    path: str
    value: str | None
    time: str = "now"


@dataclass(frozen=True)
class Version:
    """The project gets another version."""

    number: int


@dataclass(frozen=True)
class Requirement:
    """The build requirement gets another version."""

    value: str


@dataclass(frozen=True)
class Return:
    """All files get back the content that they had so many builds ago; those that change are written now."""

    builds: int


@dataclass(frozen=True)
class Put:
    """Another tree takes the place of this one, by a rename: the same files with one more edit, all of one old time."""

    path: str
    value: str


@dataclass(frozen=True)
class Elsewhere:
    """The tree is `moved` or `copied` to another path, target directory and times included; or goes `back`."""

    how: str


@dataclass(frozen=True)
class Build:
    """One build; ``how``: `shim`, `bare` (without the shim in both worlds), `killed before` app, or `after` it.

    ``python``: in a `new` environment, as all isolated builds have, in the `same` as the last one, or in a new one of
    the `other` interpreter.
    """

    how: str = "shim"
    python: str = "new"
    profile: str = "dev"
    loud: bool = False


Step = Union[Edit, Version, Requirement, Return, Put, Elsewhere, Build]


@dataclass(frozen=True)
class History:
    """A project, and what happens to it."""

    shape: Shape
    steps: tuple[Step, ...] = field(default=())

    def lines(self) -> list[str]:
        """The history as Python code that people can read."""
        shape = [f"        {line!r}," for line in self.shape.packages]
        rest = ", ".join(f"{name}={getattr(self.shape, name)!r}" for name in ("tree", "target", "times", "path"))
        steps = [f"        {step!r}," for step in self.steps]
        return ["History(", "    Shape((", *shape, f"    ), {rest}),", "    (", *steps, "    ),", ")"]


PARTS = ("module", "text", "macro", "version", "here", "feature")


def draw(dice: random.Random) -> History:
    """A random history."""
    shape = _shape(dice)
    values = dict(first_sources(shape).values)
    steps: list[Step] = []
    profiles = ["dev"] if dice.random() < 0.8 else ["dev", "release"]
    features = [False] if dice.random() < 0.8 else [False, True]
    moves = dice.random() < 0.25
    pythons = {"new": 8, "same": 1, "other": dice.choice([0, 0, 0, 0, 4])}
    for _ in range(dice.randint(2, 5)):
        build = Build(
            how=dice.choices(["shim", "bare", "killed before", "killed after"], [20, 1, 1, 1])[0],
            python=dice.choices([*pythons], [*pythons.values()])[0],
            profile=dice.choice(profiles),
            loud=dice.choice(features),
        )
        steps.append(build)
        for _ in range(dice.choice([0, 1, 1, 1, 2])):
            steps.append(_change(dice, shape, values, len(steps), moves=moves))
    return History(shape, (*steps, Build(profile=profiles[0], loud=features[0])))


def _shape(dice: random.Random) -> Shape:
    names = ["app", *(name for name in ("inner", "outer") if dice.random() < 0.3)]
    packages = tuple(_package(dice, name) for name in names)
    tree = dice.choice(["own", "own", "sdist", "sdist", "kept"])
    return Shape(
        packages,
        tree,
        target=dice.choice(["default", "default", "shared"]),
        times=dice.choice(["fixed", "now", "own"]),
        path=dice.choice(["new", "new", "same"]),
    )


def _package(dice: random.Random, name: str) -> Package:
    parts = tuple(part for part in PARTS if dice.random() < (0.15 if part == "here" else 0.25))
    script = None
    if dice.random() < (0.5 if name == "app" else 0.3):
        script = Script(
            reads=dice.choice(["file", "folder", "neighbour", "requirement", "place"]),
            tells=dice.choice(["nothing", "itself", "all", "absolute", "missing"]),
            gives=dice.choice(["variable", "out_dir", "src"]),
            helped=dice.random() < 0.4,
        )
    python = dice.choice(["pyo3", "pyo3-ffi"]) if name == "app" else dice.choice(["", "", "pyo3"])
    return Package(name, parts, script, python)


def _change(dice: random.Random, shape: Shape, values: dict[str, str], count: int, *, moves: bool) -> Step:
    kind = dice.choices(
        ["edit", "asset", "version", "requirement", "return", "put", "elsewhere"],
        [10, 4, 1, 2, 2, 2 if shape.tree != "sdist" else 0, 6 if moves and shape.tree != "sdist" else 0],
    )[0]
    value = f"v{count}"
    time = dice.choices(["now", "old", "future", "kept"], [8, 2, 1, 2])[0]
    if kind == "asset":
        folder = FOLDERS[dice.choice(shape.packages).name]
        path = f"{folder}/assets/{dice.choice(['one', 'two', 'three'])}.txt"
        return Edit(path, None if path in values and dice.random() < 0.5 else value, time)
    if kind == "version":
        return Version(count)
    if kind == "requirement":
        return Requirement(value)
    if kind == "return":
        return Return(dice.randint(1, 2))
    if kind == "elsewhere":
        return Elsewhere(dice.choice(["moved", "copied", "back"]))
    path = dice.choice(sorted(path for path in values if "assets" not in path))
    return Put(path, value) if kind == "put" else Edit(path, value, time)
