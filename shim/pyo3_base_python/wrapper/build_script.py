"""What build scripts may do, by their sources: run the interpreter that pyo3's configuration names, write files.

Where a build script may run the interpreter, pyo3's configuration gives it a name that depends on what can be imported
there, and pyo3 is compiled again when that changes. What a script imports can't be known from outside, so every
distribution counts. But many scripts only have pyo3's ``cfg`` flags and linker arguments printed, which are the same
whatever is installed.
"""

from __future__ import annotations

import os

from . import files, paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from .project import Project

__all__ = ["is_inert", "may_write", "named", "not_there", "text", "variables", "without_inert_reader"]

# All that such a script may say, but for strings. With these nothing can be read, included, started or asked for:
# neither a file, a variable nor the configuration. The names in the last line are for what a loop prints: none of them
# means anything else that could read something.
WORDS = frozenset(
    "fn main pub use println cfg feature pyo3_build_config use_pyo3_cfgs add_extension_module_link_args"
    " add_python_framework_link_args add_libpython_rpath_link_args get build_script_outputs for in"
    " flag line output".split()
)
# How functions are called that make files, or begin with `write_`; but for those that write to OUT_DIR unasked.
WRITING = frozenset("write create create_new copy rename OpenOptions symlink hard_link".split())
TO_OUT_DIR = frozenset("write_built_file write_fmt write_str".split())
# Those whose first argument is what they make.
MAKING = frozenset("write create create_new write_to_file".split())
COMMAND = "Command::new("
# Programs that write nothing; and what a program is given to be told something, in a line of its own language.
READ_ONLY = frozenset("cargo clang cmake-config git llvm-config pkg-config rustc uname xcrun".split())
ONE_LINE = "-c"
# What a build script has others run for it, and which may read variables as well.
HELPERS = (".sh", ".py", ".mk", "Makefile", "CMakeLists.txt")
SHELLS = frozenset("bash sh".split())
JOINS = (".join(", ".push(")
PYTHONS = frozenset("python python3 python.exe".split())
# The configuration itself must not be at hand, only the flags made of it: `get()` stands before this and nowhere else.
ASKED = ("get", "build_script_outputs")
DEPENDENCY = "pyo3-build-config"
SECTIONS = ("build-dependencies", f"build-dependencies.{DEPENDENCY}", "workspace.dependencies")


def without_inert_reader(here: Project | None) -> Project | None:
    """``here``; if its build script is inert, its package is not among those that may run the interpreter.

    Other packages stay among them: where they lie is not known here. Effect: the lock of ``here`` is changed.
    """
    if here is None or here.lock is None or not here.lock.readers_of_executable:
        return here
    manifest, source = (files.read(os.path.join(here.manifest_dir, name)) for name in ("Cargo.toml", "build.rs"))
    try:
        package = _package((manifest or b"").decode())
        inert = package in here.lock.readers_of_executable and source is not None and is_inert(source.decode())
    except ValueError:  # not UTF-8
        return here
    if inert:
        here.lock.readers_of_executable = [name for name in here.lock.readers_of_executable if name != package]
    return here


def is_inert(source: str) -> bool:
    """Whether the Rust ``source`` of a build script only prints constants and pyo3's flags."""
    words = list(_words(source))
    asked = (words[place : place + 2] for place, word in enumerate(words) if word == ASKED[0])
    return WORDS.issuperset(words) and all(tuple(pair) == ASKED for pair in asked)


def text(script: str) -> str:
    """The source of the build script in the file ``script``, with its modules, what it includes, and its helpers."""
    left, texts, seen = [script], [], set()
    while left:
        path = os.path.normpath(left.pop())
        if path in seen:
            continue
        seen.add(path)
        source = (files.read(path) or b"").decode(errors="replace")
        texts.append(source)
        folder = os.path.dirname(path)
        named = (word for before, word in _words_after(source) if word.endswith(HELPERS) or _includes(before))
        left += (os.path.join(folder, word) for word in named)
        modules = [line.split("mod ")[-1].strip(" ;") for line in source.splitlines() if line.rstrip().endswith(";")]
        for module in filter(str.isidentifier, modules):
            left += (os.path.join(folder, f"{module}.rs"), os.path.join(folder, module, "mod.rs"))
    return "\n".join(texts)


def may_write(source: str, folder: str, found: Collection[str]) -> bool:
    """Whether a build script with the Rust ``source`` may write somewhere else than into ``OUT_DIR``.

    ``found`` are the paths of the files in its tree, with slashes; the script lies in ``folder``. It may where it
    writes, or starts a program that may, and does not mention ``OUT_DIR``, has a path as what it writes to, or names a
    file beside those of the tree that is not there yet.
    """
    if not _writes(source):
        return False
    return "OUT_DIR" not in source or _writes_to_a_path(source) or bool(not_there(source, folder, found))


