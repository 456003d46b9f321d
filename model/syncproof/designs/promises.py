"""What each design promises: property -> the faults under which it holds.

Every fault is listed by name, alone or in one of the groups below, which list their faults too. So a fault that is added
to the table of faults is in no promise until its name is added here.
"""

from __future__ import annotations

from collections.abc import Mapping

Promises = Mapping[str, tuple[str, ...]]

PUSH_FAULTS = ("push-lost", "push-duplicated", "push-reordered", "push-outage")
CONNECTION_FAULTS = ("disconnect", "half-open", "abandoned")
CRASHES = ("device-crash", "server-crash")
ARRIVALS = ("new-device", "reinstall")
PROCESS_FAULTS = ("gateway-crash", "handover", "partition", "replica-lag")
"""Faults of the processes around the store: connections and what is on its way over them are lost, or a read is out of date."""
REFUSALS = ("rate-limit", "cursor-refused")
"""Replies that say no, for a time or to the cursors of a device."""
HARMLESS_TO_STORES = (
    *PUSH_FAULTS,
    *CONNECTION_FAULTS,
    *CRASHES,
    *ARRIVALS,
    *PROCESS_FAULTS,
    *REFUSALS,
    "key-late",
    "stale-reply",
    "sender-retry",
    "membership",
    "clock-step",
)
"""Faults that remove nothing from durable state."""
STORE_TAILS = ("server-restore", "failover")
"""Faults that take the tail of the server's stores."""
STORE_LOSSES = ("device-restore", *STORE_TAILS, "trim")
"""Faults that remove something from durable state."""


def without(promises: Promises, *names: str) -> dict[str, tuple[str, ...]]:
    """Return the promises without these properties."""
    return {name: faults for name, faults in promises.items() if name not in names}


def except_for(fault: str, *faults: str) -> tuple[str, ...]:
    """Return faults without one of them."""
    return tuple([each for each in faults if each != fault])


INBOX: Promises = {
    "outbox-drained": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "accepted-once": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "change-monotonic": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "expires": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "no-duplicate": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "no-creation": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    # Not under `stale-reply`: an inbox has no epochs, so an ack of a page from before a restore may be taken for one of
    # later copies that have the same numbers.
    "no-early-delete": tuple([fault for fault in (*HARMLESS_TO_STORES, *STORE_LOSSES) if fault != "stale-reply"]),
    "inbox-drained": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "pull-terminates": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    # A device may lose its record of a message that is in flight; the message then takes its place after later ones.
    "sender-order": (*HARMLESS_TO_STORES, *STORE_TAILS, "trim"),
    # A copy is the only one: retention deletes it without a trace, and a restored server has lost it.
    "accepted-is-durable": (*HARMLESS_TO_STORES, "device-restore"),
    "no-loss": HARMLESS_TO_STORES,
    "convergence": HARMLESS_TO_STORES,
    "unread-agrees": HARMLESS_TO_STORES,
}

STORE_FIRST: Promises = {
    **INBOX,
    "store-before-sync": (*HARMLESS_TO_STORES, *STORE_LOSSES),
}

SYNC_FIRST: Promises = {
    **INBOX,
    # A server that crashes after its accepting reply has forgotten the message; if the reply was lost, the sender's retry
    # takes a second place.
    "accepted-once": (
        *PUSH_FAULTS,
        *CONNECTION_FAULTS,
        *ARRIVALS,
        *PROCESS_FAULTS,
        *REFUSALS,
        "key-late",
        "stale-reply",
        "device-crash",
        "sender-retry",
        "membership",
        "clock-step",
        "device-restore",
        "trim",
    ),
    # A server crash loses the place that some devices have shown already; the sender's retry gets a later one.
    "convergence": (
        *PUSH_FAULTS,
        *CONNECTION_FAULTS,
        *ARRIVALS,
        *PROCESS_FAULTS,
        *REFUSALS,
        "key-late",
        "stale-reply",
        "device-crash",
        "sender-retry",
        "membership",
        "clock-step",
    ),
    # Counts differ as soon as places or what is shown do.
    "unread-agrees": (
        *PUSH_FAULTS,
        *CONNECTION_FAULTS,
        *ARRIVALS,
        "device-crash",
        "sender-retry",
        "membership",
        "clock-step",
    ),
    "sender-order": (
        *PUSH_FAULTS,
        *CONNECTION_FAULTS,
        *ARRIVALS,
        *PROCESS_FAULTS,
        *REFUSALS,
        "key-late",
        "stale-reply",
        "device-crash",
        "sender-retry",
        "membership",
        "clock-step",
        "trim",
    ),
}

