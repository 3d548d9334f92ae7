"""Command lines of cargo, as far as the shim reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyo3_base_python.wrapper.command_line import NEVER_BUILD, OWN, Invocation, parse

OPTIONS = "--list -l --target --target=a --config --config=b --manifest-path -C -Cx -vr -Z -j4 -"
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
        ("my-plugin --flag", "my-plugin"),
        ("-qZunstable build", "build"),
        ("-vZ unstable build", "build"),
    ],
)
def test_subcommand_is_found_behind_toolchain_and_global_options(line: str, subcommand: str) -> None:
    assert parse(line.split()).subcommand == subcommand


def test_a_plain_call_asks_for_nothing_more() -> None:
    assert fields(parse(["build"])) == {
        "subcommand": "build",
        "profile": "dev",
        "targets": [],
        "configs": [],
        "for_rustc": [],
        "has_reader": False,
        "late_config": False,
        "lists_only": False,
        "manifest_path": "",
        "packages": [],
        "target_dir": "",
        "toolchain": "",
        "unclear": "",
    }


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["rustc", "--lib", "--", "-C", "link-arg=@file"], ["-C", "link-arg=@file"]),
        (["rustc", "--lib"], []),
        (["test", "--", "--nocapture"], []),
    ],
)
def test_what_cargo_hands_on_to_rustc(arguments: list[str], expected: list[str]) -> None:
    assert parse(arguments).for_rustc == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["build", "--message-format=json"], True),
        (["rustc", "--message-format", "json-render-diagnostics", "--lib"], True),
        (["rustc", "--lib", "--", "--message-format=json"], False),
    ],
)
def test_a_program_that_reads_the_messages(arguments: list[str], expected: bool) -> None:
    assert parse(arguments).has_reader is expected


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


@pytest.mark.parametrize(
    ("line", "packages"),
    [
        ("build", []),
        ("run -p xtask", ["xtask"]),
        ("run -pxtask --package=a -p=b --package c -qp d", ["xtask", "a", "b", "c", "d"]),
        ("run --package xtask -- -p other", ["xtask"]),
        ("xtask dist -p x", ["xtask", "x"]),
        ("build -p a --workspace", []),
        ("build -p a --all", []),
        ("nextest run -p a", []),
        ("rustc -F p -p a", ["a"]),
        ("build -p -r", [""]),
    ],
)
def test_packages_are_those_that_a_command_of_cargos_own_is_to_build(line: str, packages: list[str]) -> None:
    aliases = {"xtask": "run --package xtask".split()}
    assert parse(line.split(), aliases.get).packages == packages


@pytest.mark.parametrize("option", ["--features", "-F", "--manifest-path", "--target-dir", "--config"])
def test_value_of_an_option_is_not_taken_for_an_option(option: str) -> None:
    assert parse(["build", option, "--target=x"]).targets == []


@pytest.mark.parametrize("option", ["-Fx", "-F=x", "-Zx", "--features=x"])
def test_value_in_the_word_of_an_option_leaves_the_next_word_alone(option: str) -> None:
    assert parse(["build", option, "--target=x"]).targets == ["x"]


@pytest.mark.parametrize(
    ("line", "profile", "folder"),
    [
        ("build", "dev", "debug"),
        ("test", "dev", "debug"),
        ("rustc --lib", "dev", "debug"),
        ("build --release", "release", "release"),
        ("build -r", "release", "release"),
        ("build -vr", "release", "release"),
        ("build -pr -jr -Fr", "dev", "debug"),
        ("build -F r -v", "dev", "debug"),
        ("build -p -r", "release", "release"),
        ("build --features --release", "dev", "debug"),
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


# Aliases


def with_aliases(line: str, **aliases: str) -> Invocation:
    """How ``line`` is read where these are the user's aliases."""
    return parse(line.split(), lambda name: aliases[name].split() if name in aliases else None)


