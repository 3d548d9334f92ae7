"""Files that may be read when a tree is compiled, without cargo knowing of them.

Rustc writes down everything that it reads itself. Build scripts and procedural macros may read what they do not
declare. If there are none of these, except such as are known to read nothing, cargo sees every change that counts, and
nobody else has to look.
"""

from __future__ import annotations

import os

from . import build_script, files, left_behind
from .project import package_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["macro", "may_be_read"]

# Macros, by the name of their library, that work on what they are given and read no file: their sources were looked at.
READ_NOTHING = frozenset(
    "asn1_derive async_trait bytemuck_derive clap_derive darling_macro derive_more derive_more_impl displaydoc"
    " enum_dispatch foreign_types_macros futures_macro indoc num_derive openssl_macros paste phf_macros pyo3_macros"
    " rkyv_derive seq_macro serde_derive strum_macros thiserror_impl tokio_macros tracing_attributes yoke_derive"
    " zerocopy_derive zerofrom_derive zerovec_derive".split()
)
SHARED_LIBRARIES = ("so", "dylib", "dll")
# A macro's name has the hash of what it was compiled of, in so many digits; an extension module has its plain name.
DIGITS = 16
# In the folder of the host's profiles.
OF_THE_HOST = ".rustc_info.json"


def may_be_read(profile_dir: str, manifest_dir: str, packages: Collection[str]) -> bool:
    """Whether something compiled in ``profile_dir`` may read what cargo does not track.

    ``packages`` are the local ones, by name, and ``manifest_dir`` is the folder of the one that is built. Where nothing
    has been compiled yet, or not by cargo's layout as of 1.95, nobody knows: ``True``. Nor where a target is named:
    macros are elsewhere, with what is compiled for the host.
    """
    if not os.path.isfile(os.path.join(os.path.dirname(profile_dir), OF_THE_HOST)):
        return True
    try:
        libraries, outputs = (os.listdir(os.path.join(profile_dir, name)) for name in ("deps", "build"))
    except OSError:
        return True
    scripts = {*map(left_behind.package_of, outputs)}.intersection(packages)
    if scripts - {package_name(manifest_dir)} or (scripts and not _is_inert(manifest_dir)):
        return True
    return not READ_NOTHING.issuperset(_macros(libraries))


def macro(profile_dir: str) -> str:
    """A macro in ``profile_dir`` that may read what cargo does not track, or ``""``."""
    deps = os.path.join(profile_dir, "deps")
    return min({*_macros(os.listdir(deps) if os.path.isdir(deps) else [])} - READ_NOTHING, default="")


def _macros(libraries: Collection[str]) -> Iterator[str]:
    for library in libraries:
        stem, _, kind = library.rpartition(".")
        name, _, digits = stem.rpartition("-")
        if kind in SHARED_LIBRARIES and len(digits) == DIGITS:
            yield name[len("lib") if name.startswith("lib") else 0 :]


def _is_inert(manifest_dir: str) -> bool:
    """Whether the package's build script is build.rs, and reads nothing."""
    manifest, source = (files.read(os.path.join(manifest_dir, name)) for name in ("Cargo.toml", "build.rs"))
    try:
        named = any(line.partition("=")[0].strip() == "build" for line in (manifest or b"").decode().splitlines())
        return source is not None and not named and build_script.is_inert(source.decode())
    except ValueError:  # not UTF-8
        return False
