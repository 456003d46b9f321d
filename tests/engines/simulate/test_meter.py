"""The meter counts a message once, from the first reply that accepts it, however many replies there are."""

from __future__ import annotations

from syncproof.core.observations import Accepted, Composed, Connected, Observation, Placed, Shown
from syncproof.core.values import ConversationId, DeviceId, MessageId, UserId
from syncproof.engines.simulate.clock import Clock
from syncproof.engines.simulate.meter import Meter

PHONE, LAPTOP = DeviceId(0), DeviceId(1)
MESSAGE, CONVERSATION = MessageId(7), ConversationId(0)
COMPOSED = Composed(MESSAGE, PHONE, CONVERSATION)
PLACED = Placed(MESSAGE, CONVERSATION, 1, (UserId(0),), (LAPTOP,))
ACCEPTED = Accepted(MESSAGE, 1)
SHOWN = Shown(LAPTOP, MESSAGE, CONVERSATION, 1)


def measured(*observed: tuple[float, Observation]) -> Meter:
    """Return a meter after observations at these times; both devices are connected from the beginning."""
    meter = Meter(Clock())
    for at, observation in [(0.0, Connected(PHONE)), (0.0, Connected(LAPTOP)), *observed]:
        meter.clock.now = at
        listener = meter.listeners.get(type(observation))
        if listener is not None:
            listener(observation)
    return meter


def test_replies_to_retries_change_nothing() -> None:
    meter = measured((1.0, COMPOSED), (2.0, PLACED), (3.0, ACCEPTED), (4.0, ACCEPTED), (6.0, SHOWN), (7.0, ACCEPTED))
    assert meter.messages == 1
    assert meter.accepts.tolist() == [2.0]
    assert meter.live.tolist() == [3.0]
    assert meter.behind[LAPTOP] == 0


def test_a_message_that_takes_a_second_place_is_one_message_and_is_delivered_from_there() -> None:
    second = (Placed(MESSAGE, CONVERSATION, 2, (UserId(0),), (LAPTOP,)), Accepted(MESSAGE, 2))
    meter = measured((1.0, COMPOSED), (2.0, PLACED), (3.0, ACCEPTED), (4.0, second[0]), (5.0, second[1]), (6.0, SHOWN))
    assert meter.messages == 1
    assert meter.accepts.tolist() == [2.0]
    assert meter.live.tolist() == [1.0]


def test_a_message_that_is_accepted_and_never_placed_is_counted() -> None:
    meter = measured((1.0, COMPOSED), (3.0, ACCEPTED))
    assert meter.messages == 1
    assert meter.accepts.tolist() == [2.0]
