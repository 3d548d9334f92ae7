"""Runs inside the interpreter that is asked about, from Python 3.6 on, and prints what it is.

Arguments: none. Output, among whatever the interpreter's site may print before and after: one line that begins with
``MARK``, then ``name=value`` pairs separated by blanks, each value as the hexadecimal digits of its bytes in the file
system's encoding; ``sys_path`` holds its entries separated by NUL. The names follow what pyo3-build-config asks its
interpreter for (``InterpreterConfig::from_interpreter``).
"""

import os
import sys

MARK = "pyo3-base-python-probe:1"


def facts() -> "dict[str, str]":
    """What this interpreter is: a dictionary of strings."""
    import sysconfig

    variables = sysconfig.get_config_vars()

    def text(name: str) -> str:
        value = variables.get(name)
        return "" if value is None else str(value)

    pypy = sys.implementation.name == "pypy"
    windows = sys.platform == "win32"
    conda = os.path.exists(os.path.join(sys.base_prefix, "conda-meta"))
    framework = bool(variables.get("PYTHONFRAMEWORK"))
    flags = ("Py_DEBUG", "Py_REF_DEBUG", "Py_TRACE_REFS", "Py_GIL_DISABLED", "COUNT_ALLOCS")
    return {
        "implementation": sys.implementation.name,
        "version": "%d.%d" % sys.version_info[:2],
        "full_version": sys.version,
        "executable": sys.executable or "",
        "base_executable": getattr(sys, "_base_executable", None) or "",
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "shared": str(bool(pypy or conda or windows or framework or variables.get("Py_ENABLE_SHARED"))),
        "ld_version": text("LDVERSION"),
        "lib_dir": os.path.join(sys.base_prefix, "libs") if windows else text("LIBDIR"),
        "pointer_width": "64" if sys.maxsize > 2**32 else "32",
        "build_flags": ",".join(flag for flag in flags if text(flag) == "1"),
        "framework_prefix": text("PYTHONFRAMEWORKPREFIX") if framework else "",
        "platform": sysconfig.get_platform(),
        # Python for Windows knows no SOABI; this says its version and processor as well.
        "soabi": text("SOABI") or text("EXT_SUFFIX"),
        "stdlib": os.path.dirname(os.path.abspath(os.__file__)),
        "sys_path": "\0".join(sys.path),
    }


if __name__ == "__main__":
    # This file's folder is no part of the interpreter's own path, and its modules must not stand before others.
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if entry and os.path.abspath(entry) != folder]
    words = []
    for name, value in sorted(facts().items()):
        words.append("%s=%s" % (name, os.fsencode(value).hex()))
    sys.stdout.write("\n%s %s\n" % (MARK, " ".join(words)))
    sys.stdout.flush()
