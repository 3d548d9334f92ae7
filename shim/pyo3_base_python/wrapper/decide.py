"""What ``$CARGO`` starts: decide, set the environment, become the real cargo.

The build backend (maturin, setuptools-rust) has chosen the interpreter by the time it starts cargo, so this is where
its choice can be given a stable name. On POSIX the process is replaced: arguments, streams, exit code and signals are
cargo's own. Whatever goes wrong here costs one line on stderr, and cargo runs with the environment it was given; only
what the user asked for by name (``PYO3_BASE_PYTHON``, ``PYO3_SHIM_MODE``) is an error.

Variables read: ``PYO3_SHIM_MODE``, ``PYO3_SHIM_STORE``, ``PYO3_SHIM_CARGO``, ``PYO3_SHIM_BUILD_DIR`` and
``PYO3_SHIM_LOG`` (see the README).
"""

from __future__ import annotations

import os
import sys

from pyo3_base_python.wrapper import build_dir, command_line, interpreter, plan, process, project, staleness, store
from pyo3_base_python.wrapper.errors import NOT_FOUND, NOT_STARTED, CannotSteady, ShimError, UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

__all__ = ["locate", "main", "prepare", "real_cargo", "resolve"]

SECONDS_TO_CLEAN = 3600.0
SECONDS_TO_LOCATE = 60.0
# In the second line of every launcher.
LAUNCHER_MARK = b"Written by pyo3-base-python"


def main(locale: str | None = None) -> NoReturn:
    """``sys.argv``: the path by which this wrapper was started, then cargo's arguments.

    ``locale`` is what the launcher says of ``LC_CTYPE``, which Python sets in a C locale (PEP 538): ``set to X``, or
    nothing if it was not set.
    """
    wrapper, *arguments = sys.argv
    environ = dict(os.environ)
    if locale is not None:
        environ.pop("LC_CTYPE", None)
        if locale:
            environ["LC_CTYPE"] = locale[len("set to ") :]
    try:
        cargo = real_cargo(environ, wrapper)
    except ShimError as error:
        fail(error)
    # Cargo hands its own CARGO on to build scripts: it must not be this wrapper.
    environ.pop("CARGO", None)
    # Used up: a cargo that starts `cargo` again must not come back to itself.
    environ.pop("PYO3_SHIM_CARGO", None)
    try:
        environ, arguments, log = prepare(cargo, arguments, environ, os.getcwd())
    except UserError as error:
        fail(error)
    except KeyboardInterrupt:
        # While the interpreter was asked: end as cargo would, by the signal.
        process.die_of_interrupt()
    except CannotSteady as error:
        log = f"left alone: {error.what}"
        say(f"{error.what}; cargo runs without a stable interpreter")
    except Exception as error:  # noqa: BLE001 - a mistake of ours must not break a build that works without us
        log = f"left alone: {type(error).__name__}: {error}"
        say(f"internal error ({type(error).__name__}: {error}); cargo runs without a stable interpreter")
        if environ.get("PYO3_SHIM_LOG"):
            import traceback  # noqa: PLC0415 - 15 ms, for the one who looks for a mistake of ours

            log += f"\n{traceback.format_exc()}"
    write_log(environ, arguments, log)
    try:
        process.become(cargo, [cargo, *arguments], environ)
    except OSError as error:
        say(f"can't start {cargo}: {error.strerror}")
        sys.exit(NOT_STARTED)


def prepare(
    cargo: str, arguments: Sequence[str], environ: Mapping[str, str], cwd: str
) -> tuple[dict[str, str], list[str], str]:
    """Environment and arguments for a ``cargo`` started with ``arguments`` in ``cwd``, and what was done and why.

    Effects: starts the interpreter, writes to the store, and settles what was built last (see ``sources``). Raises
    ``CannotSteady``, with nothing lost, or ``UserError``.
    """
    check_choices(environ)
    call = command_line.parse(arguments)
    works = call.may_build and environ.get("PYO3_SHIM_MODE") != "off"
    here = locate(cargo, call, environ, cwd) if works else None
    root = store.default_root(environ) if works else ""
    steps, reason = resolve(call, here, environ, root)
    if steps is None or here is None:
        return dict(environ), list(arguments), f"left alone: {reason}"
    profile_dir = os.path.join(here.target_dir, *plan.targets(call, here)[:1], call.profile_folder)
    # Before anything is set: a stable interpreter on top of another tree's artifacts would ship old code.
    settled = staleness.settle(
        here,
        profile_dir,
        project.artifact_names(here.manifest_dir),
        lambda packages: clean(packages, cargo, call, here, environ),
    )
    for file in steps.files:
        store.put(root, file)
    done = [f"{variable}={steps.set.get(variable, '')} ({why})" for variable, why in steps.reasons.items()]
    if settled:
        done.append(settled)
    if steps.build_dir:
        try:
            if not os.path.isdir(steps.build_dir):
                build_dir.check_version(with_toolchain(cargo, call), environ)
        except CannotSteady as error:
            say(f"{error.what}; the build directory is that of all interpreters")
        else:
            arguments = build_dir.add_option(arguments, steps.build_dir)
            done.append(f"build directory {steps.build_dir}")
    return {**environ, **steps.set}, list(arguments), "; ".join(done)


