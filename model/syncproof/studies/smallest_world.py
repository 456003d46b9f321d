"""Find a counterexample in a small world for each property that a comparison's runs violated.

A run of thousands of messages violates a property somewhere in its middle, which is too long to read. So for every property
that a design did not keep, worlds of two or three devices are searched, smallest first, under the kinds of fault that the
scenario configured and with the scenario's parameters, until the property is violated there as well. The counterexample is
therefore not an excerpt of the runs: it is another violation of the same property by the same design.

| step | people | messages | kinds of fault |
|---|---|---|---|
| 1 | all three | 1 | none |
| 2 | two devices | 1 | one |
| 3 | two devices | 2 | none |
| 4 | three devices | 1 | one that keeps the world small (`GENTLE`) |
| 5 | two devices | 2 | one |
| 6 | two devices | 1 | two |

The limits count states, not seconds, so that the same comparison finds the same counterexamples on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from syncproof.designs import Parameters
from syncproof.engines.explore import Counterexample, Limits, explore
from syncproof.errors import DesignError, Interrupted
from syncproof.inputs import lookup
from syncproof.inputs.bounds import GENTLE
from syncproof.inputs.small_worlds import KINDS, SmallWorld, build
from syncproof.properties import PROPERTIES
from syncproof.studies import executors
from syncproof.studies.comparison import Comparison
from syncproof.studies.failures import Failures

STATES = 50_000
"""About how many states of one world are searched; a safety counterexample that is found until then is a shortest one."""
ALTOGETHER = 300_000
"""About how many states are searched for one design: some four seconds."""

SMALL = ("two-people", "two-devices")


@dataclass(frozen=True, slots=True)
class Way:
    """Hold a property that a design violated in the runs, and the counterexample in the first world that violates it too.

    `world`, `counterexample`: None if no world that was searched violates it; then `why` says what was searched.
    """

    design: str
    name: str
    promised: bool
    world: SmallWorld | None
    counterexample: Counterexample | None
    why: str

    @property
    def length(self) -> int:
        """Return the number of moves of the counterexample; 0 if there is none."""
        return 0 if self.counterexample is None else self.counterexample.length


@dataclass(frozen=True, slots=True)
class WaySearch:
    """Describe one design's search. `names`: the properties to violate; `kinds`: the kinds of fault to try."""

    design: str
    names: tuple[str, ...]
    parameters: Parameters
    kinds: tuple[str, ...]


Found = dict[str, tuple[SmallWorld | None, Counterexample | None, str]]
_KNOWN: dict[tuple[object, ...], Found] = {}


def ways(comparison: Comparison) -> list[Way]:
    """Return a `Way` for every violated property: broken promises first, then the shortest, those without a way last."""
    parameters = comparison.scenario.parameters().without_timeouts()
    kinds = tuple(kinds_of(comparison.results().faults_fired))
    violated = {
        design: {name: p.promised for name, p in found.properties.items() if p.verdict == "violated"}
        for design, found in comparison.results().designs.items()
    }
    if comparison.stopped:
        why = "not searched, since the comparison was interrupted"
        return [
            Way(design, name, promised, None, None, why)
            for design, found in violated.items()
            for name, promised in found.items()
        ]
    searches = [WaySearch(design, tuple(names), parameters, kinds) for design, names in violated.items() if names]
    missing = [search for search in searches if _key(search) not in _KNOWN]
    failures: Failures[WaySearch] = Failures(lambda search: search.design)
    for index, met in executors.perform(search_worlds, missing, comparison.work.workers, failures=failures):
        _KNOWN[_key(missing[index])] = met
    for search in missing:  # an own design may fail here though no simulated run failed
        if failures.has(search):
            why = f"the search failed: {failures.met[search.design]}"
            _KNOWN[_key(search)] = dict.fromkeys(search.names, (None, None, why))
    found = [
        Way(search.design, name, violated[search.design][name], *_KNOWN[_key(search)][name])
        for search in searches
        for name in search.names
    ]
    return sorted(found, key=lambda way: (not way.promised, way.counterexample is None, way.length))


def _key(search: WaySearch) -> tuple[object, ...]:
    return search.design, search.names, repr(search.parameters), search.kinds


def kinds_of(faults: Iterable[str]) -> Iterator[str]:
    """Yield the kinds of fault in small worlds that stand for a scenario's faults."""
    # An outage loses one push after the other. In the world of lost pushes the same happens in fewer moves.
    configured = {"push-lost" if fault == "push-outage" else fault for fault in faults}
    for kind, members in KINDS.items():
        if configured & set(members):
            yield kind


def worlds_to_search(kinds: Sequence[str]) -> Iterator[SmallWorld]:
    """Yield the worlds to search, as the table above says."""
    singles = [(kind,) for kind in kinds]
    yield from (SmallWorld(people, 1, ()) for people in (*SMALL, "three-devices"))
    yield from (SmallWorld(people, 1, kind) for kind in singles for people in SMALL)
    yield from (SmallWorld(people, 2, ()) for people in SMALL)
    yield from (SmallWorld("three-devices", 1, kind) for kind in singles if kind in GENTLE)
    yield from (SmallWorld(people, 2, kind) for kind in singles for people in SMALL)
    yield from (SmallWorld(people, 1, pair) for pair in combinations(kinds, 2) for people in SMALL)


def search_worlds(search: WaySearch) -> Found:
    """Return each property's world and counterexample, or why there is none."""
    design = lookup.get(search.design).variant(parameters=search.parameters)
    open_ends = list(search.names)
    met: Found = {}
    worlds = states = cut = 0
    failed = ""
    for world in worlds_to_search(search.kinds):
        if not open_ends or states > ALTOGETHER:
            break
        system, _, environment = build(design, world)
        try:
            found = explore(system, environment, [PROPERTIES[n] for n in open_ends], limits=Limits(states=STATES))
        except DesignError as error:  # an own design may fail here though no simulated run failed
            failed = f"; the search ended in {world}: {error}"
            break
        if found.graph.ending == "interrupted":
            raise Interrupted
        worlds, states, cut = worlds + 1, states + len(found.graph.states), cut + (not found.complete)
        for name, finding in found.findings.items():
            if finding.counterexample is not None:
                met[name] = (world, finding.counterexample, "")
                open_ends.remove(name)
    why = f"not met in {worlds} small worlds with {states:,} states"
    if cut:
        why += f", of which {cut} were searched in part only"
    return met | dict.fromkeys(open_ends, (None, None, why + failed))
