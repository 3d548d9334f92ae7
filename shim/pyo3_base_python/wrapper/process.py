"""The one place that starts or becomes a process. Every call is given its environment."""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping, Sequence
    from typing import NoReturn

__all__ = [
    "WINDOWS",
    "Capture",
    "become",
    "begin",
    "capture",
    "die_of",
    "die_of_interrupt",
    "find_program",
    "handing_on_signals",
    "is_program",
    "start",
    "watch",
]

WINDOWS = sys.platform == "win32"

# Ignored by Python at start-up, and an ignored signal stays ignored across exec: cargo must get the default back.
IGNORED_BY_PYTHON = ("SIGPIPE", "SIGXFSZ")
# On Windows a file is a program by its name.
SUFFIXES = (".com", ".exe", ".bat", ".cmd")


def is_program(path: str) -> bool:
    """Whether ``path`` names a file that this user may execute."""
    if WINDOWS and not path.lower().endswith(SUFFIXES):
        return False
    return os.path.isfile(path) and os.access(path, os.X_OK)


def find_program(name: str, environ: Mapping[str, str], skip: Callable[[str], bool] | None = None) -> str | None:
    """The first program called ``name`` on ``PATH``, or ``name`` itself if it is a path; ``None`` if there is none.

    ``skip`` is true of programs that must not be found (a wrapper's own).
    """
    suffixes = ["", *environ.get("PATHEXT", ".EXE;.BAT;.CMD").lower().split(";")] if WINDOWS else [""]
    if os.path.dirname(name):
        folders = [""]
    else:
        folders = [folder for folder in environ.get("PATH", os.defpath).split(os.pathsep) if folder]
    for folder in folders:
        for suffix in suffixes:
            path = os.path.join(folder, name + suffix)
            if is_program(path) and not (skip and skip(path)):
                return path
    return None