def locate(cargo: str, call: command_line.Invocation, environ: Mapping[str, str], cwd: str) -> project.Project | None:
    """The project that ``call`` builds when ``cargo`` is started with it in ``cwd``; ``None`` without a manifest.

    Effect: starts cargo where only cargo can tell which workspace it is. Raises ``CannotSteady`` if it does not.
    """
    return project.locate(call, environ, cwd, lambda folder: workspace_root(cargo, call, environ, folder))


def workspace_root(cargo: str, call: command_line.Invocation, environ: Mapping[str, str], manifest_dir: str) -> str:
    """The root of the workspace that the package in ``manifest_dir`` is in, or is by itself: cargo's own answer.

    https://doc.rust-lang.org/cargo/commands/cargo-locate-project.html. Raises ``CannotSteady`` if there is none.
    """
    manifest = os.path.join(manifest_dir, "Cargo.toml")
    if not cargo:
        raise CannotSteady(f"there is no cargo to ask for the workspace of {manifest}", "install Rust")
    command = [*with_toolchain(cargo, call), "locate-project", "--workspace", "--message-format", "plain"]
    try:
        code, output = process.capture([*command, "--manifest-path", manifest], environ, SECONDS_TO_LOCATE)
    except OSError as error:
        raise CannotSteady(f"can't ask cargo for the workspace of {manifest}: {error.strerror or error}") from None
    root, name = os.path.split(os.fsdecode(output).rstrip("\n"))
    if code or name != "Cargo.toml":
        raise CannotSteady(
            f"cargo does not say which workspace {manifest} is in (exit code {code})",
            "`cargo metadata` there says what is wrong",
        )
    return root


def resolve(
    call: command_line.Invocation, here: project.Project | None, environ: Mapping[str, str], root: str
) -> tuple[plan.Plan | None, str]:
    """What to set for ``call`` in the project ``here``, with a store at ``root``; or no plan, and why there is none.

    Effect: starts the interpreter. Raises ``CannotSteady`` or ``UserError``.
    """
    check_choices(environ)
    host = host_triple(environ) if here and plan.targets(call, here) else None
    reason = plan.leave_alone(environ, call, here, host)
    if reason is not None or here is None:
        return None, reason or ""
    found = interpreter.find(environ, pyo3=bool(here.lock and here.lock.pyo3_versions))
    if found is None:
        return None, "there is no Python interpreter"
    used = interpreter.ask(found, environ, here.manifest_dir)
    asked = environ.get("PYO3_BASE_PYTHON")
    if asked:
        use_base_python(used, asked, environ)
    written = maturin_config(environ)
    steps = plan.steady(environ, here, used, root, maturin_config=written, windows=process.WINDOWS)
    steps.build_dir, why_not = build_dir.choose(environ, call, here, used)
    if why_not:
        steps.reasons["PYO3_SHIM_BUILD_DIR"] = why_not
    return steps, ""


def check_choices(environ: Mapping[str, str]) -> None:
    """Raise ``UserError`` if a variable of ours is none of the words that it may be, unless the shim is off."""
    if environ.get("PYO3_SHIM_MODE") == "off":
        return
    for variable, choices in (("PYO3_SHIM_MODE", plan.MODES), ("PYO3_SHIM_BUILD_DIR", build_dir.CHOICES)):
        if (environ.get(variable) or choices[0]) not in choices:
            raise UserError(
                f"{variable} is {environ[variable]!r}, which is none of {', '.join(choices)}",
                "unset it, or set one of these",
            )


def clean(
    packages: Sequence[str],
    cargo: str,
    call: command_line.Invocation,
    here: project.Project,
    environ: Mapping[str, str],
) -> None:
    """Remove what cargo has compiled of local ``packages`` for the profile and target of ``call``.

    Raises ``CannotSteady`` if cargo does not do it.
    """
    command = [*with_toolchain(cargo, call), "clean", "--target-dir", here.target_dir]
    command += [
        "--manifest-path",
        os.path.join(here.manifest_dir, "Cargo.toml"),
        "--profile",
        call.profile,
        "--offline",
    ]
    for option, values in (("--target", call.targets), ("--config", call.configs), ("-p", packages)):
        for value in values:
            command += [option, value]
    try:
        # Cargo waits for another build in this target directory, as the build itself would have to.
        code, _ = process.capture(command, environ, SECONDS_TO_CLEAN)
    except OSError as error:
        raise CannotSteady(f"can't run cargo clean: {error.strerror or error}") from None
    if code:
        raise CannotSteady(f"cargo clean -p {' -p '.join(packages)} ended with exit code {code}")


