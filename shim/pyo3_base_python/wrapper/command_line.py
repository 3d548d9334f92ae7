"""A cargo command line, read as far as the shim needs it. Pure, except for looking up the user's aliases."""

from __future__ import annotations

from . import paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Invocation", "parse"]

# cargo's own subcommands that never compile, and rustfmt's. What is not known here (plugins) may.
NEVER_BUILD = frozenset(
    "add clean config fetch fmt generate-lockfile help info init locate-project login logout metadata new owner pkgid"
    " read-manifest remove report search tree uninstall update vendor verify-project version yank".split()
)
# Of cargo's own that build, those whose options are all cargo's up to `--`: others hand words on to another program.
TAKES_NO_PROGRAM = frozenset("bench build check doc fix install package publish rustc rustdoc test".split())
# No alias takes the place of one of these.
OWN = (NEVER_BUILD - {"fmt"}) | TAKES_NO_PROGRAM | {"run"}
# All packages of the workspace, whichever `--package` names.
WHOLE_WORKSPACE = frozenset({"--workspace", "--all"})
# Cargo's own aliases, for which a user may have others (`BUILTIN_ALIASES` in its `src/bin/cargo/main.rs`).
ALIASES = {"b": "build", "c": "check", "d": "doc", "r": "run", "rm": "remove", "t": "test"}

# Options before the subcommand that take a value (cargo 1.95, `cargo --help`).
GLOBAL_OPTIONS_WITH_VALUE = frozenset({"--color", "--config", "--explain", "-C", "-Z"})
# Those after it that are read here, and those whose value might be taken for one of them.
OPTIONS_WITH_VALUE = frozenset(
    "--config --features -F --manifest-path --package -p --profile --target --target-dir -Z".split()
)
# Of those, what may stand without one: what looks like an option is no value of it.
PACKAGE = frozenset({"--package", "-p"})
# What follows this one in the same word is no option either; a next word is none by itself.
JOBS = "-j"


class Invocation:
    """What one call of cargo asks for.

    ``subcommand`` is ``""`` where there is none (``cargo --version``); ``targets`` and ``configs`` are the values of
    every ``--target`` and ``--config`` that counts, in order; ``manifest_path`` and ``target_dir`` are as given, or
    ``""``; ``for_rustc`` are the words that ``cargo rustc`` hands on; ``packages`` are those that a command of cargo's
    own is to build, as ``--package`` names them, if it names any; ``profile`` is the one that cargo builds;
    ``toolchain`` is rustup's ``+name`` or ``""``; ``lists_only`` is whether a list of files is asked for (``cargo
    package --list``), ``late_config`` whether a ``--config`` stands after the subcommand, ``has_reader`` whether a form
    of messages is asked for, as programs do. All of it is what an alias stands for. ``unclear`` says why that, or where
    cargo works, can't be told, or is ``""``.
    """

    __slots__ = (
        "configs",
        "for_rustc",
        "has_reader",
        "late_config",
        "lists_only",
        "manifest_path",
        "packages",
        "profile",
        "subcommand",
        "target_dir",
        "targets",
        "toolchain",
        "unclear",
    )

    def __init__(self, subcommand: str) -> None:
        self.subcommand = subcommand
        self.manifest_path = ""
        self.target_dir = ""
        self.targets: list[str] = []
        self.configs: list[str] = []
        self.for_rustc: list[str] = []
        self.has_reader = False
        self.late_config = False
        self.lists_only = False
        self.packages: list[str] = []
        self.profile = {"bench": "bench", "install": "release"}.get(subcommand, "dev")
        self.toolchain = ""
        self.unclear = ""

    @property
    def profile_folder(self) -> str:
        """The folder of the profile below the target directory: ``debug`` for ``dev`` and ``test``, for instance.

        https://doc.rust-lang.org/cargo/reference/build-cache.html
        """
        return {"dev": "debug", "test": "debug", "bench": "release"}.get(self.profile, self.profile)

    @property
    def may_build(self) -> bool:
        """Whether cargo may run a compiler or a build script for this call."""
        if not self.subcommand or self.subcommand in NEVER_BUILD:
            return False
        return not (self.subcommand == "package" and self.lists_only)


