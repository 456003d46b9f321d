"""sender-order against histories written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from syncproof.core.observations import Composed, Observation, Placed, Reverted
from syncproof.core.values import ConversationId, DeviceId, MessageId, Timeline
from syncproof.properties.sender_order import SenderOrder
from syncproof.properties.spill import Spill


def test_the_later_message_takes_the_earlier_place(history) -> None:
    history.composed(1)
    history.composed(2)
    history.placed(2, 1)
    history.placed(1, 2)
    assert history.says("sender-order") == [
        "message 1 of device 0 takes place 2 in conversation 0, against the order in which that device composed"
    ]


def test_places_follow_composing(history) -> None:
    for message in (1, 2, 3):
        history.composed(message)
    for message in (1, 2, 3):
        history.placed(message, message)
    assert history.says("sender-order") == []


def test_each_device_is_judged_on_its_own(history) -> None:
    history.composed(1, device=0)
    history.composed(2, device=1)
    history.placed(2, 1)
    history.placed(1, 2)
    assert history.says("sender-order") == []


def test_a_retry_that_takes_a_second_place_after_a_newer_message(history) -> None:
    history.sent(1, 2)
    history.placed(1, 3)
    assert len(history.says("sender-order")) == 1


def test_the_last_message_may_be_placed_again(history) -> None:
    history.sent(1)
    history.placed(1, 2)
    history.sent(3)
    assert history.says("sender-order") == []


def test_a_message_may_take_its_own_place_again(history) -> None:
    history.sent(1)
    history.placed(1, 1)
    assert history.says("sender-order") == []


@pytest.mark.parametrize("messages", [(1, 2), (2, 1)])
def test_two_messages_at_one_place(history, messages) -> None:
    history.composed(1)
    history.composed(2)
    for message in messages:
        history.placed(message, 5)
    assert len(history.says("sender-order")) == 1


def test_places_that_a_restore_took_are_free_again(history) -> None:
    for message in (1, 2, 3):
        history.composed(message)
    history.placed(1, 1)
    history.placed(2, 2)
    history.reverted(1, kind="conversation", owner=0)
    history.placed(3, 2)
    assert history.says("sender-order") == []


def test_what_survived_the_restore_keeps_its_place(history) -> None:
    for message in (1, 2, 3):
        history.composed(message)
    history.placed(1, 1)
    history.placed(2, 2)
    history.reverted(2, kind="conversation", owner=0)
    history.placed(3, 2)
    assert len(history.says("sender-order")) == 1


@pytest.mark.parametrize(("kind", "owner"), [("sync", 0), ("conversation", 1)])
def test_a_restore_of_another_log_frees_nothing(history, kind, owner) -> None:
    history.composed(1)
    history.composed(2)
    history.placed(1, 2)
    history.reverted(0, kind=kind, owner=owner)
    history.placed(2, 1)
    assert len(history.says("sender-order")) == 1


def test_a_message_that_nobody_composed_has_no_order(history) -> None:
    history.placed(7, 1)
    history.sent(8)
    assert history.says("sender-order") == []


def test_a_restore_that_took_no_place_of_the_device_frees_and_takes_nothing(history) -> None:
    history.composed(1)
    history.composed(2)
    history.placed(1, 1)
    history.reverted(5, kind="conversation", owner=0)
    history.placed(2, 3)
    assert history.says("sender-order") == []


def test_a_restore_frees_the_places_of_every_device_of_the_conversation(history) -> None:
    for message in (1, 2):
        history.composed(message, device=1)
    history.placed(1, 2)
    history.reverted(1, kind="conversation", owner=0)
    history.placed(2, 2)
    assert history.says("sender-order") == []


@pytest.mark.parametrize(
    ("places", "complaints"),
    [
        pytest.param(
            [(1, 1), (2, 2), ("restored to", 0), (1, 1), (2, 2)], 0, id="what a restore took, in its order again"
        ),
        pytest.param([(2, 1), (3, 2), ("restored to", 1), (1, 2)], 1, id="beside what a restore left"),
        pytest.param([(1, 1), (2, 2), (3, 3), ("restored to", 1), (1, 2), (2, 3)], 0, id="a restore takes all above"),
        pytest.param([(1, 2), (2, 4), (3, 6), (1, 5)], 1, id="placed again after the next"),
        pytest.param([(1, 1), (3, 2), (2, 3), (1, 1)], 1, id="told once"),
        pytest.param([(1, 1), (1, 5), (2, 3)], 1, id="the last place counts"),
        pytest.param([(1, 1), (1, 3), (1, 2), (2, 3)], 0, id="a lower place again frees the higher ones"),
        pytest.param([(3, 5), (1, 2), (2, 1)], 1, id="two that are placed after a later one"),
        pytest.param([(3, 5), (1, 2), (2, 4), (1, 4)], 1, id="one that is placed between two others"),
        pytest.param([(1, 5), (3, 8), (1, None), (2, 3)], 0, id="a place that is not known any more"),
        pytest.param([(1, 5), (3, 8), (1, None), (2, 3), (2, 9)], 1, id="the others stay when one is not known"),
    ],
)
def test_a_message_is_compared_with_every_other_that_has_a_place(history, places, complaints) -> None:
    for message in (1, 2, 3):
        history.composed(message)
    for message, place in places:
        if message == "restored to":
            history.reverted(place, kind="conversation", owner=0)
        else:
            history.placed(message, place)
    assert len(history.says("sender-order")) == complaints


# ---- beside the definition


def drawn(draw: Random) -> list[Observation]:
    """Draw a history of six messages of two devices in two conversations, placed again and again, with restores."""
    messages = [(MessageId(n), DeviceId(draw.randrange(2)), ConversationId(draw.randrange(2))) for n in range(6)]
    seen: list[Observation] = [Composed(*each) for each in messages]
    highest = [0, 0]
    for _ in range(draw.randrange(4, 16)):
        message, _, conversation = draw.choice(messages)
        if draw.random() < 0.15:
            highest[conversation] = draw.randint(0, highest[conversation])
            seen.append(Reverted(Timeline("conversation", int(conversation), 0), highest[conversation], 0))
            continue
        place = highest[conversation] + 1 if draw.random() < 0.7 else draw.randint(1, 7)
        highest[conversation] = max(place, highest[conversation])
        unknown = draw.random() < 0.05
        seen.append(Placed(message, conversation, None if unknown else place, (), ()))
    return seen


def first_violation(seen: Sequence[Observation]) -> int | None:
    """Return where two messages of one device have places against the order of composing, by comparing all of them."""
    key: dict[MessageId, tuple[DeviceId, ConversationId]] = {}
    places: dict[MessageId, int] = {}
    for at, o in enumerate(seen):
        if isinstance(o, Composed):
            key[o.message] = (o.device, o.conversation)
        elif isinstance(o, Reverted):
            places = {m: p for m, p in places.items() if p <= o.upto or key[m][1] != o.timeline.owner}
        elif isinstance(o, Placed):
            places.pop(o.message, None)
            if o.place is None:
                continue
            for other, place in places.items():
                against = place >= o.place if other < o.message else place <= o.place
                if key[other] == key[o.message] and against:
                    return at
            places[o.message] = o.place
    return None


@pytest.mark.parametrize("compact", [False, True])
def test_the_first_complaint_is_where_the_definition_is_broken_first(compact: bool) -> None:
    found = [0, 0]
    for seed in range(1500):
        automaton, seen = SenderOrder(), drawn(Random(seed))
        if compact:
            automaton.compact(Spill())
        react = {Composed: automaton.on_composed, Placed: automaton.on_placed, Reverted: automaton.on_reverted}
        complaints = [at for at, o in enumerate(seen) if react[type(o)](o) is not None]  # type: ignore[operator]
        assert complaints[:1] == [at for at in (first_violation(seen),) if at is not None], seed
        found[bool(complaints)] += 1
    assert min(found) > 200