def with_toolchain(cargo: str, call: command_line.Invocation) -> list[str]:
    """The words by which the same cargo is started for another subcommand: rustup's ``+toolchain`` stays."""
    return [cargo, call.toolchain] if call.toolchain else [cargo]


def use_base_python(used: interpreter.Interpreter, path: str, environ: Mapping[str, str]) -> None:
    """Make the user's own ``PYO3_BASE_PYTHON`` the base of ``used``, if it is one. Raises ``UserError``."""
    path = process.find_program(path, environ) or path
    if os.path.realpath(path) == used.base_executable:
        return
    if not process.is_program(path):
        raise UserError(
            f"PYO3_BASE_PYTHON is {path}, which is not a program (this builds for {used.executable})",
            f"unset PYO3_BASE_PYTHON, or set it to {used.base_executable}",
        )
    try:
        base = interpreter.ask(path, environ)
    except CannotSteady as error:
        raise UserError(
            f"PYO3_BASE_PYTHON can't be used: {error.what} (this builds for {used.executable})",
            f"unset PYO3_BASE_PYTHON, or set it to {used.base_executable}",
        ) from None
    plan.check_base_python(base, used, path)
    used.base_executable = os.path.realpath(path)
    used.config = base.config


def real_cargo(environ: Mapping[str, str], wrapper: str) -> str:
    """The cargo to become: ``PYO3_SHIM_CARGO``, else the first on ``PATH`` that is not this wrapper.

    Raises ``ShimError`` if there is none.
    """
    named = environ.get("PYO3_SHIM_CARGO")

    def skip(path: str) -> bool:
        return is_wrapper(path) or os.path.realpath(path) == os.path.realpath(wrapper)

    found = process.find_program(named or "cargo", environ, skip)
    if found is None and named and process.find_program(named, environ):
        found = process.find_program("cargo", environ, skip)  # PYO3_SHIM_CARGO is a wrapper
    if found is not None:
        return found
    if named:
        raise ShimError(
            f"PYO3_SHIM_CARGO is {named}, which is not a program", "unset it, or set it to a cargo", NOT_FOUND
        )
    raise ShimError("there is no cargo on PATH", "install Rust, for instance from https://rustup.rs", NOT_FOUND)


def is_wrapper(path: str) -> bool:
    """Whether ``path`` is a launcher of this package, of whichever store: two would start each other for ever."""
    try:
        with open(path, "rb") as file:
            return LAUNCHER_MARK in file.read(256)
    except OSError:
        return False


def maturin_config(environ: Mapping[str, str]) -> bytes | None:
    """The content of the config file that maturin has written for this build, if it has. Raises ``CannotSteady``."""
    path = environ.get("PYO3_CONFIG_FILE")
    if not path:
        return None
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise CannotSteady(f"can't read maturin's {path}: {error.strerror}") from None


def host_triple(environ: Mapping[str, str]) -> str | None:
    """The triple that rustc builds for by itself; ``None`` if rustc does not say."""
    rustc = process.find_program(environ.get("RUSTC") or "rustc", environ)
    if rustc is None:
        return None
    try:
        _, output = process.capture([rustc, "-vV"], environ, interpreter.SECONDS_TO_ANSWER)
    except OSError:
        return None
    for line in output.decode(errors="replace").splitlines():
        if line.startswith("host: "):
            return line[6:].strip()
    return None


def write_log(environ: Mapping[str, str], arguments: Sequence[str], what: str) -> None:
    """Append a line for this call to the file that ``PYO3_SHIM_LOG`` names."""
    path = environ.get("PYO3_SHIM_LOG")
    if not path:
        return
    words = " ".join(("cargo", *arguments))
    try:
        with open(path, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{words!a}: {what}\n")
    except OSError as error:
        say(f"can't write to PYO3_SHIM_LOG={path}: {error.strerror}")


def say(line: str) -> None:
    """One line on stderr, if it can be written: stdout may be read by a build backend."""
    try:
        if sys.stderr is not None:
            sys.stderr.write(f"pyo3-base-python: {line}\n".encode(errors="backslashreplace").decode())
            sys.stderr.flush()
    except OSError:
        pass


def fail(error: ShimError) -> NoReturn:
    """Say what is wrong and what to do, and end."""
    say(f"error: {error.what}")
    if error.hint:
        say(f"hint: {error.hint}")
    sys.exit(error.exit_code)