def parse(arguments: Sequence[str], alias: Callable[[str], Sequence[str] | None] = lambda _: None) -> Invocation:
    """Read cargo's arguments (without the program's name), ``+toolchain`` first if there is one.

    ``alias`` has the words that one of the user's aliases stands for: ``None`` if there is none of that name, no words
    if they are not known. Everything after ``--`` belongs to rustc or to the program that cargo runs, and is not read.
    """
    words = list(arguments)
    toolchain = words.pop(0) if words and words[0].startswith("+") else ""
    before, subcommand, own, others = _taken_apart(words)
    first, expanded = before, []
    unclear = "cargo -C leads to another folder" if any(name == "-C" for name, _ in before) else ""
    while not unclear and (stands_for := _stands_for(subcommand, alias)) is not None:
        if not stands_for or subcommand in expanded:
            unclear = f"it is not known what the alias {subcommand} stands for"
            break
        expanded.append(subcommand)
        before, subcommand, own, others = _taken_apart([*stands_for, *own, *others])
    invocation = Invocation(subcommand)
    invocation.toolchain = toolchain
    invocation.for_rustc = others[1:] if subcommand == "rustc" else []
    after = _options(own, OPTIONS_WITH_VALUE, stop_at_word=False)
    invocation.late_config = any(name == "--config" for name, _ in after)
    if subcommand not in OWN or (invocation.late_config and subcommand in TAKES_NO_PROGRAM):
        # Cargo hands no other program what stands before its name, and takes its own options after the subcommand in
        # place of those before it.
        before = []
    if expanded and subcommand in OWN:
        # These it keeps aside for what the alias stands for; those of an alias in between it drops.
        before = [*first, *before]
    if any(name in {"--release", "-r"} for name, _ in after):
        invocation.profile = "release"
    for name, value in before + after:
        _apply(invocation, name, value)
    if subcommand not in OWN or any(name in WHOLE_WORKSPACE for name, _ in after):
        invocation.packages = []
    if not paths.is_plain(invocation.profile):
        unclear = f"cargo refuses {invocation.profile!r} as a profile"
    elif "/" in subcommand or subcommand.endswith(".rs"):
        unclear = f"{subcommand} is a script of its own"
    invocation.unclear = unclear
    return invocation


def _taken_apart(words: Sequence[str]) -> tuple[list[tuple[str, str]], str, list[str], list[str]]:
    """The options before the subcommand, the subcommand, the words up to ``--``, and the words from there on."""
    end = words.index("--") if "--" in words else len(words)
    own = list(words[:end])
    before = _options(own, GLOBAL_OPTIONS_WITH_VALUE)
    return before, own.pop(0) if own else "", own, list(words[end:])


def _stands_for(subcommand: str, alias: Callable[[str], Sequence[str] | None]) -> Sequence[str] | None:
    if not subcommand or subcommand in OWN:
        return None
    words = alias(subcommand)
    return [ALIASES[subcommand]] if words is None and subcommand in ALIASES else words


def _apply(invocation: Invocation, name: str, value: str) -> None:
    if name == "--config":
        invocation.configs.append(value)
    elif name == "--target":
        invocation.targets.append(value)
    elif name == "--target-dir":
        invocation.target_dir = value
    elif name == "--manifest-path":
        invocation.manifest_path = value
    elif name in PACKAGE:
        invocation.packages.append(value)
    elif name == "--profile":
        invocation.profile = value
    elif name == "--message-format":
        invocation.has_reader = True
    elif name in {"--list", "-l"}:
        invocation.lists_only = True


def _options(words: list[str], with_value: frozenset[str], *, stop_at_word: bool = True) -> list[tuple[str, str]]:
    """Take options off the front of ``words``: names and values; the value is ``""`` if an option has none.

    Values are those of ``--a b``, ``--a=b``, ``-a b``, ``-ab`` and ``-a=b``; ``-abc`` may be three options.
    """
    found = []
    while words and (words[0].startswith("-") or not stop_at_word):
        word = words.pop(0)
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            if name in with_value and not equals:
                value = _next(words, name)
            found.append((name, value))
        elif word.startswith("-"):
            found += _short_options(word[1:], words, with_value)
    return found


def _short_options(letters: str, words: list[str], with_value: frozenset[str]) -> list[tuple[str, str]]:
    found = []
    for place, letter in enumerate(letters, 1):
        name, attached = f"-{letter}", letters[place:]
        if name == JOBS:
            break
        if name in with_value:
            value = attached[attached.startswith("=") :] if attached else _next(words, name)
            found.append((name, value))
            break
        found.append((name, ""))
    return found


def _next(words: list[str], name: str) -> str:
    """Take the value of the option ``name`` off the front of ``words``; ``""`` if it has none."""
    return "" if not words or (name in PACKAGE and words[0].startswith("-")) else words.pop(0)
