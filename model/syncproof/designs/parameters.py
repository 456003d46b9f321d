"""The parameters of designs: choices that several designs share, and the `[model]` table of a scenario."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

SequencerKind = Literal["auto", "dense", "sparse", "segmented", "clock"]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Pause = Annotated[float, msgspec.Meta(ge=0)]
"""Seconds; 0: not at all."""


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of designs. Every design receives all of them and ignores those that do not concern it.

    A scenario's `[model]` table has these keys with these defaults and limits (`inputs/sections/model.py` makes it from here).
    """

    page_size: Positive = 100
    """Entries that a pull returns at most, per timeline."""
    poll_interval: Seconds = 900.0
    """A connected device that received nothing for so long pulls by itself (Telegram clients: 15 minutes)."""
    notifications: bool = True
    """Off: servers neither push nor notify."""
    sequencer: SequencerKind = "auto"
    """How logs are numbered; `auto` is the design's own choice."""
    sequencer_block: Positive = 100
    """Numbers that a segmented sequencer persists at once."""
    workers: Count = 0
    """Submissions that a server handles at a time; 0: no limit."""
    retention: Literal["none", "acknowledged"] = "none"
    """`acknowledged`: a checkpointing server trims what all devices of a user have confirmed."""
    fanout_threshold: Positive = 100
    """A hybrid design does not copy conversations with more members than this: devices read their timelines."""
    ack_timeout: Seconds = 5.0
    """How long a server waits for a device's ack: then one that is sync-first writes to the offline inbox, and the others
    send again."""
    checkpoint: Literal["with-apply", "after-apply"] = "with-apply"
    """`after-apply`: the device saves its checkpoint in a step of its own, so a crash may come between."""
    idempotent_send: bool = True
    """Off: the server keeps no index of message ids and stores a sender's retry a second time."""
    largest_message: Count = 0
    """A server refuses a message with a larger body, in bytes, for good: its sender keeps it as failed and goes on; 0: no limit."""
    outbox_window: Positive = 1
    """How many messages a device submits before the first of them is accepted. With more than one, a submission names the one
    before it, and the server places those of a connection one after the other."""

    unread_counts: bool = False
    """Devices show how many messages of each conversation are unread: those of others, above the user's read marker."""

    lifetime: Seconds = 86400.0
    """How long an expiring message stays after its time has begun."""
    expiry_from: Literal["shown", "read"] = "shown"
    """When that time begins: on a device when it has the message, on a server of logs when that has placed it; or, `read`, on a
    device when its user has read the message, and on no server, which does not know whether everybody has read it."""

    # ---- timelines

    accept_carries_seq: bool = True
    """The reply that accepts a message says where the sender's own copy is, so that the sending device need not pull it."""
    dense_numbers: Literal["at-commit", "reserved"] = "at-commit"
    """Who gives dense numbers: the user's single writer when it commits an entry, or a sequencer that persists each
    reservation before the entry is written. A crash burns reserved numbers, which voids fill."""
    checkpoint_delay: Pause = 60.0
    """A checkpointing server writes the checkpoints that it has learnt so long after the first of them, in one batch: a row
    for each device that pulled meanwhile, however often; 0: at once."""
    gap_wait: Pause = 0.5
    """How long a device with dense numbers waits for the entries that a push shows to be missing before it pulls them
    (Telegram's clients: half a second); 0: it pulls at once."""
    longest_gap: Count = 0
    """A device that is more entries behind in a timeline is told so instead of getting them there: it fetches what it missed
    from the message store, and continues after the gap (Telegram's `differenceTooLong`); 0: it gets all, page by page."""
    sync_ttl: Pause = 0.0
    """How long a copy stays in the sync store; 0: without limit. Devices that were away longer read the message store."""

    # ---- inboxes

    retransmission: bool = True
    """An inbox server sends a push again whose ack did not come in `ack_timeout`, while it believes the device online and
    has the copy; the wait doubles each time, up to five minutes."""
    ack_batch: Positive = 1
    """How many acks of pushes a device collects before it sends them in one packet; 1: each at once."""
    ack_delay: Seconds = 1.0
    """How long a device collects acks at most."""
    inbox_ttl: Pause = 0.0
    """How long a copy stays in an offline inbox, delivered or not; 0: without limit."""
    shared_delete: Literal["ack", "send"] = "ack"
    """When a shared inbox deletes a copy: after a device's ack, or when it was sent to a device (XEP-0160)."""

    # ---- clients that give up

    request_timeout: Pause = 10.0
    """How long a device waits for the reply to a request before it sends it again over the same connection, the first time,
    with up to half of that added at random; 0: it waits as long as the connection lasts."""
    request_backoff: bool = True
    """A device's wait for a reply doubles each time, up to five minutes; off: it stays the same."""

    def without_timeouts(self) -> Parameters:
        """Return these parameters with devices that wait for replies as long as a connection lasts, as in most searches."""
        return msgspec.structs.replace(self, request_timeout=0.0)

    def differing_from(self, other: Parameters) -> dict[str, object]:
        """Return the parameters that differ from those of `other`, with the values here."""
        here, there = msgspec.structs.asdict(self), msgspec.structs.asdict(other)
        return {name: value for name, value in here.items() if value != there[name]}
