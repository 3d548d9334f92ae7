"""The project to build: where its manifest, lock file and target directory are, and which pyo3 it uses.

Cargo's own rules, as far as they matter here: https://doc.rust-lang.org/cargo/reference/workspaces.html (the root).
Cargo.lock and manifests are read by line rather than as TOML: 10 ms less for each call, with the same result.
"""

from __future__ import annotations

import os

from . import cargo_config, paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from .cargo_config import CargoConfig
    from .command_line import Invocation

__all__ = ["Lock", "Project", "artifact_names", "locate", "package_name", "parse_lock", "selected", "unpacked_sdist"]

PYO3_CRATES = frozenset({"pyo3", "pyo3-ffi"})
# Those whose build scripts look for an interpreter.
LOOKING = PYO3_CRATES | {"pyo3-build-config"}
# These depend on pyo3-build-config, and do not run the interpreter that its config names.
PYO3_FAMILY = frozenset({"pyo3", "pyo3-build-config", "pyo3-ffi", "pyo3-macros", "pyo3-macros-backend"})

# The name of none: the root of a workspace that has members alone.
NO_PACKAGE = "-"
LONGEST_NUMBER = 20  # cargo's are of 64 bits

# How a line begins, without blanks and quotes, that makes a manifest the root of a workspace.
ROOT = "[workspace"
# How one begins that names the root, or makes one in a way that is not read here; but for what is inherited from it.
OTHER_WORDS = ("workspace=", "workspace.", "package.workspace", "package={")
INHERITED = "workspace=true"
BLANKS_AND_QUOTES = str.maketrans("", "", " \t\"'")


