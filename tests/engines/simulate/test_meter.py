"""The meter measures the same deliveries in every design: those between devices that were connected when it was composed."""

from __future__ import annotations

import math

from syncproof.core.observations import (
    Abandoned,
    Accepted,
    Composed,
    Connected,
    Disconnected,
    Joined,
    MemberAdded,
    MemberRemoved,
    Observation,
    Placed,
    Refused,
    Retired,
    Shown,
)
from syncproof.core.values import ConversationId, DeviceId, MessageId, UserId
from syncproof.engines.simulate.clock import Clock
from syncproof.engines.simulate.histogram import Histogram
from syncproof.engines.simulate.meter import Meter

PHONE, LAPTOP = DeviceId(0), DeviceId(1)
ANN, BOB = UserId(0), UserId(1)
MESSAGE, CONVERSATION = MessageId(7), ConversationId(0)
COMPOSED = Composed(MESSAGE, PHONE, CONVERSATION)
PLACED = Placed(MESSAGE, CONVERSATION, 1, (ANN, BOB), (PHONE, LAPTOP))
ACCEPTED = Accepted(MESSAGE, 1)
SHOWN = Shown(LAPTOP, MESSAGE, CONVERSATION, 1)
OWN = Shown(PHONE, MESSAGE, CONVERSATION, 1)
OPENING: list[Observation] = [
    Joined(PHONE, ANN),
    Joined(LAPTOP, BOB),
    MemberAdded(CONVERSATION, ANN),
    MemberAdded(CONVERSATION, BOB),
    Connected(PHONE),
    Connected(LAPTOP),
]


def measured(*observed: tuple[float, Observation], closed: float = math.nan) -> Meter:
    """Return a meter after observations at these times; both devices are connected from the beginning.

    `closed`: when the measurement ends; by default before nothing.
    """
    meter = Meter(Clock())
    for at, observation in [*[(0.0, each) for each in OPENING], *observed]:
        if at > closed and not meter.closed:
            meter.close()
        meter.clock.now = at
        listener = meter.listeners.get(type(observation))
        if listener is not None:
            listener(observation)
    if not meter.closed:
        meter.close()
    return meter


def seconds(histogram: Histogram) -> list[float]:
    """Return the durations of a histogram in which no bin has two, shortest first."""
    assert set(histogram.counts.values()) <= {1}
    return [histogram.sums[place] for place in sorted(histogram.sums)]


def test_a_delivery_lasts_from_composed_to_shown() -> None:
    meter = measured((1.0, COMPOSED), (2.0, PLACED), (3.0, ACCEPTED), (6.0, SHOWN))
    assert seconds(meter.delivery) == [5.0]
    assert meter.late == [1, 0, 0]


def test_it_counts_whenever_the_message_is_accepted() -> None:
    meter = measured((1.0, COMPOSED), (2.0, PLACED), (4.0, SHOWN), (9.0, ACCEPTED))
    assert seconds(meter.delivery) == [3.0]
    assert seconds(meter.accept) == [8.0]


def test_the_composing_device_is_no_receiver() -> None:
    meter = measured((1.0, COMPOSED), (2.0, PLACED), (3.0, OWN), (6.0, SHOWN))
    assert seconds(meter.delivery) == [5.0]


def test_a_receiver_that_is_not_connected_is_not_measured() -> None:
    meter = measured((0.5, Disconnected(LAPTOP, True)), (1.0, COMPOSED), (2.0, PLACED), (6.0, SHOWN))
    assert meter.delivery.total == 0


def test_a_sender_that_is_not_connected_is_not_measured() -> None:
    meter = measured((0.5, Disconnected(PHONE, True)), (1.0, COMPOSED), (2.0, PLACED), (3.0, ACCEPTED), (6.0, SHOWN))
    assert meter.delivery.total == meter.accept.total == 0
    assert meter.messages == 1


def test_a_receiver_that_disconnects_later_stays_in_the_set() -> None:
    gone = (1.5, Disconnected(LAPTOP, False))
    meter = measured((1.0, COMPOSED), gone, (2.0, PLACED), (3.0, ACCEPTED), (500.0, Connected(LAPTOP)), (501.0, SHOWN))
    assert seconds(meter.delivery) == [500.0]
    assert meter.late == [1, 1, 1]


def test_what_is_shown_after_the_end_is_later_than_everything() -> None:
    meter = measured((1.0, COMPOSED), (2.0, PLACED), (3.0, ACCEPTED), (60.0, SHOWN), closed=50.0)
    assert meter.delivery.beyond == 1
    assert meter.delivery.counts == {}
    assert meter.late == [1, 1, 1]


