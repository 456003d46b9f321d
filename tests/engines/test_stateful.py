"""Hypothesis plays the sound designs without an alarm, judges what it should, and does the same each time."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from hypothesis import Verbosity, settings
from hypothesis.stateful import run_state_machine_as_test

from syncproof import worlds
from syncproof.designs import DESIGNS
from syncproof.engines import stateful
from syncproof.engines.stateful import PROFILES, Fallen
from syncproof.errors import InputError
from syncproof.system import World


@pytest.mark.parametrize("design", DESIGNS)
def test_a_sound_design_lives_through_every_fault_together(design: str) -> None:
    met, examples = stateful.count(design, worlds.shape("three-devices", 3, worlds.TOGETHER))
    assert met is None, str(met)
    assert examples >= PROFILES["ci"]


def test_a_property_that_is_not_promised_is_met_when_it_is_asked_for() -> None:
    shape = worlds.shape("three-devices", 1, [])
    assert "no-loss" not in stateful.promised("inbox-shared", shape)
    met, _ = stateful.count("inbox-shared", shape, ["no-loss"])
    assert met is not None
    assert met.name == "no-loss"


def test_what_was_met_is_a_path_from_the_prelude() -> None:
    shape = worlds.shape("two-people", 2, ["disconnect"])
    met, _ = stateful.count("F24", shape, ["sender-order"])
    assert met is not None
    system, _, environment = worlds.build("F24", shape, stateful.BUDGET)
    world = World(system)
    for move in (*environment.prelude, *met.moves):
        world.apply(move)


def test_the_ci_profile_meets_the_same_each_time() -> None:
    shape = worlds.shape("two-people", 2, ["server-crash"])
    first, one = stateful.count("F22", shape, ["no-loss"])
    again, two = stateful.count("F22", shape, ["no-loss"])
    assert first is not None
    assert again is not None
    assert (first.moves, one) == (again.moves, two)


def test_code_that_is_loaded_meanwhile_changes_no_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shape = worlds.shape("two-people", 3, ["disconnect"])
    first, one = stateful.count("F37", shape, ["no-loss"])
    (tmp_path / "loaded_meanwhile.py").write_text(f"NUMBERS = {list(range(100, 255))}\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("loaded_meanwhile")
    again, two = stateful.count("F37", shape, ["no-loss"])
    assert first is not None
    assert again is not None
    assert (first.moves, one) == (again.moves, two)


def test_a_failure_is_printed_as_python_to_paste(capsys: pytest.CaptureFixture[str]) -> None:
    shape = worlds.shape("two-people", 1, ["push"])
    quick = settings(stateful.settings_of("ci"), verbosity=Verbosity.normal)
    with pytest.raises(Fallen) as met:
        run_state_machine_as_test(stateful.machine("F25", shape), settings=quick)
    printed = [capsys.readouterr().out, *getattr(met.value, "__notes__", [])]
    code = [line.strip() for note in printed for line in note.splitlines() if line.strip().startswith("state")]
    with pytest.raises(Fallen, match="no-loss is violated"):
        exec("\n".join(code), {"machine": stateful.machine, "Shape": worlds.Shape})


def test_an_unknown_profile_is_named() -> None:
    with pytest.raises(InputError, match="unknown profile 'quick'; allowed: dev, brief, ci, deep"):
        stateful.settings_of("quick")
