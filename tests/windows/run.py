"""Run tests in Python for Windows under wine: ``python -m tests.windows.run [arguments of pytest]``.

Without arguments: those in this folder, and the unit tests of what runs in a build. Any argument replaces that choice.
Ends with pytest's exit code; where there is no wine, says so and ends with 0.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.windows.set_up import MissingError, Windows, set_up

ROOT = Path(__file__).resolve().parents[2]
SELECTED = ("tests/windows", "tests/unit/wrapper", "tests/unit/activation")


def on_windows(path: Path) -> str:
    """A path of this machine as wine shows it."""
    return "Z:" + os.fspath(path).replace("/", "\\")


def run(windows: Windows, arguments: list[str]) -> int:
    """Run pytest with ``arguments`` on the sources of this checkout; returns its exit code."""
    site = windows.drive / "Python311" / "Lib" / "site-packages"
    (site / "checkout.pth").write_text(on_windows(ROOT / "shim") + "\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "-q", "--no-deps"]
    subprocess.run([*pip, "--wheel-dir", windows.drive / "wheels", ROOT / "shim"], check=True)
    command = [windows.python, "-X", r"pycache_prefix=C:\pycache", "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    windows.environ["STAND_IN_CARGO"] = windows.cargo
    windows.environ["WHEELS"] = windows.wheels
    with subprocess.Popen(
        ["wine", *command],
        env=windows.environ,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as started:
        assert started.stdout is not None
        for line in started.stdout:
            sys.stdout.buffer.write(line.replace(b"\r\n", b"\n"))
            sys.stdout.flush()
    return started.returncode


if __name__ == "__main__":
    try:
        found = set_up()
    except MissingError as error:
        sys.stdout.write(f"not run: {error}\n")
        sys.exit(0)
    sys.exit(run(found, sys.argv[1:] or list(SELECTED)))
