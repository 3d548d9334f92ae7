"""Command lines of cargo, as far as the shim reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyo3_base_python.wrapper.command_line import NEVER_BUILD, Invocation, parse

OPTIONS = "--list -l --target --target=a --config --config=b --manifest-path -C -Z -"
WORDS = st.lists(st.sampled_from(f"+nightly build metadata package x {OPTIONS}".split()) | st.text())


def fields(invocation: Invocation) -> dict[str, object]:
    return {name: getattr(invocation, name) for name in Invocation.__slots__}


@pytest.mark.parametrize(
    ("line", "subcommand"),
    [
        ("build --release", "build"),
        ("+nightly build", "build"),
        ("--color always -C folder -Z unstable --config a=b rustc --lib", "rustc"),
        ("--color=always -v --locked test", "test"),
        ("--version", ""),
        ("+stable", ""),
        ("", ""),
        ("--config", ""),
        ("-- build", ""),
        ("my-alias --flag", "my-alias"),
    ],
)
def test_subcommand_is_found_behind_toolchain_and_global_options(line: str, subcommand: str) -> None:
    assert parse(line.split()).subcommand == subcommand


@pytest.mark.parametrize(
    "line", ["build", "b", "rustc", "test", "run", "check", "clippy", "doc", "install", "publish", "package", "alias"]
)
def test_what_is_not_known_to_compile_nothing_may_build(line: str) -> None:
    assert parse([line]).may_build


@pytest.mark.parametrize("subcommand", sorted(NEVER_BUILD))
def test_subcommands_that_never_build(subcommand: str) -> None:
    assert not parse([subcommand]).may_build


@pytest.mark.parametrize("subcommand", ["metadata", "fetch", "tree", "update", "generate-lockfile", "clean"])
def test_the_subcommands_that_backends_use_beside_building_are_known(subcommand: str) -> None:
    assert subcommand in NEVER_BUILD


@pytest.mark.parametrize("line", ["", "--version", "--list", "-vV"])
def test_no_subcommand_builds_nothing(line: str) -> None:
    assert not parse(line.split()).may_build


@pytest.mark.parametrize("option", ["--list", "-l"])
def test_only_package_can_be_asked_for_a_mere_list(option: str) -> None:
    assert not parse(["package", option]).may_build
    assert parse(["test", option]).may_build
    assert parse(["package"]).may_build


def test_targets_and_configs_are_kept_in_order_and_in_both_spellings() -> None:
    call = parse(["build", "--config", "a=1", "--target=x", "--config=b=2", "word", "--target", "y"])
    assert call.targets == ["x", "y"]
    assert call.configs == ["a=1", "b=2"]


def test_configs_after_the_subcommand_take_the_place_of_those_before() -> None:
    assert parse(["--config", "a=1", "build"]).configs == ["a=1"]
    assert parse(["--config", "a=1", "build", "--config", "b=2"]).configs == ["b=2"]


def test_last_manifest_path_and_target_dir_count() -> None:
    call = parse("build --manifest-path a --target-dir=b --manifest-path=c --target-dir d".split())
    assert (call.manifest_path, call.target_dir) == ("c", "d")


@pytest.mark.parametrize("option", ["--features", "-F", "--manifest-path", "--target-dir", "--config"])
def test_value_of_an_option_is_not_taken_for_an_option(option: str) -> None:
    assert parse(["build", option, "--target=x"]).targets == []


@pytest.mark.parametrize(
    ("line", "profile", "folder"),
    [
        ("build", "dev", "debug"),
        ("test", "dev", "debug"),
        ("rustc --lib", "dev", "debug"),
        ("build --release", "release", "release"),
        ("build -r", "release", "release"),
        ("bench", "bench", "release"),
        ("install", "release", "release"),
        ("build --profile dev", "dev", "debug"),
        ("build --profile=test", "test", "debug"),
        ("build --profile bench", "bench", "release"),
        ("rustc --profile mine --release", "mine", "mine"),
        ("run -- --release", "dev", "debug"),
    ],
)
def test_profile_and_its_folder(line: str, profile: str, folder: str) -> None:
    call = parse(line.split())
    assert (call.profile, call.profile_folder) == (profile, folder)


def test_option_without_its_value_is_empty() -> None:
    assert parse(["build", "--target"]).targets == [""]


@given(WORDS)
def test_never_raises_and_leaves_the_arguments_alone(words: list[str]) -> None:
    before = list(words)
    parse(words)
    assert words == before


@given(WORDS.map(lambda words: [word for word in words if word != "--"]), WORDS)
def test_what_stands_after_two_dashes_never_matters(own: list[str], others: list[str]) -> None:
    assert fields(parse([*own, "--", *others])) == fields(parse(own))


@given(WORDS, st.sampled_from(["+stable", "+1.80", "+"]))
def test_toolchain_changes_nothing_else(words: list[str], toolchain: str) -> None:
    while words and words[0].startswith("+"):
        del words[0]
    assert fields(parse([toolchain, *words])) == {**fields(parse(words)), "toolchain": toolchain}
