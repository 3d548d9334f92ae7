"""The wrapper as ``cargo`` on ``PATH``, for programs that start cargo by its name: a folder in the store to put first.

Beside it are links to the programs of the toolchain that lie beside the real cargo, since tools look for them there;
only to those that ``PATH`` leads to as well, so that each name still stands for the same program. The wrapper removes
the folder from ``PATH`` again for the cargo that it becomes: build scripts, subcommands and the programs that they
start see the ``PATH`` that they would have seen without it.
"""

from __future__ import annotations

import os

from ..wrapper import process, real_cargo, store
from ..wrapper.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["VARIABLE", "check_choice", "folder", "put_first", "removal"]

# `off`: a cargo that is started by its name is left alone.
VARIABLE = "PYO3_SHIM_PATH"
CHOICES = ("on", "off")
# What rustup has proxies for, and itself: https://rust-lang.github.io/rustup/concepts/proxies.html
BESIDE_CARGO = (
    *("rustc", "rustdoc", "rustfmt", "rust-analyzer", "rust-gdb", "rust-gdbgui", "rust-lldb", "rls", "rustup"),
    *("cargo-clippy", "cargo-fmt", "cargo-miri", "clippy-driver"),
)


def folder(environ: Mapping[str, str], launcher: str) -> str:
    """The folder to put first on ``PATH``, in the store, with ``launcher`` as cargo; ``""`` for none.

    There is none where ``PYO3_SHIM_PATH`` is ``off``, on Windows, and where no cargo is on ``PATH`` (tools may install
    one if they find none). Effect: it is made. Raises ``UserError``, and ``CannotSteady``.
    """
    check_choice(environ)
    if environ.get(VARIABLE) == "off" or process.WINDOWS or not environ.get("PATH"):
        return ""
    # Of an earlier version, or put in twice.
    environ = {**environ, "PATH": real_cargo.without_wrapper(environ["PATH"])}
    cargo = process.find_program("cargo", environ, real_cargo.is_wrapper)
    if cargo is None or not os.path.isabs(cargo):
        return ""
    beside = {name: os.path.join(os.path.dirname(cargo), name) for name in BESIDE_CARGO}
    targets = {name: path for name, path in beside.items() if process.find_program(name, environ) == path}
    targets["cargo"] = launcher
    parts = (os.fsencode(part) for item in sorted(targets.items()) for part in item)
    links = store.Links(f"{real_cargo.ON_PATH}/{store.digest(*parts)}", targets)
    root = store.default_root(environ)
    # What holds the separator can't be named there.
    return "" if os.pathsep in root else store.put(root, links)


def check_choice(environ: Mapping[str, str]) -> None:
    """Raise ``UserError`` if ``PYO3_SHIM_PATH`` has a value that is not allowed."""
    if (environ.get(VARIABLE) or CHOICES[0]) not in CHOICES:
        raise UserError(
            f"{VARIABLE} is {environ[VARIABLE]!r}, which is none of {', '.join(CHOICES)}",
            "unset it, or set one of these",
        )


def put_first(first: str, environ: Mapping[str, str]) -> str:
    """The value of ``PATH`` with the folder ``first`` in front, and no other of ours."""
    rest = real_cargo.without_wrapper(environ.get("PATH", os.defpath))
    return f"{first}{os.pathsep}{rest}"


def removal(environ: Mapping[str, str]) -> dict[str, str | None]:
    """What to set to have no folder of ours on ``PATH``: nothing if there is none."""
    before = environ.get("PATH", "")
    after = real_cargo.without_wrapper(before)
    return {} if after == before else {"PATH": after}