@pytest.mark.parametrize(
    ("alias", "subcommand"),
    [("b", "build"), ("c", "check"), ("d", "doc"), ("r", "run"), ("t", "test"), ("rm", "remove")],
)
def test_cargos_own_aliases_are_expanded_unless_the_user_has_others(alias: str, subcommand: str) -> None:
    assert parse([alias]).subcommand == subcommand
    assert with_aliases(alias, **{alias: "clippy"}).subcommand == "clippy"


@pytest.mark.parametrize("subcommand", sorted(OWN))
def test_no_alias_takes_the_place_of_a_subcommand(subcommand: str) -> None:
    assert with_aliases(subcommand, **{subcommand: "clippy"}).subcommand == subcommand


def test_an_alias_may_take_the_place_of_another_program() -> None:
    assert with_aliases("fmt", fmt="build").may_build


def test_what_an_alias_stands_for_comes_before_the_rest() -> None:
    call = with_aliases(
        "+nightly mine --target x -- --target y", mine="outer --release", outer="build --target-dir out"
    )
    assert (call.subcommand, call.toolchain, call.unclear) == ("build", "+nightly", "")
    assert (call.target_dir, call.profile, call.targets) == ("out", "release", ["x"])
    assert with_aliases("mine --target x", mine="run --").targets == []


@pytest.mark.parametrize(
    ("line", "configs"),
    [
        ("--config a mine", ["a"]),
        ("--config a mine --config b", ["a", "b"]),
        ("--config a b --config b", ["a", "b"]),
        ("with", ["w"]),
        ("with --config b", ["b"]),
        ("--config a with", ["a", "w"]),
        ("through", []),
        ("--config a through --config b", ["a", "b"]),
        # Nothing before its name is handed to another program.
        ("--config a lint --config b", ["b"]),
        ("--config a clippy --config b", ["b"]),
    ],
)
def test_configs_before_an_alias_count_beside_those_after_it(line: str, configs: list[str]) -> None:
    """As cargo 1.95 does: compared in `test_agrees_with_cargo`."""
    aliases = {"mine": "check", "with": "--config w build", "through": "--config t mine", "lint": "clippy"}
    assert with_aliases(line, **aliases).configs == configs


@pytest.mark.parametrize("aliases", [{"a": "a"}, {"a": "x", "x": "a -v"}, {"a": ""}])
def test_an_alias_without_an_end_or_a_meaning_is_unclear(aliases: dict[str, str]) -> None:
    call = with_aliases("a", **aliases)
    assert (call.may_build, call.unclear.partition("alias")[0]) == (True, "it is not known what the ")


@pytest.mark.parametrize("line", ["-C dir build", "-Cdir b", "-vC=dir build", "-Z unstable-options -C dir mine"])
def test_cargo_that_leaves_the_folder_is_unclear(line: str) -> None:
    assert with_aliases(line, mine="build").unclear == "cargo -C leads to another folder"


@pytest.mark.parametrize("line", ["mine", "build -C dir", "build --color always -Z unstable"])
def test_cargo_that_stays_in_the_folder_is_clear(line: str) -> None:
    """It does for an alias that says `-C`, and `-C` after the subcommand is none."""
    assert with_aliases(line, mine="-C dir build").unclear == ""


@pytest.mark.parametrize("name", ["./build.rs", "script.rs", "a/b"])
def test_a_script_is_no_project(name: str) -> None:
    assert parse(["-Zscript", name]).unclear == f"{name} is a script of its own"


@pytest.mark.promise("fault")
@pytest.mark.parametrize("profile", ["../../elsewhere", "/abs", "..", ""])
def test_a_profile_that_leads_elsewhere_as_a_path_is_unclear(profile: str) -> None:
    assert parse(["build", "--profile", profile]).unclear == f"cargo refuses {profile!r} as a profile"


@given(WORDS, st.dictionaries(st.sampled_from(["x", "b", "alias"]), WORDS))
def test_any_alias_comes_to_an_end(words: list[str], aliases: dict[str, list[str]]) -> None:
    assert isinstance(parse(words, aliases.get).subcommand, str)
