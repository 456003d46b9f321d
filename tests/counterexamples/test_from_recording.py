"""A recorded run is minimised to the few moves that one of its violations needs, among the users that it concerns."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from syncproof.cli.main import main
from syncproof.core.moves import Connect, Disconnect, Spawn, Tell
from syncproof.core.packets import AddMember
from syncproof.core.values import ConversationId, DeviceId
from syncproof.counterexamples.from_recording import minimise_run, recorded_environment, restrict_to_conversation
from syncproof.designs import Population
from syncproof.errors import InputError
from syncproof.formats.header import Header
from syncproof.formats.history import Recording
from syncproof.inputs import fault_plan as faults
from syncproof.inputs import lookup, workload
from syncproof.seeded_bugs import BUGS
from syncproof.studies import kill_matrix, recordings
from syncproof.studies.recordings import minimise, open_moves, replay
from syncproof.studies.runs import simulate_design


def write_stress_run(path: Path, bug: str, seed: int = 1) -> Header:
    """Simulate a bug under stress, write the moves to a file, and return the file's header."""
    scenario = kill_matrix.stress_scenario(bug, BUGS[bug].world[2])
    traffic = workload.generate(scenario, seed)
    plan = faults.plan(scenario, traffic, seed)
    header = Header(
        schema=1,
        kind="moves",
        design=bug,
        faults=plan.configured,
        population=traffic.population,
        parameters=scenario.parameters(),
    )
    recording = Recording(header)
    run = simulate_design(bug, scenario, traffic, plan, seed, recorder=recording)
    violations = {name: result.violations for name, result in run.properties.items() if result.violations}
    recording.write_moves(path, violations)
    return msgspec.structs.replace(header, violations=violations)


@pytest.mark.parametrize(("bug", "prop", "most"), [("F25", "no-loss", 14), ("F09", "checkpoint-covered", 10)])
@pytest.mark.slow
def test_a_stress_run_is_minimised_to_the_moves_that_the_violation_needs(
    tmp_path: Path, bug: str, prop: str, most: int
) -> None:
    write_stress_run(tmp_path / "run.moves.jsonl", bug)
    found = minimise(tmp_path / "run.moves.jsonl", prop)
    assert len(found.moves) <= most < found.before


def test_the_written_moves_violate_the_same_when_replayed(tmp_path: Path) -> None:
    write_stress_run(tmp_path / "run.moves.jsonl", "F25")
    minimise(tmp_path / "run.moves.jsonl", "no-loss").write(tmp_path / "cut.moves.jsonl")
    judged = replay(tmp_path / "cut.moves.jsonl")
    assert judged.violations == judged.recorded
    assert "no-loss" in judged.recorded


def test_users_without_a_part_in_the_violation_are_removed(tmp_path: Path) -> None:
    header = write_stress_run(tmp_path / "run.moves.jsonl", "F25")
    found = minimise(tmp_path / "run.moves.jsonl", "no-loss")
    assert header.population is not None
    assert found.header.population is not None
    assert len(found.header.population.owners) < len(header.population.owners)
    assert len(found.header.population.members) == 1


def test_a_conversation_is_replayed_under_new_numbers(tmp_path: Path) -> None:
    write_stress_run(tmp_path / "run.moves.jsonl", "F25")
    header, _, moves = open_moves(tmp_path / "run.moves.jsonl")
    assert header.population is not None
    made = [move for _, move in moves]
    last = ConversationId(len(header.population.members) - 1)
    smaller, environment, replayed = restrict_to_conversation(header, made, last)
    assert smaller.population is not None
    assert set(smaller.population.owners) == set(range(len(header.population.members[last])))
    tells = [script[0] for script in environment.scripts]
    assert {move.packet.message.conversation for move in tells if hasattr(move.packet, "message")} == {0}
    assert sum(isinstance(move, Tell) for move in replayed) == len(tells)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["membership", "reinstall", "server-restore", "device-restore", "trim"])
