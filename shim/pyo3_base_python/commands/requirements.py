"""Whether `pyo3-base-python-core` works for a project's versions of Python and of the build backend. Pure."""

from __future__ import annotations

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["FIRST_BACKENDS", "OLDEST_PYTHON", "name_of", "older_python", "too_old_backend"]

# Of the distribution, as shim/pyproject.toml has it: minor version of Python 3.
OLDEST_PYTHON = 8
# From these versions on `$CARGO` is what is started to build. Seen by trial: maturin 1.3.2 and setuptools-rust 1.0.0
# start `cargo` whatever is set.
FIRST_BACKENDS = {"maturin": Version("1.4.0"), "setuptools-rust": Version("1.1.0")}


def name_of(requirement: str) -> str:
    """The normalised name of a distribution; the text itself, if it is no requirement."""
    try:
        return canonicalize_name(Requirement(requirement).name)
    except InvalidRequirement:
        return requirement


def older_python(requires_python: str) -> str | None:
    """The newest Python too old for the distribution that ``requires_python`` allows; ``None`` if there is none.

    What is no valid specifier allows none: front ends refuse it by themselves.
    """
    try:
        allowed = SpecifierSet(requires_python)
    except InvalidSpecifier:
        return None
    for minor in range(OLDEST_PYTHON - 1, -1, -1):
        if allowed.contains(f"3.{minor}.0") or allowed.contains(f"3.{minor}.99"):
            return f"3.{minor}"
    return "2.7" if allowed.contains("2.7.18") else None


def too_old_backend(requirements: Iterable[str]) -> str | None:
    """The first of ``requirements`` that allows no version of its backend that starts ``$CARGO``, or ``None``."""
    for text in requirements:
        first = FIRST_BACKENDS.get(name_of(text))
        if first and not any(version >= first for version in _allowed(Requirement(text).specifier, first)):
            return text
    return None


def _allowed(specifier: SpecifierSet, first: Version) -> Iterator[Version]:
    """Versions that ``specifier`` allows: one for each range that it tells apart."""
    versions = [first, Version("9999")]
    for part in specifier:
        try:
            named = Version(part.version.removesuffix(".*"))
        except InvalidVersion:  # `===` takes any word
            continue
        versions += [named, Version(f"{named.base_version}.0.1")]
    return (version for version in versions if specifier.contains(version, prereleases=True))
