"""Verify designs: search every interleaving of small worlds for violated properties.

The worlds are in `inputs/small_worlds.py`; `verification.py` is what comes of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from syncproof import designs as registry
from syncproof.designs import Design, witnesses
from syncproof.designs.forms import all_names
from syncproof.engines import explore as engine
from syncproof.engines.explore import CAUGHT_UP, Common, Exploration, Finding, Limits, Status
from syncproof.engines.memory import peak_memory
from syncproof.errors import InputError
from syncproof.inputs import arguments, lookup, small_worlds
from syncproof.inputs.bounds import BOUNDS, within
from syncproof.inputs.small_worlds import SmallWorld, build
from syncproof.properties import PROPERTIES, Property
from syncproof.properties.evidence import lacking, unmet
from syncproof.properties.no_loss import NoLoss
from syncproof.properties.sometimes import MESSAGE_ACCEPTED, SHOWN_EVERYWHERE, SOMETIMES, Reached
from syncproof.studies import pieces
from syncproof.studies.asked import NOTHING, Asked
from syncproof.studies.failures import Failure, Failures, lookup_all
from syncproof.studies.pieces import INTERRUPTED, Done, Piece, Setting, piece
from syncproof.studies.results.verification import (
    ClaimSearch,
)
from syncproof.studies.verification import Explored, Verification

LIMITS = Limits(states=10_000_000, memory=8 << 30)
"""Limits of one search, so of each worker process: `verify` with two processes may need twice the memory."""
FURTHER = Limits(memory=8 << 30)
"""Limits of the second search of a world of `deep`, of which the first reached its limit of states."""

_KNOWN: dict[str, Common] = {}
"""What the searches of this process know of the design that they search at present."""

ONE_WORLD = "one world"
"""The name of the bounds of a search of one chosen world."""


@dataclass(frozen=True, slots=True)
class Searched:
    """Hold the progress of a verification: totals over the searches that are done. `memory`: bytes of the largest process."""

    done: int
    total: int
    states: int
    transitions: int
    depth: int
    memory: int
    elapsed: float


def search(
    design: str | Design,
    world: SmallWorld,
    limits: Limits = LIMITS,
    progress: Callable[[Status], None] | None = None,
    *,
    symmetry: bool = False,
    until_decided: bool = False,
    check_every_call: bool = False,
    common: Common | None = None,
) -> Exploration:
    """Search one world of one design and return the findings with the graph.

    `symmetry`: of states that differ by an exchange of interchangeable devices only one is kept. `until_decided`: end when
    every property is violated. `check_every_call`, `common`: see `explore`. Raises `InputError` for an unknown design, or one
    that treats the devices differently.
    """
    system, _, environment = build(design, world)
    entry = lookup.get(design)
    wanted = small_worlds.judged(entry, world)
    wanted += [each for each in required(entry, world) if Reached not in each.asked()]
    symmetric = small_worlds.interchangeable(world) if symmetry else ()
    try:
        found = engine.explore(
            system, environment, wanted,
            limits=limits, symmetric=symmetric, until_decided=until_decided, check_every_call=check_every_call,
            common=common, progress=progress,
        )  # fmt: skip
    except engine.NotSymmetric as error:
        raise InputError(f"symmetry: {entry.name}, {world}: {error}") from error
    return replace(found, findings=_with_idle(entry, world, found.findings))


def _with_idle(entry: Design, world: SmallWorld, findings: dict[str, Finding]) -> dict[str, Finding]:
    """Return findings with one for each property that applies and about which nothing happens in this world."""
    gives = small_worlds.given(entry, world)
    idle = {
        name: Finding("unknown", None, unmet(each, lacking(each, gives)), met=False)
        for name, each in PROPERTIES.items()
        if name not in findings and name not in entry.inapplicable
    }
    return {
        name: (idle | findings)[name] for name in dict.fromkeys((*PROPERTIES, *findings)) if name in idle | findings
    }


def explore_one(
    design: str,
    world: SmallWorld,
    limits: Limits = LIMITS,
    check_every_call: bool = False,
    common: Common | None = None,
) -> Explored:
    """Search one world of one design and keep what verdicts and reports need."""
    return kept(design, world, search(design, world, limits, check_every_call=check_every_call, common=common))


def kept(design: str | Design, world: SmallWorld, found: Exploration) -> Explored:
    """Keep what verdicts and reports need of a search."""
    return Explored(
        design if isinstance(design, str) else design.name,
        world,
        {name: (f.verdict, f.counterexample, f.why) for name, f in found.findings.items() if name in PROPERTIES},
        len(found.graph.states),
        found.graph.transitions,
        found.graph.depth,
        found.complete,
        found.coverage,
        _witnesses(lookup.get(design), found, world),
        found.elapsed,
        found.graph.bytes,
        found.graph.ending,
        peak_memory() or 0,
        tuple(name for name, f in found.findings.items() if not f.met and name in PROPERTIES),
        tuple(each.says for each, every in required(lookup.get(design), world).items() if not every),
    )


def judged(design: str, world: SmallWorld, found: Exploration, asked: Asked = NOTHING) -> Verification:
    """Return one search as a verification of its own."""
    return gathered(ONE_WORLD, design, [kept(design, world, found)], asked=asked)


def gathered(
    bounds: str,
    design: str,
    row: list[Explored],
    missing: int = 0,
    failed: dict[str, Failure] | None = None,
    asked: Asked = NOTHING,
) -> Verification:
    """Return searches of one design as a verification. `missing`: how many worlds of the bounds were not searched.

    `asked`: the options of the searches.
    """
    stopped = INTERRUPTED if any(e.ending == "interrupted" for e in row) else ""
    left_out = {design: missing} if missing else {}
    elapsed = sum(e.elapsed for e in row)
    return Verification(
        bounds, {design: row}, left_out, elapsed, vacuous(row), stopped, failed=failed or {}, asked=asked
    )


def vacuous(explored: Iterable[Explored]) -> list[tuple[str, SmallWorld, str]]:
    """Return (design, world, what) for what a complete search had to reach and did not; or none of several (`Explored.some`)."""
    row = list(explored)
    reached = {(e.design, what) for e in row for what in e.some if e.witnesses[what]}
    found = [
        (e.design, e.world, what)
        for e in row
        for what, met in e.witnesses.items()
        if not met and e.complete and (e.design, what) not in reached
    ]
    alone = {
        (design, what): (design, world, what) for design, world, what in reversed(found)
    }  # the first world of each
    some = {(e.design, what) for e in row for what in e.some}
    return [gap for gap in found if (gap[0], gap[2]) not in some or gap == alone[gap[0], gap[2]]]


def required(entry: Design, world: SmallWorld) -> dict[type[Property], bool]:
    """Return the "sometimes" properties that a search of this world must reach, but for those of faults.

    True: it must itself; False: it is enough that the search of another world does.
    """
    names = [MESSAGE_ACCEPTED, SHOWN_EVERYWHERE]
    if {"disconnect", "half-open"} & set(world.faults):
        names.append(CAUGHT_UP)
    # A design lists what it reaches with its own parameters.
    meets = tuple(each for each in entry.meets if not (each.every and world.parameters))
    return witnesses.required(meets, world.kinds, world.messages) | {SOMETIMES[name]: True for name in names}


def _witnesses(entry: Design, found: Exploration, world: SmallWorld) -> dict[str, bool]:
    """Return the situations without which "holds" would say nothing, and whether each was reached."""
    asked = set(world.budgeted) - set(entry.untouched)
    faults = [fault for fault in found.coverage if fault in asked]
    happened = [f"{fault}-happened" for fault in faults if found.coverage[fault][0]]
    automata = [cast(NoLoss, automaton) for automaton in found.tables.judging.met("no-loss")]
    everywhere = any(len(a.settled) == world.accepted for a in automata)
    noticed = [Reached(what) for what in (*happened, *found.situations, *[SHOWN_EVERYWHERE] * everywhere)]
    asked_for = [*[SOMETIMES[f"{fault}-happened"] for fault in faults], *required(entry, world)]
    met = found.tables.judging.watch.met
    return {
        each.says: each.name in met or (Reached in each.asked() and any(map(each.asked()[Reached], noticed)))
        for each in asked_for
    }


def verify(
    designs: Sequence[str | Design] = (),
    bounds: str = "standard",
    *,
    jobs: int | None = None,
    executor: str | Executor | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    check_every_call: bool = False,
    progress: Callable[[Searched], None] | None = None,
) -> Verification:
    """Search every interleaving of small worlds for violations of what designs promise.

    Arguments:
        designs: names, `FILE.py:NAME`, or designs made by `Design.variant`; by default every ready design.
        bounds: which small worlds: "small" (seconds), "standard" (minutes) or "deep" (more than an hour). A world of more
            than 10 million states is cut short; `deep` then searches it again, up to 8 GiB of memory, after all others.
        jobs: worker processes, 1 or more; by default one per processor, and for those second searches no more than memory
            allows. The verdicts do not depend on it, but how far a search comes that memory ends may.
        executor: "processes" (the default), the address of a Dask scheduler such as "tcp://10.0.0.1:8786", or a
            `concurrent.futures.Executor`, which stays open.
        out: keep finished searches in the folder `out`/pieces.
        resume: True or False: whether to read the finished searches that are there, and make only the others.
        check_every_call: True or False: whether to make every handler call a second time, to see that it depends on the
            actor's fields and the packet alone; by default a sample of them.
        progress: a function, called with a `Searched` (worlds done and in all, states, transitions, depth, bytes of memory,
            seconds) when a world is done.

    Returns a `Verification`: `results()`, `matrix()`, `cell(design, property)`, `diagram()`, `status()`, `html()`,
    `markdown()`, `write(out)`. After Ctrl-C, or if a worker process is lost (out of memory), it has what was found until
    then, and the verdicts of designs whose searches are missing are unknown.

    A design whose own code fails has verdicts where it could be searched, and `failed` has its error; raised as a
    `DesignError` if nothing could be searched.

    Raises `InputError`, in one sentence that says what is allowed, for an argument that is not allowed.
    """
    chosen = arguments.designs(designs)
    arguments.one_of("bounds", bounds, BOUNDS)
    arguments.flag("check_every_call", check_every_call)
    arguments.called("progress", progress)
    failures = pieces.failing()
    names = list(lookup_all(chosen or tuple(all_names()), failures))
    where = pieces.setting(executor, jobs, out, resume, names)
    # A design's worlds come one after the other, since they ask for the same calls; large ones first, so that no long one is last.
    work = [
        (name, world)
        for name in names
        for world in sorted(within(bounds, name), key=lambda world: (-world.messages, -len(world.kinds)))
    ]
    began = time.perf_counter()
    totals = _Totals(progress)
    done, found = _search_all(work, LIMITS, where, check_every_call, totals, failures)
    stopped, facts = found.stopped, found.work
    if bounds == "deep" and not stopped:
        # The few worlds that are much larger than the others come last, so that a run that is stopped has decided most worlds.
        cut = [job for job in work if job in done and done[job].ending == "states"]
        room = where if jobs else pieces.roomy(where, cast(int, FURTHER.memory))
        further, found = _search_all(cut, FURTHER, room, check_every_call, totals, failures)
        done |= {job: again for job, again in further.items() if again.complete or again.states > done[job].states}
        stopped, facts = found.stopped, facts.and_also(found.work)
    if not done:
        failures.check(names)
    explored = {n: [done[n, s] for s in within(bounds, n) if (n, s) in done] for n in names}
    left_out = {n: len(within(bounds, n)) - len(explored[n]) for n in names}
    missing = {n: count for n, count in left_out.items() if count}
    gaps = vacuous(e for row in explored.values() for e in row)
    elapsed = time.perf_counter() - began
    from syncproof.studies import claim_searches  # it loads the seeded bugs, and `explore` needs neither

    whole = claim_searches.NOTIFY in explored and set(missing) <= set(failures.met)
    searches: dict[str, ClaimSearch] = {}
    if whole and not stopped:
        names_of = list(claim_searches.SEARCHES)
        for_claims = pieces.perform([_claim_piece(name) for name in names_of], where)
        searches = {n: s for n, s in zip(names_of, for_claims.results, strict=True) if s is not None}
        stopped = for_claims.stopped
        facts = facts.and_also(for_claims.work)
    failed = {name: Failure(str(error)) for name, error in failures.met.items()}
    return Verification(bounds, explored, missing, elapsed, gaps, stopped, searches, failed, work=facts)


class _Totals:
    """Add up what searches found, and pass it on as progress. A world that is searched again counts again."""

    def __init__(self, progress: Callable[[Searched], None] | None) -> None:
        self.progress = progress
        self.began = time.perf_counter()
        self.done = self.total = self.states = self.transitions = self.depth = self.memory = 0

    def add(self, found: Explored) -> None:
        """Add a search that is done."""
        self.done += 1
        self.states += found.states
        self.transitions += found.transitions
        self.depth = max(self.depth, found.depth)
        self.memory = max(self.memory, found.peak)
        if self.progress is not None:
            elapsed = time.perf_counter() - self.began
            self.progress(
                Searched(self.done, self.total, self.states, self.transitions, self.depth, self.memory, elapsed)
            )


def _search_all(
    work: Sequence[tuple[str, SmallWorld]],
    limits: Limits,
    where: Setting,
    check_every_call: bool,
    totals: _Totals,
    failures: Failures[Piece[Any]],
) -> tuple[dict[tuple[str, SmallWorld], Explored], Done[Explored]]:
    """Return the searches that are done, also as `pieces.perform` does."""
    totals.total += len(work)
    parts = [_piece(*job, limits, check_every_call) for job in work]
    # Without worker processes the search itself handles Ctrl-C.
    try:
        found = pieces.perform(
            parts, where, None, failures, totals.add, cut=lambda found: found.ending == "interrupted"
        )
    finally:
        _KNOWN.clear()
    return {job: result for job, result in zip(work, found.results, strict=True) if result is not None}, found


def _piece(design: str, world: SmallWorld, limits: Limits, check_every_call: bool) -> Piece[Explored]:
    """Return the search of one world of one design as a piece."""
    facts = {"world": repr(world), "limits": repr(limits), "check_every_call": check_every_call}
    return piece(_search_one, design, world, limits, check_every_call, facts=facts, design=design)


def _search_one(design: str, world: SmallWorld, limits: Limits, check_every_call: bool) -> Explored:
    if design not in _KNOWN:
        _KNOWN.clear()
        _KNOWN[design] = Common()
    with registry.blaming(design):
        return explore_one(design, world, limits, check_every_call=check_every_call, common=_KNOWN[design])


def _claim_piece(name: str) -> Piece[ClaimSearch]:
    """Return the search that only a claim needs as a piece."""
    return piece(_search_for_claim, name, facts={"search": name, "limits": repr(LIMITS)})


def _search_for_claim(name: str) -> ClaimSearch:
    from syncproof.studies import claim_searches

    return claim_searches.made(name, search)


def explore(
    design: str | Design,
    population: str = "two-devices",
    *,
    messages: int = 1,
    faults: Sequence[str] = (),
    deployment: str = "",
    limits: Limits = LIMITS,
    script: str | Path | None = None,
    symmetry: bool = False,
    until_decided: bool = False,
    check_every_call: bool = False,
) -> Verification:
    """Search every interleaving of one small world of one design, as `syncproof explore` does.

    Arguments:
        design: a name, `FILE.py:NAME`, or a design made by `Design.variant`.
        population: who takes part: "two-people", "two-devices", "three-devices" or "two-conversations".
        messages: how many messages are written, 1 to 9.
        faults: kinds of fault that may happen, names of `syncproof.inputs.small_worlds.KINDS`, such as "push" or
            "device-crash"; by default none.
        deployment: where the server runs: "single" or "cluster" (behind gateways); by default in one process, unless one of
            the faults needs several.
        limits: where the search stops, a `syncproof.engines.explore.Limits`: states, bytes of memory, seconds, depth; None
            for no limit. Verdicts that are open then are unknown.
        script: a TOML file that says who composes what (see docs/explorer.md); `population` and `messages` are then left out.
        symmetry: keep one of all states that differ by an exchange of interchangeable devices; liveness is then unknown.
        until_decided: end the search when every property is violated.
        check_every_call: True or False: whether to make every handler call a second time, to see that it depends on the
            actor's fields and the packet alone; by default a sample of them.

    Returns a `Verification` of this one world: `cell(design, property)` is one verdict, `diagram()` draws a counterexample,
    and the other methods are those of `verify`'s result.

    Raises `InputError`, in one sentence that says what is allowed, for an argument that is not allowed. For a design of your
    own: `HandlerError` if a handler raises an exception, `ImpureHandler` if it depends on more than fields and packet (both of
    `syncproof.engines.explore`).
    """
    arguments.whole("messages", messages, least=1, most=9, needed=True)
    arguments.instance("limits", limits, Limits, "syncproof.engines.explore.Limits(states, memory, time, depth)")
    name = lookup.known(design)
    arguments.flag("symmetry", symmetry)
    arguments.flag("until_decided", until_decided)
    arguments.flag("check_every_call", check_every_call)
    kinds = arguments.names("faults", faults)
    world = small_worlds.small_world(population, messages, kinds, deployment)
    if script is not None:
        if (population, messages) != ("two-devices", 1):
            raise InputError("script: says who composes what; allowed beside it: no population and no messages")
        world = small_worlds.scripted(arguments.file("script", script), kinds, deployment)
    found = search(
        name, world, limits, symmetry=symmetry, until_decided=until_decided, check_every_call=check_every_call
    )
    usual = Limits() if limits == LIMITS else limits
    return judged(name, world, found, Asked("" if script is None else str(script), usual, symmetry, until_decided))
