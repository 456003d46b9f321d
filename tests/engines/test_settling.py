"""What a checker forgets of settled messages, and what its properties share, changes no verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from syncproof.core.observations import (
    Abandoned,
    Accepted,
    Amended,
    Appended,
    Audited,
    Checkpointed,
    Deleted,
    Expired,
    Forgot,
    Gone,
    Joined,
    Observation,
    Placed,
    Queued,
    Quiesced,
    Refused,
    Retired,
    Reverted,
    Shown,
    Stored,
    Unread,
    Unsure,
)
from syncproof.core.values import DeviceId, Timeline
from syncproof.engines.check import Checker, check_observations
from syncproof.engines.long_history import LongHistory
from syncproof.formats.history import read_history
from syncproof.properties import PROPERTIES
from tests.formats.test_history import record
from tests.helpers.histories import History

LENGTH = 500
"""How many observations of a recording are changed and judged at once."""


def judged(observations: Sequence[Observation], recorded: bool) -> Checker:
    return check_observations(observations, PROPERTIES, recorded)


def forgetful_and_not(
    observations: Sequence[Observation], monkeypatch: pytest.MonkeyPatch, recorded: bool = False
) -> tuple[Checker, Checker]:
    """Return a history judged with settled messages forgotten, and judged by properties that remember all and share nothing."""
    with monkeypatch.context() as patch:
        forgetful = judged(observations, recorded)
        patch.setattr(LongHistory, "_sharing", lambda history: {})
        for automaton in PROPERTIES.values():
            patch.setattr(automaton, "by_message", False)
        return forgetful, judged(observations, recorded)


def told(checker: Checker) -> tuple[Any, ...]:
    """Return all that a verdict is made of; complaints in any order, because of several messages any may come first."""
    monitor = checker.monitor
    texts = {
        n: sorted(v.says for v in kept) for n, kept in monitor.violations.items() if monitor.counts[n] <= len(kept)
    }
    return monitor.counts, texts, list(monitor.watch.met), checker.missing(), checker.references.late


def odd(draw: Random, observations: Sequence[Observation]) -> Observation:
    """Return an observation of something that may happen to the messages of a history at any time."""
    shown = [o for o in observations if isinstance(o, Shown)]
    some = draw.choice(shown)
    entry = draw.choice(
        [o for o in observations if isinstance(o, Appended)] or [Appended(Timeline("sync", 0), 1, some.message)]
    )
    log = entry.timeline
    message, device = some.message, some.device
    other = draw.choice(shown)
    box = Timeline("inbox", device)
    made: tuple[Callable[[], Observation], ...] = (
        lambda: Forgot(device, tuple({o.message for o in shown if o.device == device})),
        lambda: Gone(message, None, draw.choice(("restore", "retention", "crash"))),
        lambda: Gone(message, box),
        lambda: Retired(device),
        lambda: Abandoned(device),
        lambda: Reverted(Timeline("conversation", some.conversation, 1), (some.place or 1) - 1, 0),
        lambda: Placed(message, some.conversation, (some.place or 0) + draw.randrange(2)),
        lambda: Placed(message, some.conversation, 99, (), (device, other.device)),
        lambda: Shown(other.device, message, some.conversation, some.place),
        lambda: Accepted(message, draw.choice((None, some.place, 99))),
        lambda: Refused(message),
        lambda: Unsure(message),
        lambda: Stored(message),
        lambda: Expired(message, draw.choice((None, device))),
        lambda: Unread(device, some.conversation, draw.randrange(4)),
        lambda: Audited((message, other.message)),
        lambda: Queued(box, message, (device,)),
        lambda: Amended(device, "message", message, draw.randrange(9), other.message, True),
        lambda: Joined(
            DeviceId(90 + draw.randrange(5)), draw.choice([o.user for o in observations if isinstance(o, Joined)])
        ),
        lambda: Deleted(box, message, draw.choice((device, None))),
        lambda: Appended(log, draw.randrange(entry.seq + 2), draw.choice((message, None))),
        lambda: Reverted(Timeline(log.kind, log.owner, 1), max(0, entry.seq - draw.randrange(3)), 0),
        lambda: Checkpointed(
            device, Timeline(log.kind, log.owner, draw.randrange(2)), draw.randrange(entry.seq + 2), True
        ),
        lambda: Checkpointed(device, log, entry.seq),
        lambda: Joined(device, draw.choice([o.user for o in observations if isinstance(o, Joined)])),
    )
    return draw.choice(made)()


def changed(draw: Random, observations: Sequence[Observation]) -> list[Observation]:
    """Return a part of a history with a few observations repeated, left out, moved, or of something odd."""
    joined = [o for o in observations[:200] if isinstance(o, Joined)]
    start = draw.randrange(max(1, len(observations) - LENGTH)) if draw.random() < 0.5 else 0
    found = [*(joined if start else ()), *observations[start : start + LENGTH]]
    for _ in range(draw.randrange(6)):
        at, to = draw.randrange(len(found)), draw.randrange(len(found) + 1)
        how = draw.choice(("repeat", "leave out", "move", "odd", "odd"))
        if how == "odd":
            found.insert(to, odd(draw, observations))
        elif how == "repeat":
            found.insert(to, found[at])
        elif how == "leave out":
            del found[at]
        else:
            found.insert(min(to, len(found) - 1), found.pop(at))
    return [*[o for o in found if not isinstance(o, Quiesced)], Quiesced()]


DESIGNS = (
    "timeline-checkpointed",
    "timeline-push",
    "inbox-store-first",
    "inbox-shared",
    "inbox-sync-first",
    "log-device-acks",
)


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS)
def test_no_verdict_depends_on_what_was_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, design: str) -> None:
    path = tmp_path / "run.jsonl"
    record(path, design)
    observations = list(read_history(path)[1])
    for seed in range(40):
        draw = Random(f"{design}/{seed}")
        history = changed(draw, observations)
        forgetful, other = forgetful_and_not(history, monkeypatch, recorded=seed % 2 == 1)
        assert told(forgetful) == told(other), f"seed {seed}"


def plain(history: History, *messages: int) -> None:
    """Write messages that are settled."""
    for user in (0, 1):
        history.member_added(user)
    for message in messages:
        history.sent(message)
        history.stored(message)
        history.accepted(message, message)
        for device in (0, 1, 2):
            history.shown(device, message)


def test_a_settled_message_is_in_no_automaton() -> None:
    history = History()
    plain(history, *range(1, 50))
    checker = judged(history.observations, False)
    assert not checker.monitor.counts
    for name, automaton in checker.monitor.automata.items():
        if automaton.by_message:
            kept = [getattr(automaton, field) for field in type(automaton).__slots__]
            assert not any(49 in value for value in kept if isinstance(value, (dict, set))), name
    assert len(checker.history.settling.archive) == 49


def test_a_settled_message_is_known_when_something_happens_to_it() -> None:
    history = History()
    plain(history, 1, 2)
    history.shown(1, 1)
    assert judged(history.observations, False).monitor.counts == {"no-duplicate": 1, "conversation-order": 1}


@pytest.mark.parametrize("broken", ["stored", "late", "changed"])
def test_a_message_that_is_not_plain_is_judged_at_once(broken: str) -> None:
    history = History()
    history.composed(1)
    history.placed(1, 1)
    if broken == "late":
        history.accepted(1, 1)
        history.stored(1)
        assert judged(history.observations, False).monitor.counts == {"accepted-is-durable": 1}
    elif broken == "stored":
        history.shown(1, 1)
        assert judged(history.observations, False).monitor.counts == {"store-before-sync": 1}
    else:
        history.stored(1)
        history.accepted(1, 2)
        assert judged(history.observations, False).monitor.counts == {"accepted-once": 1}


def test_a_message_for_a_retired_device_is_not_plain_whatever_came_before() -> None:
    history = History()
    plain(history, 1)
    history.retired(2)
    plain(history, 2)
    assert len(judged(history.observations, False).history.settling.archive) == 1


def test_a_message_whose_entry_comes_before_its_place_is_told_as_late() -> None:
    history = History()
    history.composed(1)
    history.appended(1, 1)
    history.placed(1, 1)
    (late,) = judged(history.observations, True).references.late
    assert (late.cause, late.effect, late.before, late.line) == (Placed, Appended, 5, 6)


AFTER: dict[str, Callable[[History], object]] = {
    "forgotten": lambda h: h.forgot(1, 1),
    "gone from the store": lambda h: (h.gone(1), h.placed(1, 9)),
    "gone from an inbox": lambda h: (h.queued(1, 1), h.gone(1, 1)),
    "queued again": lambda h: h.queued(1, 1),
    "deleted before another device shows it": lambda h: h.deleted(1, 9, 9),
    "deleted": lambda h: h.deleted(1, 1),
    "composed again": lambda h: h.composed(1),
    "placed again": lambda h: h.placed(1, 9),
    "placed elsewhere for others": lambda h: h.placed(1, 9, (1,), (1,)),
    "accepted again": lambda h: h.accepted(1, 1),
    "accepted at another place": lambda h: h.accepted(1, 9),
    "shown again": lambda h: h.shown(1, 1),
    "shown elsewhere": lambda h: h.shown(2, 1, place=5),
    "shown to a stranger": lambda h: (h.joined(9, 9), h.shown(9, 1)),
    "stored again": lambda h: h.stored(1),
    "refused": lambda h: h.refused(1),
    "of an earlier life": lambda h: (h.reverted(0, "conversation", 0), h.placed(1, 2)),
    "named by a change": lambda h: (h.joined(8, 1), h.sent(6), h.amended(1, 1, 2), h.amended(1, 1, 6, which=2)),
    "its device retired": lambda h: (h.retired(1), h.shown(1, 1)),
    "its device abandoned": lambda h: (h.abandoned(1), h.sent(5), h.stored(5), h.accepted(5), h.shown(1, 5)),
    "its device another user's": lambda h: (h.joined(1, 0), h.shown(1, 1), h.forgot(1, 2)),
}


@pytest.mark.parametrize("after", AFTER)
def test_a_settled_message_is_judged_as_one_that_was_remembered(after: str, monkeypatch: pytest.MonkeyPatch) -> None:
    history = History()
    plain(history, 1, 2, 3)
    AFTER[after](history)
    plain(history, 4)
    history.add(Quiesced())
    forgetful, other = forgetful_and_not(history.observations, monkeypatch)
    assert told(forgetful) == told(other)


def late_entry() -> History:
    """Write a log of which an entry becomes readable below what a device has passed."""
    history = History()
    history.sent(1, 2, 3, 4)
    for seq, message in ((1, 1), (3, 2)):
        history.appended(seq, message)
        history.shown(1, message, seq=seq)
    history.checkpointed(1, 3)
    history.appended(2, 3)
    history.appended(4, 4)
    history.shown(1, 4, seq=4)
    history.checkpointed(1, 4)
    return history


def test_properties_that_share_a_log_stay_where_they_were_when_an_entry_comes_late() -> None:
    counts = judged(late_entry().observations, False).monitor.counts
    assert counts["tail-append"] == 1
    assert "checkpoint-covered" not in counts
    assert "prefix-order" not in counts


def test_a_new_epoch_is_a_new_log_for_all_who_share_it() -> None:
    history = History()
    history.sent(1, 2)
    history.appended(1, 1)
    history.shown(1, 1, seq=1)
    history.checkpointed(1, 1)
    history.checkpointed(1, 0, start=True, epoch=1)
    history.reverted(0)
    history.appended(1, 2, epoch=1)
    history.checkpointed(1, 1, epoch=1)
    assert judged(history.observations, False).monitor.counts["checkpoint-covered"] == 1
