"""Equal packets of two senders are two moves, in every engine and file; a move without a sender means the oldest one."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncproof.core.actor import Actor, Out, actor, durable, on, state
from syncproof.core.enabled import BoundedWorld
from syncproof.core.environment import Environment
from syncproof.core.links import Link
from syncproof.core.moves import Arrive, Duplicate, Lose, Move, MoveError
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import DeviceId, Id, ServerId
from syncproof.core.world import System, World
from syncproof.counterexamples.narrate import narrate
from syncproof.engines.explore import explore
from syncproof.formats.codec import decode, encode
from syncproof.formats.history import read_moves
from syncproof.properties import Property, observes

ONE, TWO, HEARER = DeviceId(1), DeviceId(2), ServerId(-2)
LOSSY = Link("unordered", lossy=True)


class Hello(Packet, frozen=True, gc=False):
    link = LOSSY


class Heard(Observation, frozen=True, gc=False):
    who: str


@actor
class Greeter(Actor):
    def start(self, out: Out) -> None:
        out.send(HEARER, Hello())


@actor
class Hearer(Actor):
    heard: list[Id] = durable(list)

    @on(Hello)
    def hello(self, source: Id, packet: Hello, out: Out) -> None:
        self.heard.append(source)
        out.observe(Heard(repr(source)))


@state
class OneFirst(Property):
    """The first greeter is heard first."""

    name = "one-first"
    met: bool = False

    @observes(Heard)
    def on_heard(self, heard: Heard) -> str | None:
        says = None if self.met or heard.who == repr(ONE) else f"{heard.who} first"
        self.met = True
        return says


SYSTEM = System("greeters", lambda: {HEARER: Hearer(id=HEARER), ONE: Greeter(id=ONE), TWO: Greeter(id=TWO)})


def heard(*moves: Move) -> list[Id]:
    world = World(SYSTEM)
    for move in moves:
        world.apply(move)
    found: list[Id] = world.actors[HEARER].heard  # type: ignore[attr-defined]
    return found


def test_a_move_names_its_sender() -> None:
    assert list(World(SYSTEM).arrivals()) == [Arrive(HEARER, Hello(), ONE), Arrive(HEARER, Hello(), TWO)]
    assert heard(Arrive(HEARER, Hello(), TWO), Arrive(HEARER, Hello(), ONE)) == [TWO, ONE]
    assert heard(Lose(HEARER, Hello(), ONE), Arrive(HEARER, Hello())) == [TWO]
    twice = (Duplicate(HEARER, Hello(), TWO), *[Arrive(HEARER, Hello(), TWO)] * 2)
    assert heard(*twice) == [TWO, TWO]
    with pytest.raises(MoveError, match=r"no Hello\(\) is on its way from DeviceId\(2\) to ServerId\(-2\)"):
        heard(*[Arrive(HEARER, Hello(), TWO)] * 2)


def test_a_move_without_a_sender_means_the_oldest_packet() -> None:
    assert heard(Arrive(HEARER, Hello()), Arrive(HEARER, Hello())) == [ONE, TWO]


def test_what_is_recorded_names_the_sender() -> None:
    recorded: list[Move] = []
    world = World(SYSTEM, record=recorded.append)
    world.apply(Lose(HEARER, Hello()))
    world.apply(Arrive(HEARER, Hello()))
    assert recorded == [Lose(HEARER, Hello(), ONE), Arrive(HEARER, Hello(), TWO)]
    bounded = BoundedWorld(SYSTEM, Environment(budgets={"push-lost": 1}), lambda _: None)
    assert bounded.attempt(Lose(HEARER, Hello()))
    assert not bounded.attempt(Lose(HEARER, Hello()))
    assert bounded.attempt(Arrive(HEARER, Hello()))
    assert not bounded.attempt(Arrive(HEARER, Hello()))
    assert bounded.world.moves == recorded


def test_the_explorer_offers_each_and_its_counterexample_replays() -> None:
    found = explore(SYSTEM, Environment(), [OneFirst])
    assert set(found.tables.moves.values) == {Arrive(HEARER, Hello(), ONE), Arrive(HEARER, Hello(), TWO)}
    way = found.findings["one-first"].counterexample
    assert way is not None
    assert way.moves == (Arrive(HEARER, Hello(), TWO),)
    assert heard(*way.moves) == [TWO]
    steps = narrate(SYSTEM, way.moves, [OneFirst])
    assert steps.steps[0].complaints == {"one-first": "DeviceId(2) first"}
    assert eval(repr(way.moves[0]), globals()) == way.moves[0]


@pytest.mark.parametrize("kind", [Arrive, Lose, Duplicate])
def test_files_have_the_sender_and_older_ones_are_read(kind: type[Arrive | Lose | Duplicate], tmp_path: Path) -> None:
    move = kind(HEARER, Hello(), TWO)
    assert decode(encode(move), Move) == move
    name = kind.__name__
    assert encode(move) == b'{"type":"%b","receiver":-2,"packet":{"type":"Hello"},"source":2}' % name.encode()
    old = tmp_path / "old.moves.jsonl"
    old.write_text(
        '{"schema":1,"kind":"moves","design":"timeline-notify"}\n'
        f'{{"type":"{name}","receiver":-2,"packet":{{"type":"Hello"}}}}\n'
    )
    _, moves = read_moves(old)
    assert [read for _, read in moves] == [kind(HEARER, Hello())]
