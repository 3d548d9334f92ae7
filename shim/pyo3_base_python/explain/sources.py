"""Where the sources of a call of cargo are, which decides whether cargo can recognise them."""

from __future__ import annotations

from typing import NamedTuple

from pyo3_base_python.doctor import vendored
from pyo3_base_python.wrapper import decide
from pyo3_base_python.wrapper.errors import ShimError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyo3_base_python.wrapper.command_line import Invocation

__all__ = ["Sources", "look"]


class Sources(NamedTuple):
    """``root`` is that of the workspace, ``sdist`` the folder of the sdist that was unpacked there.

    ``vendored`` is the folder of crates that take the place of a registry's, ``lasts`` whether ``sdist`` was there
    still when the command had ended. All paths are absolute, or ``""`` for none, or where it is not known.
    """

    root: str = ""
    sdist: str = ""
    vendored: str = ""
    lasts: bool = True

    @property
    def unpacked_anew(self) -> bool:
        """Whether the next build finds these sources at another path."""
        return bool(self.sdist) and not self.lasts


def look(cargo: str, call: Invocation, environ: Mapping[str, str], cwd: str) -> Sources:
    """The sources of a ``call`` of ``cargo`` that is started in ``cwd``. Never raises."""
    try:
        here = decide.locate(cargo, call, environ, cwd)
    except ShimError:
        here = None
    return Sources(here.root, here.sdist, vendored.folder_of_crates(environ, cwd)) if here else Sources()
