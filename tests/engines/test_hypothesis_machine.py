"""The Hypothesis machine: a rule for each kind of move, failures printed as Python."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

import pytest
from hypothesis import Verbosity
from hypothesis.stateful import run_state_machine_as_test

from examples.two_phase_commit import two_phase
from syncproof.core.enabled import KINDS
from syncproof.core.environment import Environment
from syncproof.core.moves import Arrive, Move, Take
from syncproof.core.world import World
from syncproof.designs import DESIGNS
from syncproof.engines import hypothesis_machine, hypothesis_runs
from syncproof.engines.hypothesis_machine import BUDGET, RULES, Machine, PropertyViolated
from syncproof.engines.hypothesis_runs import PROFILES, profile_settings
from syncproof.inputs import small_worlds
from syncproof.inputs.small_worlds import small_world
from syncproof.studies.hunt import machine, play, promised

PUSHES = small_world("two-people", 1, ["push"])


def test_each_kind_of_move_has_a_rule() -> None:
    assert sorted(RULES) == sorted(KINDS)
    rules = {found.function.__name__ for found in Machine.setup_state().rules}
    assert rules == {*RULES.values(), "run_on", "stay_at_rest"}


def test_faults_without_a_budget_have_no_rule() -> None:
    rules = {found.function.__name__ for found in machine("F25", PUSHES).setup_state().rules}
    assert {"lose_push", "duplicate_push"} <= rules
    assert not rules & {"crash_device", "take_backup", "intervene", "add_device"}


def test_each_named_property_is_an_invariant() -> None:
    invariants = {found.function.__name__ for found in machine("F25", PUSHES).setup_state().invariants}
    assert invariants == {name.replace("-", "_") for name in promised("F25", PUSHES)}


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS)
def test_a_sound_design_keeps_its_promises_under_the_usual_faults_together(design: str) -> None:
    """The kill matrix, which is a committed report, plays ten times as many examples of each."""
    played = play(design, small_world("three-devices", 3, small_worlds.TOGETHER), profile="brief")
    assert played.violation is None, str(played.violation)
    assert played.examples >= PROFILES["brief"]


def test_a_property_that_is_not_promised_can_be_judged() -> None:
    world = small_world("three-devices", 1, [])
    assert "no-loss" not in promised("inbox-shared", world)
    violation = play("inbox-shared", world, ["no-loss"]).violation
    assert violation is not None
    assert violation.name == "no-loss"


@pytest.mark.slow
def test_a_system_that_is_not_a_messaging_design_can_be_run() -> None:
    kinds = set()

    class Recorded(hypothesis_machine.machine(two_phase(3), Environment(), [])):  # type: ignore[misc]
        def make(self, move: Move) -> None:
            kinds.add(type(move))
            super().make(move)

    assert hypothesis_runs.play(Recorded, profile="dev").violation is None
    assert kinds == {Take, Arrive}


def test_the_moves_of_a_violation_are_a_path_from_the_prelude() -> None:
    world = small_world("two-people", 3, ["push"])
    violation = play("F40", world, ["checkpoint-covered"]).violation
    assert violation is not None
    system, _, environment = small_worlds.build("F40", world, BUDGET)
    replayed = World(system)
    for move in (*environment.prelude, *violation.moves):
        replayed.apply(move)


@pytest.fixture(scope="module")
def printed_failure() -> list[str]:
    """Return the lines that Hypothesis prints for the shrunk failure of a bug."""
    quick = profile_settings("ci", verbosity=Verbosity.normal)
    with redirect_stdout(io.StringIO()) as out, pytest.raises(PropertyViolated) as met:
        run_state_machine_as_test(machine("F21", small_world("two-people", 1, ["server-crash"])), settings=quick)
    printed = [out.getvalue(), *getattr(met.value, "__notes__", [])]
    return [line.strip() for note in printed for line in note.splitlines()]


@pytest.mark.slow
def test_a_failure_is_printed_as_python_to_paste(printed_failure: list[str]) -> None:
    steps = [line for line in printed_failure if line.startswith("state")]
    names = next(line for line in printed_failure if line.startswith("# the names in these steps: "))
    code = [*names.removeprefix("# the names in these steps: ").split("; "), *steps]
    assert "state.deliver(move=Deliver(connection=ConnectionId(1), end='server'))" in steps
    assert "state.accepted_is_durable()" in steps
    with pytest.raises(PropertyViolated, match="accepted-is-durable is violated"):
        exec("\n".join(code), {"machine": machine, "SmallWorld": small_worlds.SmallWorld})


@pytest.mark.slow
def test_a_comment_says_which_packet_a_connection_delivers(printed_failure: list[str]) -> None:
    deliveries = [at for at, line in enumerate(printed_failure) if line.startswith("state.deliver(")]
    assert deliveries
    before = [printed_failure[at - 1] for at in deliveries]
    assert all(line.startswith("# ") and "DeviceId(" in line for line in before)


def test_a_kind_without_a_rule_of_its_own_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hypothesis_machine, "RULES", {})
    assert hypothesis_machine._rule_of_its_kind("disk-full").__name__ == "disk_full"
    assert hypothesis_machine.RULES == {"disk-full": "disk_full"}
