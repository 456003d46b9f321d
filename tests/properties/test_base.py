"""What all properties have in common."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import syncproof.properties
from syncproof.core.actor import state
from syncproof.core.images import freeze, thaw
from syncproof.core.observations import Accepted, Shown
from syncproof.core.values import ConversationId, DeviceId, MessageId
from syncproof.properties import PROPERTIES, Property, observes

SHOWN = Shown(DeviceId(0), MessageId(0), ConversationId(0), 1)
SAFETY = [
    "no-duplicate",
    "no-creation",
    "prefix-order",
    "conversation-order",
    "sender-order",
    "accepted-is-durable",
    "store-before-sync",
    "tail-append",
    "range-read",
    "dense",
    "checkpoint-monotonic",
    "checkpoint-covered",
    "no-early-delete",
    "change-monotonic",
    "accepted-once",
]
LIVENESS = [
    "no-loss",
    "outbox-drained",
    "convergence",
    "unread-agrees",
    "inbox-drained",
    "roaming-complete",
    "epoch-learnt",
    "expires",
    "pull-terminates",
]
NAMES = [*SAFETY, *LIVENESS]


def test_the_registry_has_every_property_in_order() -> None:
    assert list(PROPERTIES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_property_says_what_it_is(name) -> None:
    automaton = PROPERTIES[name]
    assert automaton.name == name
    assert automaton.kind == ("liveness" if name in LIVENESS else "safety")
    assert automaton.keyed_by
    assert automaton.says
    assert automaton.reactions


@pytest.mark.parametrize("name", NAMES)
def test_one_property_a_file(name) -> None:
    path = Path(syncproof.properties.__file__).with_name(name.replace("-", "_") + ".py")
    named = [node.value.value for node in ast.walk(ast.parse(path.read_text())) if is_name(node)]
    assert named == [name]


def is_name(node: ast.AST) -> bool:
    """Return whether a statement is `name = "..."`."""
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "name"


@pytest.mark.parametrize("name", NAMES)
def test_a_fresh_automaton_survives_freezing_and_thawing(name) -> None:
    image = freeze(PROPERTIES[name]())
    assert freeze(thaw(image)) == image


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_history_satisfies_the_property(name) -> None:
    assert list(PROPERTIES[name]().at_quiescence()) == []


def test_a_property_without_the_decorator_cannot_be_made() -> None:
    class Bare(Property):
        pass

    class Derived(PROPERTIES["no-loss"]):
        pass

    for kind in (Bare, Derived):
        with pytest.raises(TypeError, match=f"property {kind.__name__} has no @state, .* write @state above it"):
            kind()


def test_reactions_are_inherited_and_can_be_overridden() -> None:
    @state
    class Base(Property):
        @observes(Shown)
        def one(self, o: Shown) -> str | None:
            return "base"

    @state
    class Derived(Base):
        @observes(Shown)
        def one(self, o: Shown) -> str | None:
            return "derived"

        @observes(Accepted)
        def two(self, o: Accepted) -> str | None:
            return None

    assert set(Base.reactions) == {Shown}
    assert set(Derived.reactions) == {Shown, Accepted}
    assert Base().react(SHOWN) == "base"
    assert Derived().react(SHOWN) == "derived"


def test_a_property_without_state_cannot_be_made() -> None:
    class Forgetful(Property):
        pass

    with pytest.raises(
        TypeError, match="property Forgetful has no @state, so its state is not kept; write @state above it"
    ):
        Forgetful()
