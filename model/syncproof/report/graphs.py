"""Write a search's states and arcs as files for other tools: GraphML, DOT, Aldebaran.

GraphML and DOT files are drawn, so of a large graph they get only the first states, in the order in which they were found, with
the arcs between them. Aldebaran files are read by checkers and always have the whole graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from syncproof.counterexamples.wording import brief
from syncproof.engines.explore import Exploration
from syncproof.errors import InputError

if TYPE_CHECKING:  # its import takes a tenth of a second
    import networkx

SAMPLE = 2_000
"""The most states that GraphML and DOT files get."""
ENDINGS = (".graphml", ".dot", ".aut")


def check(path: Path) -> None:
    """Raise `InputError` for a name without a known ending, or a folder that does not exist."""
    if path.suffix not in ENDINGS:
        raise InputError(f"--graph {path}: allowed: a file ending in {', '.join(ENDINGS)}")
    if not path.parent.is_dir():
        raise InputError(f"--graph {path}: the folder {path.parent} does not exist")


def write(found: Exploration, path: Path) -> str:
    """Write the graph, and return in words what was written. Raises `InputError` if the file cannot be written, or has no arcs."""
    states, arcs = len(found.graph.states), found.graph.transitions
    if found.graph.tree is not None:
        raise InputError("--graph: the search kept no arcs; allowed: one that keeps them, explore(..., arcs=True)")
    try:
        if path.suffix == ".aut":
            with path.open("w", encoding="utf-8") as file:
                file.writelines(line + "\n" for line in aldebaran(found))
            return f"{path}: {states:,} states, {arcs:,} transitions"
        drawn = graph(found, SAMPLE)
        if path.suffix == ".graphml":
            from networkx import write_graphml

            write_graphml(drawn, path)
        else:
            path.write_text("\n".join(dot(drawn)) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"--graph {path}: cannot be written: {error.strerror or error}") from None
    part = f" (the first of {states:,})" if states > len(drawn) else ""
    return f"{path}: {len(drawn):,} states{part}, {drawn.number_of_edges():,} transitions"


def graph(found: Exploration, limit: int | None = None) -> networkx.MultiDiGraph[int]:
    """Return the first `limit` states (default: all) and the arcs between them; nodes have a depth, arcs a move."""
    from networkx import MultiDiGraph

    whole = found.graph
    kept = len(whole.states) if limit is None else min(limit, len(whole.states))
    drawn: networkx.MultiDiGraph[int] = MultiDiGraph()
    depth = 0
    for state in range(kept):
        while depth + 1 < len(whole.levels) and state >= whole.levels[depth + 1]:
            depth += 1
        drawn.add_node(state, depth=depth)
    moves = found.tables.moves.values
    for state in range(min(kept, whole.expanded)):
        for arc in range(whole.first[state], whole.first[state + 1]):
            if whole.targets[arc] < kept:
                drawn.add_edge(state, whole.targets[arc], move=brief(moves[whole.moves[arc]]))
    return drawn


def dot(drawn: networkx.MultiDiGraph[int]) -> Iterator[str]:
    """Yield the lines of the graph in Graphviz's language."""
    yield "digraph states {"
    yield '  rankdir=LR; node [shape=circle, label="", width=0.12]; edge [fontsize=8];'
    yield "  0 [style=filled];"
    for source, target, move in drawn.edges(data="move", default=""):
        quoted = str(move).replace("\\", "\\\\").replace('"', '\\"')
        yield f'  {source} -> {target} [label="{quoted}"];'
    yield "}"


def aldebaran(found: Exploration) -> Iterator[str]:
    """Yield the lines of the Aldebaran format of CADP and mCRL2: `des (first, transitions, states)`, then one arc per line."""
    whole = found.graph
    yield f"des (0, {len(whole.targets)}, {len(whole.states)})"
    labels = [brief(move).replace('"', "'") for move in found.tables.moves.values]
    for state in range(whole.expanded):
        for arc in range(whole.first[state], whole.first[state + 1]):
            yield f'({state}, "{labels[whole.moves[arc]]}", {whole.targets[arc]})'
