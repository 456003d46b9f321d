"""Random histories, sound ones and ones with something wrong, and all that a checker says of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import msgspec

from benchmarks.histories import lines
from syncproof.core.observations import (
    Abandoned,
    Accepted,
    Amended,
    Appended,
    Audited,
    Checkpointed,
    Composed,
    Deleted,
    Expired,
    Forgot,
    Gone,
    Joined,
    MemberAdded,
    MemberRemoved,
    Observation,
    Placed,
    Pulled,
    Queued,
    Quiesced,
    RangeRead,
    Refused,
    Retired,
    Reverted,
    Roamed,
    Shown,
    Stored,
    Subscribed,
    Triggered,
    Trimmed,
    Unread,
    Unsubscribed,
    Unsure,
)
from syncproof.core.values import Timeline
from syncproof.engines.check import AfterRest, Checker
from syncproof.formats.codec import Decoder, encode
from syncproof.properties.pull_terminates import FRUITLESS


def decoded(observations: Sequence[Observation]) -> list[Observation]:
    """Return observations as they are read from a file: ids are numbers of no class."""
    found = Decoder().lines(b"\n".join(map(encode, observations)))
    assert found is not None
    return found


def sound(users: int, count: int = 6000) -> list[Observation]:
    """Return a history of users with timelines, which violates nothing."""
    found = Decoder().lines("\n".join(lines(count, users=users)).encode())
    assert found is not None
    return found[:-1]


def part(draw: Random, observations: Sequence[Observation]) -> list[Observation]:
    """Return a stretch of a history, after what it says first of devices and members."""
    opening = [o for o in observations[:400] if isinstance(o, Joined | MemberAdded)]
    length = draw.choice((100, 300, 600))
    if draw.random() < 0.5:
        return list(observations[: len(opening) + length])
    start = draw.randrange(max(1, len(observations) - length))
    return [*opening, *observations[start : start + length]]


def changed(draw: Random, observations: Sequence[Observation]) -> list[Observation]:
    """Return a history with a few observations repeated, left out, moved, changed in a field, or of something odd."""
    found = list(observations)
    for _ in range(draw.choice((0, 1, 1, 2, 3, 6))):
        at, to = draw.randrange(len(found)), draw.randrange(len(found))
        how = draw.choice(("repeat", "leave out", "move", "a little later", "field", "field", "odd", "odd"))
        if how == "repeat":
            found.insert(to, found[at])
        elif how == "leave out":
            del found[at]
        elif how == "move":
            found.insert(to, found.pop(at))
        elif how == "a little later":
            found.insert(min(at + draw.randrange(1, 5), len(found) - 1), found.pop(at))
        elif how == "field":
            found[at] = _other_field(draw, found[at])
        else:
            found[to:to] = _odd(draw, found)
    return [*found, Quiesced()] if draw.random() < 0.7 else found


def _other_field(draw: Random, o: Observation) -> Observation:
    names = o.__struct_fields__
    if not names:
        return o
    name = draw.choice(names)
    value = getattr(o, name)
    if name in ("place", "seq") and isinstance(o, Placed | Shown | Accepted) and draw.random() < 0.2:
        return msgspec.structs.replace(o, **{name: None})
    if name == "message" and type(o) is Appended and draw.random() < 0.3:
        return msgspec.structs.replace(o, message=None)
    if type(value) is bool:
        return msgspec.structs.replace(o, **{name: not value})
    if type(value) is int:
        return msgspec.structs.replace(o, **{name: max(0, value + draw.choice((-1, 1, draw.randrange(-30, 30))))})
    if type(value) is Timeline:
        kind = draw.choice(("sync", "sync", "conversation", "inbox"))
        return msgspec.structs.replace(o, **{name: Timeline(kind, value.owner, draw.randrange(2))})
    if type(value) is tuple and value and draw.random() < 0.7:
        at = draw.randrange(len(value))
        return msgspec.structs.replace(o, **{name: value[:at] + value[at + 1 :]})
    if name in ("members", "audience"):
        return msgspec.structs.replace(o, **{name: None})
    return o


def _odd(draw: Random, observations: Sequence[Observation]) -> list[Observation]:
    """Return observations of something that may happen at any time."""
    shown: Any = draw.choice([o for o in observations if isinstance(o, Shown)] or [Shown(0, 0, 0, 1)])  # type: ignore[arg-type]
    entry: Any = draw.choice(
        [o for o in observations if isinstance(o, Appended)] or [Appended(Timeline("sync", 0), 1, 0)]
    )  # type: ignore[arg-type]
    joined: Any = draw.choice([o for o in observations if isinstance(o, Joined)] or [Joined(0, 0)])  # type: ignore[arg-type]
    message, device, conversation, place = shown.message, shown.device, shown.conversation, shown.place or 1
    box, log, seq = Timeline("inbox", device), entry.timeline, entry.seq
    new: Any = 10_000 + draw.randrange(50)
    made: tuple[Callable[[], list[Any]], ...] = (
        lambda: [Pulled(device)] * (FRUITLESS + 1),
        lambda: [Triggered(device, "poll"), *[Pulled(device)] * (FRUITLESS - 1)],
        lambda: [
            Composed(new, device, conversation, "message", message, 0, draw.random() < 0.5),
            Amended(device, "message", message, 5, new, draw.random() < 0.5),
            Amended(device, "message", message, 4, new, False),
        ],
        lambda: [Composed(new, device, conversation), Composed(new + 50, device, conversation)],
        lambda: [
            Placed(new, conversation, place + 1, None, None),
            Placed(new + 50, conversation, place + 2, None, None),
        ],
        lambda: [
            Placed(new + 50, conversation, place + 1, (joined.user,), (joined.device,)),
            Accepted(new + 50, place),
        ],
        lambda: [Forgot(device, (message,), ((conversation, max(0, place - 1)),), (), (message,))],
        lambda: [Gone(message, None, draw.choice(("restore", "retention", "crash")))],
        lambda: [Queued(box, message, (device,)), Deleted(box, message, draw.choice((device, None)))],
        lambda: [Queued(box, message, (device,)), Gone(message, box)],
        lambda: [Deleted(box, message, draw.choice((device, None)))],
        lambda: [Retired(device)],
        lambda: [Abandoned(device)],
        lambda: [MemberRemoved(conversation, joined.user)],
        lambda: [Subscribed(joined.device, conversation), Unsubscribed(device, conversation)],
        lambda: [Reverted(Timeline("conversation", conversation, 1), place - 1, 0)],
        lambda: [Reverted(Timeline(log.kind, log.owner, 1), max(0, seq - draw.randrange(3)), 0)],
        lambda: [Trimmed(log, seq), RangeRead(device, log, 0, seq, (), draw.choice((None, 2)))],
        lambda: [Placed(message, conversation, place + draw.randrange(2), (joined.user,), (joined.device,))],
        lambda: [Accepted(message, draw.choice((None, place, 99)))],
        lambda: [Refused(message), Unsure(message)],
        lambda: [Stored(message), Audited((message,))],
        lambda: [Expired(message, draw.choice((None, device, joined.device)))],
        lambda: [Queued(box, message, (device,))],
        lambda: [
            Unread(device, conversation, draw.randrange(3)),
            Composed(new, device, conversation, "read", conversation, place),
            Amended(device, "read", conversation, place, new),
        ],
        lambda: [Appended(log, draw.randrange(seq + 2), draw.choice((message, None)))],
        lambda: [Checkpointed(device, Timeline(log.kind, log.owner, draw.randrange(2)), draw.randrange(seq + 2), True)],
        lambda: [Checkpointed(device, log, draw.randrange(seq + 2))],
        lambda: [Joined(joined.device, draw.choice((joined.user, 0)), draw.choice((None, ((conversation, place),))))],
        lambda: [Joined(900 + draw.randrange(3), joined.user, ((conversation, place),))],  # type: ignore[arg-type]
        lambda: [Roamed(device, conversation, 0, place, ((place, message),))],
        lambda: [Quiesced()],
    )
    return draw.choice(made)()


def said(checker: Checker, feed: Callable[[], None]) -> tuple[Any, ...]:
    """Return all that a checker says of a history after `feed` has fed it, also of one that it refuses."""
    try:
        feed()
    except AfterRest as error:
        return error.line, str(error)
    checker.finish()
    monitor = checker.monitor
    return (
        monitor.counts,
        {name: [each.says for each in kept] for name, kept in monitor.violations.items()},
        list(monitor.watch.met),
        checker.missing(),
        checker.doubted(),
        checker.references.late,
        checker.lacks,
        checker.kinds,
        checker.count,
        checker.quiesced,
        checker.size.given(()),
    )
