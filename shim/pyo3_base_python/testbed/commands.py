"""The command group `pyo3-base-python testbed`. Imports are deferred until a command runs: `--help` stays fast."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path

import click

from pyo3_base_python.commands.group import Commands
from pyo3_base_python.testbed import failures
from pyo3_base_python.wrapper.errors import ShimError
from pyo3_base_python.wrapper.exit_codes import Exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Callable

    from pyo3_base_python.testbed.matrix import Cell, Found
    from pyo3_base_python.testbed.patches import PatchSet
    from pyo3_base_python.testbed.report import Report
    from pyo3_base_python.testbed.results import State
    from pyo3_base_python.testbed.session import Session
    from pyo3_base_python.testbed.tables import Sheet
    from pyo3_base_python.testbed.workfolder import WorkFolder

__all__ = ["testbed"]

# As `matrix` has them; spelled out here so that the matrix, and all that it imports, is loaded only when it runs.
BACKENDS = ("maturin", "setuptools-rust")
ABIS = ("version-specific", "abi3")
FRONT_ENDS = ("uv", "build", "pip", "pip-venv")
SHIMS = ("off", "export", "full")
HAZARDS = (
    *("import", "import-config", "import-script", "import-path", "import-again", "base-value", "cfgs", "user-python"),
    *("plain-cargo", "active-env", "switch", "edit", "user-tree", "wrong-version", "lost-folder"),
)
WAYS = (
    *("plain", "uv", "pip", "pip-venv", "no-isolation", "base-python", "env-dir", "config-file", "sccache"),
    *("patched", "shim"),
)
CANDIDATES = ("released", "patched")

work_option = click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for sources, environments and what cargo builds, kept between runs. Default: in the user's cache.",
)
sets_argument = click.argument("projects", nargs=-1, metavar="[PROJECT[/VERSION]]...")


@click.group(cls=Commands)
def testbed() -> None:
    """Measure fixes for the recompilation: ours as patches, yours as a checkout.

    \b
    pyo3-base-python testbed fetch                         released sources, checked
    pyo3-base-python testbed apply                         the same, with the patches applied
    pyo3-base-python testbed apply pyo3 --against 0.29.3   do they still apply?
    pyo3-base-python testbed upstream                      the projects' own tests, before and after
    pyo3-base-python testbed matrix --shim off             what the patches do, without the shim
    pyo3-base-python testbed judge                         does the test bed catch wrong fixes?
    pyo3-base-python testbed workflows                     what people type, without and with the shim
    pyo3-base-python testbed compare rpds-py==2026.9.1     every way to build, in one table
    pyo3-base-python testbed interpreters .                several interpreters in turn
    pyo3-base-python testbed machines .                    machines that share crates through sccache

    \b
    Exit codes:
      1  something that should hold does not (see the table)
      2  usage
      3  what was named can't be used: no such version, no such checkout, no such project
      4  a program is missing: cargo, git
      5  a source can't be fetched, or is not the one that was asked for
      6  a patch does not apply, or a patch set contradicts itself
      7  a build that has to work failed (a candidate, a project)
      8  the work folder: no space left, no permission, or another run is using it
      130  interrupted; what was finished is kept
    """


testbed.interrupted = "what was finished is kept, and the same command continues from there"


@testbed.command()
@sets_argument
@work_option
def fetch(projects: tuple[str, ...], work: Path | None) -> None:
    """Fetch the released sources that the patches are for, by cargo and pip, and check their sha256.

    \b
    pyo3-base-python testbed fetch
    pyo3-base-python testbed fetch pyo3/0.30.1
    """
    with failures.os_errors_told():
        from pyo3_base_python.testbed import tools, upstream  # noqa: PLC0415 - see the top

        folder = _work_folder(work)
        for one in _patch_sets(projects):
            click.echo(f"{one.project} {one.version}: {upstream.released(one, folder, tools.clean(os.environ))}")


@testbed.command()
@sets_argument
@click.option("--against", metavar="VERSION", help="Apply the patches to another version than the one they are for.")
@work_option
def apply(projects: tuple[str, ...], against: str | None, work: Path | None) -> None:
    """Apply the patches to the released sources, in a copy.

    The tree that it prints can be a candidate for `testbed matrix`. With --against and a project that has
    several patch sets, the one whose version is nearest is tried first, and then the others.

    \b
    pyo3-base-python testbed apply
    pyo3-base-python testbed apply pyo3 --against 0.29.3          do they still apply?
    pyo3-base-python testbed apply pyo3/0.30.1 --against 0.29.3   does this set?
    """
    with failures.os_errors_told():
        from pyo3_base_python.testbed import tools, upstream  # noqa: PLC0415 - see the top

        folder = _work_folder(work)
        chosen = _patch_sets(projects)
        for named in {one.project: None for one in chosen} if against else ():
            mine = [one for one in chosen if one.project == named]
            one, tree = upstream.patched_against(mine, against or "", folder, tools.clean(os.environ))
            click.echo(f"{named} {against}: {len(one.patches)} patches of {named}/{one.folder.name}: {tree}")
        for one in () if against else chosen:
            tree = upstream.patched(one, folder, tools.clean(os.environ))
            click.echo(f"{one.project} {one.version}: {len(one.patches)} patches: {tree}")


@testbed.command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
def validate(folder: Path | None) -> None:
    """Check the patch sets below FOLDER (default: the bundled ones) against themselves.

    \b
    pyo3-base-python testbed validate
    pyo3-base-python testbed validate path/to/patches
    """
    with failures.os_errors_told():
        from pyo3_base_python.testbed import patches  # noqa: PLC0415 - see the top

        places = patches.folders(folder or patches.find())
        found = [problem for place in places for problem in patches.problems(place)]
        for problem in found:
            click.echo(problem)
        if not places:
            raise ShimError(f"there is no patch set in {folder}", "name the folder of <project>/<version>", Exit.NAMED)
    click.echo(f"{len(places)} patch sets, {len(found)} problems", err=True)
    if found:
        sys.exit(Exit.PATCH)


@testbed.command()
@sets_argument
@work_option
def upstream(projects: tuple[str, ...], work: Path | None) -> None:
    """Run the projects' own tests without and with the patches, and tell old failures from new ones.

    \b
    pyo3-base-python testbed upstream
    pyo3-base-python testbed upstream pyo3

    It takes some minutes: maturin is compiled twice, with its tests.
    """
    with failures.os_errors_told():
        from rich.console import Console  # noqa: PLC0415 - see the top

        from pyo3_base_python.testbed import progress, report, tools, upstream_tests  # noqa: PLC0415 - see the top

        folder = _work_folder(work)
        comparisons = []
        with progress.shown("starting") as tell:
            for one in _patch_sets(projects):
                comparisons.append(upstream_tests.run(one, folder, tools.clean(os.environ), tell))
        Console().print(report.tests_table(comparisons))
    for comparison in comparisons:
        for kind, names in (
            ("fails only with the patches", comparison.broken),
            ("no longer runs", comparison.lost),
            ("fails either way, and is not listed in upstream.toml", comparison.unlisted),
            ("is listed as failing in upstream.toml, and passes", comparison.cured),
        ):
            for name in sorted(names):
                click.echo(f"{comparison.name}: {name} {kind}")
    if not all(comparison.holds for comparison in comparisons):
        sys.exit(Exit.FAILED)


def _words(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """The words of an option that can be repeated and takes words with commas between; all known words by default."""
    del context
    known = KNOWN_WORDS[parameter.name or ""]
    given = (word.strip() for part in value for word in part.split(","))
    words = tuple(dict.fromkeys(word for word in given if word)) if value else known
    unknown = [word for word in words if word not in known]
    if unknown:
        raise click.BadParameter(f"{unknown[0]!r} is none of {', '.join(known)}")
    return words


KNOWN_WORDS = {
    "backends": BACKENDS,
    "abis": ABIS,
    "front_ends": FRONT_ENDS,
    "shims": SHIMS,
    "hazards": HAZARDS,
    "ways": WAYS,
}


def _list_option(option: str, parameter: str, note: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An option whose values are words of ``KNOWN_WORDS[parameter]``."""
    text = f"Any of {', '.join(KNOWN_WORDS[parameter])}{note}."
    return click.option(option, parameter, multiple=True, callback=_words, metavar="LIST", help=text)


