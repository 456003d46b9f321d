"""Draw a narration as a sequence diagram: text for terminals and assertions, Mermaid for Markdown, SVG for pages.

Lanes from left to right: the actor that is told something first, the servers (each with its stores), all other actors. Each row
is one move. A packet's arrow ends in the row in which it arrives or is lost, so only one arrow ends in a row.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from markupsafe import Markup, escape

from syncproof.core.moves import Abandon, Crash, Restart, Spawn, Tell
from syncproof.core.values import ActorId
from syncproof.counterexamples.narrate import Narration, Step, Transit
from syncproof.counterexamples.wording import brief

QUIET = (
    "Noted",
    "Triggered",
    "Pulled",
    "Served",
    "RangeRead",
    "Connected",
    "Disconnected",
    "Crashed",
    "Restarted",
    "Appeared",
)
"""Observations that a diagram leaves out, because its arrows show them."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Describe one column: an actor, or its stores."""

    actor: ActorId
    stores: bool
    title: str

    @property
    def key(self) -> str:
        """Return a name that Mermaid accepts."""
        return f"{'stores' if self.stores else 'actor'}{int(self.actor)}".replace("-", "_")


CROWD = 8
"""If more actors than this take part, a diagram leaves out actors to which nothing happens."""


def lanes(narration: Narration) -> list[Lane]:
    """Return the columns, from left to right."""
    present = list(narration.lanes)
    if len(present) > CROWD:
        busy = {s.at for s in narration.steps} | {end for f in narration.transits for end in (f.source, f.target)}
        present = [actor for actor in present if actor in busy]
    addressed = [s.move.actor for s in narration.steps[narration.prelude :] if isinstance(s.move, Tell)]
    first = addressed[:1] if addressed and addressed[0] in present else []
    serving = [actor for actor in present if narration.stores(actor)]
    rest = [actor for actor in present if actor not in (*first, *serving)]
    found = []
    for actor in dict.fromkeys([*first, *serving, *rest]):
        found.append(Lane(actor, False, narration.lanes[actor]))
        if actor in serving:
            found.append(Lane(actor, True, "stores"))
    return found


@dataclass(frozen=True, slots=True)
class Row:
    """Hold a step as it is drawn: the transit that ends in it (else its words stand at a lane), and the notes beside it."""

    step: Step
    transit: Transit | None
    notes: tuple[str, ...]


def rows(narration: Narration) -> Iterator[Row]:
    """Yield the steps after the prelude as rows."""
    for step in narration.steps[narration.prelude :]:
        ended = [f for f in narration.transits if f.ended == step.number and f.fate != "cut"]
        transit = ended[0] if len(ended) == 1 and not isinstance(step.move, (Crash, Restart)) else None
        if transit is not None and transit.storage and not narration.stores(transit.source):
            transit = None
        notes = [note for note in step.observations if note.split(" ")[0] not in QUIET]
        yield Row(step, transit, (*notes, *[f"✗ {name}: {says}" for name, says in step.complaints.items()]))


def ends(transit: Transit, columns: list[Lane]) -> tuple[int, int]:
    """Return the columns that a transit's arrow joins; the result of a storage operation comes from the stores."""
    place = {(lane.actor, lane.stores): number for number, lane in enumerate(columns)}
    return place[transit.source, transit.storage], place[transit.target, False]


# ---- text

GAP, WIDEST_GAP = 26, 48
"""The columns between two lanes: at least, and at most if a label is longer than that."""