def not_there(source: str, folder: str, found: Collection[str]) -> str:
    """A file that a build script names, in a folder that is ``found``, and that is not; ``""`` if there is none.

    Arguments as for ``may_write``; ``""``, too, where the script does not write. Not beside the script itself: files in
    ``OUT_DIR`` have plain names as well.
    """
    if not _writes(source):
        return ""
    chain: list[str] = []
    for before, word in _words_after(source):
        # Where a path begins that is joined from words is not known.
        chain = [*chain, word] if before.endswith(JOINS) else [word]
        for name in ("/".join(chain[begin:]) for begin in range(len(chain))):
            path = paths.with_slashes(os.path.normpath(os.path.join(folder, name)))
            inner = os.path.dirname(path)
            if "." in os.path.basename(name) and path not in found and inner not in {"", folder} and inner in found:
                return path
    return ""


def _writes(source: str) -> bool:
    plain = source.replace("write!", "").replace("writeln!", "")
    words = {*"".join(letter if letter.isalnum() or letter == "_" else " " for letter in plain).split()} - TO_OUT_DIR
    if not WRITING.isdisjoint(words) or any(word.startswith("write_") for word in words):
        return True
    strings = source.split('"')[1::2]
    for call in source.split(COMMAND)[1:]:
        program = call.split('"')[1] if call.lstrip().startswith('"') and call.count('"') > 1 else ""
        if program not in READ_ONLY and (program in SHELLS or ONE_LINE not in strings):
            return True
    return False


def _writes_to_a_path(source: str) -> bool:
    """Whether what a function makes is a path in quotes."""
    for before, word in _words_after(source):
        function = before.rstrip().rpartition("(")
        if function[1] and not function[2].strip("& ") and _last_word(function[0]) in MAKING and word:
            return True
    return False


def _includes(before: str) -> bool:
    """Whether what stands before a string makes that a source of the same program."""
    return before.replace(" ", "").endswith(("include!(", "#[path="))


def _words_after(source: str) -> Iterator[tuple[str, str]]:
    """Each string in ``source``, after what stands before it."""
    words = source.split('"')
    return zip(words[::2], words[1::2])


def _last_word(code: str) -> str:
    end = code.rstrip()
    begin = len(end)
    while begin and (end[begin - 1].isalnum() or end[begin - 1] == "_"):
        begin -= 1
    return end[begin:]


def variables(source: str, environ: Mapping[str, str]) -> list[str]:
    """Those of ``environ`` that a build script with the Rust ``source`` may read.

    It has their names in quotes, or a shell script or makefile of it behind a ``$``. A Python that it finds on ``PATH``
    is that of the environment, which ``PYO3_PYTHON`` stands for.
    """
    words = {*source.split('"'), *source.split("'")}
    for behind in source.replace("${", "$").replace("$(", "$").split("$")[1:]:
        end = next((place for place, letter in enumerate(behind) if not (letter.isalnum() or letter == "_")), None)
        words.add(behind[:end])
    if not words.isdisjoint(PYTHONS):
        words.add("PYO3_PYTHON")
    return sorted(environ.keys() & words)


def named(manifest: str) -> list[str]:
    """The build scripts that the text of a manifest names, by their paths from its folder: words behind ``build =``.

    A crate of the name ``build`` has its version there: no such file exists.
    """
    words = manifest.replace("'", '"').split('"')
    keys = (before.rpartition("\n")[2].rstrip(" \t=") for before in words)
    return [word for key, word in zip(keys, words[1:]) if key.endswith("build") and "#" not in key]


def _package(manifest: str) -> str:
    """The package's name, if build.rs alone depends on pyo3-build-config and calls it by its own name; else ``""``."""
    section = name = ""
    for raw in manifest.splitlines():
        line = raw.strip()
        if line.startswith("["):
            section = line.strip("[]")
        key, _, value = (part.strip() for part in line.partition("="))
        if section == "package" and key == "name":
            name = value.strip("\"'")
        other_script = section == "package" and key == "build" and value != '"build.rs"'
        renamed = "build-dependencies" in section and ("package" in value or key == "package")
        if other_script or renamed or (DEPENDENCY in line and section not in SECTIONS):
            return ""
    return name


def _words(source: str) -> Iterator[str]:
    """Identifiers, keywords and numbers of Rust ``source``; an impossible word if it has syntax that is not read here.

    That is comments over several lines, quotes of characters, and raw strings (by the word before the quote).
    """
    for line in source.splitlines():
        text = line
        while text:
            code, quote, text = text.partition('"')
            code, comment, _ = code.partition("//")
            if "'" in code or "/*" in code:
                yield "?"
            yield from "".join(letter if letter.isalnum() or letter == "_" else " " for letter in code).split()
            if comment:
                break
            if quote:
                _, end, text = text.replace("\\\\", "").replace('\\"', "").partition('"')
                if not end:
                    yield "?"
