"""What a verification looks like on a terminal, in Markdown and as one HTML page, with its counterexamples as files.

Every counterexample is written three ways: as a moves file that `syncproof replay` does again, as a Python snippet, and
as a sequence diagram. Times stay in `run.json`, so everything else is the same for the same version and bounds.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from rich.table import Table
from rich.text import Text

from syncproof import designs
from syncproof._version import __version__
from syncproof.core.moves import Move, Rest, Stop
from syncproof.core.world import World
from syncproof.counterexamples.narrate import Narration, narrate
from syncproof.designs import Design
from syncproof.engines.explore import WORDS, Exploration, Limits
from syncproof.errors import InputError
from syncproof.formats.header import SCHEMA, Header
from syncproof.formats.history import Recording
from syncproof.inputs import lookup, small_worlds
from syncproof.inputs.small_worlds import POPULATIONS, SmallWorld, build
from syncproof.properties import PROPERTIES
from syncproof.properties.monitor import Monitor
from syncproof.report import markdown as md
from syncproof.report import sequence, terminal
from syncproof.report.diagram import Diagram
from syncproof.report.tables import MARKS, rank
from syncproof.studies import claim_searches, claims
from syncproof.studies import verify as verification
from syncproof.studies.verify import Cell, Verification

FILES = ("report.html", "report.md", "results.json", "run.json")
LENGTHS = (
    "A counterexample to a safety property is a shortest one; one to a liveness property is a short one: a shortest way "
    "to where it goes on for ever, though another cycle may be nearer in all."
)
REPEAT = 200
"""How often a cycle is repeated at most in a moves file, until an automaton complains of it."""


@dataclass(frozen=True)
class Shown:
    """A violated cell with what tells of it."""

    design: str
    name: str
    cell: Cell
    narration: Narration

    @property
    def file(self) -> str:
        """Where its moves are, under the report's folder."""
        design = re.sub(r"[^\w.-]+", "_", self.design).lstrip("._")
        return f"counterexamples/{design}.{self.name}.moves.jsonl"


@dataclass(frozen=True)
class Proof(Verification):
    """A verification that can be looked at. `searches`: what was searched for claims alone (`syncproof.studies.claim_searches`)."""

    searches: dict[str, dict[str, Any]] = field(default_factory=dict)

    def results(self) -> dict[str, Any]:
        """The verification's results, and its claims judged with what was searched for them alone."""
        found = {**super().results(), "searches": self.searches}
        found["claims"] = claims.proved(found)
        return found

    def shown(self) -> list[Shown]:
        """Every violated cell, broken promises first, then by length."""
        found = [
            Shown(design, name, cell, retell(design, name, cell))
            for design, row in self.matrix().items()
            for name, cell in row.items()
            if cell.counterexample is not None
        ]
        return sorted(found, key=lambda s: (not s.cell.broken, s.cell.length))

    def answer(self) -> list[str]:
        """What was found, in a few sentences made from the numbers."""
        cells = [cell for row in self.matrix().values() for cell in row.values()]
        promised = [cell for cell in cells if cell.promised and cell.promise != "not judged"]
        kept = sum(cell.promise == "kept" for cell in promised)
        broken = sum(cell.broken for cell in cells)
        open_ends = sum(cell.promise == "unknown" for cell in promised)
        states = sum(e.states for row in self.explored.values() for e in row)
        count = sum(len(row) for row in self.explored.values())
        told = [
            f"{_counted(count, 'world')} of {_counted(len(self.explored), 'design')} searched, {states:,} states in all: "
            f"{kept} of {len(promised)} promises are kept in every interleaving of these worlds, under the faults that they "
            "are made for."
        ]
        if broken:
            told.append(
                f"{_counted(broken, 'promise')} {'is' if broken == 1 else 'are'} broken, each with a way to it below."
            )
        if open_ends:
            told.append(
                f"{_counted(open_ends, 'promise')} {'is' if open_ends == 1 else 'are'} unknown: a search was cut short "
                "or is missing."
            )
        refuted = [
            f"{design} ({', '.join(names)})"
            for design, row in self.matrix().items()
            if (names := [name for name, cell in row.items() if cell.verdict == "violated" and not cell.broken])
        ]
        if refuted:
            told.append(f"Refuted, and not promised under these faults: {'; '.join(refuted)}.")
        if self.vacuous:
            design, shape, what = self.vacuous[0]
            told.append(f"Vacuous: {design} in {shape} never met: {what} ({len(self.vacuous)} such gaps).")
        if self.missing:
            told.append(f"{sum(self.missing.values())} searches were not made: {self.stopped}.")
        return told

    def html(self) -> str:
        """The whole page, self-contained."""
        return _template("proof.html.j2", self, [(s, sequence.svg(s.narration), snippet(s)) for s in self.shown()])

    def __repr__(self) -> str:
        return "\n".join(self.answer())

    def diagram(self, name: str = "", design: str = "") -> Diagram:
        """The shortest way to a violation of the property `name`; default: of the gravest, a broken promise first.

        Raises `InputError` if nothing of the kind was found.
        """
        for shown in self.shown():
            if name in ("", shown.name) and design in ("", shown.design):
                assert shown.cell.counterexample is not None
                says = shown.cell.counterexample.says
                title = (
                    f"{shown.design} violates {shown.name} in {shown.cell.length} moves ({shown.cell.shape}): {says}"
                )
                return Diagram(shown.narration, title)
        raise InputError(f"no counterexample to {name or 'any property'}{' of ' * bool(design)}{design} was found")

    def _repr_html_(self) -> str:
        return _template("proof_fragment.html.j2", self, [])

    def markdown(self) -> str:
        """The same for a code host."""
        return "\n".join(_markdown(self))

    def write(self, out: Path) -> list[Path]:
        """Writes the report and the counterexamples into `out`. Raises `InputError` if that is not possible."""

        def dump(value: object) -> str:
            return json.dumps(value, indent=1, ensure_ascii=False) + "\n"

        texts = (self.html(), self.markdown(), dump(self.results()), dump(self.run_facts()))
        paths = [out / name for name in FILES]
        try:
            out.mkdir(parents=True, exist_ok=True)
            for path, text in zip(paths, texts, strict=True):
                path.write_text(text, encoding="utf-8")
            for shown in self.shown():
                record(shown, out / shown.file)
        except OSError as error:
            raise InputError(f"--out {out}: cannot be written: {error.strerror or error}; allowed: a folder") from None
        return paths


