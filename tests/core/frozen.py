"""Recorded runs that detect unintended changes of a world's semantics: `python -m tests.core.frozen` writes them again.

Each file has the moves of a short simulated run with many faults; `digests.json` has a digest of every observation and
end state that the moves led to. The moves are made in a world, so a change of what a move does changes the digest.
Write the files again only for an intended change.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from syncproof.core.observations import Observation
from syncproof.core.world import World
from syncproof.designs import DESIGNS
from syncproof.formats.codec import encode
from syncproof.formats.header import Header
from syncproof.formats.history import Recording, read_moves
from syncproof.inputs import fault_plan, workload
from syncproof.inputs.scenario import Scenario
from syncproof.studies.runs import simulate_design

HERE = Path(__file__).parent / "recordings"
DIGESTS = HERE / "digests.json"

SCENARIO = {
    "title": "frozen",
    "shows": "Many faults in ten minutes.",
    "duration": "10m",
    "population": {"users": 3, "devices_per_user": [1, 2], "new_devices": 1, "reinstalls": 1},
    "conversations": {"pairs": 3, "groups": 1, "group_size": {"min": 3, "max": 3}},
    "traffic": {"messages_per_user_per_day": 600.0, "recalls": 0.2},
    "presence": {"online": "3m", "offline": "1m", "half_open": 0.4, "dead": "20s"},
    "network": {"push_ms": {"median": 200.0, "sigma": 1.5}},
    "storage": {"service_ms": {"median": 100.0, "sigma": 1.5}},
    "faults": {
        "push_loss": 0.2,
        "push_duplicate": 0.1,
        "push_reorder": 0.2,
        "server_crashes": [{"at": "4m", "down": "5s"}],
        "server_restores": [{"backup": "5m", "at": "6m", "down": "5s"}],
        "trims": ["7m"],
        "device_crashes_per_day": 200.0,
        "device_restores_per_day": 100.0,
        "device_backup_age": "2m",
        "sender_retry": 0.3,
    },
    "model": {"poll_interval": "60s"},
}
"""The scenario of the recorded runs."""

RUNS = ("inbox-store-first", "timeline-checkpointed", "timeline-dense-push")
"""The designs that are recorded."""


def record(design: str) -> Recording:
    """Simulate a design and return its recorded moves."""
    scenario = Scenario.model_validate(SCENARIO)
    traffic = workload.generate(scenario, 1)
    header = Header(schema=1, kind="moves", design=design, population=traffic.population)
    recording = Recording(header)
    simulate_design(design, scenario, traffic, fault_plan.plan(scenario, traffic, 1), 1, recorder=recording)
    return recording


def moves_file(design: str) -> Path:
    """Return the path of a design's recorded moves."""
    return HERE / f"{design}.moves.jsonl"


def digest_of_replay(design: str) -> str:
    """Make the recorded moves in a world, and return the digest of every observation and of every actor's end state."""
    header, moves = read_moves(moves_file(design))
    assert header.population is not None
    digest = hashlib.sha256()

    def observe(observation: Observation) -> None:
        digest.update(encode(observation) + b"\n")

    parameters = Scenario.model_validate(SCENARIO).parameters()
    world = World(DESIGNS[design].system(header.population, parameters).recorded(), observe)
    for _, move in moves:
        world.apply(move)
    for name, actor in sorted(world.actors.items()):
        digest.update(f"{name} {actor.durable_state()}\n".encode())
    return digest.hexdigest()


def main() -> None:
    """Write the files again."""
    HERE.mkdir(exist_ok=True)
    for design in RUNS:
        record(design).write_moves(moves_file(design), {})
    DIGESTS.write_text(json.dumps({design: digest_of_replay(design) for design in RUNS}, indent=1) + "\n")


if __name__ == "__main__":
    main()
