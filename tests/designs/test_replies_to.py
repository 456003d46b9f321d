"""A reply and the message that it replies to: which designs show them in this order, with nothing built for it."""

from __future__ import annotations

import attrs
import msgspec
import pytest

from syncproof.core.actor import state
from syncproof.core.environment import Environment
from syncproof.core.observations import Placed, Shown
from syncproof.core.packets import Compose
from syncproof.core.values import DeviceId, Message, MessageId
from syncproof.core.world import System
from syncproof.designs import DESIGNS
from syncproof.engines.explore import explore
from syncproof.inputs.small_worlds import build, small_world
from syncproof.properties import PROPERTIES
from syncproof.properties._base import Property, observes, seen

PARENT = MessageId(0)


@state
class ParentFirst(Property):
    """A device of the parent's audience shows a reply after the parent."""

    name = "parent-first"
    keyed_by = "device"
    says = "a reply is shown after the message that it replies to"
    wants = "a message that is shown"
    evidence = seen(Shown)

    audience: set[DeviceId] = attrs.field(factory=set)
    shown: set[DeviceId] = attrs.field(factory=set)

    @observes(Placed)
    def on_placed(self, o: Placed) -> str | None:
        if o.message == PARENT:
            self.audience = set(o.audience or ())
        return None

    @observes(Shown)
    def on_shown(self, o: Shown) -> str | None:
        if o.message == PARENT:
            self.shown.add(o.device)
        elif o.device in self.audience and o.device not in self.shown:
            return f"device {o.device:d} shows a reply, and not what it replies to"
        return None


def world(design: str, *kinds: str) -> tuple[System, Environment]:
    system, _, environment = build(design, small_world("two-people", 2, (*kinds, "reply")))
    return system, environment


def composed(environment: Environment) -> list[Message]:
    packets = [tell.packet for script in environment.scripts for tell in script]
    return [packet.message for packet in packets if isinstance(packet, Compose)]


def test_the_second_message_replies_to_the_first() -> None:
    _, environment = world("timeline-notify")
    assert [message.parent for message in composed(environment)] == [msgspec.UNSET, PARENT]


@pytest.mark.parametrize("design", DESIGNS)
def test_a_reply_comes_after_its_parent_exactly_where_the_order_of_a_conversation_is_promised(design: str) -> None:
    found = explore(*world(design, "push"), [ParentFirst])
    kept = found.findings["parent-first"].verdict == "holds"
    assert kept == ("conversation-order" in DESIGNS[design].promises)


@pytest.mark.parametrize("design", DESIGNS)
def test_without_faults_every_design_shows_the_parent_first(design: str) -> None:
    assert explore(*world(design), [ParentFirst]).findings["parent-first"].verdict == "holds"


def test_a_device_that_waits_for_a_parent_of_before_it_joined_shows_the_reply_never() -> None:
    findings = explore(*world("F67", "membership"), [PROPERTIES["no-loss"]]).findings
    assert findings["no-loss"].verdict == "violated"


def test_a_sound_device_shows_it_at_its_place() -> None:
    findings = explore(*world("timeline-notify", "membership"), [PROPERTIES["no-loss"]]).findings
    assert findings["no-loss"].verdict == "holds"