@testbed.command()
@click.option("--pyo3", multiple=True, default=CANDIDATES, metavar="CANDIDATE", help="Candidates for pyo3.")
@click.option("--maturin", multiple=True, default=CANDIDATES, metavar="CANDIDATE", help="Candidates for maturin.")
@click.option(
    "--setuptools-rust", multiple=True, default=CANDIDATES, metavar="CANDIDATE", help="Candidates for setuptools-rust."
)
@_list_option("--backend", "backends")
@_list_option("--abi", "abis")
@_list_option("--front-end", "front_ends")
@_list_option("--shim", "shims")
@_list_option("--hazard", "hazards", "; '' for none")
@click.option(
    "--interpreter", "interpreters", multiple=True, metavar="PYTHON", help="A version, such as 3.12, or a path."
)
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), help="Write matrix.md, .json and .svg there."
)
@click.option("--list", "only_list", is_flag=True, help="List the cells and what is expected of them; build nothing.")
@click.option("--restart", is_flag=True, help="Forget what earlier runs have measured.")
@work_option
def matrix(
    output: Path | None,
    work: Path | None,
    *,
    only_list: bool,
    restart: bool,
    **selected: tuple[str, ...],
) -> None:
    """Build every combination twice in isolation: count what the second build compiles, and try the hazards.

    A CANDIDATE is `released`, `patched`, a version, or the path of a checkout to be judged as a fix. The words of a
    LIST are separated by commas. All these options can be given several times. What a run has measured is kept: after
    an interruption, the same command continues where it stopped.

    \b
    pyo3-base-python testbed matrix --shim off --output results
    pyo3-base-python testbed matrix --backend maturin --pyo3 ~/src/pyo3 --maturin ~/src/maturin --shim off
    pyo3-base-python testbed matrix --front-end uv --abi version-specific --interpreter 3.11 --interpreter 3.12
    pyo3-base-python testbed matrix --hazard '' --list
    """
    with failures.os_errors_told():
        from rich.console import Console  # noqa: PLC0415 - see the top

        from pyo3_base_python.testbed import progress, report  # noqa: PLC0415 - see the top
        from pyo3_base_python.testbed.results import State  # noqa: PLC0415 - see the top
        from pyo3_base_python.testbed.session import Selection, Session  # noqa: PLC0415 - see the top

        folder = _work_folder(work)
        with progress.shown("fetching and patching"):
            session = Session(Selection(**selected), folder, os.environ)
        if only_list:
            _list(session.cells)
            return
        state = State(folder.top / "matrix.jsonl", restart=restart)
        with folder.locked():
            result = _run_with_progress(session, state)
        Console().print(*report.terminal(result))
        click.echo(f"\n{report.summary(result, session.hazards)}")
        if output is not None:
            write = {"md": report.markdown(result), "json": report.as_json(result), "svg": report.chart(result)}
            _write(output, {f"matrix.{suffix}": text for suffix, text in write.items()})
    wrong = report.failures(result)
    for cell, verdict in wrong:
        click.echo(f"{cell.key}: {verdict}")
    if wrong:
        sys.exit(Exit.FAILED)


