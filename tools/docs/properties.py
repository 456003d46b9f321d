"""The section of each property (statement, limits, promises) and of each seeded bug."""

from __future__ import annotations

from syncproof.core.faults import FAULTS
from syncproof.designs import DESIGNS
from syncproof.inputs.small_worlds import small_world
from syncproof.properties import PROPERTIES, Property
from syncproof.seeded_bugs import BUGS
from tools.docs.designs import under
from tools.docs.markdown import code, codes, facts, paragraphs, table


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
        [f"[{design.name}](designs.md#{design.name})", code(machine), under(tuple(faults))]
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


# ---- failures


def bugs() -> str:
    """Return a table with a row for each bug."""
    rows = [
        [f"[{b.id}](#{b.id.lower()})", b.failure, codes(b.violates), f"[{b.base}](designs.md#{b.base})", b.seen_in]
        for b in BUGS.values()
    ]
    return table(["id", "failure", "must violate", "varies", "seen in"], rows)


def bug_details() -> str:
    """Return a section for each bug: its mechanism, and the command that shows it."""
    return "\n\n".join(_bug(name) for name in BUGS)


def _bug(name: str) -> str:
    bug = BUGS[name]
    people, messages, kinds = bug.world
    sound = DESIGNS[bug.base]
    own = [c for c, base in ((bug.design.device, sound.device), (bug.design.server, sound.server)) if c is not base]
    parts = [f"{code(c.__name__)}: {' '.join((c.__doc__ or '').split())}" for c in own]
    changed = bug.design.parameters.differing_from(sound.parameters)
    parts += [f"`{name} = {value}`" for name, value in changed.items()]
    if bug.design.sequencers != sound.sequencers:
        parts.append(f"numbering {codes(bug.design.sequencers)}")
    rows = [
        ["must violate", ", ".join(f"[{n}](properties.md#{n})" for n in bug.violates)],
        ["varies", f"[{bug.base}](designs.md#{bug.base}): {'; '.join(parts)}"],
        ["seen in", bug.seen_in or "no report is cited; it follows from published designs"],
        ["world", str(small_world(*bug.world))],
    ]
    faults = "".join(f" --fault {kind}" for kind in kinds)
    command = f"syncproof explore {name} --world {people} --messages {messages}{faults}"
    mechanism = f"{bug.mechanism[0].upper()}{bug.mechanism[1:]}."
    return "\n\n".join([f"### {name}", f"**{bug.failure}.** {mechanism}", facts(rows), f"```sh\n{command}\n```"])
