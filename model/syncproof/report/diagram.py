"""Show sequence diagrams: as SVG in a notebook, as text elsewhere."""

from __future__ import annotations

from importlib import resources

from syncproof.core.enabled import BoundedWorld
from syncproof.core.moves import Fire, Move
from syncproof.counterexamples.narrate import Narration, narrate
from syncproof.designs import Design
from syncproof.inputs import arguments, lookup, small_worlds
from syncproof.report import sequence

COLOURS = "--paper: #ffffff; --ink: #1d2129; --soft: #5b6370; --bad: #a8430a; --accent: #0072b2;"
"""Colours of a diagram outside a page. It has a background of its own, so that it can be read on a dark page."""


class Diagram:
    """Show a narration as a sequence diagram. `title`: what it shows, in one line."""

    def __init__(self, narration: Narration, title: str) -> None:
        self.narration, self.title = narration, title

    def __repr__(self) -> str:
        return f"{self.title}\n{sequence.text(self.narration)}"

    def _repr_svg_(self) -> str:
        drawn = str(sequence.svg(self.narration))
        css = (resources.files("syncproof.report") / "templates" / "sequence.css").read_text(encoding="utf-8")
        ground = f"svg.sequence {{ {COLOURS} background: var(--paper); }}"
        head, _, rest = drawn.partition(">")
        return f'{head} xmlns="http://www.w3.org/2000/svg"><style>{ground} {css}</style>{rest}'

    def held(self) -> str:
        """Return the states of the properties' automata after each step that changed them, and the violations they reported."""
        lines = []
        for step in self.narration.steps[self.narration.prelude :]:
            number = step.number - self.narration.prelude + 1
            lines += [f"{number:>4} {name}: {held}" for name, held in step.automata.items()]
            lines += [f"   ✗ {name}: {says}" for name, says in step.complaints.items()]
        return "\n".join(lines)


def diagram(design: str | Design, population: str = "three-devices", *, messages: int = 1) -> Diagram:
    """Draw what a design does with messages without faults; of several possible moves the one that waited longest is made.

    Arguments:
        design: a name, `FILE.py:NAME`, or a design made by `Design.variant`.
        population: who takes part: "two-people", "two-devices", "three-devices" or "two-conversations".
        messages: how many messages are written, 1 to 9.

    Returns a `Diagram`: SVG in a notebook, text elsewhere.

    Raises `InputError`, in one sentence that says what is allowed, for an argument that is not.
    """
    arguments.whole("messages", messages, least=1, most=9, needed=True)
    entry = lookup.get(design)
    system, _, environment = small_worlds.build(entry, small_worlds.small_world(population, messages, ()))
    play = BoundedWorld(system, environment, lambda _: None)
    waiting: list[Move] = []
    while moves := [m for m in play.world.pending() if not _retransmits(m)] or play.possible()["compose"][:1]:
        waiting = [move for move in waiting if move in moves] + [move for move in moves if move not in waiting]
        play.make(waiting[0])
    return Diagram(narrate(system, play.world.moves, prelude=environment.prelude), f"{entry.name}: {entry.summary}")


def _retransmits(move: Move) -> bool:
    """Return whether a timer sends something again: nothing is lost here, and it could fire without end."""
    return isinstance(move, Fire) and move.packet.retransmits
