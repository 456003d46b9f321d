"""Measure how complex a design is: packets on the wire, handlers, lines of model, states of the same small world."""

from __future__ import annotations

import inspect
import io
import tokenize
from functools import cache

from syncproof.core.actor import Actor
from syncproof.designs.registry import Design
from syncproof.engines import explore as engine
from syncproof.inputs import lookup
from syncproof.inputs.small_worlds import SmallWorld, build
from syncproof.studies.results.comparison import Complexity

WORLD = SmallWorld("two-people", 1, ())
"""The small world whose states are counted: one message between two people, and no fault."""


@cache
def complexity(name: str) -> Complexity:
    """Return how complex a ready design is."""
    design = lookup.get(name)
    system, _, environment = build(design, WORLD)
    found = engine.explore(system, environment, [])
    actors = (design.device, design.server)
    return Complexity(
        packet_kinds=len({kind for actor in actors for kind in actor.handlers}),
        handlers=sum(len(actor.handlers) for actor in actors),
        lines=_lines(design),
        states=len(found.graph.states),
    )


def _lines(design: Design) -> int:
    """Return the lines of code of the design's classes and their bases, without comments, docstrings and blank lines."""
    classes = {
        cls: None
        for actor in (design.device, design.server)
        for cls in actor.__mro__
        if issubclass(cls, Actor) and cls is not Actor
    }
    return sum(_code(inspect.getsource(cls)) for cls in classes)


def _code(source: str) -> int:
    """Return how many lines of a source hold code."""
    lines: set[int] = set()
    before = tokenize.INDENT
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
            if token.type != tokenize.COMMENT:
                before = token.type
            continue
        if token.type == tokenize.STRING and before in (
            tokenize.INDENT,
            tokenize.NEWLINE,
            tokenize.NL,
            tokenize.DEDENT,
        ):
            continue  # a docstring, or a text below a field
        if token.type != tokenize.ENDMARKER:
            lines.update(range(token.start[0], token.end[0] + 1))
            before = token.type
    return len(lines)