def test_a_refused_message_leaves_the_set() -> None:
    meter = measured((1.0, COMPOSED), (2.0, Refused(MESSAGE)))
    assert meter.delivery.total == 0
    assert meter.left == 1
    assert meter.accept.total == 0


def test_an_abandoned_device_leaves_the_set() -> None:
    meter = measured((1.0, COMPOSED), (2.0, PLACED), (3.0, Abandoned(LAPTOP)))
    assert (meter.left, meter.delivery.beyond) == (1, 0)


def test_a_retired_device_leaves_the_set() -> None:
    meter = measured((1.0, COMPOSED), (2.0, PLACED), (3.0, Retired(LAPTOP)))
    assert meter.delivery.total == 0
    assert meter.left == 1


def test_a_member_who_leaves_before_the_message_has_its_place_leaves_the_set() -> None:
    alone = Placed(MESSAGE, CONVERSATION, 1, (ANN,), (PHONE,))
    for removed in (MemberRemoved(CONVERSATION, BOB),), ():
        meter = measured((1.0, COMPOSED), *[(2.0, each) for each in removed], (3.0, alone))
        assert meter.delivery.total == 0
        assert meter.left == 1


def test_replies_to_retries_change_nothing() -> None:
    meter = measured((1.0, COMPOSED), (2.0, PLACED), (3.0, ACCEPTED), (4.0, ACCEPTED), (6.0, SHOWN), (7.0, ACCEPTED))
    assert meter.messages == 1
    assert seconds(meter.accept) == [2.0]
    assert seconds(meter.delivery) == [5.0]
    assert meter.behind[LAPTOP] == 0


def test_a_message_that_takes_a_second_place_is_one_message() -> None:
    second = (Placed(MESSAGE, CONVERSATION, 2, (ANN, BOB), (PHONE, LAPTOP)), Accepted(MESSAGE, 2))
    meter = measured((1.0, COMPOSED), (2.0, PLACED), (3.0, ACCEPTED), (4.0, second[0]), (5.0, second[1]), (6.0, SHOWN))
    assert meter.messages == 1
    assert seconds(meter.delivery) == [5.0]


def test_who_has_shown_a_message_is_not_behind_when_it_is_placed_once_more() -> None:
    """So it is with a retry that is stored a second time, and with a server that lost the first placement in a restore."""
    retry = measured(
        (1.0, COMPOSED), (2.0, PLACED), (3.0, ACCEPTED), (4.0, PLACED), (4.5, OWN), (5.0, SHOWN), (6.0, ACCEPTED)
    )
    restore = measured((1.0, COMPOSED), (2.0, PLACED), (3.0, SHOWN), (4.0, PLACED), (5.0, ACCEPTED), (6.0, OWN))
    for meter in retry, restore:
        assert dict(meter.behind) == {PHONE: 0, **({LAPTOP: 0} if meter is retry else {})}


def test_who_left_before_a_message_was_placed_once_more_is_not_behind() -> None:
    alone = Placed(MESSAGE, CONVERSATION, 1, (ANN,), (PHONE,))
    meter = measured(
        (1.0, COMPOSED), (2.0, PLACED), (3.0, MemberRemoved(CONVERSATION, BOB)), (4.0, alone), (5.0, ACCEPTED)
    )
    assert dict(meter.behind) == {PHONE: 1}


def test_a_message_that_is_accepted_and_never_placed_is_counted() -> None:
    meter = measured((1.0, COMPOSED), (3.0, ACCEPTED))
    assert meter.messages == 1
    assert seconds(meter.accept) == [2.0]
    assert meter.delivery.beyond == 1


def absence(*connections: Observation, shown: float, closed: float = math.nan) -> Meter:
    """Return a meter after an absence of the laptop in which one message was accepted; `connections` at 10, 11, ... s."""
    away = (0.5, Disconnected(LAPTOP, True))
    back = [(10.0 + number, each) for number, each in enumerate(connections)]
    accepted = ((1.0, COMPOSED), (2.0, PLACED), (3.0, ACCEPTED))
    return measured(away, *accepted, *back, (shown, SHOWN), closed=closed)


def test_catching_up_lasts_from_connected_to_everything_shown() -> None:
    assert seconds(absence(Connected(LAPTOP), shown=12.0).catchup) == [2.0]


def test_a_catch_up_that_is_cut_goes_on_at_the_next_connection() -> None:
    cut = (Connected(LAPTOP), Disconnected(LAPTOP, False), Connected(LAPTOP))
    assert seconds(absence(*cut, shown=13.0).catchup) == [3.0]


def test_a_catch_up_that_has_not_ended_is_later_than_everything() -> None:
    found = absence(Connected(LAPTOP), shown=60.0, closed=50.0)
    assert found.catchup.beyond == 1
    assert found.catchup.counts == {}
