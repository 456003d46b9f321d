"""A bounded world: a retransmission timer fires early as often as its bound says, and at rest always."""

from __future__ import annotations

from syncproof.core.enabled import BoundedWorld
from syncproof.core.moves import Arrive, Fire, Lose, Tell
from tests.helpers.alternating_bit import RECEIVER, SENDER, Again, Put, Word, environment, protocol

FIRE = Fire(SENDER, Again())


def sent(early: int) -> BoundedWorld:
    """Return a world in which a word is on its way, and the timer is pending."""
    made = BoundedWorld(protocol(), environment(words=1, lost=1, early=early), lambda _: None)
    made.make(Tell(SENDER, Put()))
    return made


def fires(made: BoundedWorld) -> bool:
    return FIRE in made.every()


def test_a_timer_fires_early_as_often_as_its_bound_says() -> None:
    made = sent(early=1)
    assert made.is_early(FIRE)
    made.make(FIRE)
    assert made.early == {Again: 0}
    assert not fires(made)
    assert not made.attempt(FIRE)


def test_a_firing_at_rest_is_not_counted() -> None:
    made = sent(early=0)
    assert not fires(made)
    made.make(Lose(RECEIVER, Word(False), SENDER))
    assert fires(made)
    assert not made.is_early(FIRE)
    assert made.attempt(FIRE)
    assert made.early == {Again: 0}


def test_a_fork_has_a_bound_of_its_own() -> None:
    made = sent(early=1)
    made.fork(lambda _: None).make(FIRE)
    assert made.early == {Again: 1}


def test_without_a_bound_a_timer_fires_at_any_moment() -> None:
    made = BoundedWorld(protocol(), environment(words=1), lambda _: None)
    made.make(Tell(SENDER, Put()))
    for _ in range(3):
        made.make(FIRE)
    assert [move for move in made.every() if isinstance(move, Arrive)] == [Arrive(RECEIVER, Word(False), SENDER)]
