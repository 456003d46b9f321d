"""The choices that cut across designs, with the values that a scenario's `[model]` table may set."""

from __future__ import annotations

from typing import Literal

import msgspec

SequencerKind = Literal["auto", "dense", "sparse", "segmented", "clock"]


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """Every design receives one of these; a design ignores what does not concern it. Times are in seconds."""

    page_size: int = 100
    """Entries a pull returns at most, per timeline."""
    poll_interval: float = 900.0
    """A connected device that heard nothing for so long asks by itself (Telegram clients: 15 minutes)."""
    notifications: bool = True
    """Off: servers neither push nor notify."""
    sequencer: SequencerKind = "auto"
    """How logs are numbered; `auto` is the design's own choice."""
    sequencer_block: int = 100
    """Numbers that a segmented sequencer persists at once."""
    workers: int = 0
    """Submissions that a server handles at a time; 0: as many as come."""
    retention: Literal["none", "acknowledged"] = "none"
    """`acknowledged`: a checkpointing server trims what all devices of a user have confirmed."""
    fanout_threshold: int = 100
    """A hybrid design reads rather than copies conversations with more members than this."""
    ack_timeout: float = 5.0
    """How long a sync-first server waits for a device's ack before it writes to the offline inbox."""
    checkpoint: Literal["with-apply", "after-apply"] = "with-apply"
    """`after-apply`: the device saves its checkpoint in a step of its own, so a crash may come between."""
    idempotent_send: bool = True
    """Off: the server keeps no index of message ids and stores a sender's retry once more."""
