"""A design that retransmits can be proved: identical packets are one, early firings are bounded, and the bound decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest

from syncproof.core.actor import Actor, Out, actor, durable, on
from syncproof.core.environment import Environment
from syncproof.core.moves import Duplicate, Fire, Tell
from syncproof.core.packets import Idle, Packet
from syncproof.core.values import ActorId, Id
from syncproof.core.world import System
from syncproof.engines.explore import Limits, explore
from syncproof.errors import InputError
from tests.core.test_coalescing import ONE, RECEIVER, Lossy, Ordered, Reliable, Say
from tests.core.test_coalescing import system as speakers
from tests.engines.explore.test_equal_to_world import Walk
from tests.helpers.alternating_bit import Again, Chat, Delivered, EveryWord, Sent, environment, protocol
from tests.helpers.brute_force import Judge

NAME = EveryWord.name


class Look(Packet, frozen=True, gc=False):
    """The poll."""


@actor
class Dithering(Actor):
    """Arms and disarms a timer without end, and so never delivers what it has sent."""

    armed: bool = durable(bool)

    def start(self, out: Out) -> None:
        out.observe(Sent())
        out.send(self.id, Chat())

    @on(Chat)
    def chat(self, source: Id, packet: Chat, out: Out) -> None:
        if self.armed:
            out.cancel(Again())
        else:
            out.after(1.0, Again())
        self.armed = not self.armed
        out.send(self.id, Chat())

    @on(Again)
    def again(self, source: Id, packet: Again, out: Out) -> None:
        self.armed = False


@actor
class Looking(Actor):
    """Waits for its timer and its poll. The poll disarms the timer for a while; the timer delivers."""

    delivered: bool = durable(bool)

    def start(self, out: Out) -> None:
        out.observe(Sent())
        self._wait(out)

    @on(Look)
    def look(self, source: Id, packet: Look, out: Out) -> None:
        out.cancel(Again())
        out.send(self.id, Chat())

    @on(Chat)
    def chat(self, source: Id, packet: Chat, out: Out) -> None:
        self._wait(out)

    @on(Again)
    def again(self, source: Id, packet: Again, out: Out) -> None:
        if not self.delivered:
            self.delivered = True
            out.observe(Delivered())

    def _wait(self, out: Out) -> None:
        out.after(1.0, Again())
        out.poll(60.0, Look(), Idle(Look(), Look()))


def dithering() -> System:
    return System("dithering", lambda: {ActorId(0): Dithering(id=ActorId(0))})


def looking() -> System:
    return System("looking", lambda: {ActorId(0): Looking(id=ActorId(0))})


def judged(system: System, limits: Environment) -> str:
    """Return the verdict of the explorer, with which the independent judge must agree."""
    found = explore(system, limits, [EveryWord])
    assert found.complete
    judge = Judge(system, limits, [EveryWord]).run()
    assert len(judge.states) == len(found.graph.states)
    verdict = "violated" if NAME in judge.violated else "unknown" if NAME in judge.unknown else "holds"
    assert found.findings[NAME].verdict == verdict
    return verdict


@pytest.mark.parametrize("early", [None, 0, 1, 2])
def test_a_protocol_that_retransmits_is_proved(early: int | None) -> None:
    assert judged(protocol(), environment(lost=2, duplicated=1, early=early)) == "holds"


def test_without_retransmission_a_lost_word_is_a_violation() -> None:
    assert judged(protocol(""), environment()) == "violated"


def test_a_restless_world_does_not_excuse_a_sender_without_retransmission() -> None:
    assert judged(protocol("", restless=True), environment()) == "violated"


@pytest.mark.parametrize("early", [0, 1])
def test_a_timer_that_does_nothing_is_a_violation(early: int) -> None:
    assert judged(protocol("nothing"), environment(early=early)) == "violated"


def test_a_firing_that_changes_nothing_is_held_back_by_no_bound() -> None:
    assert judged(protocol("nothing", restless=True), environment(words=1, early=1)) == "violated"


@pytest.mark.parametrize("early", [0, 1])
def test_a_timer_that_is_disarmed_again_and_again_need_not_fire(early: int) -> None:
    assert judged(dithering(), Environment(early={Again: early})) == "violated"


@pytest.mark.parametrize("early", [0, 1])
def test_a_timer_that_is_possible_at_rest_again_and_again_fires(early: int) -> None:
    limits = Environment(early={Again: early}, polls="at-rest")
    assert judged(looking(), limits) == "holds"


@pytest.mark.parametrize("polls", ["any", "at-rest"])
@pytest.mark.parametrize("early", [0, 1])
def test_polls_and_bounded_timers_do_not_wait_for_each_other(polls: Literal["any", "at-rest"], early: int) -> None:
    found = Walk(looking(), Environment(early={Again: early}, polls=polls), [EveryWord])
    found.run()
    fired = [move.packet for move in found.tables.moves.values if isinstance(move, Fire)]
    assert {Look(), Again()} <= set(fired)


def test_tables_and_world_keep_each_packet_of_a_reliable_link() -> None:
    said = [Tell(ONE, Say(Reliable(1))), Tell(ONE, Say(Lossy(1)))]
    found = Walk(speakers(), Environment(scripts=tuple((tell, tell) for tell in said)), [])
    found.run()
    assert found.met["arrive"] > 0


@pytest.mark.parametrize("words", [(1, 2, 1), (2, 1, 1), (1, 1, 1)])
@pytest.mark.parametrize("kind", [Lossy, Ordered])
def test_tables_world_and_judge_agree_on_what_is_identical(
    kind: Callable[[int], Packet], words: tuple[int, ...]
) -> None:
    limits = Environment(scripts=(tuple([Tell(ONE, Say(kind(word))) for word in words]),))
    Walk(speakers(), limits, []).run()
    judge = Judge(speakers(), limits, []).run()
    assert len(judge.states) == len(explore(speakers(), limits, []).graph.states)


@actor
class Hearer(Actor):
    """Notices when it hears 1 after 2."""

    last: int = durable(int)

    @on(Ordered)
    def hear(self, source: Id, packet: Ordered, out: Out) -> None:
        if (self.last, packet.value) == (2, 1):
            out.observe(Sent())  # and never `Delivered`
        self.last = packet.value


@actor
class Burst(Actor):
    """Says 1, 2 and 1 at once."""

    @on(Say)
    def say(self, source: Id, packet: Say, out: Out) -> None:
        for word in (1, 2, 1):
            out.send(RECEIVER, Ordered(word))


def test_a_bug_that_needs_a_packet_again_after_another_one_is_found() -> None:
    system = System("burst", lambda: {ONE: Burst(id=ONE), RECEIVER: Hearer(id=RECEIVER)})
    assert judged(system, Environment(scripts=((Tell(ONE, Say(Ordered(0))),),))) == "violated"


def test_what_only_the_bound_decides_is_unknown() -> None:
    limits = environment(words=1, lost=1, early=0)
    assert judged(protocol(restless=True), limits) == "unknown"
    finding = explore(protocol(restless=True), limits, [EveryWord]).findings[NAME]
    assert "Again 0" in finding.why


def test_a_larger_bound_decides_it() -> None:
    assert judged(protocol(restless=True), environment(words=1, lost=1, early=1)) == "holds"
    assert judged(protocol(restless=True), environment(words=1, lost=1)) == "holds"


def test_without_the_rule_identical_packets_pile_up() -> None:
    system = protocol().recorded()
    found = explore(system, environment(words=1, lost=0), [EveryWord], limits=Limits(states=3_000))
    assert not found.complete


def test_a_bound_on_firings_bounds_copies_that_each_travel_by_themselves() -> None:
    system = protocol().recorded()
    assert explore(system, environment(words=1, lost=0, early=2), [EveryWord]).complete


def test_a_duplicate_is_still_made_on_purpose() -> None:
    found = explore(protocol(), environment(words=1, duplicated=1), [EveryWord])
    assert any(isinstance(move, Duplicate) for move in found.tables.moves.values)
    assert found.coverage["push-duplicated"][0] > 0


@pytest.mark.parametrize("early", [None, 0, 1])
@pytest.mark.parametrize("restless", [False, True])
def test_tables_are_equal_to_the_world(early: int | None, restless: bool) -> None:
    found = Walk(protocol(restless=restless), environment(duplicated=1, early=early), [EveryWord])
    found.run()
    assert bool(found.met["fire"]) == (not restless or early != 0)  # a restless world is never at rest
    assert found.met["push-duplicated"] > 0
    assert bool(found.met["idle early firing"]) == bool(early)


def test_a_firing_at_rest_is_not_early() -> None:
    found = explore(protocol(), environment(words=1, lost=1, early=0), [EveryWord])
    assert any(isinstance(move, Fire) for move in found.tables.moves.values)
    assert found.findings[NAME].verdict == "holds"


@pytest.mark.parametrize(
    ("early", "says"),
    [
        ({Chat: 1}, "early: unknown retransmission timer 'Chat'; did you mean 'Again'?"),
        ({"Again": 1}, "early: unknown retransmission timer \"'Again'\""),
        ({Again: -1}, "early: Again: -1; allowed: a whole number, 0 or more"),
        ({Again: True}, "early: Again: True; allowed: a whole number, 0 or more"),
    ],
)
def test_a_bound_of_an_unknown_timer_is_refused(early: dict[type, int], says: str) -> None:
    with pytest.raises(InputError) as refused:
        explore(protocol(), Environment(early=early), [EveryWord])
    assert str(refused.value).startswith(says.split(";")[0])
