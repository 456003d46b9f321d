"""The forms of the ready designs: the same actors with other parameters, or another server, each with its own promises.

A form is named `DESIGN+FORM` and used like any design: `compare --design`, `explore`, `verify`. Its parameters go before
those of a scenario. Without promises of its own it keeps those of its design.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from syncproof.designs import witnesses
from syncproof.designs.base import Device, Server
from syncproof.designs.promises import DENSE_PUSH, RELIABLE_INBOX, SHARED_INBOX, STORE_FIRST, without
from syncproof.designs.registry import DESIGNS, Design
from syncproof.designs.timeline.cumulative import CumulativeDevice, CumulativeServer
from syncproof.designs.timeline.writers import TwoWritersServer
from syncproof.designs.witnesses import Meets


def form(
    of: str,
    name: str,
    summary: str,
    pins: Mapping[str, object],
    promises: Mapping[str, tuple[str, ...]] | None = None,
    meets: tuple[Meets, ...] | None = None,
    server: type[Server] | None = None,
    device: type[Device] | None = None,
    refines: Mapping[str, tuple[str, ...]] | None = None,
) -> Design:
    """Return the form `OF+NAME` of a ready design: its actors with the parameters `pins`, or with another server and device.

    `meets`: what a search of it must reach, where that differs from its design.
    """
    design = DESIGNS[of]
    return msgspec.structs.replace(
        design,
        name=f"{of}+{name}",
        summary=summary,
        promises=design.promises if promises is None else promises,
        pins=dict(pins),
        meets=design.meets if meets is None else meets,
        form_of=of,
        server=server or design.server,
        device=device or design.device,
        refines=design.refines if refines is None else refines,
    )


FORMS: dict[str, Design] = {
    each.name: each
    for each in (
        form(
            "timeline-notify",
            "segmented",
            "Numbers in blocks: a counter row per block, and a restart skips to the next block.",
            {"sequencer": "segmented"},
        ),
        # ---- timelines
        form(
            "timeline-notify",
            "plain-accept",
            "The accepting reply does not say where the own copy is: a device is notified of what it wrote, and pulls it.",
            {"accept_carries_seq": False},
        ),
        form(
            "timeline-notify",
            "cumulative-acks",
            "Up to 16 messages are submitted before the first is accepted, and one reply accepts all up to a number.",
            {"outbox_window": 16, "accept_carries_seq": False},
            server=CumulativeServer,
            device=CumulativeDevice,
        ),
        form(
            "timeline-checkpointed",
            "written-at-once",
            "A checkpoint is written as soon as a pull shows it, not behind with others in one batch.",
            {"checkpoint_delay": 0.0},
        ),
        form(
            "timeline-notify",
            "sync-ttl",
            "Copies leave the sync store after a week; a device that was away longer reads the message store.",
            {"sync_ttl": 604800.0},
        ),
        form(
            "timeline-dense-push",
            "pull-at-gap",
            "A device pulls as soon as a push shows a gap; it does not wait for the missing push.",
            {"gap_wait": 0.0},
        ),
        form(
            "timeline-dense-push",
            "reserved-numbers",
            "Numbers are reserved before the write: a row more a batch, and a crash burns numbers, which voids fill.",
            {"dense_numbers": "reserved"},
            meets=witnesses.RESERVED_NUMBERS,
        ),
        form(
            "timeline-dense-push",
            "two-writers",
            "Two processes write to each timeline, each only after the last number that is there.",
            {},
            without(DENSE_PUSH, "conversation-order"),
            server=TwoWritersServer,
            refines={},
        ),
        # ---- inboxes
        form(
            "inbox-store-first",
            "ack-batching",
            "Devices collect up to 20 acks of pushes, for a second at most, and the copies are deleted together.",
            {"ack_batch": 20},
        ),
        form(
            "inbox-store-first",
            "ttl",
            "A copy that is not delivered within 30 days is deleted: a device that was away longer has lost it.",
            {"inbox_ttl": 30 * 86400.0},
            without(STORE_FIRST, *RELIABLE_INBOX),
        ),
        form(
            "inbox-shared",
            "deleted-on-send",
            "One copy per user, deleted as soon as it was sent to one of the devices.",
            {"shared_delete": "send"},
            without(SHARED_INBOX, "no-early-delete"),
            witnesses.INBOX,
        ),
    )
}
"""Every form of a ready design, by name."""


def ready(name: str) -> Design | None:
    """Return the ready design or form of this name, or None."""
    return DESIGNS.get(name) or FORMS.get(name)


def all_names() -> list[str]:
    """Return the names of every ready design and form: each design before its forms."""
    return [name for of in DESIGNS for name in (of, *[each.name for each in FORMS.values() if each.form_of == of])]
