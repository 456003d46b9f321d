"""Compute what each design is charged with, from the statistics of traffic: one function for each design.

Each formula follows what the design's actors write, delete, read and send (`syncproof/designs`), which is what a simulation
charges. Faults are left out. `M`: messages; `on`, `off`: copies for devices that are connected and not connected. A test
holds every line beside the simulator's counter of the same name.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy

from syncproof.designs.packets import (
    CURSOR_BYTES,
    ENTRY_BYTES,
    ID_BYTES,
    MESSAGE_BYTES,
    NUMBER_BYTES,
    PAGE_BYTES,
    Accept,
    Ack,
    AckRange,
    EntryAck,
    Notification,
    Pull,
    PullReply,
    Push,
    Submit,
)
from syncproof.designs.parameters import Parameters
from syncproof.designs.registry import DESIGNS, Design
from syncproof.inputs.lookup import get
from syncproof.inputs.sections.base import Spread
from syncproof.inputs.sections.infrastructure import NetworkSection, StorageSection
from syncproof.studies.size.ledger import Ledger
from syncproof.studies.size.mix import Mix, Numbers, Stock

STORED_ENTRY_BYTES = ENTRY_BYTES + MESSAGE_BYTES
"""What an entry with its message takes on the wire beside the body."""
RANGE_BYTES = 3 * NUMBER_BYTES


def mean(spread: Spread) -> float:
    """Return the mean of a lognormal distribution."""
    return spread.median * math.exp(spread.sigma**2 / 2)


def batch(rates: Numbers, cycle: Callable[[Numbers], Numbers]) -> Numbers:
    """Return how many entries single writers take at once: b = λT + e^(-λT), where a cycle takes T(b) seconds.

    Poisson arrivals at a rate λ a second wait while the cycle before is under way; if none came, the next one is taken alone.
    Where entries come faster than cycles take them, the number grows with each of the steps that are computed.
    """
    found = numpy.ones_like(rates)
    for _ in range(500):
        load = rates * cycle(found)
        following: Numbers = load + numpy.exp(-load)
        if numpy.allclose(following, found, rtol=1e-9, atol=0.0):
            break
        found = following
    return found


@dataclass(frozen=True)
class Terms:
    """Hold what the formulas of all designs share: the mix, the design's parameters, times of network and storage."""

    mix: Mix
    parameters: Parameters
    network: NetworkSection
    storage: StorageSection

    @cached_property
    def operation_s(self) -> float:
        """Return the mean base time of a storage operation."""
        return mean(self.storage.service_ms) / 1000

    @cached_property
    def row_s(self) -> float:
        """Return the time that a row adds to an operation."""
        return self.storage.per_row_ms / 1000

    @cached_property
    def round_trip_s(self) -> float:
        """Return the mean time from a pull to its reply."""
        return (mean(self.network.up_ms) + mean(self.network.down_ms)) / 1000 + self.operation_s + self.row_s

    @cached_property
    def messages(self) -> float:
        return self.mix.written.rows

    @cached_property
    def dedup(self) -> Stock:
        """Return the dedup rows: one a message."""
        written = self.mix.written
        return Stock(written.rows, 0.0, written.row_s, 0.0).times(self.parameters.idempotent_send)

    @cached_property
    def on(self) -> float:
        """Return the copies for connected devices."""
        return float(self.mix.online.sum())

    @cached_property
    def off(self) -> float:
        """Return the copies for devices that are not connected."""
        return float(self.mix.offline.sum())

    @cached_property
    def connects(self) -> float:
        return float(self.mix.connects.sum())

    @cached_property
    def returns(self) -> float:
        """Return the connections that find something missed."""
        return float(self.mix.returns.sum())

    @cached_property
    def more_pages(self) -> float:
        """Return the pulls after the first that long absences take."""
        size = self.parameters.page_size
        return float(sum([times * (-(-count // size) - 1) for count, times in self.mix.absences.items() if count]))

    def hints(self) -> float:
        """Return the pulls that announcements cause: one each, but those that come while a pull is under way share the next."""
        rates = self.mix.online / numpy.maximum(self.mix.connected_s, 1.0)
        load = rates * self.round_trip_s
        return float((self.mix.online / (load + numpy.exp(-load))).sum())

    def batches(self, cycle: Callable[[Numbers], Numbers]) -> float:
        """Return in how many batches the writers of users write their entries, where a batch of b takes `cycle(b)` seconds."""
        return float((self.mix.entries / batch(self.mix.entries / self.mix.seconds, cycle)).sum())

    def idle_polls(self, resets: Numbers) -> Numbers:
        """Return the polls of each device that find nothing. `resets`: what starts its poll timer anew, beside connections.

        A session has none unless it is longer than the interval T. If it goes on for m seconds more on average, exponentially,
        and the timer starts anew at a rate r, it has e^(-rT) (1 + rm) / (1 - e^(-(r + 1/m) T)) of them.
        """
        mix, interval = self.mix, self.parameters.poll_interval
        after = numpy.maximum(mix.connects / numpy.maximum(mix.connected_s + mix.after_s, 1.0), 1e-9)
        found = mix.after_s * after / numpy.expm1(numpy.minimum(after * interval, 500.0))
        often = resets / numpy.maximum(mix.connected_s, 1.0)
        more = numpy.maximum(mix.beyond_s / numpy.maximum(mix.long_sessions, 1.0), 1e-3)
        for part in mix.profile:  # at night, when nothing comes, devices poll; so a mean rate would be wrong
            rate = part * often
            polls = numpy.exp(-rate * interval) * (1 + rate * more) / -numpy.expm1(-(rate + 1 / more) * interval)
            found += mix.long_sessions * polls / len(mix.profile)
        return found


def common(of: Terms, resets: Numbers, pull_bytes: Numbers | float, accept_bytes: int) -> tuple[Ledger, float]:
    """Return a ledger with what every design has: connections, submissions, full pulls; and the number of idle polls.

    `pull_bytes`: what the cursors of a full pull take.
    """
    ledger = Ledger()
    mix = of.mix
    polls = of.idle_polls(resets)
    ledger.up("Connect", of.connects)
    ledger.down("Connect", of.connects)
    ledger.up(Submit, of.messages, MESSAGE_BYTES * of.messages + mix.written.bodies)
    ledger.down(Accept, of.messages, accept_bytes * of.messages)
    full = mix.connects + polls
    ledger.up(Pull, float(full.sum()), float((pull_bytes * full).sum()))
    ledger.down(PullReply, float(full.sum()))
    ledger.keep_always("registry", mix.devices)
    ledger.keep_always("members", mix.memberships)
    return ledger, float(polls.sum())


# ---- inboxes


def inbox(of: Terms, resets: Numbers) -> Ledger:
    """Return what the inbox designs share beside copies: an accepting reply that names a place, pulls without cursors."""
    ledger, polls = common(of, resets, 0.0, ID_BYTES + NUMBER_BYTES)
    ledger.read("inbox", 0.0, of.connects + polls)
    return ledger


def dedup(of: Terms, ledger: Ledger) -> None:
    """Charge a dedup row and an intent a message, written in one operation; the intent is deleted with the accepting reply."""
    ledger.write("inbox-index", of.dedup.rows + of.messages, of.messages)
    ledger.delete("inbox-index", of.messages, of.messages)
    ledger.keep("inbox-index", "dedup", of.dedup)


def pushed(of: Terms, ledger: Ledger, copies: Numbers, bodies: float) -> float:
    """Charge pushes of copies and their acks, which a device may collect; return the number of acks."""
    count = float(copies.sum())
    ledger.down(Push, count, (NUMBER_BYTES + STORED_ENTRY_BYTES) * count + bodies)
    collected = 1 + (of.parameters.ack_batch > 1) * of.parameters.ack_delay * copies / numpy.maximum(
        of.mix.connected_s, 1.0
    )
    acks = float((copies / numpy.minimum(collected, of.parameters.ack_batch)).sum())
    ledger.up(Ack, acks, ID_BYTES * count)
    return acks


def drained(of: Terms, ledger: Ledger, rows: float, bodies: float, pages: float) -> None:
    """Charge the pages in which devices fetch what waited: rows read, entries on the wire, an ack of each page."""
    ledger.read("inbox", rows, of.more_pages)
    ledger.up(Pull, of.more_pages, CURSOR_BYTES * of.more_pages)
    ledger.down(PullReply, of.more_pages, PAGE_BYTES * pages + STORED_ENTRY_BYTES * rows + bodies)
    ledger.up(AckRange, pages, RANGE_BYTES * pages)


def store_first(of: Terms) -> Ledger:
    """Write 2 + (on + off) / M rows a message, delete 1 + (on + off) / M: a copy for each device but the composing one."""
    mix = of.mix
    ledger = inbox(of, mix.online)
    dedup(of, ledger)
    acks = pushed(of, ledger, mix.online, mix.online_bodies)
    pages = of.returns + of.more_pages
    drained(of, ledger, of.off, mix.waiting.bodies, pages)
    ledger.write("inbox", of.on + of.off, of.on + of.off)
    ledger.delete("inbox", of.on + of.off, acks + pages)
    ledger.keep("inbox", "waiting", mix.waiting)
    return ledger


def sync_first(of: Terms) -> Ledger:
    """Write off / M rows a message and delete them: copies only for devices that are not connected. No dedup rows."""
    mix = of.mix
    ledger = inbox(of, mix.online)
    pushed(of, ledger, mix.online, mix.online_bodies)
    pages = of.returns + of.more_pages
    drained(of, ledger, of.off, mix.waiting.bodies, pages)
    ledger.write("inbox", of.off, of.off)
    ledger.delete("inbox", of.off, pages)
    ledger.keep("inbox", "waiting", mix.waiting)
    return ledger


def shared_inbox(of: Terms) -> Ledger:
    """Write 2 + c / M rows a message, with one copy (c) for each member who has a device other than the composing one."""
    shared = of.mix.shared
    body = of.mix.written.bodies / of.messages if of.messages else 0.0
    ledger = inbox(of, shared.pushed)
    dedup(of, ledger)
    acks = pushed(of, ledger, shared.pushed, body * float(shared.pushed.sum()))
    ledger.write("inbox", shared.copies, shared.copies)
    if of.parameters.shared_delete == "send":
        ledger.delete("inbox", shared.copies, float(shared.pushed.sum()) + shared.returns)
    else:
        ledger.delete("inbox", shared.copies, acks + shared.returns)
    drained(of, ledger, shared.waiting.rows, shared.waiting.bodies, shared.returns)
    ledger.keep("inbox", "waiting", shared.waiting)
    return ledger


# ---- timelines


def log(of: Terms, ledger: Ledger) -> None:
    """Charge a message in its conversation's log, and its dedup row, in one operation."""
    ledger.write("message-store", of.messages + of.dedup.rows, of.messages)
    ledger.keep("message-store", "history", of.mix.written)
    ledger.keep("message-store", "dedup", of.dedup)


def logs(of: Terms, resets: Numbers, cursors: Numbers | float) -> tuple[Ledger, float]:
    """Return what designs with logs share: the message and its dedup row; full pulls with `cursors` cursors; idle polls."""
    names = 3 if of.parameters.accept_carries_seq else 1
    ledger, polls = common(of, resets, CURSOR_BYTES * cursors, ID_BYTES + names * NUMBER_BYTES)
    log(of, ledger)
    ledger.read("sync-store", 0.0, of.connects + polls)
    return ledger, polls


def copies(of: Terms, ledger: Ledger, largest: float = math.inf) -> None:
    """Charge a copy for each member of conversations up to a size, and the intent, which is deleted after the last copy."""
    copied, messages = of.mix.copied(largest), of.mix.messages(largest)
    share = copied.rows / max(1.0, of.mix.copied().rows)
    ledger.write("message-store", messages, 0.0)
    ledger.delete("message-store", messages, messages)
    batches = share * of.batches(lambda b: of.operation_s + b * of.row_s)
    ledger.write("sync-store", copied.rows, batches)
    ledger.keep("sync-store", "sync", copied)
    if of.parameters.sync_ttl:
        ledger.delete("sync-store", copied.rows, batches)
    if of.parameters.sequencer == "segmented":
        blocks = of.mix.entries / of.parameters.sequencer_block
        if of.mix.late is not None:  # a simulation begins without any block
            blocks = numpy.ceil(blocks)
        opened = share * float(blocks.sum())
        ledger.write("sequencer", opened, opened)
        ledger.keep_always("sequencer", of.mix.users)


def own_pulled(of: Terms) -> Numbers:
    """Return the copies that a device pulls of what it wrote itself: none if the accepting reply says where they are."""
    none: Numbers = numpy.zeros(of.mix.devices)
    return none if of.parameters.accept_carries_seq else of.mix.own


def read_back(of: Terms, ledger: Ledger, hinted: float, pages: float) -> None:
    """Charge the reads of every copy by its device: `hinted` pulls after announcements, `pages` pages at connections."""
    mix = of.mix
    own = float(own_pulled(of).sum())
    own_bodies = mix.written.bodies * own / max(1.0, of.messages)
    rows = of.on + of.off + own
    ledger.up(Pull, hinted + of.more_pages, CURSOR_BYTES * (hinted + of.more_pages))
    bodies = mix.online_bodies + mix.waiting.bodies + own_bodies
    ledger.down(PullReply, hinted + of.more_pages, PAGE_BYTES * (hinted + pages) + STORED_ENTRY_BYTES * rows + bodies)
    ledger.read("sync-store", rows, hinted + of.more_pages)


def announced(of: Terms, ledger: Ledger, bodies: bool) -> None:
    """Charge the announcement to each connected device but the composing one: the message itself, or a notification."""
    own = float(own_pulled(of).sum())
    count = of.on + own
    if bodies:
        carried = of.mix.online_bodies + of.mix.written.bodies * own / max(1.0, of.messages)
        ledger.down(Push, count, (NUMBER_BYTES + STORED_ENTRY_BYTES) * count + carried)
    else:
        ledger.down(Notification, count, (2 * NUMBER_BYTES + ID_BYTES) * count)


def notify(of: Terms) -> Ledger:
    """Write 3 + k rows a message (k copies, one a member), delete 1; a notification and a pull for each connected device."""
    ledger, _ = logs(of, of.mix.online + of.mix.own, 1.0)
    copies(of, ledger)
    announced(of, ledger, bodies=False)
    read_back(of, ledger, of.hints() + float(own_pulled(of).sum()), of.returns + of.more_pages)
    return ledger


def checkpointed(of: Terms) -> Ledger:
    """As `notify`, and the checkpoints that pulls show: a row a device in each batch."""
    ledger = notify(of)
    mix, delay = of.mix, of.parameters.checkpoint_delay
    # A pull shows what the pull before it brought, and what the device wrote since: as many pulls show something as bring
    # something, and those that follow a pull which brought nothing and a message of the device's own.
    connects = numpy.maximum(mix.connects, 1e-9)
    opened = mix.opened / connects
    wrote = opened + (1 - opened) * mix.own / numpy.maximum(mix.own + mix.online + mix.connects, 1e-9)
    shows = mix.online + mix.returns + (mix.connects - mix.returns) * wrote
    at_end = 0.0
    if mix.late is not None:  # what the last pull brought is shown when the device connects once more, if it does
        unshown = numpy.minimum(shows, 1.0)
        shows = shows - unshown - mix.late * numpy.minimum(mix.returns / connects, shows - unshown)
        at_end = float((unshown * mix.late).sum())
    rows = batches = float(shows.sum())
    if delay and rows:
        # A batch begins with the devices that one message, or one connection, lets pull, at once where there are many users.
        # Then it has those that pull in the time of the delay.
        begins = math.inf
        if mix.late is not None:
            quiet = (1 - mix.returns / connects) * numpy.exp(-(mix.online + mix.own) / connects)
            begins = of.messages + float((mix.connects * (1 - quiet)).sum())
        rows = batches = 0.0
        for often in mix.profile[mix.profile > 0].tolist():  # few share a batch at night, many at noon
            alone = numpy.exp(-often * shows * delay / numpy.maximum(mix.connected_s, 1.0))
            now = mix.seconds / len(mix.profile) / (delay + mix.seconds / (often * begins))
            pulls = float((mix.connected_s / mix.seconds * (1 - alone)).sum())
            rows += now * (float((shows * alone).sum()) / begins + pulls)
            batches += now
    rows += at_end
    ledger.write("checkpoints", rows, batches)
    ledger.keep_always("checkpoints", mix.devices)
    return ledger


def dense_push(of: Terms) -> Ledger:
    """Write 3 + k rows a message, and 1 for each batch of a user's entries if numbers are reserved; push without a pull."""
    mix = of.mix
    ledger, _ = logs(of, mix.online + mix.own, 1.0)
    copies(of, ledger)
    if of.parameters.dense_numbers == "reserved":
        reserved = of.batches(lambda b: 2 * of.operation_s + (1 + b) * of.row_s)
        ledger.write("sequencer", reserved, reserved)
        ledger.keep_always("sequencer", mix.users)
    announced(of, ledger, bodies=True)
    pages = of.returns + of.more_pages
    ledger.up(Pull, of.more_pages, CURSOR_BYTES * of.more_pages)
    ledger.down(PullReply, of.more_pages, PAGE_BYTES * pages + STORED_ENTRY_BYTES * of.off + mix.waiting.bodies)
    ledger.read("sync-store", of.off, of.more_pages)
    return ledger


def push(of: Terms) -> Ledger:
    """Write 3 + k rows a message; push the message, and confirm it by a pull, which brings it once more."""
    ledger, _ = logs(of, of.mix.online + of.mix.own, 1.0)
    copies(of, ledger)
    announced(of, ledger, bodies=True)
    read_back(of, ledger, of.hints() + float(own_pulled(of).sum()), of.returns + of.more_pages)
    return ledger


def hybrid(of: Terms) -> Ledger:
    """Write 3 + k rows a message to conversations up to the threshold and 2 to others, which devices read."""
    return fanout(of, of.parameters.fanout_threshold)


def read_fanout(of: Terms) -> Ledger:
    """Write 2 rows a message: no copies. A full pull reads the head of every conversation that the device follows."""
    return fanout(of, 0)


def fanout(of: Terms, threshold: int) -> Ledger:
    """Copy for members of conversations up to `threshold`; let devices read the logs of larger ones."""
    mix = of.mix
    heads: Numbers = numpy.zeros(mix.devices)
    for size, followed in mix.followed_by_size:
        if size > threshold:
            heads = heads + followed
    cursors = heads + (threshold > 0)
    ledger, _ = logs(of, mix.online + mix.own, cursors)
    if threshold:
        copies(of, ledger, threshold)
    announced(of, ledger, bodies=False)
    copied = mix.copied(threshold).rows / max(1.0, mix.copied().rows)
    pages = float(mix.missed.sum()) * (1 - copied) + of.returns * copied
    read_back(of, ledger, of.hints() + float(own_pulled(of).sum()), pages)
    full = mix.connects + of.idle_polls(mix.online + mix.own)
    ledger.read("sync-store", float((heads * full).sum()), 0.0)
    ledger.heads = float(heads.sum())
    return ledger


def device_acks(of: Terms) -> Ledger:
    """Write 2 rows a message, 2 a pushed copy, 1 a copy that is pulled and 1 a page of it; delete 1 a copy with its ack."""
    mix = of.mix
    ledger, polls = common(of, mix.online, 0.0, ID_BYTES + NUMBER_BYTES)
    pages = float(mix.missed.sum())
    ledger.down(Push, of.on, (NUMBER_BYTES + STORED_ENTRY_BYTES) * of.on + mix.online_bodies)
    ledger.down(PullReply, 0.0, PAGE_BYTES * pages + STORED_ENTRY_BYTES * of.off + mix.waiting.bodies)
    ledger.up(EntryAck, of.on + pages, NUMBER_BYTES * (of.on + pages) + NUMBER_BYTES * (of.on + of.off))
    log(of, ledger)
    ledger.read("message-store", of.off, of.connects + polls)
    ledger.write("consumers", 2 * of.on + of.off + pages, of.on + pages)
    ledger.delete("consumers", of.on + of.off, of.on + pages)
    ledger.keep_always("consumers", mix.positions)
    return ledger


FORMULAS: dict[str, Callable[[Terms], Ledger]] = {
    "inbox-store-first": store_first,
    "inbox-sync-first": sync_first,
    "inbox-shared": shared_inbox,
    "timeline-notify": notify,
    "timeline-checkpointed": checkpointed,
    "timeline-dense-push": dense_push,
    "timeline-push": push,
    "timeline-read-fanout": read_fanout,
    "timeline-hybrid-fanout": hybrid,
    "log-device-acks": device_acks,
}
"""The formula of each design; a form's differs by its parameters alone."""


def covers(found: Design) -> bool:
    """Return whether there are formulas of a design: of a ready one, or of a form of it with the same server."""
    of = found.form_of
    return found.name in FORMULAS or (of in FORMULAS and found.server is DESIGNS[of].server)


def account(design: str, mix: Mix, parameters: Parameters, network: NetworkSection, storage: StorageSection) -> Ledger:
    """Return the account of a design or form on a mix. `parameters`: the scenario's; a form sets its own before them."""
    found = get(design)
    return FORMULAS[found.form_of or found.name](Terms(mix, found.effective(parameters), network, storage))
