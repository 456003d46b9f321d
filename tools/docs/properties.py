"""The section of each property: statement, limits, promises."""

from __future__ import annotations

from syncproof.core.faults import FAULTS
from syncproof.designs import DESIGNS
from syncproof.properties import PROPERTIES, Property
from syncproof.seeded_bugs import BUGS
from tools.docs.designs import under
from tools.docs.markdown import codes, facts, paragraphs, table


def overview() -> str:
    """Return a table with a row for each property."""
    rows = [[_link(p.name), p.kind, p.keyed_by, p.says, _anomaly(p)] for p in PROPERTIES.values()]
    return table(["property", "kind", "keyed by", "says", "anomaly"], rows)


def _link(name: str) -> str:
    return f"[{name}](#{name})"


def _anomaly(automaton: type[Property]) -> str:
    return codes(automaton.anomaly.split(", ")) if automaton.anomaly else ""


def promises() -> str:
    """Return a table of properties by designs: the faults under which each is promised."""
    rows = [[_link(name), *(_promise(design, name) for design in DESIGNS)] for name in PROPERTIES]
    return table(["property", *(f"[{name}](designs.md#{name})" for name in DESIGNS)], rows)


def _promise(design: str, name: str) -> str:
    entry = DESIGNS[design]
    if name in entry.not_applicable:
        return "–"
    if name not in entry.promises:
        return "no"
    left_out = [fault for fault in FAULTS if fault not in entry.promises[name]]
    return "yes" if not left_out else under(tuple(entry.promises[name])).replace("every fault but", "not under")


def refinements() -> str:
    """Return a table of the designs that implement an abstract machine: the faults under which each does."""
    rows = [
        [f"[{design.name}](designs.md#{design.name})", codes([machine]), under(tuple(faults))]
        for design in DESIGNS.values()
        for machine, faults in design.refines.items()
    ]
    return table(["design", "refines", "under"], rows)


def sections() -> str:
    """Return a section for each property."""
    return "\n\n".join(_section(automaton) for automaton in PROPERTIES.values())


def _section(automaton: type[Property]) -> str:
    statement, *notes = paragraphs(automaton.__doc__)
    killed = [bug for bug in BUGS.values() if automaton.name in bug.violates]
    file = f"../model/{automaton.__module__.replace('.', '/')}.py"
    rows = [
        ["kind", automaton.kind],
        ["keyed by", automaton.keyed_by],
        ["anomaly", _anomaly(automaton) or "no name of its own"],
        ["automaton", f"[`{automaton.__name__}`]({file})"],
        ["evidence", automaton.wants],
        ["reacts to", codes(kind.__name__ for kind in automaton.reactions)],
        [
            "must be violated by",
            ", ".join(f"[{b.id}](failures.md#{b.id.lower()}) {b.failure}" for b in killed) or "no bug yet",
        ],
    ]
    return "\n\n".join([f"### {automaton.name}", f"> {_formal(statement)}", *map(_formal, notes), facts(rows)])


def _formal(text: str) -> str:
    """Return a statement with the characters escaped that have a meaning in Markdown."""
    return text.replace("=>", "⇒").replace("<", "&lt;")
