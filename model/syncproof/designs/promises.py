"""What each design promises: property -> the faults under which it holds.

Every fault is written out, alone or in one of the groups below, which are written out too. So a fault that is added to the
table of faults is in no promise until somebody writes it here.
"""

from __future__ import annotations

from collections.abc import Mapping

Promises = Mapping[str, tuple[str, ...]]

PUSH_FAULTS = ("push-lost", "push-duplicated", "push-reordered", "push-outage")
CONNECTION_FAULTS = ("disconnect", "half-open")
CRASHES = ("device-crash", "server-crash")
ARRIVALS = ("new-device", "reinstall")
HARMLESS_TO_STORES = (
    *PUSH_FAULTS,
    *CONNECTION_FAULTS,
    *CRASHES,
    *ARRIVALS,
    "sender-retry",
    "membership",
    "clock-step",
)
"""Faults after which everything that was durable still is."""
STORE_LOSSES = ("device-restore", "server-restore", "trim")
"""Faults that take away what was durable."""


def without(promises: Promises, *names: str) -> dict[str, tuple[str, ...]]:
    """Return the promises without these properties."""
    return {name: faults for name, faults in promises.items() if name not in names}


INBOX: Promises = {
    "no-duplicate": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "no-creation": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "no-early-delete": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "inbox-drained": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "pull-terminates": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    # A message that a restored device has forgotten while it was on its way takes its place after later ones.
    "sender-order": (*HARMLESS_TO_STORES, "server-restore", "trim"),
    # What is deleted is nowhere else: not when retention takes it, nor when a restore takes it from server or device.
    "accepted-is-durable": (*HARMLESS_TO_STORES, "device-restore"),
    "no-loss": HARMLESS_TO_STORES,
    "convergence": HARMLESS_TO_STORES,
}

STORE_FIRST: Promises = {
    **INBOX,
    "store-before-sync": (*HARMLESS_TO_STORES, *STORE_LOSSES),
}

SYNC_FIRST: Promises = {
    **INBOX,
    # A server crash forgets the place that some devices have shown already; the sender's retry gets a later one.
    "convergence": (
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
        "device-crash",
        "sender-retry",
        "membership",
        "clock-step",
        "trim",
    ),
}

# The device that fetches a message takes it away from the user's other devices.
SHARED_INBOX: Promises = without(STORE_FIRST, "no-loss", "convergence", "accepted-is-durable")

TIMELINE: Promises = {
    "no-duplicate": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "no-creation": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "prefix-order": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "store-before-sync": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "tail-append": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "range-read": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "checkpoint-monotonic": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "checkpoint-covered": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "no-loss": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "roaming-complete": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "epoch-learnt": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "pull-terminates": (*HARMLESS_TO_STORES, *STORE_LOSSES),
    "sender-order": (*HARMLESS_TO_STORES, "server-restore", "trim"),
    # A lost tail is lost: its places are given again, and what some devices have shown others never will.
    "conversation-order": (*HARMLESS_TO_STORES, "device-restore", "trim"),
    "accepted-is-durable": (*HARMLESS_TO_STORES, "device-restore", "trim"),
    "convergence": (*HARMLESS_TO_STORES, "device-restore", "trim"),
}

DENSE_PUSH: Promises = {
    **TIMELINE,
    "dense": (*HARMLESS_TO_STORES, *STORE_LOSSES),
}

# A pushed message is shown before those that a lost or late push left out.
PUSH: Promises = without(TIMELINE, "prefix-order", "conversation-order")

HYBRID: Promises = {
    **TIMELINE,
    # Where a conversation grows past the threshold, two timelines meet that are pulled independently.
    "conversation-order": (
        *PUSH_FAULTS,
        *CONNECTION_FAULTS,
        *CRASHES,
        *ARRIVALS,
        "sender-retry",
        "clock-step",
        "device-restore",
        "trim",
    ),
}
