"""`timeline-checkpointed`: the server learns each device's checkpoint from the pull requests themselves.

A pull `after=n` proves that n was applied, so no ack is needed. The server's checkpoint lags behind the device's by up to
one pull; no promise depends on it. It serves badges, and a retention that deletes only what all devices of a user have
confirmed.
"""

from __future__ import annotations

from syncproof.core.actor import Out, actor, durable, on
from syncproof.core.observations import Learnt
from syncproof.core.values import ConnectionId, ConversationId, DeviceId, Id, Timeline, UserId
from syncproof.designs.base import ROW_BYTES
from syncproof.designs.packets import CheckpointRecorded, Pull, Registered
from syncproof.designs.timeline.log import sync_of
from syncproof.designs.timeline.server import TimelineServer


@actor
class CheckpointedServer(TimelineServer):
    """A timeline server with a row per device and timeline: the last checkpoint that the device pulled from."""

    known: dict[tuple[DeviceId, Timeline], int] = durable(dict)

    @on(Pull)
    def pulled(self, source: ConnectionId, packet: Pull, out: Out) -> None:
        """Record the checkpoints that the cursors show, then read."""
        if self.reject_unregistered(source, out):
            return
        device = self.peers[source]
        for cursor in packet.cursors:
            if cursor.after > self.known.get((device, cursor.timeline), 0):
                out.write("checkpoints", 1, ROW_BYTES, CheckpointRecorded(device, cursor))
        super().pulled(source, packet, out)

    @on(CheckpointRecorded)
    def learnt(self, source: Id, packet: CheckpointRecorded, out: Out) -> None:
        """Record the checkpoint, and trim what all devices of the user have confirmed, if retention says so."""
        key = (packet.device, packet.cursor.timeline)
        if packet.cursor.after > self.known.get(key, 0):
            self.known[key] = packet.cursor.after
            out.observe(Learnt(packet.device, packet.cursor.timeline, packet.cursor.after))
            if self.parameters.retention == "acknowledged" and packet.device in self.owners:
                self.retain(self.owners[packet.device], packet.cursor.timeline, out)

    def retain(self, user: UserId, timeline: Timeline, out: Out) -> None:
        """Trim the user's timeline up to the smallest checkpoint of the user's devices."""
        if timeline == sync_of(user, self.epoch) and user in self.sync:
            confirmed = min((self.known.get((d, timeline), 0) for d in self.devices[user]), default=0)
            self.trim_upto(user, self.sync[user], confirmed, out)

    def registration(
        self, device: DeviceId, user: UserId, history: tuple[tuple[ConversationId, int], ...]
    ) -> Registered:
        registered = super().registration(device, user, history)
        for cursor in registered.cursors:
            self.known[device, cursor.timeline] = cursor.after
        return registered
