"""What a search keeps is computed again: steps, links, crashes, restores, the beginning, and automata must be pure."""

from __future__ import annotations

import datetime
import itertools
import logging
import random
import re
import time
import uuid
from collections.abc import Callable
from time import monotonic as ticks
from typing import Any, ClassVar

import pytest

from syncproof.core.actor import Actor, Out, actor, durable, on, state, volatile
from syncproof.core.environment import Environment
from syncproof.core.links import DUPLICATING, UNORDERED
from syncproof.core.moves import Fire, MoveError, Tell
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import Id, ServerId
from syncproof.core.world import System
from syncproof.engines.explore import ImpureHandler, constraint, exploration, explore, purity, search
from syncproof.properties import Property, observes

NAME = ServerId(-2)
SEEDED = random.Random(7)


class Counted:
    """Something outside of every actor's fields."""

    calls: ClassVar[Any] = itertools.count()


class Go(Packet, frozen=True, gc=False):
    number: int = 0


class Fickle(Packet, frozen=True, gc=False):
    @property
    def link(self) -> Any:  # type: ignore[override]
        return UNORDERED if next(Counted.calls) < 2 else DUPLICATING


class Landed(Packet, frozen=True, gc=False):
    pass


class Went(Observation, frozen=True, gc=False):
    pass


@actor
class Impure(Actor):
    """Depends on a count outside of its fields, in the place that `where` names."""

    where: str = ""
    number: int = durable(int)
    landed: int = durable(int)
    left: int = durable(int)

    def _count(self, where: str) -> int:
        return next(Counted.calls) if self.where == where else 0

    def start(self, out: Out) -> None:
        self.number = self._count("start")

    def steps(self):
        if self.where == "steps":
            yield Go(min(self._count("steps"), 1))

    def crash(self) -> None:
        super().crash()
        self.left = self._count("crash")

    def restored(self, before: Any, out: Out) -> None:
        self.number = 100 + self._count("restored")

    @on(Go)
    def go(self, source: Id, packet: Go, out: Out) -> None:
        out.observe(Went())
        if self.where == "landing":
            out.write("disk", 1, 1, Landed())
        if self.where == "link":
            out.send(self.id, Fickle())

    @on(Landed)
    def lands(self, source: Id, packet: Landed, out: Out) -> None:
        self.landed = self._count("landing") // 2

    @on(Fickle)
    def fickle(self, source: Id, packet: Fickle, out: Out) -> None:
        pass


@state
class ImpureProperty(Property):
    name = "impure-property"
    seen: int = 0

    @observes(Went)
    def on_went(self, went: Went) -> str | None:
        self.seen = next(Counted.calls)
        return None


BUDGETS = {"restored": {"server-restore": 1}, "landing": {"server-crash": 1}, "crash": {"server-crash": 1}}


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("start", r"^ServerId\(-2\) \(Impure\) began differently when the world was set up again"),
        ("steps", r"^ServerId\(-2\) \(Impure\) offered other steps when it was asked again"),
        ("restored", r"^ServerId\(-2\) \(Impure\) was something else when it was restored again"),
        ("crash", r"^ServerId\(-2\) \(Impure\) left something else behind when it crashed again"),
        ("link", r"^the network to ServerId\(-2\) \(Impure\) offered other moves .* a packet's link changes"),
    ],
)
def test_what_depends_on_more_than_its_key_is_an_error(where: str, says: str) -> None:
    Counted.calls = itertools.count()
    system = System("impure", lambda: {NAME: Impure(id=NAME, where=where)})
    environment = Environment(scripts=((Tell(NAME, Go()),),), budgets=BUDGETS.get(where, {}))
    with pytest.raises(ImpureHandler, match=says):
        explore(system, environment)


def test_a_write_that_lands_differently_is_an_error() -> None:
    Counted.calls = itertools.count()
    system = System("impure", lambda: {NAME: Impure(id=NAME, where="landing")})
    environment = Environment(scripts=((Tell(NAME, Go()),),), budgets={"server-crash": 1})
    with pytest.raises(ImpureHandler, match=r"left something else behind when it crashed again|did something else"):
        explore(system, environment)


def test_an_automaton_that_reacts_differently_is_an_error() -> None:
    Counted.calls = itertools.count()
    system = System("pure", lambda: {NAME: Impure(id=NAME)})
    with pytest.raises(ImpureHandler, match="the property impure-property reacted differently when it observed Went"):
        explore(system, Environment(scripts=((Tell(NAME, Go()),),)), [ImpureProperty])


def test_what_is_pure_passes() -> None:
    system = System("pure", lambda: {NAME: Impure(id=NAME)})
    budgets = {"server-crash": 1, "server-restore": 1}
    assert explore(system, Environment(scripts=((Tell(NAME, Go()),),), budgets=budgets)).complete


CHAIN = 40
"""More steps than a sample of `AT_MOST` entries looks at again."""