def test_every_fault_of_a_run_can_be_replayed_in_one_conversation(kind: str) -> None:
    moves = kill_matrix.RecordedMoves()
    kill_matrix.simulate_stress("timeline-notify", 1, (kind,), moves)
    assert moves.header.population is not None
    for conversation in range(len(moves.header.population.members)):
        smaller, environment, replayed = restrict_to_conversation(
            moves.header, moves.made, ConversationId(conversation)
        )
        assert smaller.population is not None
        devices = {move.actor for move in environment.newcomers} | set(range(len(smaller.population.owners)))
        tells = [script[0] for script in environment.scripts]
        assert {move.actor for move in tells if move.actor >= 0} <= devices
        assert {spawn.replaces for spawn in environment.newcomers} <= {None, *devices}
        assert sum(isinstance(move, Tell) for move in replayed) > len(tells) / 2


def test_a_user_who_is_added_later_is_a_member_of_the_conversation() -> None:
    moves = kill_matrix.RecordedMoves()
    kill_matrix.simulate_stress("timeline-notify", 1, ("membership",), moves)
    assert moves.header.population is not None
    added = [move for move in moves.made if isinstance(move, Tell) and isinstance(move.packet, AddMember)]
    conversation = added[0].packet.conversation
    before = msgspec.structs.replace(moves.header.population, members=((),) * len(moves.header.population.members))
    header = msgspec.structs.replace(moves.header, population=before)
    smaller, _, replayed = restrict_to_conversation(header, moves.made, conversation)
    assert smaller.population is not None
    assert set(smaller.population.owners) == {0}
    assert any(isinstance(move, Tell) and isinstance(move.packet, AddMember) for move in replayed)


def test_the_environment_of_a_run_allows_what_the_run_did() -> None:
    moves = (Connect(DeviceId(0)), Disconnect(DeviceId(0), True), Connect(DeviceId(0)), Disconnect(DeviceId(0), True))
    environment = recorded_environment(moves)
    assert environment.budgets == {"disconnect": 2}
    assert environment.scripts == ()


@pytest.mark.slow
def test_a_promised_property_is_taken_before_others(tmp_path: Path) -> None:
    path = tmp_path / "run.moves.jsonl"
    write_stress_run(path, "F19")
    header, _, _ = open_moves(path)
    promised = lookup.get("F19").promises
    assert len(header.violations) > 1
    name = minimise(path).name
    assert set(header.faults) <= set(promised[name])


@pytest.mark.parametrize(("bug", "seed", "prop"), [("F25", 1, "no-loss"), ("F32", 5, "convergence")])
@pytest.mark.slow
@pytest.mark.usefixtures("need_not_add_up")  # F32 stores what it need not
def test_a_file_is_minimised_as_the_run_itself(tmp_path: Path, bug: str, seed: int, prop: str) -> None:
    path = tmp_path / "run.moves.jsonl"
    write_stress_run(path, bug, seed)
    moves = kill_matrix.RecordedMoves()
    kill_matrix.simulate_stress(bug, seed, BUGS[bug].world[2], moves)
    live, read = minimise_run(moves.header, moves.made, prop), minimise(path, prop)
    assert live is not None
    assert live.moves == read.moves
    assert list(map(repr, live.moves)) == list(map(repr, read.moves))


@pytest.mark.slow
@pytest.mark.usefixtures("need_not_add_up")  # F32 stores what it need not
def test_a_recall_refers_to_its_message_under_the_new_number(tmp_path: Path) -> None:
    write_stress_run(tmp_path / "run.moves.jsonl", "F32", 5)
    found = minimise(tmp_path / "run.moves.jsonl", "convergence")
    said = [move.packet.message for move in found.moves if isinstance(move, Tell) and hasattr(move.packet, "message")]
    (recall,) = [message for message in said if message.kind == "recall"]
    assert recall.about in [message.id for message in said if message.kind == "message"]


