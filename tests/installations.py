"""Installations of Python that tests may change: partial copies of the one that runs them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

__all__ = ["Installation", "install"]


class Installation:
    """A copy of this interpreter at ``prefix``; its standard library is linked, what it says of itself is not."""

    def __init__(self, prefix: Path) -> None:
        original = Path(os.path.realpath(sys.executable))
        library = Path(sysconfig.get_path("stdlib"))
        self.prefix = prefix
        self.python = prefix / "bin" / original.name
        self.python.parent.mkdir(parents=True)
        shutil.copy2(original, self.python)
        self.library = prefix / "lib" / library.name
        # Folders of its own: else what it compiles would go into the original.
        for name in ("__pycache__", "site-packages"):
            (self.library / name).mkdir(parents=True)
        for path in library.iterdir():
            place = self.library / path.name
            if path.name.startswith("_sysconfigdata"):
                shutil.copy2(path, place)
            elif not place.exists():
                place.symlink_to(path)
        self.set("LIBDIR", os.fspath(prefix / "lib"))

    def set(self, variable: str, value: str | int) -> None:
        """Pretend that it was built differently: change what `sysconfig` says, which must know the variable."""
        for path in self.library.glob("_sysconfigdata*.py"):
            text, count = re.subn(
                rf"^( ?.?'{variable}':) (?:'[^']*'|\d+)",
                lambda match: f"{match[1]} {value!r}",
                path.read_text(),
                flags=re.MULTILINE,
            )
            assert count == 1, (variable, path)
            path.write_text(text)
        # What was compiled of it is told from this by seconds and size only.
        for compiled in (self.library / "__pycache__").glob("_sysconfigdata*"):
            compiled.unlink()

    def upgrade(self) -> None:
        """Pretend that it is a later release at the same path, according to `sys.version`."""
        code = "import sys\nrelease, _, rest = sys.version.partition(' ')\nsys.version = f'{release}9 {rest}'\n"
        (self.library / "site-packages" / "sitecustomize.py").write_text(code, encoding="utf-8")


def install(python: str, name: str, version: str, record: str = "", folder: str = "") -> None:
    """Put the traces of a distribution into the environment of ``python``, or into ``folder``."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(folder or subprocess.check_output([python, "-c", code], text=True).strip())
    information = site / f"{name}-{version}.dist-info"
    information.mkdir(parents=True)
    (information / "RECORD").write_text(record or f"{name}.py,sha256={version},1\n", encoding="utf-8")