@testbed.command()
@click.argument("named", nargs=-1, metavar="[CANDIDATE]...")
@click.option("--list", "only_list", is_flag=True, help="List the candidates; build nothing.")
@click.option("--restart", is_flag=True, help="Forget what earlier runs have measured.")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="Write judge.md and .json there.")
@work_option
def judge(named: tuple[str, ...], output: Path | None, work: Path | None, *, only_list: bool, restart: bool) -> None:
    """Judge the judge: candidates that are wrong on purpose have to be caught, and right ones have to pass.

    Each is one half of a fix; the other half is ours. They are built in one cell of the matrix. On the right ones all
    its hazards are tried, on a wrong one those that have to catch it. That takes some ten minutes, and needs a second
    interpreter on the machine. What was measured is kept.

    \b
    pyo3-base-python testbed judge
    pyo3-base-python testbed judge --list
    pyo3-base-python testbed judge pyo3-reads-untracked
    """
    with failures.os_errors_told():
        from rich.console import Console  # noqa: PLC0415 - see the top

        from pyo3_base_python.testbed import judging, progress, specimens, tables  # noqa: PLC0415 - see the top
        from pyo3_base_python.testbed.results import State  # noqa: PLC0415 - see the top

        chosen = specimens.choose(named, specimens.read_all())
        if only_list:
            for one in chosen:
                click.echo(f"{one.name}: {one.half}: {one.title}: {', '.join(one.caught_by) or 'right'}")
            return
        folder = _work_folder(work)
        with progress.shown("fetching and patching") as tell, folder.locked():
            state = State(folder.top / "judge.jsonl", restart=restart)
            result = judging.run(chosen, state, folder, os.environ, tell)
        sheet = judging.sheet(result)
        Console().print(tables.terminal(sheet))
        reasons = judging.reasons(result)
        for line in reasons:
            click.echo(line)
        if output is not None:
            text = "\n".join([tables.document(sheet), *(f"- {line}" for line in reasons)]) + "\n"
            _write(output, {"judge.md": text, "judge.json": judging.as_json(result)})
    if any(one.missed for one in result.judgements):
        sys.exit(Exit.FAILED)


