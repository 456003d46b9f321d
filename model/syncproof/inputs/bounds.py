"""Name the small worlds that a verification searches: its bounds.

A verdict is *holds* only if every world of the bounds was searched to its end. On two processors, `small` takes seconds,
`standard` ten minutes, `deep` more than an hour.

`standard` has each usual kind of fault alone with two messages (in `two-devices` and in `two-people`), each pair of them with
one message, each of the rare kinds (`RARE`) with one message, an outage of pushes, a recall, an edit and a read marker with
two, and two conversations. Some designs are searched with other parameters too (`PARTICULAR`).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

from syncproof.core.faults import FAULT_KINDS, FAULTS
from syncproof.designs import Design
from syncproof.designs.inbox.device import InboxDevice
from syncproof.designs.inbox.server import InboxServer
from syncproof.designs.inbox.sync_first import SyncFirstServer
from syncproof.designs.timeline.checkpointed import CheckpointedServer
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.fanout import HybridServer
from syncproof.errors import InputError, nearest
from syncproof.inputs import lookup
from syncproof.inputs.small_worlds import USUAL, SmallWorld

APART = ("push-outage", "clock-step", "failover")
"""The kinds of fault that have worlds of their own below."""
CLUSTERED = tuple(fault.kind for fault in FAULTS.values() if fault.deployment)
"""The kinds of fault that need a server of several processes."""
RARE = tuple(
    dict.fromkeys(
        (
            *("reinstall", "device-restore", "server-restore", "trim", "membership"),
            *[kind for kind in FAULT_KINDS if kind not in (*USUAL, *APART, *CLUSTERED)],
        )
    )
)
"""The kinds of fault that happen seldom: searched one at a time. A kind that is in none of these lists is one of them."""

SINGLES = ((), *[(kind,) for kind in USUAL])
PAIRS = tuple(combinations(USUAL, 2))
ANSWERING = ("rate-limit", "cursor-refused", "key-late", "stale-reply")
"""The kinds of fault that concern what a device is answered: searched with two messages as well."""
GENTLE = ((), ("push",), ("sender-retry",))
"""The kinds of fault with which a world of three devices is small enough for `standard`."""

SMALL = tuple(SmallWorld(population, 1, kinds) for kinds in SINGLES for population in ("two-people", "two-devices"))
STANDARD = (
    *SMALL,
    *[SmallWorld("three-devices", 1, kinds) for kinds in GENTLE],
    *[SmallWorld(population, 2, kinds) for kinds in SINGLES for population in ("two-people", "two-devices")],
    *[SmallWorld("two-devices", 1, kinds) for kinds in PAIRS],
    *[SmallWorld("two-devices", 1, (kind,)) for kind in RARE],
    *[SmallWorld(population, 2, ("push-outage",)) for population in ("two-people", "two-devices")],
    SmallWorld("two-devices", 1, ("disconnect", "trim")),
    SmallWorld("two-devices", 2, ("recall",)),
    SmallWorld("two-devices", 2, ("push", "recall")),
    SmallWorld("two-devices", 2, ("edit",)),
    SmallWorld("two-devices", 2, ("push", "edit")),
    SmallWorld("two-people", 2, ("read",)),
    SmallWorld("two-conversations", 2, ()),
    *[SmallWorld(population, 2, (), deployment="cluster") for population in ("two-people", "two-devices")],
    SmallWorld("two-devices", 1, ("server-crash",), deployment="cluster"),
    *[SmallWorld(population, 1, (kind,)) for kind in CLUSTERED for population in ("two-people", "two-devices")],
    SmallWorld("two-devices", 1, ("failover",), deployment="cluster"),
    SmallWorld("two-devices", 1, ("new-device", "replica-lag")),
    SmallWorld("two-people", 1, ("push", "replica-lag")),
    *[SmallWorld("two-people", 2, (kind,)) for kind in ANSWERING],
    SmallWorld("two-devices", 1, ("new-device", "rate-limit")),
    SmallWorld("two-devices", 1, ("server-restore", "stale-reply")),
    SmallWorld("two-people", 2, ("key-late", "edit")),
    *[SmallWorld("two-people", 1, (*kinds, "unread")) for kinds in (*SINGLES, *[(kind,) for kind in RARE])],
    SmallWorld("two-people", 2, ("unread",)),
    SmallWorld("two-people", 2, ("recall", "unread")),
    SmallWorld("two-people", 2, ("read", "unread")),
    SmallWorld("three-devices", 1, ("unread",)),
    *[SmallWorld("two-devices", 1, (*kinds, "expiring")) for kinds in (*SINGLES, *[(kind,) for kind in RARE])],
    SmallWorld("two-people", 2, ("expiring",)),
    SmallWorld("two-people", 1, ("unread", "expiring")),
)
DEEP = (
    *STANDARD,
    *[SmallWorld("two-people", 2, kinds) for kinds in PAIRS],
    *[SmallWorld("three-devices", 2, kinds) for kinds in SINGLES],
    *[SmallWorld("two-people", 2, (kind,)) for kind in RARE if kind not in ANSWERING],
    SmallWorld("two-conversations", 2, ("push",)),
    SmallWorld("two-people", 2, ("membership", "reply")),
)
BOUNDS: dict[str, tuple[SmallWorld, ...]] = {"small": SMALL, "standard": STANDARD, "deep": DEEP}

CLOCK = (("sequencer", "clock"),)
READS = (("fanout_threshold", 1),)
RARE_READING = tuple(kind for kind in RARE if kind != "trim")
"""Without the retention of the sync store, which such a conversation does not use: there is nothing to trim."""
ONE_A_PAGE, ONE_WORKER, QUIET = (("page_size", 1),), (("workers", 1),), (("notifications", False),)
ACKNOWLEDGED, AFTER_APPLY = (("retention", "acknowledged"),), (("checkpoint", "after-apply"),)
TWICE = (("idempotent_send", False),)
TIMEOUTS, AGAIN, ONCE = (("request_timeout", 10.0),), (("retransmission", True),), (("retransmission", False),)
WHEN_READ = (("expiry_from", "read"),)
COLLECTED = (("ack_batch", 2),)
LIMITED = (("largest_message", 1),)
"""The server refuses the first message."""
PIPELINED = (("outbox_window", 2),)
TOO_LONG = (("longest_gap", 1),)
NUMBERINGS = ((("sequencer", "dense"),), (("sequencer", "segmented"),))
PARTICULAR: tuple[tuple[Callable[[Design], bool], tuple[SmallWorld, ...]], ...] = (
    (
        lambda design: "clock" in design.sequencers,
        (
            *[SmallWorld(population, 2, ("clock-step",), CLOCK) for population in ("two-people", "two-devices")],
            SmallWorld("two-devices", 1, ("server-crash", "clock-step"), CLOCK),
        ),
    ),
    (
        lambda design: issubclass(design.server, HybridServer),
        tuple(SmallWorld("two-people", 1, kinds, READS) for kinds in (*SINGLES, *[(kind,) for kind in RARE_READING]))
        + tuple(SmallWorld("two-people", 2, kinds, READS) for kinds in SINGLES),
    ),
    (
        lambda design: True,
        (
            SmallWorld("two-people", 2, ("disconnect",), ONE_A_PAGE),
            SmallWorld("two-devices", 2, ("new-device",), ONE_A_PAGE),
            SmallWorld("two-people", 1, ("disconnect",), QUIET),
            SmallWorld("two-people", 1, ("sender-retry",), TWICE),
            SmallWorld("two-people", 2, ("cursor-refused",), (*ONE_A_PAGE, *QUIET)),
            SmallWorld("two-people", 2, ("disconnect",), LIMITED),
            SmallWorld("two-devices", 2, ("sender-retry",), LIMITED),
            *[SmallWorld("two-people", 2, (kind,), PIPELINED) for kind in ("sender-retry", "rate-limit")],
        ),
    ),
    (
        lambda design: True,
        (
            SmallWorld("two-devices", 2, ("read", "expiring"), WHEN_READ),
            SmallWorld("two-people", 2, ("expiring",), WHEN_READ),  # nobody reads: what expires is owed to the end
        ),
    ),
    (
        lambda design: True,
        tuple(SmallWorld("two-people", 1, kinds, TIMEOUTS) for kinds in (*SINGLES, ("reinstall",), ("rate-limit",))),
    ),
    (
        lambda design: issubclass(design.server, SyncFirstServer),
        tuple(SmallWorld(people, 1, kinds, AGAIN) for kinds in SINGLES for people in ("two-people", "two-devices")),
    ),
    (
        lambda design: issubclass(design.server, InboxServer) and not issubclass(design.server, SyncFirstServer),
        (SmallWorld("two-people", 1, ("push",), ONCE),),
    ),
    (
        lambda design: issubclass(design.device, InboxDevice),
        (SmallWorld("two-people", 2, (), COLLECTED),),
    ),
    (
        lambda design: not issubclass(design.server, SyncFirstServer),  # it is done with a message in the same step
        (SmallWorld("two-devices", 2, (), ONE_WORKER),),
    ),
    (
        lambda design: {"dense", "segmented"} <= set(design.sequencers),
        tuple(
            SmallWorld(population, messages, kinds, numbering)
            for numbering in NUMBERINGS
            for population, messages, kinds in (("two-people", 2, ()), ("two-devices", 1, ("server-crash",)))
        ),
    ),
    (
        lambda design: issubclass(design.device, TimelineDevice) and "checkpoint-covered" not in design.inapplicable,
        (SmallWorld("two-devices", 1, ("device-crash",), AFTER_APPLY),),
    ),
    (
        lambda design: issubclass(design.device, TimelineDevice) and "checkpoint-covered" not in design.inapplicable,
        (
            SmallWorld("two-people", 2, (), (*TOO_LONG, *QUIET)),
            SmallWorld("two-people", 2, ("disconnect",), TOO_LONG),
        ),
    ),
    (
        lambda design: issubclass(design.server, CheckpointedServer),
        (
            SmallWorld("two-devices", 2, (), ACKNOWLEDGED),
            SmallWorld("two-devices", 1, ("new-device",), ACKNOWLEDGED),
        ),
    ),
)
"""(Which designs, worlds): worlds with other parameters than the design's own, so that every path that a parameter opens is
searched. `standard` and `deep` search them for the designs that the parameter concerns."""

UNSEARCHED: dict[str, str] = {
    "poll_interval": "in a search a timer may fire at any moment, whatever its delay",
    "ack_timeout": "in a search a timer may fire at any moment, whatever its delay",
    "ack_delay": "in a search a timer may fire at any moment, whatever its delay",
    "lifetime": "in a search a timer may fire at any moment, whatever its delay",
    "request_backoff": "in a search a timer may fire at any moment, whatever its delay",
    "sequencer_block": "it only decides how many numbers are skipped after a crash, and no property asks how many",
}
"""Parameter -> why neither a world nor a form of a design has another value of it."""

BEYOND = {"inbox-sync-first": (SmallWorld("two-devices", 2, ("server-crash",)),)}
"""Design -> worlds that only `deep` searches, because they have more than 60 million states."""

VACUOUS = {
    "inbox-shared+deleted-on-send": (
        SmallWorld("two-devices", 1, ("trim",)),
        SmallWorld("two-people", 2, ("trim",)),
        SmallWorld("two-people", 1, ("trim", "unread")),
        SmallWorld("two-devices", 1, ("trim", "expiring")),
    )
}
"""Design -> worlds that no bounds search, because their fault cannot happen: a copy is deleted when it was sent, and who is online
gets it at once, so that retention has nothing to delete unless a device may be away."""


def within(bounds: str, design: str) -> list[SmallWorld]:
    """Return the worlds in which these bounds search a design. Raises `InputError` for unknown bounds."""
    if bounds not in BOUNDS:
        raise InputError(f"unknown bounds {bounds!r}{nearest(str(bounds), BOUNDS)}")
    worlds = BOUNDS[bounds] if bounds == "small" else (*BOUNDS[bounds], *particular(design))
    left_out = VACUOUS.get(design, ()) + (() if bounds == "deep" else BEYOND.get(design, ()))
    return [world for world in worlds if world not in left_out]


def particular(design: str | Design) -> tuple[SmallWorld, ...]:
    """Return the worlds of `PARTICULAR` that concern this design. Raises `InputError` for an unknown design."""
    entry = lookup.get(design)
    return tuple(world for concerns, worlds in PARTICULAR if concerns(entry) for world in worlds)
