"""README and pages: quoted code and linked targets exist, and generated parts are up to date."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from pyo3_base_python.commands.cli import main
from tests.documentation import generate
from tests.documentation.pages import PAGES, README, ROOT, blocks, every_page, section

PACKAGE = ROOT / "shim" / "pyo3_base_python"
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#]*)(?:#([^)]*))?\)")
# In `code`, a part of a message that varies.
VARIES = "…"
# Of cargo's, maturin's, setuptools-rust's, not of ours.
OTHERS = "Messages of other programs"


def pages() -> list[Any]:
    return [pytest.param(page, id=page.name) for page in every_page()]


def anchors(page: Path) -> set[str]:
    """The anchors of the headings in ``page``, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages())
def test_a_link_leads_to_what_is_there(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for path, anchor in LINK.findall(text):
        target = page.parent / path if path else page
        assert target.exists(), path
        if anchor:
            assert anchor in anchors(target), f"{path}#{anchor}"


@pytest.mark.parametrize("page", pages())
def test_lines_of_prose_have_one_length(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    assert [line for line in text.splitlines() if len(line) > 120 and not line.startswith(("|", "!["))] == []


def test_what_is_generated_is_up_to_date() -> None:
    for path, content in generate.generated().items():
        assert path.read_text(encoding="utf-8") == content, "run `python -m tests.documentation.generate`"


def test_every_command_is_in_the_table_of_commands() -> None:
    table = section("README", "Use it")
    for name in main.commands:
        assert re.search(rf"`[^`]*pyo3-base-python {name}\b", table), name


@pytest.mark.parametrize("page", pages())
def test_commands_that_are_typed_exist(page: Path) -> None:
    for typed in re.findall(r"^\$? ?(?:\w+=\S+ )*pyo3-base-python (\w[\w-]*)", page.read_text("utf-8"), re.MULTILINE):
        assert typed in main.commands


def test_readme_is_short_and_begins_with_the_two_commands_that_do_all_the_set_up() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 150
    first, *_ = blocks("README", "pyo3-base-python")
    see_it, test_it = (line.partition("  #")[0].strip() for line in first.splitlines())
    assert see_it == "$ python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/pyo3-base-python demo"
    assert test_it == "$ bash .ci/run"
    assert (ROOT / ".ci" / "run").is_file()


def test_readme_and_page_install_it_alike() -> None:
    commands = blocks("install", "Install it")[0].replace("$ ", "").splitlines()
    assert commands
    assert [command for command in commands if f"`{command}`" not in section("README", "Install it")] == []


def test_site_has_every_page() -> None:
    listed = re.findall(r"\(([\w-]+)\.md\)", section("index", "All pages"))
    assert sorted([*listed, "index"]) == sorted(page.stem for page in PAGES.glob("*.md"))
    (parts,) = re.findall(r"^PARTS = \{\n(.*?)^\}", (PAGES / "conf.py").read_text(), re.DOTALL | re.MULTILINE)
    for name in listed:
        assert re.search(rf"[\" ]{name}[\" ]", parts), name


def strings(path: Path) -> list[str]:
    """The string literals of a module; ``VARIES`` stands for the values in an f-string."""
    found = []
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
            found.append(node.value if isinstance(node.value, str) else node.value.decode())
        elif isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else VARIES for part in node.values]
            found.append("".join(map(str, parts)))
    return found


def test_messages_in_troubleshooting_are_messages_of_ours() -> None:
    literals = [text for path in PACKAGE.rglob("*.py") if "rust_fixture" not in path.parts for text in strings(path)]
    everything = "\n".join(literals)
    page = (PAGES / "troubleshooting.md").read_text(encoding="utf-8").partition(f"## {OTHERS}")[0]
    tables = page.partition("## … runs without")[2]
    messages = re.findall(r"^\| `([^`]*)`", tables, re.MULTILINE)
    assert len(messages) > 20
    for message in messages:
        for part in filter(None, (part.strip(" ,;:") for part in message.split(VARIES))):
            assert part in everything, message


def test_every_variable_of_ours_is_in_the_reference() -> None:
    named: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        named.update(re.findall(r"PYO3_SHIM_[A-Z]+(?:_[A-Z]+)*", path.read_text(encoding="utf-8")))
    reference = section("reference", "Variables")
    assert "PYO3_SHIM_MODE" in named
    assert {name for name in named if f"`{name}`" not in reference} == set()
