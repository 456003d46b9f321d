"""The requests of a device: waiting for replies, giving up waiting, and the replies that say no.

A request is open until its reply comes or its connection ends. Three things may come instead of what was asked for:

- nothing: with `Parameters.request_timeout`, the request is sent again over the same connection;
- `Busy`: the device asks too often, and asks again after the wait that the reply names, not before. A reply is no trigger:
  only the server decides how often a request is refused, so a device that asked again at once might never stop;
- `CursorRefused`: the server cannot continue from the device's cursors. The same cursors would be refused again, so the
  device reads from the beginning; what it has already it does not show again.
"""

from __future__ import annotations

from typing import Literal

from syncproof.core.actor import Actor, Out, actor, durable, on, state, volatile
from syncproof.core.observations import Noted, Pulled, Triggered
from syncproof.core.packets import Packet
from syncproof.core.values import ConnectionId, Cursor, DeviceId, Id, UserId
from syncproof.designs.packets import Pull, Register, RequestTimeout
from syncproof.designs.parameters import Parameters
from syncproof.designs.refusing import Again, Busy, CursorRefused

LONGEST_WAIT = 300.0
"""The longest wait for a reply or an ack, in seconds, up to which the wait doubles each time that it was in vain."""

REQUEST_JITTER = 0.5
"""The largest share of its wait for a reply that a device adds at random, so that not all try again at once."""

MOST_COPIES = 7
"""Up to so many copies of a pull request that are still to be answered are counted; one more pull at a time is harmless."""

RequestKind = Literal["submit", "pull", "register", "roam"]


@state
class Request:
    """A request that is not answered: the seconds that its timer waits, and how often it was sent again."""

    packet: Packet
    wait: float
    again: int


@actor
class RequestingDevice(Actor):
    """What every device does with its requests.

    `requests`: what it waits for a reply to, if it gives up waiting (`Parameters.request_timeout`). `superfluous`: how many
    replies are still to come to pulls that were sent more than once and are answered. `refused`: the requests that were
    answered by `Busy`, and are sent again after the wait.
    """

    id: DeviceId
    user: UserId
    parameters: Parameters
    replaces: DeviceId | None = None
    registered: bool = durable(bool)
    connection: ConnectionId | None = volatile(type(None))
    sending: bool = volatile(bool)
    pulling: bool = volatile(bool)
    requests: dict[RequestKind, Request] = volatile(dict)
    superfluous: int = volatile(int)
    refused: set[RequestKind] = volatile(set)

    def catch_up(self, out: Out) -> None:
        """Ask for everything new. Each design overrides this."""

    def send_next(self, out: Out) -> None:
        """Submit the oldest message of the outbox, unless the device must wait."""

    def roam(self, out: Out) -> None:
        """Ask for the next page of history; a hook for designs with roaming."""

    def pull(self, cursors: tuple[Cursor, ...], full: bool, out: Out) -> None:
        """Send a pull request; callers make sure that at most one is outstanding."""
        if self.connection is not None:
            self.pulling = True
            out.observe(Pulled(self.id))
            self.request("pull", Pull(cursors, full), out)

    def ask_to_register(self, out: Out) -> None:
        """Ask the server to register the device."""
        self.request("register", Register(self.user, self.replaces), out)

    def request(self, kind: RequestKind, packet: Packet, out: Out) -> None:
        """Send a request over the connection; if it is not answered in time, it is sent again."""
        assert self.connection is not None
        out.send(self.connection, packet)
        if self.parameters.request_timeout:
            self.wait_for_reply(kind, Request(packet, self.parameters.request_timeout, 0), out)

    def wait_for_reply(self, kind: RequestKind, request: Request, out: Out) -> None:
        """Arm the timer of a request."""
        self.requests[kind] = request
        out.after(request.wait, RequestTimeout(kind), REQUEST_JITTER)

    @on(RequestTimeout)
    def request_again(self, source: Id, packet: RequestTimeout, out: Out) -> None:
        """Send the request again over the same connection, and wait for its reply twice as long."""
        request = self.requests.get(packet.kind)
        if request is None or self.connection is None:
            return
        if not self.awaits(packet.kind):  # a handler of one's own took the reply
            del self.requests[packet.kind]
            return
        if packet.kind == "pull":
            out.observe(Triggered(self.id, "timeout"))
            if isinstance(request.packet, Pull):
                out.observe(Pulled(self.id))
        out.send(self.connection, request.packet)
        wait = min(2 * request.wait, LONGEST_WAIT) if self.parameters.request_backoff else request.wait
        self.wait_for_reply(packet.kind, Request(request.packet, wait, min(request.again + 1, MOST_COPIES)), out)

    def awaits(self, kind: RequestKind) -> bool:
        """Return whether the device's own state says that it waits for the reply to a request."""
        return {"submit": self.sending, "pull": self.pulling, "register": not self.registered}.get(kind, True)

    def answered(self, kind: RequestKind, out: Out) -> bool:
        """Wait no more for the reply to a request; return whether the device did (always, if it has no timeouts)."""
        if kind in self.refused:
            self.refused.discard(kind)
            out.cancel(Again(kind))
        if not self.parameters.request_timeout:
            return True
        out.cancel(RequestTimeout(kind))
        return self.requests.pop(kind, None) is not None

    def pull_answered(self, out: Out) -> bool:
        """Count a reply to a pull; return whether it was the one that the device waited for. Then `pulling` is false.

        A request that was sent again is answered as often as it was sent. What comes after the first reply holds nothing
        that may not be applied, but it ends no wait.
        """
        if self.superfluous:
            self.superfluous -= 1
            return False
        request = self.requests.get("pull")
        if request is not None:
            self.superfluous = request.again
            self.answered("pull", out)
        self.pulling = False
        return True

    def forget_requests(self, out: Out) -> None:
        """Forget what was asked for over a connection."""
        self.superfluous = 0
        for kind in sorted(self.requests):
            out.cancel(RequestTimeout(kind))
        self.requests.clear()
        for kind in sorted(self.refused):
            out.cancel(Again(kind))
        self.refused.clear()

    # ---- replies that say no

    @on(Busy)
    def told_to_wait(self, source: Id, packet: Busy, out: Out) -> None:
        """Keep the request open, and send it again after the wait."""
        kind = packet.kind
        if kind == "pull":
            if not self.pull_answered(out):
                return
            self.pulling = True
        elif not self.awaits(kind):  # another copy of the request was answered
            return
        else:
            self.answered(kind, out)
        self.refused.add(kind)
        out.observe(Noted("told-to-wait", self.id))
        out.after(packet.wait, Again(kind), REQUEST_JITTER)

    @on(Again)
    def waited_long_enough(self, source: Id, packet: Again, out: Out) -> None:
        """Ask again for what the refused request was about."""
        kind = packet.kind
        if kind not in self.refused or self.connection is None:
            return
        self.refused.discard(kind)
        if kind == "submit":
            self.sending = False
            self.send_next(out)
        elif kind == "pull":
            self.pulling = False
            self.catch_up(out)
        elif kind == "register":
            self.ask_to_register(out)
        else:
            self.roam(out)

    @on(CursorRefused)
    def cursors_refused(self, source: Id, packet: CursorRefused, out: Out) -> None:
        """Read from the beginning, which needs no cursor."""
        if self.pull_answered(out):
            out.observe(Noted("read-from-the-beginning", self.id))
            self.pull((), True, out)
