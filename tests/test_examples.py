"""Every example runs as its first lines say, from the command line in a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from examples.two_phase_commit import STATES, two_phase
from syncproof import explore as explored
from syncproof.core.environment import Environment
from syncproof.engines.explore import explore

EXAMPLES = Path(__file__).parents[1] / "examples"
RELAY = str(EXAMPLES / "relay.py") + ":Relay"


def run(*words: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run `python WORDS...` in the folder of the examples, and return the finished process."""
    return subprocess.run([sys.executable, *words], input=given, capture_output=True, text=True, cwd=EXAMPLES)


def test_every_example_is_run_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [path.name for path in EXAMPLES.glob("*.py") if text.count(f'"{path.name}') == 0] == []


@pytest.mark.slow
@pytest.mark.parametrize("managers", [2, 3])
def test_two_phase_commit_prints_its_number_of_states_and_its_verdicts(managers: int) -> None:
    done = run("two_phase_commit.py", str(managers))
    first, *verdicts = done.stdout.splitlines()
    assert first.startswith(f"{managers} resource managers: {STATES[managers]:,} states, "), done.stderr
    assert [line.split() for line in verdicts] == [["consistent", "holds"], ["terminates", "holds"]]
    assert done.returncode == 0


@pytest.mark.slow
def test_the_hasty_design_skips_a_message_when_a_push_is_lost() -> None:
    world = ("--world", "two-people", "--messages", "2", "--fault", "push")
    done = run("-m", "syncproof", "explore", "my_design.py:Hasty", *world)
    assert done.returncode == 1, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.split()[:1] == ["prefix-order"]]
    assert "violated" in line


@pytest.mark.slow
def test_a_search_says_whether_it_reached_what_a_design_declares() -> None:
    world = ("--world", "two-devices", "--fault", "new-device")
    done = run("-m", "syncproof", "explore", "sometimes.py:Roams", *world)
    assert done.returncode == 0, done.stderr
    assert "sometimes reached: a new device fetches earlier messages" in done.stdout


@pytest.mark.slow
def test_a_machine_of_ones_own_stops_where_a_message_is_accepted_without_a_place() -> None:
    world = ("--world", "two-people", "--fault", "server-crash")
    done = run("-m", "syncproof", "explore", "F21", *world, "--refines", "own_machine.py:PlaceThenAccept")
    assert done.returncode == 1, done.stderr
    assert "has no step `accept` here: message 0 has no place yet" in done.stdout


def test_a_log_becomes_a_history() -> None:
    done = run("log_to_history.py", given=(EXAMPLES / "lunch.log").read_text(encoding="utf-8"))
    kinds = [json.loads(line).get("type") for line in done.stdout.splitlines()]
    assert {"Joined", "Composed", "Shown"} <= set(kinds), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "states", "verdicts"),
    [
        (("ping_pong.py",), ["14", "4,094", "11"], "holds"),
        (("register.py",), ["93"], "holds"),
        (("abd.py",), ["544"], "holds"),
        (("paxos.py",), ["16,668"], "holds"),
        (("lamport_mutex.py", "6"), ["724,274"], "holds"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_examples_of_others_have_their_published_numbers_of_states(
    words: tuple[str, ...], states: list[str], verdicts: str
) -> None:
    done = run(*words)
    found = re.findall(r"([\d,]+) states", done.stdout)
    assert found == states, done.stderr
    assert set(re.findall(r"holds|violated|unknown", done.stdout)) == {verdicts}
    assert done.returncode == 0


@pytest.mark.slow
def test_two_phase_commit_of_seven_managers_has_its_published_number_of_states() -> None:
    found = explore(two_phase(7), Environment())
    assert len(found.graph.states) == STATES[7] == 296_448


def test_two_registers_that_do_not_know_of_each_other_are_not_linearizable() -> None:
    done = run("register.py", "2")
    assert "linearizable violated" in done.stdout
    assert done.returncode == 1


def test_a_search_refutes_the_device_that_trusts_its_own_number_and_not_the_mended_one() -> None:
    names = [str(EXAMPLES / "own_entry.py") + f":{name}" for name in ("Eager", "Mended")]
    eager, mended = (explored(name, "two-devices", messages=2).cell(name, "prefix-order") for name in names)
    assert (eager.verdict, eager.promise, eager.length) == ("violated", "broken", 9)
    assert (mended.verdict, mended.promise) == ("holds", "kept")


@pytest.mark.parametrize("faults", [[], ["push"], ["server-crash"], ["disconnect"]], ids=str)
def test_the_relay_keeps_the_little_that_it_promises(keeps_promises: Callable[..., None], faults: list[str]) -> None:
    keeps_promises(RELAY, faults=faults, examples="none")


def test_the_relay_loses_what_is_pushed_in_vain_which_it_does_not_promise() -> None:
    cell = explored(RELAY, "two-people", faults=["push"]).cell(RELAY, "no-loss")
    assert (cell.verdict, cell.promise) == ("violated", "not judged")
