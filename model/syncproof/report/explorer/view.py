"""Say what the page shows of a way and of a place on it, as data that becomes JSON."""

from __future__ import annotations

from typing import Any

import msgspec

from syncproof.core.enabled import RECOVERIES, UNDER_WAY
from syncproof.core.images import freeze
from syncproof.core.moves import Move
from syncproof.core.world import World
from syncproof.counterexamples.narrate import Narration, describe, location, narrate
from syncproof.counterexamples.wording import brief
from syncproof.errors import place as place_of_error
from syncproof.errors import raised
from syncproof.inputs import lookup
from syncproof.report import sequence
from syncproof.report.explorer.address import Address
from syncproof.report.explorer.facts import Facts, Flight, effects, facts, fields_of, parts_of, survives
from syncproof.report.explorer.walk import LISTED, Possible, Walk, WalkPlace

BY_ITSELF = (*UNDER_WAY, "poll", *RECOVERIES)
"""The kinds of move that happen without a person or a fault."""
NOTHING = ("–", "{}", "0", "False", "None", "()", "[]", "set()")
"""How values read that say nothing; the page folds the fields that have them."""


class WayStep(msgspec.Struct, frozen=True):
    """One move of a way."""

    code: str
    says: str
    actor: str


class WayShown(msgspec.Struct, frozen=True):
    """A whole way. `diagram`: SVG, whose first row is at `top`, with `row` between two rows."""

    steps: list[WayStep]
    cycle: int | None
    diagram: str
    top: int
    row: int


class Choice(msgspec.Struct, frozen=True):
    """A move that is possible. `fails`: what the design's own code raises then."""

    code: str
    kind: str
    by_itself: bool
    says: str
    actor: str
    effects: list[str]
    observed: list[str]
    complaints: dict[str, str]
    fails: str = ""


class FieldShown(msgspec.Struct, frozen=True):
    """A field of an actor. `before`: its value before the last move, if that changed it."""

    name: str
    value: str
    durable: bool
    empty: bool
    before: str | None


class ActorShown(msgspec.Struct, frozen=True):
    """An actor with its fields."""

    name: str
    kind: str
    running: bool
    fields: list[FieldShown]


class FlightShown(msgspec.Struct, frozen=True):
    """What may still happen. `new`: since the last move."""

    where: str
    source: str
    target: str
    text: str
    over: str
    new: bool


class PropertyShown(msgspec.Struct, frozen=True):
    """A property here. `verdict`: `violated`, `at rest` (violated if nothing more happens) or `kept` so far."""

    name: str
    kind: str
    statement: str
    promised: bool
    verdict: str
    says: str
    since: int | None
    met: bool
    state: dict[str, str]
    changed: bool


class PlaceShown(msgspec.Struct, frozen=True):
    """A place on a way. `resting`: nothing that happens by itself changes anything. `observed`: in the last move.

    `more`: not all possible moves are listed.
    """

    at: int
    moves: list[Choice]
    more: bool
    actors: list[ActorShown]
    flights: list[FlightShown]
    ends: dict[str, str]
    properties: list[PropertyShown]
    observed: list[str]
    effects: list[str]
    resting: bool
    left: dict[str, str]


def way_shown(walk: Walk, address: Address) -> WayShown:
    """Return what the page shows of a whole way. Raises `InputError` for a way that does not fit the walk's world."""
    moves = walk.moves(address.codes)
    cycle = len(moves) if address.cycle is None else address.cycle
    prelude = walk.environment.prelude
    told = narrate(walk.system, moves[:cycle], walk.properties, prelude=prelude, cycle=moves[cycle:])
    steps = [
        WayStep(code, step.says, _actor(told, step.at))
        for code, step in zip(address.codes, told.steps[told.prelude :], strict=True)
    ]
    return WayShown(steps, address.cycle, str(sequence.svg(told)), sequence.FIRST, sequence.pitch(told))


def _actor(told: Narration, at: Any) -> str:
    return "" if at is None else told.lanes.get(at, brief(at))


def place_shown(walk: Walk, address: Address) -> PlaceShown:
    """Return what the page shows of the place of an address. Raises `InputError` as `way_shown` does."""
    moves = walk.moves(address.codes[: address.at])
    before = walk.at(moves[:-1])
    earlier, images = facts(before.play.world), {a.name: freeze(a) for a in before.automata.each}
    place = before
    if moves:
        place = before.fork()
        place.make(moves[-1])
    return shown(walk, place, earlier, images, moves)


