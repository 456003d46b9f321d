"""Walk through a small world move by move, with the properties' automata beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from syncproof.core.enabled import BoundedWorld
from syncproof.core.environment import Environment
from syncproof.core.faults import fault_of
from syncproof.core.images import freeze, thaw
from syncproof.core.moves import Move
from syncproof.core.observations import Observation
from syncproof.core.same import same
from syncproof.core.world import System
from syncproof.errors import InputError
from syncproof.inputs import small_worlds
from syncproof.inputs.small_worlds import SmallWorld, build
from syncproof.properties import Property
from syncproof.report.explorer.address import Address, coded

LISTED = 300
"""How many possible moves of a place are listed at most: open writes can land in a crash in very many ways."""
TRIED = 200_000
"""Among how many a move of a way is looked up."""


class Possible(NamedTuple):
    """A move that is possible at a place, with its code and its kind."""

    code: str
    kind: str
    move: Move


class Automata:
    """The automata of properties beside a walk, what each complained of first, and which met their evidence.

    `seen`: what was observed since it was cleared. `moves`: how many moves were made; a complaint is kept with this number.
    """

    def __init__(self, properties: Iterable[type[Property]]) -> None:
        self.each = [kind() for kind in properties]
        self.complaints: dict[str, tuple[int, str]] = {}
        self.met = {automaton.name for automaton in self.each if not automaton.asked()}
        self.seen: list[Observation] = []
        self.moves = 0

    def observe(self, observation: Observation) -> None:
        """Pass an observation to every automaton."""
        self.seen.append(observation)
        for automaton in self.each:
            says = automaton.react(observation)
            if says is not None:
                self.complaints.setdefault(automaton.name, (self.moves, says))
            predicate = automaton.asked().get(type(observation))
            if predicate is not None and automaton.name not in self.met and predicate(observation):
                self.met.add(automaton.name)

    def fork(self) -> Automata:
        """Return a copy that shares nothing which an observation changes, and has seen nothing yet."""
        twin = Automata(())
        twin.each = [thaw(freeze(automaton)) for automaton in self.each]
        twin.complaints, twin.met, twin.moves = dict(self.complaints), set(self.met), self.moves
        return twin

    def unsettled(self) -> dict[str, str]:
        """Return what each property would complain of first if nothing more happened."""
        found = {}
        for automaton in self.fork().each:
            says = next(iter(automaton.at_quiescence()), None)
            if says is not None and automaton.name not in self.complaints:
                found[automaton.name] = says
        return found


class WalkPlace:
    """A place of a walk: the world there, and the automata beside it."""

    def __init__(self, play: BoundedWorld, automata: Automata) -> None:
        self.play = play
        self.automata = automata

    def choices(self, most: int = LISTED) -> Iterator[Possible]:
        """Yield the moves that are possible here, the first `most`. Moves that are the same count once."""
        kinds = {id(move): kind for kind, moves in self.play.possible().items() for move in moves}
        for code, move in coded(islice(self.play.every(), most)):
            yield Possible(code, kinds.get(id(move)) or fault_of(move) or type(move).__name__.lower(), move)

    def named(self, code: str) -> Move | None:
        """Return the possible move that has a code, if there is one."""
        return next((each.move for each in self.choices(TRIED) if each.code == code), None)

    def code(self, move: Move) -> str | None:
        """Return the code of a move, if it is possible. One that was read from a file may have an id of a base class."""
        equal = None
        for each in self.choices(TRIED):
            if each.move == move:
                if same(each.move, move):
                    return each.code
                equal = equal or each.code
        return equal

    def fork(self) -> WalkPlace:
        """Return a copy from which the walk can go another way."""
        automata = self.automata.fork()
        return WalkPlace(self.play.fork(automata.observe), automata)

    def make(self, move: Move) -> None:
        """Make a possible move."""
        self.automata.moves += 1
        self.automata.seen.clear()
        self.play.make(move)


@dataclass(frozen=True)
class Walk:
    """A small world of a design, in which a reader goes from move to move."""

    design: str
    small_world: SmallWorld
    system: System
    environment: Environment
    properties: tuple[type[Property], ...]

    def begin(self) -> WalkPlace:
        """Return the place at which a search begins: everyone is connected and at rest."""
        automata = Automata(self.properties)
        return WalkPlace(BoundedWorld(self.system, self.environment, automata.observe), automata)

    def fitting(self, codes: Sequence[str]) -> tuple[list[Move], str]:
        """Return the moves of a way up to the first one that is not possible there, and what is wrong with that one."""
        place = self.begin()
        found: list[Move] = []
        for number, code in enumerate(codes, 1):
            move = place.named(code)
            if move is None:
                return found, (
                    f"way: move {number} ({code}) is not possible there, so it is a way of another world or of another version "
                    f"of the design; allowed: a way of {self.design} in the world {self.small_world}"
                )
            place.make(move)
            found.append(move)
        return found, ""

    def moves(self, codes: Sequence[str]) -> list[Move]:
        """Return the moves of a way. Raises `InputError` for a move that is not possible where the way makes it."""
        found, wrong = self.fitting(codes)
        if wrong:
            raise InputError(wrong)
        return found

    def shortened(self, address: Address) -> tuple[Address, str]:
        """Return an address as far as its way is possible, and what is wrong with the rest."""
        found, wrong = self.fitting(address.codes)
        if not wrong:
            return address, ""
        codes = address.codes[: len(found)]
        cycle = None if address.cycle is None or address.cycle >= len(codes) else address.cycle
        return Address(codes, min(address.at, len(codes)), cycle), wrong

    def at(self, moves: Iterable[Move]) -> WalkPlace:
        """Return the place after possible moves."""
        place = self.begin()
        for move in moves:
            place.make(move)
        return place

    def address(self, moves: Sequence[Move], cycle: int | None = None, at: int | None = None) -> Address:
        """Return the address of a way. Raises `InputError` for a move that is not possible where the way makes it."""
        codes, wrong = self.codes(moves)
        if wrong:
            raise InputError(wrong)
        return Address(codes, len(codes) if at is None else at, cycle)

    def codes(self, moves: Sequence[Move]) -> tuple[tuple[str, ...], str]:
        """Return the codes of moves up to the first one that is not possible there, and what is wrong with that one."""
        place = self.begin()
        codes: list[str] = []
        for number, move in enumerate(moves, 1):
            code = place.code(move)
            if code is None:
                return tuple(codes), (
                    f"way: move {number}, {move!r:.200}, is not possible there; allowed: moves of {self.design} in the world "
                    f"{self.small_world}"
                )
            codes.append(code)
            place.make(move)
        return tuple(codes), ""


def walk(design: str, world: SmallWorld) -> Walk:
    """Return the walk through a small world of a design, with every property that applies to it."""
    system, _, environment = build(design, world)
    return Walk(design, world, system, environment, tuple(small_worlds.judged(design, world)))
