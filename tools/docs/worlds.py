"""The worlds that searches contain, and a measurement of commuting moves."""

from __future__ import annotations

from itertools import combinations, groupby, pairwise

from syncproof.core.faults import FAULTS
from syncproof.designs import DESIGNS
from syncproof.engines import hypothesis_runs
from syncproof.engines.explore import Graph, explore
from syncproof.inputs.bounds import BEYOND, BOUNDS, particular
from syncproof.inputs.small_worlds import ASPECTS, CHANGES, KINDS, POPULATIONS, SmallWorld, build
from syncproof.studies.verify import search
from tools.docs.markdown import code, table


def populations() -> str:
    """Return a table with a row for each population."""
    rows = []
    for name, people in POPULATIONS.items():
        owners = ", ".join(f"device {d} of user {u}" for d, u in enumerate(people.owners))
        members = "; ".join(f"users {', '.join(map(str, m))}" if len(m) > 1 else f"user {m[0]}" for m in people.members)
        rows.append([code(name), owners, members])
    return table(["world", "devices", "in one conversation"], rows)


def kinds() -> str:
    """Return a table with a row for each kind of fault that worlds combine."""
    rows = [
        [code(kind), _faults(faults) if faults else f"no fault: {(CHANGES | ASPECTS)[kind][1]}", _often(faults)]
        for kind, faults in KINDS.items()
    ]
    return table(["kind", "stands for", "may happen"], rows)


def _faults(faults: tuple[str, ...]) -> str:
    return "; ".join(f"`{f}`: {FAULTS[f].sentence}" for f in faults)


def _often(faults: tuple[str, ...]) -> str:
    """Return how often each of the faults may happen in a search."""
    if len(faults) < 2:
        return _times(faults[0]) if faults else "once"
    return ", ".join(f"{code(fault)} {_times(fault)}" for fault in faults)


def _times(name: str) -> str:
    fault = FAULTS[name]
    if fault.unlimited:
        return f"any number of times, as {code(fault.unlimited)}"
    if fault.move is None:  # no move makes it, so no budget limits it
        return "any number of times"
    return {1: "once", 2: "twice"}[fault.budget]


def bounds() -> str:
    """Return a table with a row for each population and number of messages, and a column for each of the bounds."""
    rows: dict[tuple[str, int], dict[str, list[tuple[str, ...]]]] = {}
    for name, contents in BOUNDS.items():
        for world in contents:
            row = rows.setdefault((world.population, world.messages), {})
            where = f"{' and '.join(world.kinds) or 'no fault'} in a {world.deployment}"
            row.setdefault(name, []).append((where,) if world.deployment else world.kinds)
    lines = []
    for (people, messages), row in rows.items():
        cells: list[str] = []
        before: list[tuple[str, ...]] = []
        for name in BOUNDS:
            now = row.get(name, [])
            parts = (["the same"] if before else []) + _phrases([kinds for kinds in now if kinds not in before])
            cells.append(", and ".join(parts))
            before = now
        lines.append([code(people), messages, *cells])
    lines.append(["worlds in all", "", *(len(contents) for contents in BOUNDS.values())])
    return table(["world", "messages", *map(code, BOUNDS)], lines)


def _phrases(worlds: list[tuple[str, ...]]) -> list[str]:
    """Return phrases for combinations of faults; all pairs of some kinds are one phrase."""
    singles = [" and ".join(kinds) or "no fault" for kinds in worlds if len(kinds) < 2]
    pairs = [kinds for kinds in worlds if len(kinds) > 1]
    several = list(dict.fromkeys(kind for kinds in pairs for kind in kinds))
    if pairs and pairs == list(combinations(several, 2)):
        of_pairs = [f"each pair of {', '.join(several)}"]
    else:
        of_pairs = [" with ".join(kinds) for kinds in pairs]
    return [", ".join(part) for part in (singles, of_pairs) if part]


def special() -> str:
    """Return one row per group of worlds that `standard` and `deep` search with some designs only."""
    designs: dict[tuple[SmallWorld, ...], list[str]] = {}
    for name in DESIGNS:
        for _, worlds in groupby(
            particular(name), key=lambda world: (world.parameters, world.population, world.messages)
        ):
            designs.setdefault(tuple(worlds), []).append(name)
    rows = [
        [
            ", ".join(f"[{name}](designs.md#{name})" for name in names),
            ", ".join(code(f"{key} = {value}") for key, value in worlds[0].parameters),
            code(worlds[0].population),
            worlds[0].messages,
            ", ".join(" with ".join(world.kinds) or "no fault" for world in worlds),
        ]
        for worlds, names in designs.items()
    ]
    return table(["design", "with", "world", "messages", "kinds"], rows)


def beyond() -> str:
    """Return a table of the worlds in which only the largest bounds search a design."""
    rows = [[f"[{d}](designs.md#{d})", str(world)] for d, left_out in BEYOND.items() for world in left_out]
    return table(["design", "world that only `deep` searches"], rows)


def profiles() -> str:
    """Return a table of the number of examples in each Hypothesis profile."""
    return table(["profile", "examples"], [[code(n), f"{count:,}"] for n, count in hypothesis_runs.PROFILES.items()])


# ---- how many pairs of moves that are possible at once are independent

MEASURED = (
    ("inbox-store-first", SmallWorld("two-devices", 1, ())),
    ("inbox-store-first", SmallWorld("two-devices", 1, ("disconnect",))),
    ("timeline-notify", SmallWorld("two-devices", 1, ())),
    ("timeline-notify", SmallWorld("two-devices", 1, ("server-crash",))),
    ("timeline-dense-push", SmallWorld("two-devices", 2, ())),
)


def commuting() -> str:
    """Return a table for some small worlds: how many pairs of moves that are possible at once commute."""
    rows = []
    for design, world in MEASURED:
        system, _, environment = build(design, world)
        alone = explore(system, environment).graph
        judged = search(design, world).graph
        row = [code(design), str(world)]
        for graph in (alone, judged):
            pairs, closed = _diamonds(graph)
            row += [f"{len(graph.states):,}", f"{100 * closed / pairs:.1f} %"]
        rows.append(row)
    return table(
        ["design", "world", "states", "pairs that commute", "states with automata", "pairs that commute"], rows
    )


def _diamonds(graph: Graph) -> tuple[int, int]:
    """Return how many pairs of different moves leave one state, and how many of them lead to the same state in both orders."""
    first, moves, targets = graph.first.tolist(), graph.moves.tolist(), graph.targets.tolist()
    leaving = [dict(zip(moves[a:b], targets[a:b], strict=True)) for a, b in pairwise(first)]
    pairs = closed = 0
    for out in leaving:
        items = list(out.items())
        for number, (one, here) in enumerate(items):
            for other, there in items[:number]:
                pairs += 1
                end = leaving[here].get(other)
                closed += end is not None and end == leaving[there].get(one)
    return pairs, closed
