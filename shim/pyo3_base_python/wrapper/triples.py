"""Target triples: which ones cargo builds for, and which of them pyo3 takes for its host's own."""

from __future__ import annotations

from . import paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["is_native", "named"]

# https://doc.rust-lang.org/cargo/reference/config.html#buildtarget
HOST = "host-tuple"
# Windows runs their programs on a processor of 64 bits.
X86_32 = ("i386", "i586", "i686")


def named(triples: Iterable[str], host: str | None) -> list[str]:
    """The ``triples`` as cargo takes them: each once, with the ``host``'s own (if known) in place of ``host-tuple``."""
    stripped = (triple.strip() for triple in triples)
    return list(dict.fromkeys(host if host and triple == HOST else triple for triple in stripped))


def is_native(target: str, host: str | None) -> bool:
    """Whether pyo3 asks the interpreter that it finds on ``host`` about ``target`` too; else it is a cross build.

    ``is_cross_compiling_from_to`` of pyo3-build-config (0.18 to 0.30), as far as its versions agree: later ones let
    iOS and Windows 7 pass as well.
    """
    if target == host:
        return True
    parts, own = target.split("-"), (host or "").split("-")
    if min(len(parts), len(own)) < 3 or not paths.is_plain(target):  # noqa: PLR2004 - architecture, vendor, system
        return False
    windows = parts[2] == own[2] == "windows" and own[0] == "x86_64" and parts[0] in X86_32
    darwin = parts[2].startswith("darwin") and own[2].startswith("darwin")
    return parts[:3] == own[:3] or windows or darwin