@testbed.command()
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@click.option("--list", "only_list", is_flag=True, help="List what would be typed, and in which project.")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="Write workflows.md and .json there.")
@work_option
def workflows(texts: tuple[str, ...], output: Path | None, work: Path | None, *, only_list: bool) -> None:
    """Type what people type, twice without and twice with the shim, and count what cargo compiles.

    It types those lines of `--list` that contain a TEXT. All of them together take most of an hour.

    \b
    pyo3-base-python testbed workflows
    pyo3-base-python testbed workflows 'uv build' tox
    """
    with failures.os_errors_told():
        from pyo3_base_python.testbed import progress  # noqa: PLC0415 - see the top
        from pyo3_base_python.testbed import workflows as typed  # noqa: PLC0415 - see the top

        chosen = typed.choose(texts)
        if only_list:
            for one in chosen:
                click.echo(f"{one.typed} ({one.project})")
            return
        folder = _work_folder(work)
        with progress.shown("making an environment") as tell, folder.locked():
            result = typed.run(chosen, folder, os.environ, tell)
        _show("workflows", typed.sheet(result), typed.as_json(result), output)
    again = typed.compiled_again(result)
    for row in again:
        click.echo(f"{row.typed} ({row.project}): {row.failed or ', '.join(row.shim[1].crates)}")
    if again:
        sys.exit(Exit.FAILED)


@testbed.command()
@click.argument("project")
@_list_option("--way", "ways")
@click.option("--repeat", type=click.IntRange(1), default=2, show_default=True, help="Warm builds; the fastest counts.")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="Write compare.md and .json there.")
@work_option
def compare(project: str, ways: tuple[str, ...], repeat: int, output: Path | None, work: Path | None) -> None:
    """Build PROJECT, warm, in every way that users have today.

    PROJECT is a folder (it is copied, and not changed) or NAME==VERSION from PyPI. Nothing is changed between builds:
    what cargo compiles in the second one is what this way costs each time.

    \b
    pyo3-base-python testbed compare .
    pyo3-base-python testbed compare rpds-py==2026.9.1 --way plain,no-isolation,shim
    """
    with failures.os_errors_told():
        from pyo3_base_python.testbed import comparison, progress  # noqa: PLC0415 - see the top

        folder = _work_folder(work)
        with progress.shown("fetching") as tell, folder.locked():
            result = comparison.run(project, ways, repeat, folder, os.environ, tell)
        _show("compare", comparison.sheet(result), comparison.as_json(result), output)


@testbed.command()
@click.argument("project")
@click.option(
    "--interpreter",
    "versions",
    multiple=True,
    default=("3.11", "3.12"),
    show_default=True,
    help="A version or a path; may be given several times.",
)
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="Write interpreters.md, .json there.")
@work_option
def interpreters(project: str, versions: tuple[str, ...], output: Path | None, work: Path | None) -> None:
    """Build PROJECT for several interpreters in turn on one target directory, and count what a switch compiles.

    PROJECT is a folder (it is copied, and not changed) or NAME==VERSION from PyPI.

    \b
    pyo3-base-python testbed interpreters .
    pyo3-base-python testbed interpreters rpds-py==2026.9.1 --interpreter 3.11 --interpreter 3.12 --interpreter 3.13
    """
    with failures.os_errors_told():
        from pyo3_base_python.testbed import interpreters as side_by_side  # noqa: PLC0415 - see the top
        from pyo3_base_python.testbed import progress  # noqa: PLC0415 - see the top

        folder = _work_folder(work)
        with progress.shown("fetching") as tell, folder.locked():
            result = side_by_side.run(project, versions, folder, os.environ, tell)
        _show("interpreters", side_by_side.sheet(result), side_by_side.as_json(result), output)


