"""Dense numbers by two writers: two processes of the server append to the timelines of users, neither knows of the other.

A message is written by the process that its sender's connection leads to, so both may write to a user's timeline at a time.
Each numbers what it writes after the last number that it knows of the log, which it has read when it began, and writes one batch
of a user's timeline at a time.

The write is *conditional*: the store takes entries only directly after the last number that is there. A writer whose number was
taken reads the tail, and writes again. So numbers stay dense and nothing is overwritten; but two messages of a conversation may
come into a user's timeline in the other order than into the conversation, which only a single writer prevents.
"""

from __future__ import annotations

from syncproof.core.actor import Out, actor, on, volatile
from syncproof.core.observations import Appended, Noted
from syncproof.core.values import DeviceId, Entry, Id, UserId
from syncproof.designs.base import ROW_BYTES, settle
from syncproof.designs.packets import Synced
from syncproof.designs.timeline.log import Log, bytes_of, place_of, sync_of
from syncproof.designs.timeline.push import PushServer

WRITERS = 2

Lane = tuple[int, UserId]
"""A process, and the user to whose timeline it writes."""


def writer_of(sender: DeviceId) -> int:
    """Return the process that writes what a device sends: the one that its connections lead to."""
    return sender % WRITERS


@actor
class TwoWritersServer(PushServer):
    """A server with two writers to each timeline, whose writes are conditional.

    `waiting_lanes`: the entries that wait for a process and a timeline; `writing_lanes`: where one is writing; `known_tails`: the
    last number of the timeline that the process knows.
    """

    waiting_lanes: dict[Lane, list[Entry]] = volatile(dict)
    writing_lanes: set[Lane] = volatile(set)
    known_tails: dict[Lane, int] = volatile(dict)

    def fan_out(self, entry: Entry, users: tuple[UserId, ...], out: Out) -> None:
        """Queue a copy for each of the users at the process of the message's sender."""
        assert entry.message is not None
        self.unsynced[place_of(entry)] = len(users)
        for user in users:
            lane = writer_of(entry.message.sender), user
            self.waiting_lanes.setdefault(lane, []).append(entry)
            if lane not in self.writing_lanes:
                self.write_lane(lane, out)

    def write_lane(self, lane: Lane, out: Out) -> None:
        """Number all that waits after the last number that the process knows, and write it in one batch."""
        user = lane[1]
        log = self.sync.get(user)
        last = self.known_tails.setdefault(lane, 0 if log is None else log.last)
        batch = tuple([Entry(last + n, e.place, e.message) for n, e in enumerate(self.waiting_lanes.pop(lane), 1)])
        self.writing_lanes.add(lane)
        self.known_tails[lane] = batch[-1].seq
        self.write_batch(user, batch, out)

    @on(Synced)
    def synced(self, source: Id, packet: Synced, out: Out) -> None:
        """Put each entry at its number, announce it, and let the process write what has waited meanwhile."""
        user = packet.user
        log = self.sync.get(user)
        if log is None:
            log = self.sync[user] = Log.empty(self.epoch)
        timeline = sync_of(user, self.epoch)
        assert packet.entries[0].message is not None
        lane = writer_of(packet.entries[0].message.sender), user
        for number, entry in enumerate(packet.entries):
            assert entry.message is not None
            if place_of(entry) in self.redriven and log.holds(entry):
                settle("sync-store", bytes_of((entry,)), 0, out)
                self.count_copy(entry, out)
                continue
            if not self.put(log, entry):
                self.write_again(lane, packet.entries[number:], log, out)
                break
            out.observe(Appended(timeline, entry.seq, entry.message.id))
            self.count_copy(entry, out)
            self.announce(user, timeline, entry.seq - 1, entry, out)
        self.writing_lanes.discard(lane)
        self.age(user, out)
        if lane in self.waiting_lanes:
            self.write_lane(lane, out)

    def put(self, log: Log, entry: Entry) -> bool:
        """Append an entry if its number is the next one; return whether it was."""
        if entry.seq != log.last + 1:
            return False
        log.append(entry)
        return True

    def write_again(self, lane: Lane, entries: tuple[Entry, ...], log: Log, out: Out) -> None:
        """Let a process read the tail, and write again what was refused, before what has waited since."""
        out.observe(Noted("number-taken", self.id))
        settle("sync-store", bytes_of(entries), 0, out)
        out.read("sync-store", 1, ROW_BYTES)
        self.known_tails[lane] = log.last
        self.waiting_lanes[lane] = [*entries, *self.waiting_lanes.get(lane, [])]
