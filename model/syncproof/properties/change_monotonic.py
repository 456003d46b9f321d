"""What a device has changed of what it shows is not changed back."""

from __future__ import annotations

import attrs

from syncproof.core.actor import state
from syncproof.core.observations import Amended, Composed, Forgot, Placed, Retired, Reverted
from syncproof.core.values import ConversationId, DeviceId, MessageId
from syncproof.properties._base import Property, observes, seen

Applied = tuple[bool, int, MessageId]
"""What a device has applied last to a thing: whether that was a recall, its version, and the message that brought it."""


@state
class ChangeMonotonic(Property):
    """For every device d and thing x: Amended(d, x, v) before Amended(d, x, w) => v <= w; a recall of x is followed by none but
    recalls of x.

    The version of a recall or an edit is its place in the conversation, that of a read marker its own. What a device has
    forgotten with its database (`Forgot`) begins anew, and so does what an entry changed that a restore took from the log
    (`Reverted`). An entry of the log's earlier life is not compared with those of the present life. It does not say that a
    change is applied at all, nor that a user's devices agree (`convergence` does).

    `applied`: per device and changed thing. `places`: of the changes, in this life of their conversation's log, 0 for
    none; `earlier`: the places that restores took from them.
    """

    name = "change-monotonic"
    keyed_by = "installation x life of the log x changed thing"
    says = "the applied version of what is recalled, edited or read never sinks, and a recall is final"
    wants = "a change that a device applied"
    evidence = seen(Amended, lambda o: o.is_change)
    takes_changes = True
    by_message = True

    applied: dict[tuple[DeviceId, str, int], Applied] = attrs.field(factory=dict)
    places: dict[MessageId, tuple[ConversationId, int]] = attrs.field(factory=dict)
    earlier: dict[MessageId, tuple[int, ...]] = attrs.field(factory=dict)

    @observes(Composed)
    def on_composed(self, o: Composed) -> str | None:
        if o.what:
            self.places[o.message] = (o.conversation, 0)
        return None

    @observes(Placed)
    def on_placed(self, o: Placed) -> str | None:
        if o.message in self.places:
            self.places[o.message] = (o.conversation, o.place or 0)
        return None

    @observes(Amended)
    def on_amended(self, o: Amended) -> str | None:
        if o.by in self.earlier and self._is_earlier(o):
            return None
        key = (o.device, o.what, o.which)
        recalled, version, _ = self.applied.get(key, (False, o.version, o.by))
        self.applied[key] = (o.final, o.version, o.by)
        if (o.final, o.version) >= (recalled, version):
            return None
        thing = f"message {o.which}" if o.what == "message" else f"the read marker of conversation {o.which}"
        if recalled and not o.final:
            return f"device {o.device:d} changes {thing} to version {o.version}, although it was recalled"
        return f"device {o.device:d} changes {thing} back from version {version} to version {o.version}"

    @observes(Forgot)
    def on_forgot(self, o: Forgot) -> str | None:
        for key in [key for key, (_, _, by) in self.applied.items() if key[0] == o.device and by in o.messages]:
            del self.applied[key]
        return None

    @observes(Retired)
    def on_retired(self, o: Retired) -> str | None:
        for key in [key for key in self.applied if key[0] == o.device]:
            del self.applied[key]
        return None

    @observes(Reverted)
    def on_reverted(self, o: Reverted) -> str | None:
        """Begin anew what was changed by entries that are not in the new life of the log."""
        if o.timeline.kind != "conversation":
            return None
        for message, (conversation, place) in self.places.items():
            if conversation == o.timeline.owner and place > o.upto:
                self.places[message] = (conversation, 0)
                self.earlier[message] = (*self.earlier.get(message, ()), place)
                for key in [key for key, (_, _, by) in self.applied.items() if by == message]:
                    del self.applied[key]
        return None

    def _is_earlier(self, o: Amended) -> bool:
        """Return whether a change whose place a restore took is applied as it was in the log's earlier life."""
        _, place = self.places[o.by]
        return place == 0 or (o.what == "message" and o.version != place and o.version in self.earlier[o.by])