class Lock:
    """What Cargo.lock says about pyo3.

    ``pyo3_versions``: of pyo3 and pyo3-ffi, each as a tuple of three integers, sorted. ``readers_of_executable``:
    names of packages that depend on pyo3-build-config and may run the interpreter it names. ``local_packages``: names
    of those that come from folders (members of the workspace, path dependencies). ``users``: which packages depend on
    one, by name.
    """

    __slots__ = ("local_packages", "pyo3_versions", "readers_of_executable", "users")

    def __init__(
        self,
        pyo3_versions: Iterable[tuple[int, int, int]],
        readers_of_executable: Iterable[str] = (),
        local_packages: Iterable[str] = (),
        users: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        self.pyo3_versions = sorted(set(pyo3_versions))
        self.readers_of_executable = sorted(set(readers_of_executable))
        self.local_packages = sorted(set(local_packages))
        self.users = users or {}

    def direct_users(self, packages: Iterable[str]) -> set[str]:
        """The packages that depend directly on one of ``packages``."""
        return {user for name in packages for user in self.users.get(name, ())}

    def all_users(self, packages: Iterable[str], spared: Mapping[str, Collection[str]] | None = None) -> set[str]:
        """The names of ``packages``, and of all that depend on them, directly or not.

        ``spared`` are dependencies, by the name of the package that has them, that do not count: optional ones that are
        off are in the lock file, too.
        """
        spared = spared or {}
        found: set[str] = set()
        left = list(packages)
        while left:
            name = left.pop()
            if name not in found:
                found.add(name)
                left += [user for user in self.users.get(name, ()) if name not in spared.get(user, ())]
        return found

    def leads_to_pyo3(self, packages: Iterable[str]) -> bool:
        """Whether one of ``packages`` is or depends on a crate of pyo3 that looks for an interpreter."""
        return not self.all_users(LOOKING).isdisjoint(packages)


class Project:
    """A package or workspace that cargo is asked to build.

    ``manifest_dir`` and ``root`` (of the workspace) are absolute paths; ``lock`` is ``None`` where there is no
    Cargo.lock; ``target_dir`` is the absolute path of the target directory, or ``""`` where what cargo compiles may go
    to another place that is not known here; ``config`` is cargo's configuration; ``sdist`` is the folder of the sdist
    that it was unpacked from, or ``""``.
    """

    __slots__ = ("config", "lock", "manifest_dir", "root", "sdist", "target_dir")

    def __init__(
        self,
        manifest_dir: str,
        root: str,
        lock: Lock | None,
        target_dir: str,
        *,
        config: CargoConfig | None = None,
        sdist: str = "",
    ) -> None:
        self.manifest_dir = manifest_dir
        self.root = root
        self.lock = lock
        self.target_dir = target_dir
        self.config = config or cargo_config.CargoConfig()
        self.sdist = sdist


def locate(
    invocation: Invocation, environ: Mapping[str, str], cwd: str, ask_root: Callable[[str], str]
) -> Project | None:
    """The project that ``invocation`` builds when started in ``cwd``; ``None`` if there is no manifest.

    ``ask_root`` has cargo say which folder is the root of the workspace that a folder's package is in; it is called
    where the manifests' lines do not tell.
    """
    if invocation.manifest_path:
        manifest_dir = os.path.dirname(os.path.join(cwd, invocation.manifest_path))
    else:
        found = [folder for folder in paths.with_parents(cwd) if os.path.isfile(os.path.join(folder, "Cargo.toml"))]
        if not found:
            return None
        manifest_dir = found[0]
    manifest_dir = os.path.abspath(manifest_dir)
    root = _workspace_root(manifest_dir, ask_root)
    text = cargo_config.read(os.path.join(root, "Cargo.lock"))
    config = cargo_config.load(invocation.configs, environ, cwd)
    return Project(
        manifest_dir,
        root,
        parse_lock(text) if text is not None else None,
        _target_dir(invocation.target_dir, environ, config, cwd, root),
        config=config,
        sdist=unpacked_sdist(manifest_dir, environ),
    )


def unpacked_sdist(manifest_dir: str, environ: Mapping[str, str]) -> str:
    """The folder of the sdist that a tool has unpacked to build what is in ``manifest_dir``; ``""`` if none has.

    PKG-INFO lies beside pyproject.toml or setup.py, somewhere below a folder for what passes (see ``paths``), and it is
    part of no checkout, but of one that a tool has made for itself. What somebody has unpacked elsewhere is theirs to
    work in: like any tree, it is left as it is.
    """
    ends = paths.passing(environ)
    sdist = ""
    for folder in paths.with_parents(manifest_dir):
        real = os.path.realpath(folder)
        if real in ends or not any(paths.is_inside(real, end) for end in ends):
            return sdist
        if _is_fetched(folder):
            return sdist or folder
        if _is_checkout(folder):
            return ""
        if not sdist and _has(folder, "PKG-INFO") and (_has(folder, "pyproject.toml") or _has(folder, "setup.py")):
            sdist = folder
    return sdist


def _is_checkout(folder: str) -> bool:
    """Whether git has something checked out in ``folder``. Not where uv marks its cache, by an empty ``.git``."""
    git = os.path.join(folder, ".git")
    return os.path.isdir(git) or (os.path.isfile(git) and os.path.getsize(git) > 0)


def _is_fetched(folder: str) -> bool:
    """Whether ``folder``, by its name, is one into which pip or uv puts a repository or an archive to build it.

    ``pip-req-build-X`` (named alone) and ``pip-install-X/NAME_Y`` (a dependency); ``git-v0/checkouts/X/COMMIT``.
    """
    above, name = os.path.split(folder)
    further, upper = os.path.split(os.path.dirname(above))
    return (
        name.startswith("pip-req-build-")
        or os.path.basename(above).startswith("pip-install-")
        or (upper == "checkouts" and os.path.basename(further).startswith("git-v"))
    )


def parse_lock(text: str) -> Lock:
    """Read a Cargo.lock of any format version; lines that are not understood are passed over."""
    versions = []
    readers = []
    local: list[str] = []
    users: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("["):
            # `[[patch.unused]]` and `[metadata]` are no part of the graph.
            name = "" if line == "[[package]]" else "-"
        elif line.startswith("name = ") and not name:
            name = line[7:].strip().strip('"')
            if paths.is_plain(name):
                local.append(name)
        elif line.startswith("source = ") and local[-1:] == [name]:
            local.pop()
        elif line.startswith("version = ") and name in PYO3_CRATES:
            versions.append(_version(line[10:].strip().strip('"')))
        elif line.startswith(' "'):
            # A name, and a version where there are several.
            other = line.strip(' ",').partition(" ")[0]
            users.setdefault(other, []).append(name)
            if other == "pyo3-build-config" and name not in PYO3_FAMILY:
                readers.append(name)
    return Lock(versions, readers, local, users)


def artifact_names(manifest_dir: str) -> list[str]:
    """The names that cargo's files for the package in ``manifest_dir`` can have: its name, or that of its library.

    Names that cargo refuses, since they lead elsewhere as paths, are left out.
    """
    manifest = cargo_config.read(os.path.join(manifest_dir, "Cargo.toml")) or ""
    return [name for name in _named(manifest, {"package", "lib"}) if paths.is_plain(name)]


def _named(manifest: str, sections: Collection[str]) -> list[str]:
    """The names in these ``sections`` of a manifest, in order."""
    names = []
    section = ""
    for raw in manifest.splitlines():
        line = raw.strip()
        if line.startswith("["):
            section = line.strip("[]").strip()
        elif section in sections and line.partition("=")[0].strip() == "name":
            names.append(line.partition("=")[2].partition("#")[0].strip().strip("\"'"))
    return names


def package_name(manifest_dir: str) -> str:
    """The name of the package in ``manifest_dir``, safe as a file's name; ``NO_PACKAGE`` if the manifest has none."""
    return next(iter(artifact_names(manifest_dir)), NO_PACKAGE)


def selected(call: Invocation, here: Project) -> list[str]:
    """The names of the packages of ``here`` that ``call`` builds, with what they depend on, and no others.

    Those of ``--package``, or else that of the manifest for ``cargo run`` and ``cargo rustc``. None where that is not
    certain: for a pattern or a URL, a package that is not local by Cargo.lock, or a workspace with ``default-members``.
    https://doc.rust-lang.org/cargo/reference/pkgid-spec.html
    """
    names = [spec.replace(":", "@").partition("@")[0] for spec in call.packages]
    if not names and call.subcommand in {"run", "rustc"}:
        manifest = cargo_config.read(os.path.join(here.manifest_dir, "Cargo.toml")) or ""
        names = [] if "default-members" in manifest else _named(manifest, {"package"})
    local = here.lock.local_packages if here.lock else ()
    return names if all(name in local for name in names) else []


def _version(text: str) -> tuple[int, int, int]:
    # Python refuses numbers of thousands of digits.
    numbers = [
        int(part) if part.isdecimal() and len(part) < LONGEST_NUMBER else 0
        for part in text.partition("-")[0].split(".")
    ]
    major, minor, patch = [*numbers, 0, 0][:3]
    return major, minor, patch


def _workspace_root(manifest_dir: str, ask_root: Callable[[str], str]) -> str:
    for folder in paths.with_parents(manifest_dir):
        text = cargo_config.read(os.path.join(folder, "Cargo.toml")) or ""
        lines = [line.translate(BLANKS_AND_QUOTES) for line in text.splitlines() if "workspace" in line]
        if any(line.startswith(OTHER_WORDS) and not line.startswith(INHERITED) for line in lines):
            return ask_root(manifest_dir)
        if any(line.startswith(ROOT) for line in lines):
            # No root leaves out itself.
            doubts = (*cargo_config.MULTILINE, *([] if folder == manifest_dir else ["exclude"]))
            return ask_root(manifest_dir) if any(word in text for word in doubts) else folder
    return manifest_dir


def _target_dir(option: str, environ: Mapping[str, str], config: CargoConfig, cwd: str, root: str) -> str:
    if config.build_dir or "build-dir" in config.unknown:
        return ""
    chosen = option or environ.get("CARGO_TARGET_DIR")
    if chosen:
        return os.path.abspath(os.path.join(cwd, chosen))
    if "target-dir" in config.unknown:
        return ""
    return config.target_dir or os.path.join(root, "target")


def _has(folder: str, name: str) -> bool:
    return os.path.isfile(os.path.join(folder, name))
