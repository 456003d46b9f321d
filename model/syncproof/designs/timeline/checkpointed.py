"""`timeline-checkpointed`: the server learns each device's checkpoint from the pull requests themselves.

A pull `after=n` proves that n was applied, so no ack is needed. The server's checkpoint lags behind the device's by up to
one pull, and by the time that it waits before it writes several checkpoints in one batch; a crash loses what is not written.
No promise depends on it. It serves badges, and a retention that deletes only what all devices of a user have confirmed.
"""

from __future__ import annotations

from collections.abc import Mapping

from syncproof.core.actor import Out, actor, durable, on, volatile
from syncproof.core.observations import Learnt
from syncproof.core.values import ConnectionId, Cursor, DeviceId, Id, Timeline, UserId
from syncproof.designs.base import ROW_BYTES
from syncproof.designs.packets import CheckpointsRecorded, Pull, RecordCheckpoints
from syncproof.designs.timeline.log import sync_of
from syncproof.designs.timeline.server import TimelineServer

Owned = tuple[DeviceId, Timeline]
"""Whose checkpoint, in which timeline."""


@actor
class CheckpointedServer(TimelineServer):
    """A timeline server with a row per device and timeline: the last checkpoint that the device pulled from.

    `learnt`: the checkpoints that are still to be written; `recording`: those that are being written, one batch at a time.
    """

    known: dict[Owned, int] = durable(dict)
    learnt: dict[Owned, int] = volatile(dict)
    recording: dict[Owned, int] = volatile(dict)

    @on(Pull)
    def pulled(self, source: ConnectionId, packet: Pull, out: Out) -> None:
        """Learn the checkpoints that the cursors show, then read."""
        if self.declines(source, packet, out):
            return
        device = self.peers[source]
        for cursor in packet.cursors:
            self.learn((device, cursor.timeline), cursor.after, out)
        super().pulled(source, packet, out)

    def learn(self, of: Owned, after: int, out: Out) -> None:
        """Note a checkpoint that is still to be written, unless the server has it."""
        if after > max(self.confirmed(of), self.recording.get(of, 0), self.learnt.get(of, 0)):
            waits = self.learnt or self.recording
            self.learnt[of] = after
            if not waits:
                self.record_soon(out)

    def confirmed(self, of: Owned) -> int:
        """Return the last recorded checkpoint of a device; before the first, where its registration says that it begins."""
        if of in self.known:
            return self.known[of]
        registered = self.registrations.get(of[0])
        cursors = () if registered is None else registered.cursors
        return next((cursor.after for cursor in cursors if cursor.timeline == of[1]), 0)

    def record_soon(self, out: Out) -> None:
        """Write what was learnt, now or together with what will be learnt until the timer fires."""
        if self.parameters.checkpoint_delay:
            out.after(self.parameters.checkpoint_delay, RecordCheckpoints())
        else:
            self.record(out)

    @on(RecordCheckpoints)
    def waited(self, source: Id, packet: RecordCheckpoints, out: Out) -> None:
        """Write what was learnt."""
        self.record(out)

    def record(self, out: Out) -> None:
        """Write what was learnt, in one batch; nothing if the devices that it was learnt of were retired meanwhile."""
        if not self.learnt:
            return
        batch = self.recording = self.learnt
        self.learnt = {}
        rows = len(batch)
        updates = sum([of in self.known for of in batch])
        checkpoints = tuple([(device, Cursor(timeline, after)) for (device, timeline), after in sorted(batch.items())])
        out.write("checkpoints", rows, ROW_BYTES * rows, CheckpointsRecorded(checkpoints), replaces=ROW_BYTES * updates)

    @on(CheckpointsRecorded)
    def recorded(self, source: Id, packet: CheckpointsRecorded, out: Out) -> None:
        """Record the checkpoints; trim what all devices of a user have confirmed, if retention says so."""
        self.recording = {}
        for device, cursor in packet.checkpoints:
            of = (device, cursor.timeline)
            if device not in self.owners:  # the device was retired while its row was being written
                self.known.pop(of, None)
                out.delete("checkpoints", 1, None, ROW_BYTES)
                continue
            self.known[of] = cursor.after
            out.observe(Learnt(device, cursor.timeline, cursor.after))
            self.retain(self.owners[device], cursor.timeline, out)
        if self.learnt:
            self.record_soon(out)

    def retain(self, user: UserId, timeline: Timeline, out: Out) -> None:
        """Trim the user's timeline up to the smallest checkpoint of the user's devices, if retention says so."""
        acknowledged = self.parameters.retention == "acknowledged"
        if acknowledged and timeline == sync_of(user, self.epoch) and user in self.sync:
            confirmed = min((self.confirmed((device, timeline)) for device in self.devices[user]), default=0)
            self.trim_upto(user, self.sync[user], confirmed, out)

    def retire(self, device: DeviceId, out: Out) -> None:
        """Delete the rows of the device too; one that is being written is deleted when it is written."""
        gone = [of for of in self.known if of[0] == device and of not in self.recording]
        for of in gone:
            del self.known[of]
        if gone:
            out.delete("checkpoints", len(gone), None, ROW_BYTES * len(gone))
        self.learnt = {of: after for of, after in self.learnt.items() if of[0] != device}
        super().retire(device, out)

    def held(self) -> Mapping[str, int]:
        return {**super().held(), "checkpoints": ROW_BYTES * len(self.known)}