@actor
class OneFickleStep(Actor):
    """Count to `CHAIN` by steps. At one number in between it offers another step the second time it is asked."""

    number: int = durable(int)

    def steps(self):
        if self.number < CHAIN:
            fickle = self.number == 7 and next(Counted.calls) > 0
            yield Go(1 if fickle else 0)

    @on(Go)
    def go(self, source: Id, packet: Go, out: Out) -> None:
        self.number += 1


@pytest.mark.parametrize("every", [True, False])
def test_every_entry_is_computed_again_if_that_is_asked_for(every: bool) -> None:
    Counted.calls = itertools.count()
    system = System("fickle once", lambda: {NAME: OneFickleStep(id=NAME)})
    if not every:  # the sample does not look at this one
        assert explore(system, Environment()).complete
        return
    with pytest.raises(ImpureHandler, match="offered other steps when it was asked again"):
        explore(system, Environment(), check_every_call=True)


def test_every_call_is_made_again_if_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exploration, "RERUN_AT_MOST", 10)
    Counted.calls = itertools.repeat(0)  # type: ignore[assignment]
    system = System("pure", lambda: {NAME: OneFickleStep(id=NAME)})
    assert explore(system, Environment()).reran < 15
    assert explore(system, Environment(), check_every_call=True).reran == CHAIN