# A message that one device fetches is gone for the user's other devices.
SHARED_INBOX: Promises = without(STORE_FIRST, "no-loss", "convergence", "unread-agrees", "accepted-is-durable")

RELIABLE_INBOX = ("no-loss", "convergence", "unread-agrees", "accepted-is-durable")
"""What an inbox does not keep that deletes copies which no device has acknowledged."""

TIMELINE: Promises = {
    "outbox-drained": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "accepted-once": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "change-monotonic": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "expires": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "no-duplicate": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "no-creation": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "prefix-order": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "store-before-sync": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "tail-append": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    # A replica that has not followed yet gives what retention has deleted since.
    "range-read": except_for("replica-lag", *HARMLESS_TO_STORES, *STORE_LOSSES),
    "checkpoint-monotonic": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "checkpoint-covered": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "no-loss": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    # A new device takes what a replica has of the history for all of it, also if the replica has not followed yet.
    "roaming-complete": except_for("replica-lag", *HARMLESS_TO_STORES, *STORE_LOSSES),
    "epoch-learnt": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "pull-terminates": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "sender-order": (*HARMLESS_TO_STORES, *STORE_TAILS, "trim"),
    # The places of a lost tail are given again, and some devices have shown messages that others never will.
    "conversation-order": (*HARMLESS_TO_STORES, "device-restore", "trim"),
    "accepted-is-durable": (*HARMLESS_TO_STORES, "device-restore", "trim"),
    "convergence": (*HARMLESS_TO_STORES, "device-restore", "trim"),
    "unread-agrees": (*HARMLESS_TO_STORES, "device-restore", "trim"),
}

DENSE_PUSH: Promises = {
    **TIMELINE,
    "dense": (*HARMLESS_TO_STORES, *STORE_LOSSES),
}

# A pushed message is shown before earlier ones whose push was lost or late.
PUSH: Promises = without(TIMELINE, "prefix-order", "conversation-order")

HYBRID: Promises = {
    **TIMELINE,
    # A conversation that grows past the threshold continues in another timeline, which is pulled independently.
    "conversation-order": (
        *PUSH_FAULTS,
        *CONNECTION_FAULTS,
        *CRASHES,
        *ARRIVALS,
        *PROCESS_FAULTS,
        *REFUSALS,
        "key-late",
        "stale-reply",
        "sender-retry",
        "clock-step",
        "device-restore",
        "trim",
    ),
}

DEVICE_ACKS: Promises = {
    "expires": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "no-duplicate": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "no-creation": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "store-before-sync": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "tail-append": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "no-early-delete": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "inbox-drained": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "outbox-drained": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "accepted-once": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "change-monotonic": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "pull-terminates": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "sender-order": (*HARMLESS_TO_STORES, *STORE_TAILS, "trim"),
    "accepted-is-durable": (*HARMLESS_TO_STORES, "device-restore", "trim"),
    # The server does not know what a restored device has lost: it was acked, so it is not sent again.
    "no-loss": (*HARMLESS_TO_STORES, *STORE_TAILS, "trim"),
    "convergence": (*HARMLESS_TO_STORES, "trim"),
    "unread-agrees": (*HARMLESS_TO_STORES, "trim"),
    # Retention deletes what every device has acked, and with it the history that a later device would fetch.
    "roaming-complete": except_for("replica-lag", *HARMLESS_TO_STORES, "device-restore", *STORE_TAILS),
}

# A restored server gives lost messages a second place, in a new life of the log.
DEVICE_LOG: Promises = {"device-log": TIMELINE["conversation-order"]}
"""That a device's messages are a log of the conversation, each once: see `properties/device_log.py`."""
HYBRID_DEVICE_LOG: Promises = {"device-log": HYBRID["conversation-order"]}
