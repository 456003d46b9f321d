"""A copy of a world shares nothing with it, and tells what a move would change."""

from __future__ import annotations

from syncproof.core.actor import Actor, Out, actor, durable, on
from syncproof.core.enabled import RecordingWorld
from syncproof.core.forks import changes, fork_world
from syncproof.core.links import DUPLICATING
from syncproof.core.moves import Arrive, Complete, Fire, Move, Take
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, Id
from syncproof.core.world import System

NAME = ActorId(0)


class Note(Packet, frozen=True, gc=False):
    """What an actor does to itself. `again`: it does the same again; `adds`: it counts."""

    again: bool
    adds: bool = False


class Many(Note, frozen=True, gc=False):
    link = DUPLICATING


@actor
class Self(Actor):
    means: type[Move] = Take
    note: Note = Note(True)
    count: int = durable(int)

    def start(self, out: Out) -> None:
        self._do(out)

    def _do(self, out: Out) -> None:
        if self.means is Fire:
            out.after(1.0, self.note)
        elif self.means is Complete:
            out.write("disk", 1, 1, self.note)
        elif self.means is Arrive:
            out.send(self.id, self.note)

    def steps(self):
        return [self.note] if self.means is Take else []

    @on(Note)
    def noted(self, source: Id, packet: Note, out: Out) -> None:
        self.count += packet.adds
        if packet.again:
            self._do(out)

    @on(Many)
    def many(self, source: Id, packet: Many, out: Out) -> None:
        self.count += packet.adds


def changing(means: type[Move], note: Note) -> bool:
    world = RecordingWorld(System("self", lambda: {NAME: Self(id=NAME, means=means, note=note)}), lambda _: None)
    (move,) = world.pending()
    found = changes(world, move)
    assert world.moves == []
    assert world.actors[NAME].count == 0
    assert list(world.pending()) == [move]
    return found


def test_a_move_that_does_the_same_again_changes_nothing() -> None:
    for means in (Take, Fire, Complete, Arrive):
        assert not changing(means, Note(True))
        assert changing(means, Note(True, adds=True))
    for means in (Fire, Complete, Arrive):
        assert changing(means, Note(False))


def test_a_packet_that_arrives_any_number_of_times_changes_nothing_by_being_taken() -> None:
    assert not changing(Arrive, Many(False))
    assert changing(Arrive, Many(False, adds=True))


def test_a_move_in_a_copy_changes_nothing_in_the_world() -> None:
    world = RecordingWorld(System("self", lambda: {NAME: Self(id=NAME, means=Fire, note=Note(False, True))}), print)
    twin = fork_world(world)
    (move,) = twin.pending()
    twin.apply(move)
    assert (world.actors[NAME].count, twin.actors[NAME].count) == (0, 1)
    assert list(world.pending()) == [move]
    assert list(twin.pending()) == []
    assert (world.moves, twin.moves) == ([], [move])
