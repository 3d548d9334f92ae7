"""What is installed for an interpreter: the same lines for two environments with the same content, wherever they are.

Everything in a distribution that a build script can see counts: modules, data, headers, scripts, entry points. Files
that installers write anew in each environment do not.
"""

from __future__ import annotations

import os

from . import editable, files, paths, store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["environment_content"]

# Of a `.dist-info`, what `importlib.metadata` hands out; beside it are the installer's own notes, and SBOMs with a
# random number in them.
METADATA = (".dist-info/METADATA,", ".dist-info/entry_points.txt,")


def environment_content(folders: Iterable[str], building: str = "", prefixes: Iterable[str] = ()) -> list[str]:
    """What is installed in ``folders`` (entries of ``sys.path``), a line for each distribution, sorted.

    A line holds name, version and the hashes of the installed files, and neither a path nor a time. What lies outside
    of all ``prefixes``, if there are any, says so: a program whose environment was cleared may not see it.

    What is installed editable is only pointed to, so its line has what ``editable.modules`` says of it as well; the
    package in ``building``, which is about to be built, has none.
    """
    lines = []
    prefixes = list(prefixes)
    for folder in folders:
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        elsewhere = prefixes and not any(paths.is_inside(folder, prefix) for prefix in prefixes)
        mark = "elsewhere: " if elsewhere else ""
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith((".dist-info", ".egg-link")):
                content = _content(path, building)
                if content is not None:
                    lines.append(mark + name + content)
            elif name.endswith((".egg-info", ".egg")):
                lines.append(mark + name)
    return sorted(lines)


def _content(path: str, building: str) -> str | None:
    """The known content of a ``.dist-info`` or ``.egg-link``; ``None`` for the package in ``building``."""
    linked = path.endswith(".egg-link")
    project = editable.linked_project(path) if linked else editable.project(os.path.join(path, "direct_url.json"))
    if editable.holds(project, building):
        return None
    return ("" if linked else f" {_recorded(path)}") + editable.modules(project)


def _recorded(information: str) -> str:
    """The files of a distribution and their hashes, by the RECORD in its ``.dist-info``.

    https://packaging.python.org/specifications/recording-installed-packages/: ``path,hash,size``, relative to the
    folder that holds the ``.dist-info``. ``.pyc`` files hold times.
    """
    record = files.read(os.path.join(information, "RECORD")) or b""
    found, outside = [], []
    for line in record.decode("utf-8", "surrogateescape").splitlines():
        if ".pyc," in line:
            continue
        if line.startswith(("../", "/", '"../', '"/')):
            outside.append(line)
        elif ".dist-info/" not in line or any(name in line for name in METADATA):
            found.append(line)
    if outside:
        generated = _entry_points(information)
        found += [_outside(line, os.path.dirname(information), generated) for line in outside]
    return " ".join(sorted(found))


def _outside(line: str, folder: str, generated: Iterable[str]) -> str:
    """A line of RECORD for a file beside the modules: a script, a header, data; its path from the environment's top.

    A script that the installer ``generated`` says no more than its entry point, in other words for each installer. Of
    others the first line is the installer's, who writes the interpreter's path there, and the hash is of that.
    """
    path, *hash_and_size = line.rsplit(",", 2)
    path = path.strip('"').replace('""', '"')
    # An absolute path may be that of the environment: then the name has to do.
    shown = os.path.basename(path) if path.startswith("/") else path.lstrip("./")
    if os.path.basename(path).partition(".exe")[0] in generated:
        return shown
    script = files.read(os.path.join(folder, path), b"#!")
    return ",".join([shown, *(hash_and_size if script is None else [store.digest(without_interpreter(script))])])


def without_interpreter(script: bytes) -> bytes:
    """``script`` without the folder of its interpreter, in the first line or, where that got too long, the second."""
    first, *rest = script.split(b"\n")
    if rest and rest[0].startswith(b"'''exec'"):  # as distlib, pip and uv write it
        first, *rest = rest
    return b"\n".join([first.replace(b"\\", b"/").rpartition(b"/")[2], *rest])


def _entry_points(information: str) -> set[str]:
    """The names of the scripts that are made from ``entry_points.txt`` (``name = module:function``)."""
    text = files.read(os.path.join(information, "entry_points.txt")) or b""
    lines = text.decode("utf-8", "surrogateescape").splitlines()
    return {line.partition("=")[0].strip() for line in lines if "=" in line}