def become(program: str, arguments: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    """Replace this process by ``program``; on Windows, run it and end with its exit code.

    ``arguments`` include the program's own name first. Raises ``OSError`` if it can't be started.
    """
    if WINDOWS:
        from . import windows  # noqa: PLC0415 - needed there alone

        windows.stand_for(program, arguments, environ)
    import _signal  # type: ignore[import-not-found]  # noqa: PLC0415 - `signal` builds enums: 4 ms

    for name in IGNORED_BY_PYTHON:
        number = getattr(_signal, name, None)
        if number is not None:
            _signal.signal(number, _signal.SIG_DFL)
    os.execve(program, list(arguments), dict(environ))


def die_of_interrupt() -> NoReturn:
    """End by SIGINT, like a program that does not handle it."""
    if WINDOWS:
        from . import windows  # noqa: PLC0415 - as above

        windows.end_of_interrupt()
    import _signal  # noqa: PLC0415 - as above

    die_of(_signal.SIGINT)


def die_of(number: int) -> NoReturn:
    """End by the signal ``number``, as a child did: the parent of this process sees the same end."""
    import _signal  # noqa: PLC0415 - as above

    if number not in (_signal.SIGKILL, _signal.SIGSTOP):  # these can't be set, and need not be
        _signal.signal(number, _signal.SIG_DFL)
    os.kill(os.getpid(), number)
    sys.exit(128 + number)  # only where the signal is blocked, or does not end a process


def capture(arguments: Sequence[str], environ: Mapping[str, str], seconds: float) -> tuple[int, bytes]:
    """Run a program to its end and return its exit code and what it printed to stdout.

    Its stdin is empty and its stderr is dropped. Raises ``OSError`` if it can't be started and ``TimeoutError`` when
    ``seconds`` have passed (the program is killed).
    """
    if not hasattr(os, "posix_spawn"):
        return _capture_with_subprocess(arguments, environ, seconds)
    return Capture(arguments, environ).result(seconds)


class Capture:
    """A program that runs until it is asked what it has printed to stdout; its stdin is empty, its stderr dropped.

    ``program`` is what was started. Raises ``OSError`` if it can't be, and ``AttributeError`` without ``posix_spawn``.
    """

    __slots__ = ("_output", "_pid", "program")

    def __init__(self, arguments: Sequence[str], environ: Mapping[str, str]) -> None:
        import _signal  # noqa: PLC0415 - as above

        spawn = os.posix_spawn
        self.program = arguments[0]
        self._output, write_end = os.pipe()
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, write_end, 1),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        defaults = [getattr(_signal, name) for name in IGNORED_BY_PYTHON if hasattr(_signal, name)]
        try:
            self._pid = spawn(self.program, list(arguments), environ, file_actions=actions, setsigdef=defaults)
        except BaseException:
            os.close(self._output)
            raise
        finally:
            os.close(write_end)

    def result(self, seconds: float) -> tuple[int, bytes]:
        """Its exit code and output. Raises ``TimeoutError`` when it did not end within ``seconds`` (it is killed)."""
        import select  # noqa: PLC0415 - absent on no POSIX system, and not needed on Windows

        deadline = time.monotonic() + seconds
        output = b""
        poll = select.poll()
        poll.register(self._output, select.POLLIN)
        try:
            while True:
                left = deadline - time.monotonic()
                if left <= 0 or not poll.poll(left * 1000):
                    raise TimeoutError(f"{self.program} did not answer within {seconds:g} s")
                block = os.read(self._output, 65536)
                if not block:
                    break
                output += block
            status = _wait(self._pid, deadline)
            self._pid = 0
        finally:
            self.drop()
        # Python 3.8 has no os.waitstatus_to_exitcode.
        return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status), output

    def drop(self) -> None:
        """End it, if it has not ended, and forget it."""
        import _signal  # noqa: PLC0415 - as above

        if self._pid:
            os.kill(self._pid, _signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = 0
        if self._output >= 0:
            os.close(self._output)
            self._output = -1


def start(arguments: Sequence[str], environ: Mapping[str, str], cwd: str, output: int) -> subprocess.Popen[bytes]:
    """Start a program whose stdout and stderr go to the file descriptor ``output``; its stdin is empty.

    Raises ``OSError`` if it can't be started.
    """
    import subprocess  # noqa: PLC0415 - not for the exec path

    return subprocess.Popen(
        arguments, env=dict(environ), cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
    )


def begin(
    program: str, arguments: Sequence[str], environ: Mapping[str, str], stderr: int | None = None
) -> subprocess.Popen[bytes]:
    """Start ``program`` on this process's own streams, but for ``stderr`` if that is given (a file descriptor).

    ``arguments`` include the program's own name first. Raises ``OSError`` if it can't be started.
    """
    import subprocess  # noqa: PLC0415 - as above

    return subprocess.Popen(arguments, executable=program, env=dict(environ), stderr=stderr)


class handing_on_signals:  # noqa: N801 - reads as what it does, in a `with`
    """While it lasts, a signal that would end this process goes to the child given to ``to``, whose end then decides.

    To be entered before the child is started: what comes earlier waits for it. From a terminal the child has an
    interrupt twice, which does it no harm; sent to this process alone it has it once. What this process was told to
    ignore (`nohup`, a job in the background) stays ignored.
    """

    NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._waiting: list[int] = []
        self._before: dict[int, object] = {}

    def to(self, child: subprocess.Popen[bytes]) -> None:
        """Name the child."""
        self._child = child
        while self._waiting:
            child.send_signal(self._waiting.pop(0))

    def __enter__(self) -> handing_on_signals:  # noqa: PYI034 - typing.Self is too new
        import signal  # noqa: PLC0415 - 4 ms, not for the exec path

        for name in self.NAMES:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._hand_on)
        return self

    def __exit__(self, *error: object) -> None:
        import signal  # noqa: PLC0415 - as above

        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _hand_on(self, number: int, _: object) -> None:
        if self._child is None:
            self._waiting.append(number)
        else:
            self._child.send_signal(number)


def watch(child: subprocess.Popen[bytes], pause: float, look: Callable[[], None]) -> None:
    """Wait for ``child``, call ``look`` every ``pause`` seconds meanwhile; if that raises, the child is ended first."""
    try:
        while child.poll() is None:
            time.sleep(pause)
            look()
    finally:
        if child.poll() is None:
            child.terminate()
            child.wait()


def _wait(pid: int, deadline: float) -> int:
    """The status of a process that has closed its stdout and is about to end; bounded all the same."""
    pause = 0.0002
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {pid} closed its output but did not end")
        time.sleep(pause)
        pause = min(pause * 2, 0.05)


def _capture_with_subprocess(arguments: Sequence[str], environ: Mapping[str, str], seconds: float) -> tuple[int, bytes]:
    import subprocess  # noqa: PLC0415 - only where posix_spawn is missing

    try:
        done = subprocess.run(  # noqa: PLW1510 - the exit code is the caller's to judge
            arguments,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"{arguments[0]} did not answer within {seconds:g} s") from None
    return done.returncode, done.stdout