def text(narration: Narration, width: int = GAP) -> str:
    """Return the diagram for a terminal: a line per step, a column per lane, observations at the right.

    Lanes are as far apart as the labels between them need. Of one that is longer than that the first word stands on its
    arrow, and all of it among the observations.
    """
    columns = lanes(narration)
    drawn = list(rows(narration))
    at = _places(columns, drawn, width)
    titles = [lane.title.ljust(there - here) for lane, here, there in zip(columns, at, [*at[1:], at[-1]], strict=True)]
    lines = ["     " + "".join(titles).rstrip()]
    if narration.prelude:
        lines.append(f"     ({narration.prelude} moves before: everyone connects and is up to date)")
    for number, row in enumerate(drawn, 1):
        if narration.cycle == row.step.number:
            lines.append("     ---- what follows repeats indefinitely")
        line = list(" " * (at[-1] + 1))
        for place in at:
            line[place] = "│"
        notes = list(row.notes)
        if row.transit is not None:
            source, target = ends(row.transit, columns)
            low, high = sorted((at[source], at[target]))
            label = brief(row.transit.packet)
            if len(label) > high - low - LEAST_SHAFT:
                notes.insert(0, label)
                label = label.split(" ")[0]
            shaft = list(f" {label} ".center(high - low - 1, "─"))
            tip = "✗" if row.transit.fate == "lost" else "▶" if target > source else "◀"
            shaft[-1 if target > source else 0] = tip
            line[low + 1 : high] = shaft
        else:
            place = at[_column(row.step, columns)]
            says = f" {row.step.says}"
            line[place : place + 1 + len(says)] = list("●" + says)
        noted = "; ".join(notes)
        lines.append(f"{number:>4} {''.join(line).rstrip().ljust(at[-1] + 3)}{'  ' + noted if noted else ''}".rstrip())
    return "\n".join(lines)


LEAST_SHAFT = 5
"""The columns between two lanes that a label leaves free: both ends, and the arrow on either side."""


def _places(columns: list[Lane], drawn: Sequence[Row], width: int) -> list[int]:
    """Return the column of each lane, as far apart as labels need and `WIDEST_GAP` allows."""
    gaps = [max(width, len(lane.title) + 2) for lane in columns[:-1]]
    spans: list[tuple[int, int, int]] = []
    for row in drawn:
        if row.transit is not None:
            low, high = sorted(ends(row.transit, columns))
            spans.append((high - low, high, len(brief(row.transit.packet)) + LEAST_SHAFT))
    for lanes_between, high, needed in sorted(spans):
        missing = needed - sum(gaps[high - lanes_between : high])
        if 0 < missing <= WIDEST_GAP - gaps[high - 1]:
            gaps[high - 1] += missing
    return list(accumulate(gaps, initial=0))


def _column(step: Step, columns: list[Lane]) -> int:
    for number, lane in enumerate(columns):
        if lane.actor == step.at and not lane.stores:
            return number
    return 0


# ---- Mermaid


def mermaid(narration: Narration) -> str:
    """Return the diagram for a code host, in Mermaid."""
    columns = lanes(narration)
    lines = ["sequenceDiagram"]
    lines += [f"    participant {lane.key} as {_plain(lane.title)}" for lane in columns]
    if narration.prelude:
        lines.append(f"    Note over {columns[0].key}: {narration.prelude} moves before, everyone is up to date")
    for row in rows(narration):
        if narration.cycle == row.step.number:
            lines.append("    loop indefinitely")
        here = columns[_column(row.step, columns)].key
        if row.transit is not None:
            source, target = ends(row.transit, columns)
            arrow = "--x" if row.transit.fate == "lost" else "-->>" if row.transit.storage else "->>"
            lines.append(f"    {columns[source].key}{arrow}{columns[target].key}: {_plain(brief(row.transit.packet))}")
        else:
            lines.append(f"    Note over {here}: {_plain(row.step.says)}")
        lines += [f"    Note over {here}: {_plain(note)}" for note in row.notes]
    if narration.cycle is not None:
        lines.append("    end")
    return "\n".join(lines)


def _plain(says: str) -> str:
    """Return text without characters that Mermaid interprets (a semicolon ends a statement, a hash begins an entity)."""
    return " ".join(says.split()).replace("#", "/").replace(";", ",").replace("<", "(").replace(">", " after ")


# ---- SVG

