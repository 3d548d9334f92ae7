"""What sources name outside of their own tree: packages, and files that a build script, a macro or a compiler reads.

Read from the text, so that a name may be found that nothing uses: what is there then counts without need. What is put
together as the program runs is not found.
"""

from __future__ import annotations

import os

from . import build_script, paths
from .files import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["MAY_NAME", "NAMING", "is_package", "named", "named_by_words", "named_in_full"]

# Looked through each time: what they name may have come into being.
NAMING = ("Cargo.toml", "build.rs", ".cargo/config.toml", ".cargo/config")
# Sources of other languages, which include files by paths from their own folder.
NATIVE = (".c", ".cc", ".cpp", ".cxx", ".h", ".hpp")
# Looked through when they have changed.
MAY_NAME = (".rs", *NATIVE)
# How a build script goes to the folder above.
STEPS = (".ancestors()", ".parent()", ".pop()")
# What is no part of a path, but stands for names.
PATTERNS = "*?[{"
# Rustc tells cargo of what these name.
RUSTC_READS = ("include!", "include_str!", "include_bytes!", "#[path")
# Folders of a package that only cargo test and cargo bench compile.
NOT_BUILT = ("tests/", "benches/")


def is_package(folder: str) -> bool:
    """Whether ``folder`` has a manifest."""
    return os.path.isfile(os.path.join(folder, "Cargo.toml"))


def named(file: str) -> Iterator[str]:
    """The places outside, absolute, that a manifest, cargo's configuration, a build script or another source names."""
    folder, name = os.path.split(file)
    if name == "Cargo.toml":
        yield from _named_in_toml(_text(file), folder)
        yield from _inherited(_text(file), folder)
    elif os.path.basename(folder) == ".cargo":
        yield from _named_in_toml(_text(file), os.path.dirname(folder))
    elif name.endswith(NATIVE):
        above = (word for _, word in _words(_text(file)) if word.startswith("../"))
        yield from (os.path.normpath(os.path.join(folder, word)) for word in above if "\n" not in word)
    elif name != "build.rs":
        yield from _named_in_macros(file)
    for script in _scripts(file):
        text = build_script.text(script)
        yield from _named_in_rust(text, folder)
        yield from _absolute(text, folder)


def named_by_words(words: Iterable[str], folder: str) -> Iterator[str]:
    """The packages that the values of ``--config`` name, which were given to a cargo in ``folder``."""
    for word in words:
        yield from (place for place in _named_in_toml(word, folder) if is_package(place))


def named_in_full(file: str, tree: str) -> Iterator[str]:
    """The files outside of ``tree`` that the build script which ``file`` is, or names as a manifest, has in quotes."""
    for script in _scripts(file):
        yield from _absolute(_text(script), tree)


def _scripts(file: str) -> Iterator[str]:
    """The build script that ``file`` is, or that it names as a manifest."""
    folder, name = os.path.split(file)
    if name == "build.rs":
        yield file
    elif name == "Cargo.toml":
        yield from (
            os.path.join(folder, script) for script in build_script.named(_text(file)) if script.endswith(".rs")
        )


def _text(file: str) -> str:
    return (read(file) or b"").decode(errors="replace")


def _named_in_toml(text: str, folder: str) -> Iterator[str]:
    """Files and packages above ``folder``, and packages by absolute paths; not what the package is a member of."""
    for before, word in _words(text.replace("'", '"')):
        above = "" if _is_key(before, "workspace") else _above(word)
        if above or os.path.isabs(word):
            place = os.path.normpath(os.path.join(folder, word))
            if os.path.basename(place) == "*" and os.path.isdir(os.path.dirname(place)):
                places = [entry.path for entry in os.scandir(os.path.dirname(place))]
            else:
                places = [place]
            files = above or _is_key(before, "path")
            yield from (one for one in places if is_package(one) or (files and os.path.isfile(one)))


def _inherited(text: str, folder: str) -> Iterator[str]:
    """The manifest of the workspace that a manifest in ``folder`` inherits from, and the packages that it names."""
    if not any(line.replace(" ", "").endswith("workspace=true") for line in text.replace("}", "\n").splitlines()):
        return
    for above in paths.with_parents(os.path.dirname(folder)):
        manifest = os.path.join(above, "Cargo.toml")
        inherited = _text(manifest) if os.path.isfile(manifest) else ""
        if "[workspace" in inherited:
            yield manifest
            places = (os.path.normpath(os.path.join(above, word)) for _, word in _words(inherited.replace("'", '"')))
            yield from (place for place in places if place != above and is_package(place))
            return


def _named_in_rust(text: str, folder: str) -> Iterator[str]:
    """What lies above ``folder``, by a path in quotes, which may be made from words that are joined."""
    # Quoted words and what is between them take turns.
    last = up = ""
    for before, word in _words(text):
        joined = "../" * before.count(".parent()") + word
        paths_above = [path for path in (_above(joined), _above(os.path.join(up, joined))) if path]
        yield from (os.path.normpath(os.path.join(folder, path)) for path in paths_above)
        up, last = last, next((path for path in paths_above[::-1] if not path.strip("./\\")), "")
    if any(step in text for step in STEPS):
        # From where it goes up, and what of its words belongs to that, is not known.
        for above in ("..", "../.."):
            places = (
                os.path.normpath(os.path.join(folder, above, word)) for _, word in _words(text) if word.strip("./")
            )
            yield from (place for place in places if os.path.lexists(place))


def _absolute(text: str, tree: str) -> Iterator[str]:
    """Files that a build script has in quotes by their absolute paths, outside of ``tree``."""
    for _, word in _words(text):
        # What the kernel makes up as it is read has no size.
        is_file = os.path.isabs(word) and os.path.isfile(word) and os.path.getsize(word) and os.access(word, os.R_OK)
        if is_file and not paths.is_inside(word, tree):
            yield os.path.normpath(word)


def _named_in_macros(file: str) -> Iterator[str]:
    """What lies above the package of a source, by a path in quotes, if it is no attribute or macro of rustc's own."""
    content = read(file) or b""
    if b"../" not in content:
        return
    package = next((folder for folder in paths.with_parents(os.path.dirname(file)) if is_package(folder)), "")
    if not package or paths.relative(file, package).startswith(NOT_BUILT):
        return
    for before, word in _words(content.decode(errors="replace")):
        above = _above(word)
        if above and not before.rstrip(" \t\r\n=(").endswith(RUSTC_READS):
            place = os.path.normpath(os.path.join(package, above))
            if not paths.is_inside(file, place):
                yield place


def _words(text: str) -> Iterator[tuple[str, str]]:
    """Whatever is between two quotes, after what comes before. Which of them open is not known: one may be quoted."""
    words = text.split('"')
    yield from zip(words, words[1:])


def _is_key(before: str, key: str) -> bool:
    return before.rstrip(" \t=").endswith(key)


def _above(word: str) -> str:
    """``word`` as a path, if it leads above; it may begin with a variable, or stand behind one."""
    if word.startswith(("$", "{", "/..")):
        word = word[word.find("/") + 1 :]
    begins = min((word.find(mark) for mark in PATTERNS if mark in word), default=len(word))
    if begins < len(word):
        word = word[: word.rfind("/", 0, begins) + 1]
    path = os.path.normpath(word)
    return path if path.split(os.sep)[0] == ".." and "\n" not in path else ""
