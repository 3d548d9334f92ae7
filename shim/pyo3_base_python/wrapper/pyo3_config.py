"""pyo3's interpreter configuration, as the file that ``PYO3_CONFIG_FILE`` names.

The keys and how they follow from the interpreter are pyo3-build-config's (``InterpreterConfig``, 0.23 to 0.30). The
file is neutral: neither ``abi3`` nor ``target_abi`` is in it, since pyo3 from 0.23 on applies its features to it.
"""

from __future__ import annotations

from .errors import CannotSteady

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["describe", "render"]

# platform.python_implementation() as pyo3 knows it, by sys.implementation.name
IMPLEMENTATIONS = {"cpython": "CPython", "pypy": "PyPy"}
# The order in which pyo3 writes them; keys without a value are left out.
KEYS = (
    "implementation",
    "version",
    "shared",
    "lib_name",
    "lib_dir",
    "executable",
    "pointer_width",
    "build_flags",
    "python_framework_prefix",
    "suppress_build_script_link_lines",
)


def describe(facts: Mapping[str, str]) -> dict[str, str]:
    """What pyo3 would find out about an interpreter, from the probe's output; without ``executable``.

    Raises ``CannotSteady`` for an interpreter whose configuration is not known here.
    """
    implementation = IMPLEMENTATIONS.get(facts["implementation"])
    if implementation is None:
        raise CannotSteady(f"the implementation {facts['implementation']!r} is not known to pyo3-base-python")
    if facts["platform"].startswith(("mingw", "cygwin")):
        raise CannotSteady(f"Python for {facts['platform']} is not known to pyo3-base-python")
    flags = {flag for flag in facts["build_flags"].split(",") if flag}
    if "Py_DEBUG" in flags:
        flags.add("Py_REF_DEBUG")
    config = {
        "implementation": implementation,
        "version": facts["version"],
        "shared": "true" if facts["shared"] == "True" else "false",
        "lib_name": _lib_name(implementation, facts),
        "lib_dir": facts["lib_dir"],
        "pointer_width": facts["pointer_width"],
        "build_flags": ",".join(sorted(flags)),
        "python_framework_prefix": facts["framework_prefix"],
        "suppress_build_script_link_lines": "false",
    }
    for key, value in config.items():
        _check(key, value)
    return config


def render(config: Mapping[str, str], executable: str) -> bytes:
    """The file's content: ``config`` as ``describe`` returns it, and the ``executable`` that build scripts will run."""
    _check("executable", executable)
    values = {**config, "executable": executable}
    lines = [f"{key}={values[key]}\n" for key in KEYS if values.get(key) or key == "build_flags"]
    return "".join(lines).encode()


def _lib_name(implementation: str, facts: Mapping[str, str]) -> str:
    if facts["platform"].startswith("win"):
        return ""  # differs between abi3 and version-specific builds: pyo3 fills it in
    ld_version = facts["ld_version"]
    if implementation == "PyPy":
        return f"pypy{ld_version or facts['version']}-c"
    return f"python{ld_version or facts['version']}"


def _check(key: str, value: str) -> None:
    """pyo3 reads UTF-8 lines and trims the values: refuse what would not come back as it went in."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise CannotSteady(f"{key} is not UTF-8, so a pyo3 config file can't hold it: {value!r}") from None
    if value != value.strip() or "\n" in value or "\r" in value:
        raise CannotSteady(f"a pyo3 config file can't hold {key}={value!r}")