@pytest.mark.parametrize(("at_most", "reran"), [(CHAIN + 1, CHAIN), (CHAIN, CHAIN // 2), (CHAIN // 3, CHAIN // 4)])
def test_every_handler_call_is_made_again_or_as_many_as_there_may_be(
    at_most: int, reran: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exploration, "RERUN_AT_MOST", at_most)
    monkeypatch.setattr(Counted, "calls", itertools.repeat(0))
    system = System("pure", lambda: {NAME: OneFickleStep(id=NAME)})
    assert explore(system, Environment()).reran == reran


@pytest.mark.parametrize(("entries", "sampled"), [(0, 0), (1, 1), (8, 8), (15, 15), (16, 8), (23, 12), (24, 8)])
def test_a_sample_has_about_eight_entries_spread_evenly(entries: int, sampled: int) -> None:
    found = purity._sample(range(entries))
    assert len(found) == sampled
    assert list(found[:1]) == [0] * bool(entries)


@actor
class Lame(Actor):
    """Leaves a count behind when a backup is taken while it is down."""

    up: bool = volatile(bool)
    left: int = durable(int)

    def start(self, out: Out) -> None:
        self.up = True

    def crash(self) -> None:
        up = self.up
        super().crash()
        if not up:
            self.left = next(Counted.calls)


def test_a_backup_that_is_taken_while_an_actor_is_down_is_taken_again() -> None:
    Counted.calls = itertools.count()
    system = System("lame", lambda: {NAME: Lame(id=NAME)})
    with pytest.raises(ImpureHandler, match=r"\(Lame\) was something else when it was restored again"):
        explore(system, Environment(budgets={"server-crash": 1, "server-restore": 1}), check_every_call=True)


def test_the_amounts_of_what_is_done_again_are_changed_on_purpose_only() -> None:
    assert (exploration.RERUN_AT_MOST, constraint.AGAIN_AT_MOST, search.CHECK_EVERY) == (20_000, 1_000, 2_048)


@pytest.mark.parametrize("first", [False, True])
def test_a_guard_that_says_something_else_is_an_error(first: bool) -> None:
    Counted.calls = itertools.count()

    def guard(self: Any, source: Id, packet: Packet) -> bool:
        return first is (next(Counted.calls) == 0)

    @actor
    class Moody(Actor):
        def start(self, out: Out) -> None:
            out.send(self.id, Landed())

        @on(Landed, when=guard)
        def landed(self, source: Id, packet: Landed, out: Out) -> None: ...

    with pytest.raises(ImpureHandler, match="Moody"):
        explore(System("moody", lambda: {NAME: Moody(id=NAME)}), Environment())


class Came(Observation, frozen=True, gc=False):
    pass


@state
class SeesBoth(Property):
    name = "sees-both"

    @observes(Went)
    def on_went(self, went: Went) -> None: ...

    @observes(Came)
    def on_came(self, came: Came) -> None: ...


@actor
class Telling(Actor):
    """Tells of the second packet what it told of the first one, when it is called again."""

    @on(Go)
    def go(self, source: Id, packet: Go, out: Out) -> None:
        out.observe(Went() if packet.number == 0 or next(Counted.calls) else Came())


def test_an_observation_that_was_made_before_by_another_call_is_another_one() -> None:
    Counted.calls = itertools.count()
    system = System("telling", lambda: {NAME: Telling(id=NAME)})
    with pytest.raises(ImpureHandler, match=r"did something else when it was called again, handling Go\(number=1\)"):
        explore(system, Environment(scripts=((Tell(NAME, Go(0)), Tell(NAME, Go(1))),)), [SeesBoth])


@actor
class Sending(Actor):
    """Sends itself for one packet what it sent for another one, when it is called again."""

    which: int = 0

    @on(Go)
    def go(self, source: Id, packet: Go, out: Out) -> None:
        again = packet.number == self.which and next(Counted.calls) > 0
        out.after(1.0, Landed() if again == (packet.number > 0) else Fickle())

    @on(Packet)
    def lands(self, source: Id, packet: Packet, out: Out) -> None:
        pass


@pytest.mark.parametrize("which", [0, 1])
def test_what_was_sent_before_or_later_for_another_packet_is_something_else(which: int) -> None:
    Counted.calls = itertools.count()
    system = System("sending", lambda: {NAME: Sending(id=NAME, which=which)})
    says = rf"did something else when it was called again, handling Go\(number={which}\)"
    with pytest.raises(ImpureHandler, match=says):
        explore(system, Environment(scripts=((Tell(NAME, Go(0)), Tell(NAME, Go(1))),)))


@actor
class Drawn(Actor):
    """Asks for a delay or an amount that is another one at each call, of the kind `how`; a search finds the same with each."""

    how: str = ""

    @on(Go)
    def go(self, source: Id, packet: Go, out: Out) -> None:
        drawn = next(Counted.calls)
        out.observe(Went())
        if self.how == "after":
            out.after(1.0 + drawn, Landed())
        elif self.how == "jitter":
            out.after(1.0, Landed(), drawn / 1000)
        else:
            getattr(out, self.how)("disk", 1, drawn, Landed())

    @on(Landed)
    def landed(self, source: Id, packet: Landed, out: Out) -> None:
        pass


@pytest.mark.parametrize("how", ["after", "jitter", "write", "read"])
def test_a_delay_or_an_amount_that_is_drawn_is_an_error(how: str) -> None:
    Counted.calls = itertools.count()
    system = System("drawn", lambda: {NAME: Drawn(id=NAME, how=how)})
    with pytest.raises(ImpureHandler, match=r"Drawn\) did something else when it was called again"):
        explore(system, Environment(scripts=((Tell(NAME, Go()),),)))


READS: dict[str, Callable[[Id, Go], object]] = {
    "random": lambda source, packet: random.random() < 2,
    "generator": lambda source, packet: SEEDED.randint(1, 6),
    "urandom": lambda source, packet: uuid.uuid4(),
    "clock": lambda source, packet: time.time(),
    "renamed": lambda source, packet: ticks(),
    "today": lambda source, packet: datetime.date.today(),
    "seeded": lambda source, packet: random.Random(packet.number).random(),
    "log": lambda source, packet: logging.getLogger("quiet").warning("moved"),
}


@actor
class Reading(Actor):
    """Reads what no call can read again, of the kind `what`, and makes nothing of it."""

    what: str = ""

    @on(Go)
    def go(self, source: Id, packet: Go, out: Out) -> None:
        READS[self.what](source, packet)


def read(what: str) -> None:
    explore(System("reading", lambda: {NAME: Reading(id=NAME, what=what)}), Environment(scripts=((Tell(NAME, Go()),),)))


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("random", "a random number is drawn (random)"),
        ("generator", "a random number is drawn (getrandbits)"),
        ("urandom", "a random number is drawn (urandom)"),
        ("clock", "the clock is read (time.time)"),
        ("renamed", "the clock is read (time.monotonic)"),
        ("today", "the clock is read (date.today)"),
    ],
)
def test_a_draw_or_a_clock_is_told_even_if_nothing_comes_of_it(what: str, says: str) -> None:
    with pytest.raises(ImpureHandler, match=rf"test_purity\.py:\d+: {re.escape(says)}"):
        read(what)


@pytest.mark.parametrize("what", ["seeded", "log"])
def test_a_generator_made_of_the_packet_and_a_log_are_allowed(what: str) -> None:
    read(what)


def test_a_world_that_begins_otherwise_when_it_is_set_up_again_is_an_error() -> None:
    Counted.calls = itertools.count()

    @actor
    class Moody(Actor):
        def start(self, out: Out) -> None:
            if next(Counted.calls) == 0:
                out.after(1.0, Go())

        @on(Go)
        def go(self, source: Id, packet: Go, out: Out) -> None: ...

    environment = Environment(prelude=(Fire(NAME, Go()),))
    with pytest.raises(ImpureHandler, match="the world went another way when it was set up again"):
        explore(System("moody", lambda: {NAME: Moody(id=NAME)}), environment)


@actor
class Lucky(Actor):
    """Sends itself a packet when it starts, unless a draw says otherwise."""

    def start(self, out: Out) -> None:
        if random.random() > 2:
            out.after(1.0, Go())

    @on(Go)
    def go(self, source: Id, packet: Go, out: Out) -> None: ...


def test_moves_before_the_search_that_a_draw_makes_impossible_are_told_as_a_draw() -> None:
    with pytest.raises(ImpureHandler, match=r"test_purity\.py:\d+: a random number is drawn"):
        explore(System("lucky", lambda: {NAME: Lucky(id=NAME)}), Environment(prelude=(Fire(NAME, Go()),)))


def test_moves_before_the_search_that_are_not_possible_stay_an_error_of_their_own() -> None:
    with pytest.raises(MoveError):
        explore(System("telling", lambda: {NAME: Telling(id=NAME)}), Environment(prelude=(Fire(NAME, Go()),)))
