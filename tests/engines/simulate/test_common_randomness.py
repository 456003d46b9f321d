"""Two designs on one traffic meet the same times and losses for what both do, draw for draw."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest

from syncproof.core.moves import Arrive, Complete, Deliver, Lose, Tell
from syncproof.core.packets import Compose
from syncproof.core.values import ConnectionId
from syncproof.designs.packets import Commit, Copied, Indexed, Notification, Push, Synced
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.traffic import Traffic
from tests.helpers.timed import ran

MESSAGES, APART = 150, 30.0
DEVICES = 6
Sample = dict[tuple[int, ...], float | str]

LOSSY = Scenario.model_validate(
    {
        "title": "two designs",
        "shows": "tests",
        "duration": "75m",
        "population": {"users": 3, "devices_per_user": 2},
        "conversations": {"pairs": 0, "groups": 1, "group_size": {"min": 3, "max": 3}},
        "faults": {"push_loss": 0.3, "push_duplicate": 0.1, "push_reorder": 0.1},
        "storage": {"service_ms": {"median": 5.0, "sigma": 0.8}, "per_row_ms": 0.0, "parallel": 64},
        "model": {"poll_interval": "2h"},
    }
)
"""Messages are so far apart that none waits for another, on a connection or in storage."""


def traffic() -> Traffic:
    return Traffic(
        owners=[0, 0, 1, 1, 2, 2],
        initial_devices=DEVICES,
        members=[(0, 1, 2)],
        times=[1.0 + APART * n for n in range(MESSAGES)],
        devices=[n % DEVICES for n in range(MESSAGES)],
        conversations=[0] * MESSAGES,
        sizes=[100] * MESSAGES,
        sessions=[[(0.0, 4500.0, 0.0)] for _ in range(DEVICES)],
        changes=[],
        joins=[],
        horizon=4500.0,
    )


@cache
def samples(design: str) -> dict[str, Sample]:
    """Return what was drawn, by what it was drawn for, as it shows in the times of the moves."""
    found: dict[str, Sample] = {name: {} for name in ("composed", "submit", "accepting write", "push", "fate")}
    submitted: dict[int, tuple[int, float]] = {}  # connection -> the message that is on its way, since when
    arrived: dict[int, float] = {}
    copied: dict[tuple[int, int], float] = {}
    for at, event in ran(design, LOSSY, traffic())[1].events:
        match event:
            case Tell(device, Compose(message)):
                found["composed"][message.id,] = at
                submitted[ConnectionId.of(device, 1)] = (message.id, at)
            case Deliver(connection, "server") if connection in submitted:
                number, since = submitted.pop(connection)
                found["submit"][number,] = at - since
                arrived[number] = at
            case Complete(_, Commit(message) | Indexed(message)):
                found["accepting write"][message.id,] = at - arrived[message.id]
            case Complete(_, Copied(box, message)):
                copied[message.id, box.owner] = at
            case Complete(_, Synced(user, (entry,))):
                copied.update({(entry.message.id, 2 * user + n): at for n in range(2)})
            case Lose(device, Push() | Notification() as packet):
                found["fate"].setdefault((packet.message, device), "lost")
            case Arrive(device, Push() | Notification() as packet):
                if found["fate"].setdefault((packet.message, device), "arrived") == "arrived":
                    found["push"].setdefault((packet.message, device), at - copied[packet.message, device])
    return found


@pytest.mark.parametrize(
    ("drawn", "least"),
    [("composed", MESSAGES), ("submit", MESSAGES), ("accepting write", MESSAGES), ("push", 400), ("fate", 700)],
)
def test_two_designs_draw_alike_what_both_do(drawn: str, least: int) -> None:
    inbox, timeline = samples("inbox-store-first")[drawn], samples("timeline-notify")[drawn]
    common = sorted(inbox.keys() & timeline.keys())
    assert len(common) >= least
    assert len({inbox[key] for key in common}) > 1
    assert [inbox[key] for key in common] == pytest.approx([timeline[key] for key in common], abs=1e-9)


def test_what_is_drawn_for_one_message_says_nothing_about_the_next() -> None:
    submits = [delay for _, delay in sorted(samples("timeline-notify")["submit"].items())]
    assert len(set(submits)) > 0.9 * MESSAGES
    assert all(a != b for a, b in pairwise(submits))
