"""Several submissions of a device on their way at once, placed in the order in which they were composed.

A device submits up to `Parameters.outbox_window` messages before the first is accepted. Each but the first names the one before
it. The server keeps a *lane* for each connection: it begins with a submission when the one before it has its place, and ignores
one whose predecessor it did not take (it was refused for now; the device will submit both again). Each is accepted by a reply
of its own, because each reply names a place.
"""

from __future__ import annotations

from collections import deque

from syncproof.core.actor import Out, actor, state, volatile
from syncproof.core.values import ConnectionId, Message, MessageId
from syncproof.designs.caching import CachedServer
from syncproof.designs.packets import Submit
from syncproof.designs.parameters import Parameters


@state
class Submissions:
    """The submissions of one connection: what was `taken`, whether one is being placed, and those that wait for that."""

    taken: set[MessageId]
    busy: bool
    waiting: deque[Message]


@actor
class PipeliningServer(CachedServer):
    """What every server does with pipelined submissions. `lanes`: by connection."""

    parameters: Parameters
    lanes: dict[ConnectionId, Submissions] = volatile(dict)

    def process(self, source: ConnectionId, message: Message, out: Out) -> None:
        """Process a submission. The server of each design has workers for it."""

    def take_in_turn(self, source: ConnectionId, packet: Submit, out: Out) -> None:
        """Process a submission when the one before it is placed; ignore one whose predecessor was not taken."""
        lane = self.lanes.get(source)
        if lane is None:
            lane = self.lanes[source] = Submissions(set(), False, deque())
        if packet.after is not None and packet.after not in lane.taken:
            return
        lane.taken.add(packet.message.id)
        if lane.busy:
            lane.waiting.append(packet.message)
        else:
            lane.busy = True
            self.process(source, packet.message, out)

    def continue_lane(self, source: ConnectionId, out: Out) -> None:
        """Continue a connection's lane: its submission has its place. Each design calls this where it has placed one."""
        lane = self.lanes.get(source)
        if lane is None:
            return
        lane.busy = bool(lane.waiting)
        if lane.waiting:
            self.process(source, lane.waiting.popleft(), out)