def verify(*arguments: Any, **options: Any) -> Proof:
    """`syncproof.studies.verify.verify`, with a result that can be looked at. Same arguments, same errors."""
    found = verification.verify(*arguments, **options)
    wanted = claim_searches.NOTIFY in found.explored and not found.missing
    return proof(found, claim_searches.searches() if wanted else {})


def proof(found: Verification, searches: dict[str, dict[str, Any]] | None = None) -> Proof:
    """A verification that can be looked at. `searches`: what was searched for claims besides."""
    return Proof(**{name: getattr(found, name) for name in found.__dataclass_fields__}, searches=searches or {})


def explore(
    design: str | Design,
    people: str = "two-devices",
    messages: int = 1,
    faults: Sequence[str] = (),
    *,
    limits: Limits = verification.LIMITS,
) -> Proof:
    """Searches every interleaving of one world of one design, as `syncproof explore` does.

    `people`, `faults`: names of `worlds.SHAPES` and `worlds.KINDS`. Raises `InputError` for names that there are not.
    """
    name, shape = lookup.known(design), small_worlds.small_world(people, messages, faults)
    found = verification.judged(name, shape, verification.search(name, shape, limits))
    return Proof(**{field: getattr(found, field) for field in found.__dataclass_fields__})


# ---- counterexamples


def retell(design: str, name: str, cell: Cell) -> Narration:
    """A cell's counterexample, told step by step."""
    assert cell.counterexample is not None
    assert cell.shape is not None
    found = cell.counterexample
    system, _, _ = build(design, cell.shape)
    return narrate(system, found.moves, [PROPERTIES[name]], prelude=found.prelude, cycle=found.cycle)


def performed(shown: Shown) -> Iterator[Move]:
    """The moves of a counterexample until an automaton complains: what goes on for ever is repeated and then ended."""
    assert shown.cell.counterexample is not None
    assert shown.cell.shape is not None
    found = shown.cell.counterexample
    monitor = Monitor([shown.name])
    system, _, _ = build(shown.design, shown.cell.shape)
    world = World(system, monitor.observe)
    for move in (*found.prelude, *found.moves):
        world.apply(move)
        yield move
    if PROPERTIES[shown.name].kind == "safety":
        return
    endless = PROPERTIES[shown.name].endless is not None
    for _ in range(REPEAT if endless else 1):
        for move in found.cycle:
            world.apply(move)
            yield move
        if monitor.counts.get(shown.name):
            return
    yield from (Stop(), Rest())


def record(shown: Shown, path: Path) -> None:
    """Writes the moves where `syncproof replay` finds all that it needs."""
    assert shown.cell.shape is not None
    _, population, _ = build(shown.design, shown.cell.shape)
    parameters = lookup.get(shown.design).parameters
    header = Header(
        schema=SCHEMA,
        kind="moves",
        design=shown.design,
        faults=shown.cell.shape.faults,
        population=population,
        parameters=parameters,
    )
    recording = Recording(header)
    monitor = Monitor([name for name in PROPERTIES if name not in lookup.get(shown.design).not_applicable])
    world = World(lookup.get(shown.design).system(population, parameters), monitor.observe)
    for move in performed(shown):
        world.apply(move)
        recording.move(move)
    path.parent.mkdir(parents=True, exist_ok=True)
    recording.write_moves(path, dict(monitor.counts))


