"""What a compiler, linker or build script may go by without a word to cargo, though it is no source of a package.

That is cargo's configuration with its ``[env]``, from files and ``--config``; variables of compilers, linkers, wrappers
and pkg-config; and the files that these or rustc's arguments name: linker scripts, response files, programs that stand
before rustc or the linker. Cargo tracks the words and not the files
(https://doc.rust-lang.org/cargo/reference/config.html).
"""

from __future__ import annotations

import os
import stat

from . import cargo_config, files, store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

__all__ = ["Told", "content", "named_files"]

VARIABLES = (
    *("CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RUSTC_WRAPPER"),
    *("CARGO_BUILD_RUSTC", "RUSTC", "RUSTC_BOOTSTRAP"),
    *("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "INCLUDE", "OBJC_INCLUDE_PATH"),
    *("LD", "LIB", "LIBRARY_PATH", "LD_RUN_PATH", "MACOSX_DEPLOYMENT_TARGET", "NIX_LDFLAGS", "SDKROOT"),
    *("PKG_CONFIG", "PKG_CONFIG_LIBDIR", "PKG_CONFIG_PATH", "PKG_CONFIG_SYSROOT_DIR"),
)
# Those of compilers and what goes with them, also for a target or the host alone (`CC_x86_64-unknown-linux-gnu`):
# https://docs.rs/cc/latest/cc/#external-configuration-via-environment-variables
COMPILERS = ("AR", "ARFLAGS", "CC", "CFLAGS", "CPPFLAGS", "CXX", "CXXFLAGS", "LDFLAGS", "RANLIB", "RANLIBFLAGS")
FOR_ONE = ("HOST_", "TARGET_")
# Of cargo's variables, those that hold rustc's arguments, or name a linker for a target.
ARGUMENTS = ("RUSTFLAGS", "_LINKER")
# What stands around a path in a TOML file, in rustc's arguments and in a linker's.
AROUND = "\"'[]{}=,@\x1f"
# Bytes; a larger file is known by size and time.
LARGE = 1 << 20


class Told:
    """What a build is told: ``environ``, and by the command line ``configs``, the values of ``--config``.

    ``for_rustc`` are rustc's arguments there, which cargo tracks, but not the files that they name; ``packages`` are
    those that it names, if it names any; ``how`` is a word for all that it says.
    """

    __slots__ = ("configs", "environ", "for_rustc", "how", "packages")

    def __init__(
        self,
        environ: Mapping[str, str],
        configs: Sequence[str] = (),
        for_rustc: Sequence[str] = (),
        packages: Collection[str] = (),
        how: str = "",
    ) -> None:
        self.environ = environ
        self.configs = configs
        self.for_rustc = for_rustc
        self.packages = packages
        self.how = how

    def digest(self, cwd: str, root: str) -> str:
        """A digest of all that is told to a cargo started in ``cwd``, for a workspace in ``root``: rustc starts there.

        Without the variables that a build script may ask for: nobody knows which.
        """
        environ = self.environ
        config = cargo_config.files(environ, cwd)
        counts = [name for name in sorted(environ) if name in VARIABLES or _is_of_compiler(name)]
        values = [f"{name}={environ[name]}" for name in counts if environ[name]]
        texts = [(files.read(path) or b"").decode(errors="surrogateescape") for path in config]
        told = [environ[name] for name in sorted(environ) if name in counts or name.endswith(ARGUMENTS)]
        folders = [root, *(os.path.dirname(os.path.dirname(path)) for path in config)]
        named = {
            path for text in (*texts, *told, *self.configs, *self.for_rustc) for path in named_files(text, folders)
        }
        contents = (f"{os.path.basename(path)}={content(path)}" for path in sorted(named))
        said = (*values, *texts, *self.configs, *contents)
        return store.digest(*(text.encode(errors="surrogateescape") for text in said))


def _is_of_compiler(variable: str) -> bool:
    name = variable.partition("_")[2] if variable.startswith(FOR_ONE) else variable
    return name.partition("_")[0] in COMPILERS


def named_files(text: str, folders: Sequence[str]) -> Iterator[str]:
    """The files that words of ``text`` name, in one of ``folders``; by absolute paths."""
    for mark in AROUND:
        text = text.replace(mark, " ")
    for word in text.split():
        # A linker's options may be one word with their values.
        for name in (word, word[len("-T") :] if word.startswith("-T") else ""):
            found = (os.path.normpath(os.path.join(folder, name)) for folder in folders if name)
            yield from [path for path in found if os.path.isfile(path)][:1]


def content(path: str) -> str:
    """What is known of a file: a digest of it, or size and time of a large one; ``""`` if there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # a name with a NUL in it
        return ""
    if not stat.S_ISREG(status.st_mode):
        return ""
    if status.st_size > LARGE:
        return f"{status.st_size} {status.st_mtime_ns}"
    return store.digest(files.read(path) or b"")