def shown(walk: Walk, place: WalkPlace, earlier: Facts, images: dict[str, Any], moves: list[Move]) -> PlaceShown:
    """Return what the page shows of a place. `earlier`, `images`: facts and automata before the last of the moves."""
    here = facts(place.play.world)
    choices = [_choice(place, here, each) for each in place.choices()]
    resting = not any(c.by_itself and (c.effects or c.observed or c.fails) for c in choices)
    return PlaceShown(
        at=len(moves),
        moves=choices,
        more=len(choices) >= LISTED,
        actors=_actors(place.play.world, here, earlier),
        flights=_flights(here, earlier),
        ends=here.ends,
        properties=list(_properties(walk, place, images, resting)),
        observed=[brief(each) for each in place.automata.seen] if moves else [],
        effects=effects(earlier, here, moves[-1]) if moves else [],
        resting=resting,
        left=_left(place),
    )


def _choice(place: WalkPlace, here: Facts, possible: Possible) -> Choice:
    """Try a move on a copy and return what it would do."""
    code, kind, move = possible
    world = place.play.world
    says, at = describe(world, move), location(world, move)
    actor = "" if at is None else here.names.get(at, brief(at))
    by_itself = kind in BY_ITSELF
    twin = place.fork()
    try:
        twin.make(move)
        after = facts(twin.play.world)
    except (Exception, SystemExit) as error:  # of the design's own code
        where = place_of_error(error)
        fails = f"{where}{': ' * bool(where)}{raised(error)}"
        return Choice(code, kind, by_itself, says, actor, [], [], {}, fails)
    complaints = {n: s for n, (_, s) in twin.automata.complaints.items() if n not in place.automata.complaints}
    observed = [brief(each) for each in twin.automata.seen]
    return Choice(code, kind, by_itself, says, actor, effects(here, after, move), observed, complaints)


def _actors(world: World, here: Facts, earlier: Facts) -> list[ActorShown]:
    found = []
    for name, actor in world.actors.items():
        fields = []
        for field in fields_of(actor):
            value, former = here.fields[name, field], earlier.fields.get((name, field))
            before = former if former is not None and former != value else None
            fields.append(FieldShown(field, value, survives(actor, field), value in NOTHING, before))
        found.append(ActorShown(here.names[name], type(actor).__name__, here.running[name], fields))
    return found


def _flights(here: Facts, earlier: Facts) -> list[FlightShown]:
    old: list[Flight] = list(earlier.flights)
    found = []
    for flight in here.flights:
        new = flight not in old
        if not new:
            old.remove(flight)
        source, target = (here.names.get(end, brief(end)) for end in (flight.source, flight.target))
        found.append(FlightShown(flight.where, source, target, flight.text, flight.over, new))
    return found


def _properties(walk: Walk, place: WalkPlace, images: dict[str, Any], resting: bool) -> Any:
    entry = lookup.get(walk.design)
    promises = entry.promised(walk.small_world.parameters_of(entry))
    unsettled = place.automata.unsettled()
    for automaton in place.automata.each:
        name = automaton.name
        covered = name in promises and set(walk.small_world.faults) <= set(promises[name])
        since, says = place.automata.complaints.get(name, (None, ""))
        verdict = "kept" if since is None else "violated"
        if name in unsettled:
            verdict, says = "violated" if resting else "at rest", unsettled[name]
        yield PropertyShown(
            name=name,
            kind=automaton.kind,
            statement=automaton.says,
            promised=covered,
            verdict=verdict,
            says=says,
            since=since,
            met=name in place.automata.met,
            state=parts_of(automaton),
            changed=freeze(automaton) != images[name],
        )


def _left(place: WalkPlace) -> dict[str, str]:
    """Return what people and faults may still do: scripts that have moves left, and budgets."""
    scripts = zip(place.play.environment.scripts, place.play.told, strict=True)
    waiting = sum(len(script) - told for script, told in scripts)
    found = {"messages to be composed": str(waiting)} if waiting else {}
    return found | {fault: f"{count:g}" for fault, count in place.play.left.items()}