def snippet(shown: Shown) -> str:
    """Python that does it again and prints the diagram."""
    assert shown.cell.counterexample is not None
    assert shown.cell.shape is not None
    shape = shown.cell.shape
    return (
        "from syncproof.report import sequence, verification\n"
        "from syncproof.studies.verify import retrace\n"
        "from syncproof.inputs.small_worlds import SmallWorld\n\n"
        f"shape = SmallWorld({shape.population!r}, {shape.messages}, {shape.kinds!r})\n"
        f"found = retrace({shown.design!r}, {shown.name!r}, shape)  # searches this one world again\n"
        f"print(sequence.text(verification.retell({shown.design!r}, {shown.name!r}, found)))\n"
    )


# ---- forms


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def mark(cell: Cell) -> str:
    """A cell in a table: the sign, and the length of the counterexample."""
    return f"{MARKS[cell.verdict]} {cell.length}" if cell.counterexample is not None else MARKS[cell.verdict]


def _template(name: str, proof: Proof, shown: list[Any]) -> str:
    environment = Environment(
        loader=PackageLoader("syncproof.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    results = proof.results()
    return environment.get_template(name).render(
        proof=proof,
        results=results,
        version=__version__,
        matrix=proof.matrix(),
        properties=PROPERTIES,
        mark=mark,
        rank=lambda cell: rank(cell.verdict, cell.broken if cell.verdict == "violated" else cell.promised),
        shown=shown,
        kinds=sorted({kind for found in results["designs"].values() for kind in found["coverage"]}),
        situations=sorted({what for found in results["designs"].values() for what in found["witnesses"]}),
        worlds=proof.worlds,
        shapes=POPULATIONS,
        command=reproduce(proof),
        lengths=LENGTHS,
    )


def reproduce(proof: Proof) -> str:
    """The command that makes this report again."""
    names = [] if list(proof.explored) == list(designs.DESIGNS) else list(proof.explored)
    if proof.bounds == verification.ONE_WORLD:
        (shape,) = proof.worlds
        faults = [word for kind in shape.kinds for word in ("--fault", kind)]
        world = ["--world", shape.population, "--messages", str(shape.messages)]
        return shlex.join(["syncproof", "explore", *names, *world, *faults])
    return shlex.join(["syncproof", "verify", *names, "--bounds", proof.bounds])


def _markdown(proof: Proof) -> Iterator[str]:
    matrix = proof.matrix()
    results = proof.results()
    yield f"# Verified in every interleaving: bounds `{proof.bounds}`"
    yield ""
    yield from (md.cell(sentence) for sentence in proof.answer())
    yield from ("", "## Verdicts", "")
    yield (
        "✓ holds in every world, ✗ violated (moves of a counterexample), ? unknown, – not applicable; **bold** where "
        f"promised. {LENGTHS}"
    )
    yield ""
    rows: list[list[object]] = []
    for name in PROPERTIES:
        cells = [row[name] for row in matrix.values()]
        rows.append([name, *(md.Bold(mark(c)) if c.promised else mark(c) for c in cells)])
    yield from md.table(["property", *matrix], rows)
    yield from ("", "## What was searched", "")
    heads = ["design", "worlds", "states", "transitions", "depth", "complete"]
    found = results["designs"].items()
    yield from md.table(
        heads,
        [
            [d, len(f["worlds"]), f["states"], f["transitions"], f["depth"], "yes" if f["complete"] else "no"]
            for d, f in found
        ],
    )
    yield from ("", "Transitions by kind of move:", "")
    kinds = sorted({kind for _, f in found for kind in f["coverage"]})
    yield from md.table(
        ["design", *kinds],
        [[d, *(f["coverage"].get(k, {"transitions": "–"})["transitions"] for k in kinds)] for d, f in found],
    )
    yield from ("", 'Situations without which "holds" would say nothing:', "")
    yield from md.table(
        ["design", "situation", "reached"],
        [[d, what, reached] for d, f in found for what, reached in f["witnesses"].items()],
    )
    yield from ("", "## Claims", "")
    yield from md.table(
        ["claim", "says", "verdict", "evidence"],
        [[key, c["says"], c["verdict"], c["evidence"]] for key, c in results["claims"].items()],
    )
    shown = proof.shown()
    if shown:
        yield from ("", "## Counterexamples", "")
    for each in shown:
        assert each.cell.counterexample is not None
        promised = "a broken promise" if each.cell.broken else "not promised under these faults"
        yield from (f"### {md.cell(each.design)}, {each.name}: {each.cell.length} moves ({promised})", "")
        yield from (f"In the world of {each.cell.shape}: {md.cell(each.cell.counterexample.says)}.", "")
        yield from (*md.fence(sequence.mermaid(each.narration), "mermaid"), "")
        yield from (*md.fence(f"syncproof replay {each.file} --diagram", "sh"), "")
    yield from ("", "## How to reproduce", "", f"syncproof {__version__}", "")
    yield from (*md.fence(reproduce(proof), "sh"), "")


def show(proof: Proof) -> None:
    """The matrix, what was searched, the claims and how to see a counterexample."""
    out = terminal.console()
    for sentence in proof.answer():
        out.print(Text(sentence))
    out.print()
    matrix = proof.matrix()
    grid = Table(box=None, pad_edge=False, header_style="dim")
    grid.add_column("property", no_wrap=True)
    for design in matrix:
        grid.add_column(design.replace("-", "\n", 2), justify="center", no_wrap=True)
    for name in PROPERTIES:
        grid.add_row(name, *(Text(mark(row[name]), style=_style(row[name])) for row in matrix.values()))
    out.print(grid)
    out.print(Text("✗ with the moves of a counterexample; bold: promised", style="dim"))
    out.print()
    facts = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("design", "worlds", "states", "transitions", "depth", "complete", "seconds"):
        facts.add_column(heading, justify="left" if heading == "design" else "right", no_wrap=True)
    for design, found in proof.results()["designs"].items():
        facts.add_row(
            design,
            f"{len(found['worlds'])}",
            f"{found['states']:,}",
            f"{found['transitions']:,}",
            f"{found['depth']}",
            "yes" if found["complete"] else "no",
            f"{sum(e.elapsed for e in proof.explored[design]):.1f}",
        )
    out.print(facts)
    out.print()
    for key, claim in proof.results()["claims"].items():
        style = terminal.COLOURS[claim["verdict"]]
        out.print(Text.assemble((f"{key:>4} ", ""), (f"{claim['verdict']:<10}", style), claim["evidence"]))


def _style(cell: Cell) -> str:
    if cell.broken:
        return "bold red"
    colour = {"holds": "green", "violated": "yellow"}.get(cell.verdict, "dim")
    return f"bold {colour}" if cell.promised else colour


def diagram(design: str, name: str, cell: Cell) -> str:
    """A counterexample as text, with what the property's automaton held at each step and why it failed."""
    narration = retell(design, name, cell)
    assert cell.counterexample is not None
    held = [
        f"{step.number - narration.prelude + 1:>4} {name}: {step.automata[name]}"
        for step in narration.steps[narration.prelude :]
        if name in step.automata
    ]
    return "\n".join(
        [
            f"{design} violates {name} in the world of {cell.shape}, {cell.length} moves:",
            sequence.text(narration),
            "",
            "What the automaton held, step by step:",
            *held,
            f"   ✗ {cell.counterexample.says}",
        ]
    )


def detail(design: str, shape: SmallWorld, found: Exploration) -> None:
    """One search in detail: verdicts, counterexamples, what every kind of move gave."""
    out = terminal.console()
    graph = found.graph
    judged = verification.judged(design, shape, found)
    out.print(Text(f"{design}: {shape}", style="bold"))
    ending = "complete" if found.complete else f"cut short ({WORDS[graph.ending]})"
    if found.growth:
        ending += f": {found.growth}"
    rate = len(graph.states) / max(graph.elapsed, 1e-9)
    out.print(
        Text(
            f"{len(graph.states):,} states, {len(graph.targets):,} transitions, depth {graph.depth}, {ending}; "
            f"{rate:,.0f} states/s, {graph.bytes / len(graph.states):.0f} bytes a state, "
            f"{found.reran:,} handler calls made again"
        )
    )
    grid = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("move", "transitions", "states first reached"):
        grid.add_column(heading, justify="left" if heading == "move" else "right")
    for kind, (transitions, states) in found.coverage.items():
        style = "" if transitions else "yellow"
        grid.add_row(Text(kind, style=style), f"{transitions:,}", f"{states:,}")
    out.print(grid)
    for name in found.findings:
        cell = judged.cell(design, name)
        promised = f"promise {cell.promise}" if cell.promised else ""
        out.print(Text(f"  {name:22} {cell.verdict:9} {promised:17} {cell.why}".rstrip(), style=_style(cell)))
    for name in found.findings:
        cell = judged.cell(design, name)
        if cell.counterexample is not None:
            out.print()
            print(diagram(design, name, cell))
    for _, _, what in judged.vacuous:
        out.print(Text(f"vacuous: never met: {what}", style="bold red"))
