"""What to do about each reason to leave cargo alone, by its kind (see ``wrapper.plan``)."""

from __future__ import annotations

from pyo3_base_python.wrapper import plan

__all__ = ["REMEDIES"]

REMEDIES = {
    "mode": "unset PYO3_SHIM_MODE",
    "no interpreter": "unset it, unless a build without an interpreter or for another platform is meant",
    "config file": "unset it: the wrapper writes such a file itself, for the interpreter of each build",
    "no manifest": "nothing needs to be done, unless Cargo.toml is elsewhere: then name its folder",
    "cargo env": "remove it there, and set it in the environment in which the build is started",
    "cross build": "unset CARGO_BUILD_TARGET, or cargo's build.target, unless a cross build is meant",
    "unknown place": "unset CARGO_BUILD_BUILD_DIR, or take build-dir out of cargo's configuration",
    "no python": "install Python, or put it on PATH",
    "no lock": "run `cargo generate-lockfile`, or build once",
    "no pyo3": "nothing needs to be done: without pyo3 cargo does not look at the interpreter",
    "old pyo3": f"use pyo3 {plan.dotted(plan.OLDEST_PYO3)} or newer, or a release of the project that does",
    "reader": f"use pyo3 {plan.dotted(plan.CONFIG_FILE_SINCE)} or newer, but not 0.29.0, or a newer release",
}
