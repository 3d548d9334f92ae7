"""A cargo command line, read as far as the shim needs it. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Invocation", "parse"]

# cargo's own subcommands that never compile. What is not known here (aliases, plugins) may.
NEVER_BUILD = frozenset(
    "add clean config fetch fmt generate-lockfile help info init locate-project login logout metadata new owner pkgid"
    " read-manifest remove report rm search tree uninstall update vendor verify-project version yank".split()
)
# Of cargo's own that build, those whose options are all cargo's up to `--`: others hand words on to another program.
TAKES_NO_PROGRAM = frozenset("b bench build c check d doc fix install package publish rustc rustdoc t test".split())
# Options before the subcommand that take a value (cargo 1.95, `cargo --help`).
GLOBAL_OPTIONS_WITH_VALUE = frozenset({"--color", "--config", "--explain", "-C", "-Z"})

# The options that are read here, and those whose value might be taken for one of them.
OPTIONS_WITH_VALUE = frozenset(
    {"--config", "--features", "-F", "--manifest-path", "--profile", "--target", "--target-dir"}
)


class Invocation:
    """What one call of cargo asks for.

    ``subcommand`` is ``""`` where there is none (``cargo --version``); ``targets`` and ``configs`` are the values of
    every ``--target`` and ``--config`` that counts, in order; ``manifest_path`` and ``target_dir`` are as given, or
    ``""``; ``profile`` is the one that cargo builds; ``toolchain`` is rustup's ``+name`` or ``""``; ``lists_only`` is
    whether a list of files is asked for (``cargo package --list``), ``late_config`` whether a ``--config`` stands
    after the subcommand.
    """

    __slots__ = (
        "configs",
        "late_config",
        "lists_only",
        "manifest_path",
        "profile",
        "subcommand",
        "target_dir",
        "targets",
        "toolchain",
    )

    def __init__(self, subcommand: str) -> None:
        self.subcommand = subcommand
        self.manifest_path = ""
        self.target_dir = ""
        self.targets: list[str] = []
        self.configs: list[str] = []
        self.late_config = False
        self.lists_only = False
        self.profile = {"bench": "bench", "install": "release"}.get(subcommand, "dev")
        self.toolchain = ""

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


def parse(arguments: Sequence[str]) -> Invocation:
    """Read cargo's arguments (without the program's name), ``+toolchain`` first if there is one.

    Everything after ``--`` belongs to rustc or to the program that cargo runs, and is not looked at.
    """
    own = list(arguments[: arguments.index("--")]) if "--" in arguments else list(arguments)
    toolchain = own.pop(0) if own and own[0].startswith("+") else ""
    before = _options(own, GLOBAL_OPTIONS_WITH_VALUE)
    invocation = Invocation(own.pop(0) if own else "")
    invocation.toolchain = toolchain
    invocation.lists_only = "--list" in own or "-l" in own
    if "--release" in own or "-r" in own:
        invocation.profile = "release"
    after = _options(own, OPTIONS_WITH_VALUE, stop_at_word=False)
    invocation.late_config = any(name == "--config" for name, _ in after)
    if invocation.late_config and invocation.subcommand in TAKES_NO_PROGRAM:
        # Cargo does so with this option: those after the subcommand take the place of those before it.
        before = [(name, value) for name, value in before if name != "--config"]
    for name, value in before + after:
        if name == "--config":
            invocation.configs.append(value)
        elif name == "--target":
            invocation.targets.append(value)
        elif name == "--target-dir":
            invocation.target_dir = value
        elif name == "--manifest-path":
            invocation.manifest_path = value
        elif name == "--profile":
            invocation.profile = value
    return invocation


def _options(words: list[str], with_value: frozenset[str], *, stop_at_word: bool = True) -> list[tuple[str, str]]:
    """Take options off the front of ``words``: names and values, of those that have one (``--a b`` or ``--a=b``)."""
    found = []
    while words and (words[0].startswith("-") or not stop_at_word):
        name, equals, value = words.pop(0).partition("=")
        if name in with_value:
            if not equals:
                value = words.pop(0) if words else ""
            found.append((name, value))
    return found
