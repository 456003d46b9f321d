"""Runs of a Hypothesis machine: repeatable profiles, and those that keep failures."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from hypothesis import Verbosity
from hypothesis.database import InMemoryExampleDatabase
from hypothesis.stateful import run_state_machine_as_test

from syncproof.engines import hypothesis_runs
from syncproof.engines.hypothesis_machine import PropertyViolated
from syncproof.engines.hypothesis_runs import profile_settings
from syncproof.errors import InputError
from syncproof.inputs.small_worlds import SmallWorld, small_world
from syncproof.studies.hunt import machine, play


def outcome(bug: str, world: SmallWorld, name: str) -> tuple[object, int]:
    played = play(bug, world, [name])
    assert played.violation is not None
    return played.violation.moves, played.examples


@pytest.mark.slow
def test_the_ci_profile_runs_the_same_examples_each_time() -> None:
    world = small_world("two-people", 2, ["server-crash"])
    assert outcome("F22", world, "no-loss") == outcome("F22", world, "no-loss")


@pytest.mark.slow
def test_code_that_is_loaded_in_between_changes_no_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = small_world("two-people", 3, ["disconnect"])
    before = outcome("F37", world, "no-loss")
    (tmp_path / "loaded_meanwhile.py").write_text(f"NUMBERS = {list(range(100, 255))}\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("loaded_meanwhile")
    assert outcome("F37", world, "no-loss") == before


@pytest.mark.parametrize("missing", [f"HypothesisProvider.{hypothesis_runs.CONSTANTS}", "HypothesisProvider"])
def test_a_hypothesis_without_the_private_method_causes_a_warning(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(f"hypothesis.internal.conjecture.providers.{missing}")
    with (
        pytest.warns(
            RuntimeWarning, match="has no HypothesisProvider._maybe_draw_constant: the profiles few, brief, ci may"
        ),
        hypothesis_runs.without_constants(),
    ):
        pass


@pytest.mark.slow
def test_the_dev_profile_keeps_failures_in_the_example_database() -> None:
    database = InMemoryExampleDatabase()
    with pytest.raises(PropertyViolated):
        run_state_machine_as_test(
            machine("F21", small_world("two-people", 1, ["server-crash"])),
            settings=profile_settings("dev", database=database, verbosity=Verbosity.quiet),
        )
    assert database.data


def test_an_unknown_profile_is_named() -> None:
    with pytest.raises(InputError, match="unknown profile 'quick'; allowed: few, dev, brief, ci, deep"):
        profile_settings("quick")