@testbed.command()
@click.argument("project")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="Write machines.md and .json there.")
@work_option
def machines(project: str, output: Path | None, work: Path | None) -> None:
    """Build PROJECT on machines that share crates through sccache, and count what the second one finds.

    PROJECT is a folder (it is copied, and not changed) or NAME==VERSION from PyPI. It needs redis-server, which it
    starts on a socket of its own and ends with this command. A machine is a fresh checkout, store and sccache server.

    \b
    pyo3-base-python testbed machines .
    pyo3-base-python testbed machines rpds-py==2026.9.1
    """
    with failures.os_errors_told(), _ended_in_order():
        from pyo3_base_python.testbed import machines as shared  # noqa: PLC0415 - see the top
        from pyo3_base_python.testbed import progress  # noqa: PLC0415 - see the top

        folder = _work_folder(work)
        with progress.shown("fetching") as tell, folder.locked():
            result = shared.run(project, folder, os.environ, tell)
        _show("machines", shared.sheet(result), shared.as_json(result), output)


def _show(name: str, sheet: Sheet, as_json: str, output: Path | None) -> None:
    """Print what was measured, and write it to ``output`` as documents called ``name``, if that is given."""
    from rich.console import Console  # noqa: PLC0415 - see the top

    from pyo3_base_python.testbed import tables  # noqa: PLC0415 - see the top

    Console().print(tables.terminal(sheet))
    if output is not None:
        _write(output, {f"{name}.md": tables.document(sheet), f"{name}.json": as_json})


def _list(cells: list[Cell]) -> None:
    from pyo3_base_python.testbed import matrix as pure  # noqa: PLC0415 - see the top

    for cell in cells:
        expected = pure.expected_crates(cell, pure.PIP_WITHOUT_ENVIRONMENT)
        click.echo(f"{cell.key}: {f'{expected} ({expected.why})' if expected else 'no expectation'}")
    click.echo(f"{len(cells)} cells", err=True)


def _run_with_progress(session: Session, state: State) -> Report:
    from pyo3_base_python.testbed import progress  # noqa: PLC0415 - see the top

    with progress.counted(len(session.cells)) as (tell, step):

        def done(cell: Cell, found: Found, known: bool) -> None:
            broken = [f"{name}: {outcome.what}" for name, outcome in found.hazards.items() if not outcome.holds]
            words = found.error or f"{len(found.crates)} crates, {found.seconds:.1f} s"
            before = " (measured before)" if known else ""
            step(f"{cell.key}: {'; '.join([words, *broken])}{before}")

        return session.run(state, tell, done)


def _work_folder(work: Path | None) -> WorkFolder:
    from pyo3_base_python.testbed import workfolder  # noqa: PLC0415 - see the top
    from pyo3_base_python.wrapper import process  # noqa: PLC0415 - see the top

    if process.WINDOWS:
        raise ShimError("the test bed needs a POSIX shell", "run it on Linux or macOS, or under WSL")
    return workfolder.WorkFolder(work or workfolder.default())


def _patch_sets(named: tuple[str, ...]) -> list[PatchSet]:
    """The patch sets of the projects (`maturin`, `pyo3/0.26.0`) that are named; all if none is."""
    from pyo3_base_python.testbed import patches  # noqa: PLC0415 - see the top

    sets = patches.read_all(patches.find())
    for name in named:
        if not any(name in (one.project, f"{one.project}/{one.version}") for one in sets):
            known = ", ".join(f"{one.project}/{one.version}" for one in sets)
            raise ShimError(f"there are no patches for {name}", f"there are {known}", Exit.NAMED)
    return [one for one in sets if not named or {one.project, f"{one.project}/{one.version}"} & set(named)]


def _write(folder: Path, files: dict[str, str]) -> None:
    """Write beside it and rename: whoever reads meanwhile gets the old file or the new one.

    The user's home is written ``~``: such files are shown to others.
    """
    folder.mkdir(parents=True, exist_ok=True)
    home = os.path.join(os.path.expanduser("~"), "")
    for name, text in files.items():
        draft = folder / f"{name}.new"
        draft.write_text(text.replace(home, "~/") if home != os.sep else text, encoding="utf-8")
        draft.replace(folder / name)
        click.echo(f"written: {folder / name}", err=True)


@contextlib.contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let SIGTERM, too, stop what was started: it ends this process as an error would."""
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
