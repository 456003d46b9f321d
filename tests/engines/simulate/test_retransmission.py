"""A simulation keeps each copy of a packet that is sent again while the first is under way, and so do replay and minimise."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from syncproof.core.moves import Arrive, Fire, Lose, Move
from syncproof.core.values import ConversationId
from syncproof.counterexamples.from_recording import restrict_to_conversation
from syncproof.designs.packets import Push, Redeliver
from syncproof.formats.history import moves_path, read_moves
from syncproof.inputs import workload
from syncproof.inputs.scenario import Scenario
from syncproof.studies.jobs import Job
from syncproof.studies.recordings import replay
from tests.helpers.timed import ran

SLOW = Scenario.model_validate(
    {
        "title": "slow pushes",
        "shows": "tests",
        "duration": "1h",
        "population": {"users": 2, "devices_per_user": 1},
        "conversations": {"pairs": 1, "groups": 0},
        "traffic": {"messages_per_user_per_day": 100.0},
        "presence": {"offline": "0s"},
        "network": {"push_ms": {"median": 250.0, "sigma": 0.0}},
        "model": {"ack_timeout": "100ms"},
    }
)
"""A push takes longer than the server waits for the ack."""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("slow") / "run.jsonl"
    Job(SLOW, "log-device-acks", 0, 3, history=str(path)).work()
    return path


def pushes(moves: list[Move]) -> list[Arrive]:
    return [move for move in moves if isinstance(move, Arrive) and isinstance(move.packet, Push)]


def test_each_copy_arrives(recording: Path) -> None:
    moves = [move for _, move in read_moves(moves_path(recording))[1]]
    arrived = pushes(moves)
    again = [move for move in moves if isinstance(move, Fire) and isinstance(move.packet, Redeliver)]
    assert len(again) >= len(set(arrived)) > 0
    assert len(arrived) == len(set(arrived)) + len(again)


def test_a_recorded_run_is_replayed(recording: Path) -> None:
    judged = replay(moves_path(recording))
    assert judged.violations == judged.recorded


def test_a_recorded_run_is_restricted_with_each_copy(recording: Path) -> None:
    header, read = read_moves(moves_path(recording))
    moves = [move for _, move in read]
    _, _, made = restrict_to_conversation(header, moves, ConversationId(0))
    assert len(pushes(made)) == len(pushes(moves))


def test_a_push_that_is_sent_again_is_drawn_anew() -> None:
    """Half of the pushes are lost: of those sent again half arrive, whatever became of the first."""
    lossy = SLOW.with_value("faults.push_loss", 0.5).with_value("model.ack_timeout", 5.0)
    lossy = lossy.with_value("traffic.messages_per_user_per_day", 4000.0)
    _, times = ran("log-device-acks", lossy, workload.generate(lossy, 3))
    fates: defaultdict[tuple[int, int], list[bool]] = defaultdict(list)
    for _, event in times.events:
        if isinstance(event, Arrive | Lose) and isinstance(event.packet, Push):
            fates[event.packet.message, event.receiver].append(isinstance(event, Arrive))
    lost_first = [fate for fate in fates.values() if not fate[0] and len(fate) > 1]
    assert len(lost_first) > 40
    assert 0.3 < sum([fate[1] for fate in lost_first]) / len(lost_first) < 0.7
