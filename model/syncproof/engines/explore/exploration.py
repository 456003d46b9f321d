"""One search from beginning to end: compile, search, check the assumptions, judge."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from functools import wraps
from typing import ParamSpec, TypeVar

from syncproof.core.environment import Environment
from syncproof.core.faults import FAULTS, fault_of
from syncproof.core.moves import Move, MoveError
from syncproof.core.observations import Observation
from syncproof.core.values import Id
from syncproof.core.world import System, World
from syncproof.engines.environments import check_environment
from syncproof.engines.explore.common import Common
from syncproof.engines.explore.constraint import Constraint, Within
from syncproof.engines.explore.graph import Graph
from syncproof.engines.explore.growth import growth
from syncproof.engines.explore.purity import recheck
from syncproof.engines.explore.search import (
    WHY_PLAIN,
    Limits,
    Restrictions,
    Status,
    can_compile,
    no_collection,
    search,
)
from syncproof.engines.explore.surroundings import Surroundings
from syncproof.engines.explore.symmetry import Symmetry
from syncproof.engines.explore.tables import Tables
from syncproof.engines.explore.unchanging import UNKNOWN, Unchanging
from syncproof.engines.explore.verdicts import REDUCED, Finding, judged
from syncproof.engines.handler_errors import HandlerError
from syncproof.engines.unrepeatable import of_a_user, watched
from syncproof.errors import InputError, place, raised
from syncproof.inputs import arguments
from syncproof.properties import Property

P = ParamSpec("P")
T = TypeVar("T")

LEAN_FROM = 1_000_000
"""The number of states from which on a search keeps no arcs if no property needs them and the inner loop is compiled."""
RERUN_AT_MOST = 20_000
"""How many cached handler calls are made again at the end of a search, spread evenly over all of them."""


@dataclass(frozen=True, slots=True)
class Exploration:
    """The result of a search. `coverage`: per kind of move, (transitions, states first reached by it).

    `situations`: those that handlers noted (`Noted`), in the order in which they were first reached. `reran`: how many
    handler calls were made again as a check. `growth`: what was still growing when the search was cut short. `skipped`:
    how many deliveries that change nothing were left out.
    """

    findings: dict[str, Finding]
    graph: Graph = field(repr=False)
    tables: Tables = field(repr=False)
    coverage: dict[str, tuple[int, int]]
    situations: tuple[str, ...]
    reran: int
    elapsed: float
    growth: str = ""
    skipped: int = 0

    @property
    def complete(self) -> bool:
        """Return whether every reachable state was visited; with a constraint, every one within it."""
        return self.graph.ending == "complete"


def _exits_are_errors(search: Callable[P, T]) -> Callable[P, T]:
    """Turn a `SystemExit` of a model's code into `HandlerError`: a script that searches would end with its status, 0 even."""

    @wraps(search)
    def run(*arguments: P.args, **options: P.kwargs) -> T:
        try:
            return search(*arguments, **options)
        except SystemExit as error:
            raise HandlerError(f"{place(error)}: {raised(error)}; a model's code may not end the process") from error

    return run


@_exits_are_errors
def explore(
    system: System,
    environment: Environment,
    properties: Sequence[type[Property]] = (),
    *,
    limits: Limits | None = None,
    symmetric: Sequence[Sequence[Id]] = (),
    constraint: Constraint | None = None,
    skip_unchanging: bool = False,
    until_decided: bool = False,
    check_every_call: bool = False,
    fast: bool | None = None,
    arcs: bool | None = None,
    common: Common | None = None,
    progress: Callable[[Status], None] | None = None,
) -> Exploration:
    """Visit every state that `system` can reach within `environment`, and judge `properties`.

    `symmetric`: groups of interchangeable ids; liveness is then unknown. `constraint`: a function of a `WorldView`; states
    where it is false are neither counted nor expanded, and liveness is unknown if there are any. `skip_unchanging`:
    deliveries over unordered links that change nothing are not taken, and liveness is unknown if there are any.
    `until_decided`: end when every property is violated. `check_every_call`: make every handler call, and compute everything
    else that is kept, a second time; by default a sample (`RERUN_AT_MOST`, `purity.AT_MOST`). `fast`: whether the inner
    loop is compiled (it finds the same, many times as fast, and needs numba); None: where it pays and is possible. `arcs`:
    whether the graph keeps its arcs, which a property that is judged on cycles needs; None: if there is such a property, or as
    long as the search is small (`LEAN_FROM`). `common`: what searches of the same process before found out, where that can be
    used; it changes no result but `reran`.

    `InputError`, in one sentence, for an argument that is not allowed; `NotSymmetric` if ids are not interchangeable;
    `ImpureHandler` if a handler depends on more than its actor's fields and the packet; `HandlerError` if one raises.
    """
    began = time.perf_counter()
    properties = arguments.listed("properties", properties, "subclasses of syncproof.properties.Property")
    _check(system, environment, properties, limits)
    symmetric = [
        arguments.listed("symmetric", group, "lists of ids")
        for group in arguments.listed("symmetric", symmetric, "lists of ids")
    ]
    arguments.called("constraint", constraint)
    arguments.flag("skip_unchanging", skip_unchanging)
    arguments.flag("until_decided", until_decided)
    arguments.flag("check_every_call", check_every_call)
    if fast is not None:
        arguments.flag("fast", fast)
    if arcs is not None:
        arguments.flag("arcs", arcs)
    if common is not None:
        arguments.instance("common", common, Common, "a syncproof.engines.explore.Common")
        common.begin()
    arguments.called("progress", progress)
    tables = compiled(system, environment, properties, common)
    surroundings = Surroundings(tables.encoding.actors, properties)
    _check_groups(symmetric, tables)
    symmetry = Symmetry(tables, symmetric) if symmetric else None
    within = None if constraint is None else Within(tables, constraint)
    unchanging = Unchanging(tables) if skip_unchanging else None
    restrictions = Restrictions(symmetry, within, unchanging, until_decided)
    if fast and not can_compile(restrictions):
        raise InputError(f"fast: True, but {WHY_PLAIN}; allowed: None, False")
    on_cycles = tables.judging.on_cycles()
    if arcs is False and on_cycles:
        raise InputError(f"arcs: False, but {on_cycles[0]} is judged on cycles; allowed: None, True")
    lean_from = None if arcs or on_cycles else LEAN_FROM if arcs is None else 0
    graph = search(tables, limits or Limits(), restrictions, progress, fast=fast, lean_from=lean_from)
    with no_collection():  # it would visit every state of the graph
        calls = sum(map(len, tables.handlers.fresh))
        every = 1 if check_every_call else 1 + calls // RERUN_AT_MOST
        watching = of_a_user(tuple(dict.fromkeys([*map(type, tables.encoding.actors), *properties])))
        reran = tables.handlers.rerun(every, watching=watching)
        with watched() if watching else nullcontext():
            recheck(tables, every=check_every_call)
            if within is not None:
                within.recheck(every=check_every_call)
    surroundings.check()
    growing = growth(tables) if graph.ending in ("states", "memory", "time") else ""
    if symmetry is not None:
        symmetry.verify(within)
    skipped = 0 if unchanging is None else unchanging.count
    unjudged = REDUCED if symmetry is not None else UNKNOWN if skipped else ""
    findings = judged(tables, graph, growing, unjudged, symmetry)
    ordered = {p.name: findings[p.name] for p in properties}
    situations = tuple(tables.handlers.situations)
    if common is not None and graph.ending not in ("interrupted", "time"):
        common.end()
    elapsed = time.perf_counter() - began
    return Exploration(ordered, graph, tables, _coverage(tables, graph), situations, reran, elapsed, growing, skipped)


