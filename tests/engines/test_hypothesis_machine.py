"""Hypothesis plays the sound designs without an alarm, judges what it should, and does the same each time."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from hypothesis import Verbosity, settings
from hypothesis.stateful import run_state_machine_as_test

from syncproof.core.world import World
from syncproof.designs import DESIGNS
from syncproof.engines import hypothesis_machine
from syncproof.engines.hypothesis_machine import PROFILES, Fallen
from syncproof.errors import InputError
from syncproof.inputs import small_worlds


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.slow
def test_a_sound_design_lives_through_every_fault_together(design: str) -> None:
    met, examples = hypothesis_machine.count(
        design, small_worlds.small_world("three-devices", 3, small_worlds.TOGETHER)
    )
    assert met is None, str(met)
    assert examples >= PROFILES["ci"]


def test_a_property_that_is_not_promised_is_met_when_it_is_asked_for() -> None:
    shape = small_worlds.small_world("three-devices", 1, [])
    assert "no-loss" not in hypothesis_machine.promised("inbox-shared", shape)
    met, _ = hypothesis_machine.count("inbox-shared", shape, ["no-loss"])
    assert met is not None
    assert met.name == "no-loss"


@pytest.mark.slow
def test_what_was_met_is_a_path_from_the_prelude() -> None:
    shape = small_worlds.small_world("two-people", 2, ["disconnect"])
    met, _ = hypothesis_machine.count("F24", shape, ["sender-order"])
    assert met is not None
    system, _, environment = small_worlds.build("F24", shape, hypothesis_machine.BUDGET)
    world = World(system)
    for move in (*environment.prelude, *met.moves):
        world.apply(move)


@pytest.mark.slow
def test_the_ci_profile_meets_the_same_each_time() -> None:
    shape = small_worlds.small_world("two-people", 2, ["server-crash"])
    first, one = hypothesis_machine.count("F22", shape, ["no-loss"])
    again, two = hypothesis_machine.count("F22", shape, ["no-loss"])
    assert first is not None
    assert again is not None
    assert (first.moves, one) == (again.moves, two)


@pytest.mark.slow
def test_code_that_is_loaded_meanwhile_changes_no_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shape = small_worlds.small_world("two-people", 3, ["disconnect"])
    first, one = hypothesis_machine.count("F37", shape, ["no-loss"])
    (tmp_path / "loaded_meanwhile.py").write_text(f"NUMBERS = {list(range(100, 255))}\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("loaded_meanwhile")
    again, two = hypothesis_machine.count("F37", shape, ["no-loss"])
    assert first is not None
    assert again is not None
    assert (first.moves, one) == (again.moves, two)


@pytest.mark.slow
def test_a_failure_is_printed_as_python_to_paste(capsys: pytest.CaptureFixture[str]) -> None:
    shape = small_worlds.small_world("two-people", 1, ["push"])
    quick = settings(hypothesis_machine.settings_of("ci"), verbosity=Verbosity.normal)
    with pytest.raises(Fallen) as met:
        run_state_machine_as_test(hypothesis_machine.machine("F25", shape), settings=quick)
    printed = [capsys.readouterr().out, *getattr(met.value, "__notes__", [])]
    code = [line.strip() for note in printed for line in note.splitlines() if line.strip().startswith("state")]
    with pytest.raises(Fallen, match="no-loss is violated"):
        exec("\n".join(code), {"machine": hypothesis_machine.machine, "Shape": small_worlds.SmallWorld})


def test_an_unknown_profile_is_named() -> None:
    with pytest.raises(InputError, match="unknown profile 'quick'; allowed: dev, brief, ci, deep"):
        hypothesis_machine.settings_of("quick")