LANE, TOP, LEFT, RIGHT = 210, 46, 34, 370
FIRST = TOP + 20
"""Where the first row is; `pitch` lies between two."""
LINE, LEAST_PITCH = 13, 30
ASIDE = 24
"""How far from a lane texts begin: arrows leave it in between."""
LETTER = 6.4
"""The width of a letter, about."""
NOTE, COMPLAINT = 52, 46
"""Letters of a note that stand in a line."""


def pitch(narration: Narration) -> int:
    """Return the distance of two rows: as much as the row with most lines of text takes."""
    columns = lanes(narration)
    drawn = list(rows(narration))
    above = max([len(_label(row.transit, columns)) for row in drawn if row.transit is not None], default=1)
    below = max([len(_says(row, columns)) for row in drawn if row.transit is None], default=1)
    beside = max([len(list(_noted(row.notes))) for row in drawn], default=1)
    return max(LEAST_PITCH, LINE * (above + below - 1) + 17, LINE * (beside - 1) + 28)


def svg(narration: Narration) -> Markup:
    """Return the diagram for a page, as SVG; colours and fonts come from the page's style sheet."""
    columns = lanes(narration)
    drawn = list(rows(narration))
    step = pitch(narration)
    x = [LEFT + 60 + LANE * number for number in range(len(columns))]
    y = {row.step.number: FIRST + step * number for number, row in enumerate(drawn)}
    width, height = x[-1] + RIGHT, FIRST + step * len(drawn)
    parts = [
        f'<svg class="sequence" viewBox="0 0 {width} {height}" role="img" aria-label="Sequence diagram, {len(drawn)} moves">'
    ]
    for number, lane in enumerate(columns):
        parts.append(f'<text class="lane" x="{x[number]}" y="20">{escape(lane.title)}</text>')
        parts += _line(narration, lane, x[number], y, height)
    for transit in narration.transits:
        if transit.storage and narration.stores(transit.source):
            parts += _operation(transit, x[ends(transit, columns)[0]], y, height)
    for number, row in enumerate(drawn):  # below all texts
        if row.transit is not None:
            parts += _arrow(row.transit, number, columns, x, y)
    for number, row in enumerate(drawn, 1):
        level = y[row.step.number]
        if narration.cycle == row.step.number:
            parts.append(f'<line class="cycle" x1="0" x2="{width}" y1="{level - 16}" y2="{level - 16}"/>')
            parts.append(
                f'<text class="cycle" x="{width - 8}" y="{level - 20}">what follows repeats indefinitely</text>'
            )
        parts.append(f'<text class="number" x="{LEFT - 8}" y="{level + 4}">{number}</text>')
        if row.transit is None:
            place = x[_column(row.step, columns)]
            kind = " crash" if isinstance(row.step.move, Crash) else ""
            parts.append(f'<circle class="dot{kind}" cx="{place}" cy="{level}" r="3.5"/>')
            last = place == x[-1]  # the notes are to the right of the last lane
            side = f'text-anchor="end" x="{place - ASIDE}"' if last else f'x="{place + ASIDE}"'
            parts += _text(f"says{kind}", side, level + 4, _says(row, columns))
        else:
            source, target = ends(row.transit, columns)
            way = 1 if target > source else -1
            side = f'text-anchor="{"end" if way > 0 else "start"}" x="{x[target] - way * ASIDE}"'
            lines = _label(row.transit, columns)
            parts += _text("label", side, level - 7 - LINE * (len(lines) - 1), lines)
        for place, (kind, line) in enumerate(_noted(row.notes)):
            parts += _text(f"note{kind}", f'x="{x[-1] + 20}"', level + 4 + LINE * place, [line])
    parts.append("</svg>")
    return Markup("".join(parts))


def _text(kind: str, side: str, y: float, lines: Sequence[str]) -> Iterator[str]:
    """Yield lines of text, from `y` downwards."""
    for number, line in enumerate(lines):
        yield f'<text class="{kind}" {side} y="{y + LINE * number}">{escape(line)}</text>'