def _check(system: object, environment: object, properties: Sequence[object], limits: object) -> None:
    """Raise `InputError` for an argument of another type."""
    arguments.instance("system", system, System, "a syncproof.core.world.System")
    arguments.instance("environment", environment, Environment, "a syncproof.core.environment.Environment")
    for each in properties:
        if not (isinstance(each, type) and issubclass(each, Property)):
            raise InputError(
                f"properties: {each!r:.60}; allowed: a list of subclasses of syncproof.properties.Property"
            )
    if limits is not None:
        arguments.instance("limits", limits, Limits, "syncproof.engines.explore.Limits(states, memory, time, depth)")


def _check_groups(groups: Sequence[Sequence[Id]], tables: Tables) -> None:
    """Raise `InputError` for interchangeable ids that miss their actor, are of several classes, or are listed twice."""
    listed: set[tuple[type, Id]] = set()
    for group in groups:
        for each in group:
            if not isinstance(each, Id):
                raise InputError(f"symmetric: {each!r:.60} is no id; allowed: lists of ids, such as DeviceId(1)")
            if type(each) is not type(group[0]):
                raise InputError(
                    f"symmetric: {each!r} is listed with {group[0]!r}; allowed: ids of one class in a list"
                )
            actors = [name for name in tables.encoding.names if type(name) is type(each)]
            if actors and each not in actors:
                raise InputError(f"symmetric: there is no actor {each!r}; there are {', '.join(map(repr, actors))}")
            if (type(each), each) in listed:
                raise InputError(f"symmetric: {each!r} is listed twice; allowed: each id once")
            listed.add((type(each), each))


def compiled(
    system: System, environment: Environment, properties: Sequence[type[Property]], common: Common | None = None
) -> Tables:
    """Return the tables for a search that begins after the environment's prelude. `InputError` for an unknown fault."""
    check_environment(environment, system)
    carried = [automaton() for automaton in properties if automaton.endless is None and automaton.kind != "sometimes"]
    complaints: dict[int, str] = {}
    before: list[Observation] = []

    def observe(observation: Observation) -> None:
        before.append(observation)
        for number, automaton in enumerate(carried):
            says = automaton.react(observation)
            if says is not None:
                complaints.setdefault(number, says)

    world = World(system, observe)
    try:
        for move in environment.prelude:
            world.apply(move)
    except MoveError:
        with watched(), suppress(MoveError):  # a world that draws or reads a clock may have begun otherwise before
            again = World(system)
            for move in environment.prelude:
                again.apply(move)
        raise
    tables = Tables(system, environment, properties, world, carried, complaints, common)
    for observation in before:
        tables.judging.watch.see(observation)
    return tables


def kind_of(move: Move, environment: Environment) -> str:
    """Return the kind of a move for coverage: the fault that it makes, or the name of its class."""
    for tell, fault in environment.interventions:
        if move == tell:
            return fault
    return fault_of(move) or type(move).__name__.lower()


def _coverage(tables: Tables, graph: Graph) -> dict[str, tuple[int, int]]:
    transitions, states = graph.made(len(tables.moves.values))
    found: dict[str, tuple[int, int]] = {}
    for number, move in enumerate(tables.moves.values):
        kind = kind_of(move, tables.environment)
        before = found.get(kind, (0, 0))
        found[kind] = (before[0] + int(transitions[number]), before[1] + int(states[number]))
    for fault in tables.budgets.names:
        if fault not in FAULTS or FAULTS[fault].move is not None:  # without a move it is the order of other moves
            found.setdefault(fault, (0, 0))
    return dict(sorted(found.items()))