def test_new_devices_that_the_violation_does_not_need_are_removed(tmp_path: Path) -> None:
    write_stress_run(tmp_path / "run.moves.jsonl", "F25")
    _, _, moves = open_moves(tmp_path / "run.moves.jsonl")
    assert any(isinstance(move, Spawn) for _, move in moves)
    found = minimise(tmp_path / "run.moves.jsonl", "no-loss")
    assert not any(isinstance(move, Spawn) for move in found.moves)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("tail-append", "tail-append: the run did not violate it; allowed: no-loss, "),
        (
            "no-los",
            "no-los: there is no such property; allowed: no-loss, convergence, roaming-complete; did you mean 'no-loss'?",
        ),
    ],
)
def test_a_property_that_was_not_violated_is_refused(tmp_path: Path, name: str, says: str) -> None:
    path = tmp_path / "run.moves.jsonl"
    write_stress_run(path, "F25")
    with pytest.raises(InputError, match=re.escape(says)):
        minimise(path, name)


def test_a_run_without_a_violation_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.moves.jsonl"
    write_stress_run(path, "F10")
    with pytest.raises(InputError, match="the run violated nothing; allowed: a run that violates a property"):
        minimise(path)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ({"type": "Spawn", "actor": 0, "user": 0, "replaces": None}, "Spawn is not possible here"),
        ({"type": "Crash", "actor": 99}, "Crash is not possible here"),
        (
            {"type": "Tell", "actor": 0, "packet": {"type": "AddMember", "conversation": 0, "user": 0}},
            "Tell makes no sense",
        ),
    ],
)
def test_an_impossible_move_is_reported_with_its_line(tmp_path: Path, line: dict[str, object], says: str) -> None:
    path = tmp_path / "run.moves.jsonl"
    write_stress_run(path, "F25")
    lines = path.read_bytes().splitlines(keepends=True)
    lines[4] = msgspec.json.encode(line) + b"\n"
    path.write_bytes(b"".join(lines))
    with pytest.raises(InputError, match=f"run.moves.jsonl:5: {says}"):
        minimise(path)


def test_a_population_with_an_invalid_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.moves.jsonl"
    header = write_stress_run(path, "F25")
    _, *rest = path.read_bytes().splitlines(keepends=True)
    odd = msgspec.structs.replace(header, population=Population((0, -1), ((0,),)), lines=None)
    path.write_bytes(b"".join([msgspec.json.encode(odd), b"\n", *rest]))
    with pytest.raises(InputError, match=r"run\.moves\.jsonl:1: population: -1 is no user"):
        minimise(path)


def test_a_livelock_is_not_looked_for_in_a_long_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.moves.jsonl"
    write_stress_run(path, "F25")
    monkeypatch.setattr(recordings, "_violated", lambda *_: "pull-terminates")
    monkeypatch.setattr(recordings, "ENDLESS_MOVES", 100)
    with pytest.raises(InputError, match="moves; allowed for pull-terminates: at most 100"):
        minimise(path, "pull-terminates")


def test_the_command_prints_the_diagram_and_writes_the_moves(tmp_path: Path) -> None:
    write_stress_run(tmp_path / "run.moves.jsonl", "F25")
    out = tmp_path / "cut.moves.jsonl"
    result = CliRunner().invoke(main, ["minimise", str(tmp_path / "run.moves.jsonl"), "no-loss", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "✗ no-loss: message " in result.output
    assert "F25: no-loss takes " in result.output
    assert CliRunner().invoke(main, ["replay", str(out)]).exit_code == 0


@pytest.mark.parametrize(
    ("out", "says"),
    [
        ("nowhere/cut.jsonl", "does not exist"),
        ("cut.parquet", "allowed: a file ending in .jsonl"),
        (".", "allowed: a file ending in .jsonl"),
        ("run.moves.jsonl", "that is the recording"),
    ],
)
def test_a_file_that_cannot_be_written_is_reported_before_the_work(tmp_path: Path, out: str, says: str) -> None:
    result = CliRunner().invoke(main, ["minimise", str(tmp_path / "run.moves.jsonl"), "--out", str(tmp_path / out)])
    assert result.exit_code == 2
    assert says in result.output
