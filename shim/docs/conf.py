"""The site: `.venv/bin/sphinx-build -W --keep-going shim/docs build/site`. A broken link or anchor is an error."""

from __future__ import annotations

import re
from typing import Any

import pyo3_base_python

project = "pyo3-base-python"
copyright = "the authors of pyo3-base-python"  # noqa: A001 - Sphinx reads it by this name
version = release = pyo3_base_python.__version__
extensions = ["myst_parser", "sphinx_copybutton"]
html_theme = "furo"
html_title = f"pyo3-base-python {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
# Of GitHub's kind: pages name each other's headings as they do there.
myst_heading_anchors = 4
copybutton_prompt_text = r"\$ |> "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True

REPOSITORY = "https://github.com/pyo3-base-python/pyo3-base-python/blob/main"
html_theme_options = {
    "source_repository": REPOSITORY.partition("/blob")[0],
    "source_branch": "main",
    "source_directory": "shim/docs/",
}
# A link, not a picture: pages lie in one folder, two levels below the repository's.
OUTSIDE = re.compile(r"(?<!!)(\[[^\]]*\])\(\.\./\.\./([^)]+)\)")
# Not in index.md, where GitHub would show it.
PARTS = {
    "Use it": "install development tools ci sdists adopt interpreters machines",
    "Look into it": "checking troubleshooting",
    "Understand it": "how-it-works changes cost platforms upstream design",
    "Look it up": "reference commands",
}


def adapt(_app: object, page: str, source: list[str]) -> None:
    """Have links out of this folder, which are relative in the repository, lead to it; give the first page its list."""
    source[0] = OUTSIDE.sub(rf"\1({REPOSITORY}/\2)", source[0])
    if page == "index":
        for caption, pages in PARTS.items():
            lines = ["```{toctree}", ":hidden:", f":caption: {caption}", *pages.split(), "```"]
            source[0] += "\n" + "\n".join(lines) + "\n"


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("source-read", adapt)