def _label(transit: Transit, columns: list[Lane]) -> list[str]:
    """Return what stands above an arrow, in lines that fit between its ends."""
    source, target = ends(transit, columns)
    return _wrapped(brief(transit.packet), int((abs(target - source) * LANE - 2 * ASIDE) / LETTER))


def _says(row: Row, columns: list[Lane]) -> list[str]:
    """Return the words of a step without an arrow, in lines that end before the notes."""
    here = _column(row.step, columns)
    last = here == len(columns) - 1
    return _wrapped(row.step.says, int(((1 if last else len(columns) - 1 - here) * LANE - 2 * ASIDE) / LETTER))


def _noted(notes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield the lines of the notes beside a row, each with the end of its class."""
    complaints = [note for note in notes if note.startswith("✗")]
    seen = [note for note in notes if note not in complaints]
    for line in _wrapped("; ".join(seen), NOTE) if seen else ():
        yield "", line
    for complaint in complaints:
        for line in _wrapped(complaint, COMPLAINT):
            yield " bad", line


def _wrapped(says: str, letters: int) -> list[str]:
    return textwrap.wrap(says, letters, break_on_hyphens=False) or [""]


def _line(narration: Narration, lane: Lane, x: int, y: dict[int, int], height: int) -> Iterator[str]:
    """Yield a lane's line from where its actor appeared, interrupted while the actor is down."""
    top, down = TOP - 16, None
    for step in narration.steps:
        level = y.get(step.number)
        if level is None or lane.stores or step.at != lane.actor:
            continue
        if isinstance(step.move, Spawn):
            top = level
        elif isinstance(step.move, Abandon | Crash):
            yield f'<line class="life" x1="{x}" x2="{x}" y1="{top}" y2="{level}"/>'
            down = level
        elif isinstance(step.move, Restart) and down is not None:
            yield f'<line class="life down" x1="{x}" x2="{x}" y1="{down}" y2="{level}"/>'
            top, down = level, None
    if down is None:
        yield f'<line class="life" x1="{x}" x2="{x}" y1="{top}" y2="{height}"/>'
    else:
        yield f'<line class="life down" x1="{x}" x2="{x}" y1="{down}" y2="{height}"/>'


def _operation(transit: Transit, x: int, y: dict[int, int], height: int) -> Iterator[str]:
    """Yield a bar on the stores' lane for the time in which an operation is under way."""
    if transit.ended is not None and transit.ended not in y:
        return
    top = y.get(transit.sent, TOP)
    bottom = height if transit.ended is None else y[transit.ended]
    fate = transit.fate.replace(" ", "-")
    yield f'<rect class="operation {fate}" x="{x - 4}" width="8" y="{top}" height="{max(bottom - top, 2)}"/>'


def _arrow(transit: Transit, number: int, columns: list[Lane], x: list[int], y: dict[int, int]) -> Iterator[str]:
    """Yield the arrow of a row's transit: beside its source's lane from where it was sent, then straight to where it ended.

    So no arrow lies below the text of its row. A lost packet's arrow ends before the lane.
    """
    source, target = ends(transit, columns)
    assert transit.ended is not None
    level = y[transit.ended]
    start = level if transit.storage else y.get(transit.sent, TOP - 10)
    way = 1 if target > source else -1
    tip = x[target] - way * (LANE * 0.35 if transit.fate == "lost" else 5)
    lost = " lost" if transit.fate == "lost" else ""
    beside = "" if start == level else f"h{way * (6 + 4 * (number % 4))}V{level}"
    yield f'<path class="arrow{lost}" d="M{x[source]} {start}{beside}H{tip:g}"/>'
    if lost:
        # Lines, not a letter: a letter would reach into the label above.
        yield f'<path class="cross" d="M{tip - 4:g} {level - 4}l8 8m0 -8l-8 8"><title>lost</title></path>'
    else:
        yield f'<path class="tip" d="M{x[target]} {level}l{-8 * way} -4v8z"/>'
