"""Whatever a pass may be in doubt about, once: a history that is clear but for that is judged as one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from syncproof.core.observations import Observation, Quiesced, Unsure
from syncproof.core.values import MessageId
from syncproof.engines.bulk.checker import BulkChecker
from syncproof.engines.check import Checker
from syncproof.formats.columnar import columnar_of
from syncproof.properties import PROPERTIES
from tests.helpers.histories import History
from tests.helpers.random_histories import decoded, said

Steps = Callable[[History], Iterator[None]]
"""A history in batches: it yields at the end of each."""


def stored(history: History, *messages: int) -> None:
    """Send messages, store and accept them, and append them to the log of user 1."""
    for message in messages:
        history.sent(message)
        history.stored(message)
        history.accepted(message, message)
        history.appended(message, message)


def fetched(history: History, *messages: int) -> None:
    """Show entries of the log on the devices that have not shown them, and move their checkpoints."""
    for device in (1, 2):
        history.read(device, messages[0] - 1, messages[-1], *messages)
        for message in messages:
            history.shown(device, message, seq=message)
        history.checkpointed(device, messages[-1])
    for message in messages:
        history.shown(0, message)


def nothing_odd(h: History) -> Iterator[None]:
    stored(h, 1, 2)
    fetched(h, 1, 2)
    yield
    stored(h, 3)
    yield
    fetched(h, 3)


def shown_before_the_entry(h: History) -> Iterator[None]:
    h.sent(1)
    h.stored(1)
    h.shown(1, 1, seq=1)
    h.appended(1, 1)
    yield


def read_before_the_entry(h: History) -> Iterator[None]:
    h.sent(1)
    h.stored(1)
    h.read(1, 0, 1, 1)
    h.appended(1, 1)
    yield


def read_otherwise(h: History) -> Iterator[None]:
    stored(h, 1, 2)
    h.read(1, 0, 2, 1, 3)
    yield


def read_too_little(h: History) -> Iterator[None]:
    stored(h, 1, 2)
    h.read(1, 0, 2, 1)
    yield


def read_trimmed(h: History) -> Iterator[None]:
    stored(h, 1, 2)
    yield
    h.trimmed(1)
    yield
    h.read(1, 0, 2, 1, 2)
    h.read(2, 0, 2, 2)
    yield


def entry_below_the_tail(h: History) -> Iterator[None]:
    h.sent(1, 2)
    h.appended(2, 1)
    h.appended(1, 2)
    yield


def entry_skipped(h: History) -> Iterator[None]:
    stored(h, 1, 2)
    h.shown(1, 2, seq=2)
    yield


def void_skipped(h: History) -> Iterator[None]:
    h.appended(1, None)
    stored(h, 2)
    h.shown(1, 2, seq=2)
    h.checkpointed(1, 2)
    yield


def checkpoint_past_what_comes_later(h: History) -> Iterator[None]:
    h.sent(1, 2)
    h.stored(1)
    h.stored(2)
    h.appended(1, 1)
    h.shown(1, 1, seq=1)
    h.shown(1, 2)
    h.checkpointed(1, 2)
    h.appended(2, 2)
    yield
    h.forgot(1, 2)
    yield
    h.checkpointed(1, 2)
    yield


def checkpoint_past_what_is_not_shown(h: History) -> Iterator[None]:
    stored(h, 1, 2)
    h.shown(1, 1, seq=1)
    h.checkpointed(1, 2)
    yield


def checkpoint_before_it_is_shown(h: History) -> Iterator[None]:
    stored(h, 1)
    h.checkpointed(1, 1)
    h.shown(1, 1, seq=1)
    yield


def checkpoint_back(h: History) -> Iterator[None]:
    stored(h, 1, 2)
    fetched(h, 1, 2)
    h.checkpointed(1, 1)
    yield


def shown_twice_and_two_entries(h: History) -> Iterator[None]:
    h.sent(1)
    h.stored(1)
    h.appended(1, 1)
    h.shown(1, 1, place=1)
    h.observations[-1] = _no_place(h.observations[-1])
    h.add(h.observations[-1])
    h.checkpointed(1, 1)
    yield
    h.appended(2, 1)
    yield
    h.checkpointed(1, 2)
    yield


def _no_place(o: Any) -> Observation:
    made: Observation = type(o)(o.device, o.message, o.conversation)
    return made


def placed_against_the_order_of_composing(h: History) -> Iterator[None]:
    h.composed(1)
    h.composed(2)
    h.placed(2, 1)
    h.placed(1, 2)
    yield


def placed_again(h: History) -> Iterator[None]:
    stored(h, 1, 2)
    fetched(h, 1, 2)
    yield
    h.placed(1, 9)
    h.appended(3, 1)
    h.sent(10)
    h.stored(10)
    h.appended(4, 10)
    h.shown(1, 10, seq=4)
    yield


def placed_below_another(h: History) -> Iterator[None]:
    h.member_added(0)
    h.sent(3)
    h.composed(2, device=1)
    h.placed(2, 2)
    yield
    h.joined(5, 0, [(0, 3)])
    h.roamed(5, 0, 3, 2, 3)
    yield


def shown_outside_the_audience(h: History) -> Iterator[None]:
    h.joined(9, 9)
    yield
    stored(h, 1)
    h.shown(9, 1)
    yield


def shown_twice_from_an_inbox(h: History) -> Iterator[None]:
    stored(h, 1)
    h.shown(1, 1, seq=1, kind="inbox")
    h.shown(1, 1, seq=1, kind="inbox")
    yield


def shown_again_later(h: History) -> Iterator[None]:
    stored(h, 1)
    fetched(h, 1)
    yield
    h.shown(1, 1, seq=1, kind="inbox")
    yield


def shown_before_it_is_stored(h: History) -> Iterator[None]:
    h.sent(1)
    h.shown(1, 1)
    h.stored(1)
    yield


def shown_elsewhere(h: History) -> Iterator[None]:
    stored(h, 1)
    h.shown(1, 1, seq=1)
    h.shown(2, 1, place=4, seq=1)
    h.shown(0, 1)
    yield


def accepted_before_it_is_stored(h: History) -> Iterator[None]:
    h.sent(1)
    h.accepted(1, 1)
    h.stored(1)
    yield


def accepted_at_another_place(h: History) -> Iterator[None]:
    h.sent(1)
    h.stored(1)
    h.accepted(1, 2)
    yield


def composed_again_when_settled(h: History) -> Iterator[None]:
    stored(h, 1)
    fetched(h, 1)
    yield
    h.composed(1)
    yield


def composed_again_and_shown_again(h: History) -> Iterator[None]:
    stored(h, 1)
    fetched(h, 1)
    yield
    h.composed(1)
    yield
    h.shown(1, 1, seq=1, kind="inbox")
    yield


def unsure_and_accepted(h: History) -> Iterator[None]:
    h.sent(1)
    h.stored(1)
    h.add(Unsure(MessageId(1)))
    h.accepted(1, 1)
    yield


def started_above(h: History) -> Iterator[None]:
    stored(h, 1, 2)
    h.shown(1, 1)
    h.shown(1, 2)
    h.checkpointed(1, 2, start=True)
    yield
    stored(h, 3)
    h.shown(1, 3, seq=3)
    yield


def refused_among_others(h: History) -> Iterator[None]:
    h.composed(1)
    yield
    h.refused(1)
    h.placed(1, 1)
    h.stored(1)
    h.accepted(1, 1)
    yield


def never_placed_and_accepted(h: History) -> Iterator[None]:
    h.member_added(0)
    h.member_added(1)
    h.composed(1)
    h.composed(2)
    yield
    h.placed(2, 1)
    h.accepted(1)
    yield


def named_by_a_change(h: History) -> Iterator[None]:
    stored(h, 1, 2)
    h.changed(3)
    h.shown(1, 1)
    h.amended(1, 3, 2)
    h.shown(1, 2)
    h.amended(1, 2, 3)
    yield


def placed_before_it_is_composed(h: History) -> Iterator[None]:
    h.placed(1, 1)
    h.composed(1)
    yield


def entry_before_it_is_placed(h: History) -> Iterator[None]:
    h.composed(1)
    h.appended(1, 1)
    h.placed(1, 1)
    yield


def rest_and_more(h: History) -> Iterator[None]:
    stored(h, 1)
    fetched(h, 1)
    h.add(Quiesced())
    yield
    stored(h, 2)
    yield


def checkpoint_set_back(h: History) -> Iterator[None]:
    stored(h, 1, 2)
    fetched(h, 1, 2)
    h.checkpointed(1, 0, start=True)
    h.checkpointed(1, 2)
    yield


def fruitless(h: History) -> Iterator[None]:
    h.pulled(1, 60)
    yield
    h.pulled(1, 45)
    yield


DOUBTS = (
    nothing_odd, shown_before_the_entry, read_before_the_entry, read_otherwise, read_too_little, read_trimmed,
    entry_below_the_tail, entry_skipped, void_skipped, checkpoint_past_what_comes_later, checkpoint_past_what_is_not_shown,
    checkpoint_before_it_is_shown, checkpoint_back, shown_twice_and_two_entries, placed_against_the_order_of_composing,
    placed_again, placed_below_another, shown_outside_the_audience, shown_twice_from_an_inbox, shown_again_later,
    shown_before_it_is_stored, shown_elsewhere, accepted_before_it_is_stored, accepted_at_another_place,
    composed_again_when_settled, composed_again_and_shown_again, unsure_and_accepted, started_above, refused_among_others,
    never_placed_and_accepted, named_by_a_change,
    placed_before_it_is_composed, entry_before_it_is_placed, rest_and_more, checkpoint_set_back, fruitless,
)  # fmt: skip


def batches(steps: Steps) -> list[list[Observation]]:
    history, found, start = History(), [], 0
    for _ in steps(history):
        found.append(decoded(history.observations[start:]))
        start = len(history.observations)
    return [*found, decoded([*history.observations[start:], Quiesced()])]


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("without", ["", "conversation-order", "sender-order"])
@pytest.mark.parametrize("steps", DOUBTS)
def test_a_doubt_is_left_to_the_automata(steps: Steps, without: str, recorded: bool) -> None:
    parts, names = batches(steps), [name for name in PROPERTIES if name != without]
    plain, fast = Checker(names, recorded), Checker(names, recorded)
    bulk = BulkChecker(fast, least=1)

    def one_by_one() -> None:
        plain.feed(1, [o for part in parts for o in part])

    def in_bulk() -> None:
        first = 1
        for part in parts:
            bulk.feed(first, columnar_of(part))
            first += len(part)

    assert said(fast, in_bulk) == said(plain, one_by_one)


def test_what_is_in_no_doubt_is_cleared_in_one_stretch() -> None:
    (first, *_) = batches(nothing_odd)
    bulk = BulkChecker(Checker(PROPERTIES), least=len(first) - 5)
    bulk.feed(1, columnar_of(first))
    assert bulk.cleared == len(first) - 3  # who joins is for the automata
