"""What a move did, told from the facts before and after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syncproof.core.actor import Actor, Out, actor, durable, on, volatile
from syncproof.core.moves import Complete, Crash, Fire, Move, Restart, Tell
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, Id
from syncproof.core.world import System, World
from syncproof.report.explorer.facts import effects, facts, told


class Keep(Packet, frozen=True, gc=False):
    key: str


class Kept(Packet, frozen=True, gc=False):
    key: str


class Later(Packet, frozen=True, gc=False):
    pass


@actor
class Keeper(Actor):
    rows: dict[str, int] = durable(dict)
    asked: int = volatile(int)

    @on(Keep)
    def keep(self, source: Id, packet: Keep, out: Out) -> None:
        self.asked += 1
        out.write("disk", 1, 1, Kept(packet.key))
        out.after(1.0, Later())

    @on(Kept)
    def kept(self, source: Id, packet: Kept, out: Out) -> None:
        self.rows[packet.key] = self.rows.get(packet.key, 0) + 1
        out.cancel(Later())

    @on(Later)
    def later(self, source: Id, packet: Later, out: Out) -> None:
        self.rows.pop("a", None)


KEEPER = ActorId(1)


def played(*moves: Move) -> list[str]:
    """Return what the last of the moves did."""
    world = World(System("keeper", lambda: {KEEPER: Keeper(id=KEEPER)}))
    for move in moves[:-1]:
        world.apply(move)
    before = facts(world)
    world.apply(moves[-1])
    return effects(before, facts(world), moves[-1])


def ask(key: str) -> Tell:
    return Tell(KEEPER, Keep(key))


def done(key: str) -> Complete:
    return Complete(KEEPER, Kept(key))


def test_fields_storage_and_timers_are_told() -> None:
    assert played(ask("a")) == [
        "actor1: asked 0 → 1",
        "actor1 begins to store Kept a",
        "actor1 arms the timer Later",
    ]


def test_what_a_move_is_about_goes_without_saying_and_the_rest_is_told() -> None:
    assert played(ask("a"), done("a")) == ["actor1: rows {} → {a: 1}", "actor1: timer Later is no longer armed"]


def test_of_a_dict_only_the_keys_that_changed_are_told() -> None:
    twice = (ask("a"), done("a"), ask("b"), done("b"), ask("a"))
    assert played(*twice[:4])[0] == "actor1: rows and b: 1"
    assert played(*twice, done("a"))[0] == "actor1: rows of a: 1 → 2"
    assert played(*twice, Fire(KEEPER, Later())) == ["actor1: rows without a"]


def test_a_crash_tells_what_it_cuts_and_a_restart_that_the_actor_runs() -> None:
    assert played(ask("a"), Crash(KEEPER)) == [
        "actor1 does not run",
        "actor1: asked 1 → 0",
        "actor1: Kept a is no longer open",
        "actor1: timer Later is no longer armed",
    ]
    assert played(ask("a"), Crash(KEEPER), Restart(KEEPER)) == ["actor1 runs again"]


def test_every_value_has_a_text() -> None:
    class Odd:
        def __repr__(self) -> str:
            return "an odd one"

    values: Mapping[str, Any] = {"–": (), "{}": {}, "an odd one": Odd(), "False": False, "a,b": ["a", "b"]}
    assert {text: told(value) for text, value in values.items()} == {text: text for text in values}
    assert "an odd one" in told({Odd(), 1})


def test_facts_are_of_the_moment() -> None:
    world = World(System("keeper", lambda: {KEEPER: Keeper(id=KEEPER)}))
    before = facts(world)
    world.apply(ask("a"))
    assert before.fields[KEEPER, "asked"] == "0"
    assert facts(world).fields[KEEPER, "asked"] == "1"
