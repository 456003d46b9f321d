"""The section of each design: its classes, its promises, the flow between its handlers, and the path of one message."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from syncproof.core.faults import FAULTS
from syncproof.core.links import closing_rows
from syncproof.core.moves import Move
from syncproof.core.world import World
from syncproof.counterexamples.narrate import Narration, narrate
from syncproof.designs import DESIGNS, Design, Parameters
from syncproof.designs.registry import SEARCHED
from syncproof.inputs.field_texts import meanings
from syncproof.inputs.small_worlds import SmallWorld, build
from syncproof.properties import PROPERTIES
from syncproof.report import flow, sequence
from syncproof.report.flow import Effect, Flow
from tools.docs.markdown import code, codes, facts, mermaid, table

ALSO = {
    "timeline-checkpointed": Parameters(retention="acknowledged", request_timeout=0.0),
    "timeline-hybrid-fanout": Parameters(fanout_threshold=1, request_timeout=0.0),
}
"""Parameters with which a design does what it does not do in a small world with its own parameters."""


def overview() -> str:
    """Return a table with a row for each design."""
    rows = [[f"[{d.name}](#{d.name})", d.family, d.summary] for d in DESIGNS.values()]
    return table(["design", "family", "in a sentence"], rows)


def parameters() -> str:
    """Return a table with a row for each parameter."""
    said = meanings(Parameters)
    plain = Parameters()
    rows = [[code(n), code(getattr(plain, n)), said.get(n, "")] for n in Parameters.__struct_fields__]
    return table(["parameter", "default", "is"], rows)


def closings() -> str:
    """Return one row for everything that closes an end of a connection, from the table that `World` applies."""
    heads = [
        "what happens",
        "the client's end",
        "the server's end",
        "in flight to the server",
        "in flight to the client",
    ]
    return table(heads, closing_rows())


def sections() -> str:
    """Return a section for each design."""
    return "\n\n".join(_section(design) for design in DESIGNS.values())


def _section(design: Design) -> str:
    parts = [f"### {design.name}", design.summary, _facts(design), "**Promises.**", _promises(design)]
    left_out = [name for name in PROPERTIES if name not in design.promises and name not in design.not_applicable]
    if left_out:
        parts.append(f"Judged, and not promised: {codes(left_out)}.")
    parts.append(_not_applicable(design))
    parts += ["**One message**, from a person's device to the two devices of another one:", mermaid(_message(design))]
    parts += [f"**What follows from what**{_with(design)}:", mermaid(flow.mermaid(watched(design.name)))]
    parts.append(_handlers(watched(design.name)))
    return "\n\n".join(part for part in parts if part)


def _facts(design: Design) -> str:
    numbering = codes(design.sequencers) if design.sequencers else "the design has none to number"
    return facts(
        [
            ("family", design.family),
            ("device", _class(design.device)),
            ("server", _class(design.server)),
            ("numberings of sync timelines, its own first", numbering),
            *[
                (f"packets that a {side} sends", codes(_sent(watched(design.name), side)))
                for side in ("device", "server")
            ],
        ]
    )


def _class(kind: type) -> str:
    """Return a link to a class, with the design classes that it inherits from."""
    path = f"../model/{kind.__module__.replace('.', '/')}.py"
    bases = [b for b in inspect.getmro(kind)[1:] if b.__module__.startswith("syncproof.designs")]
    inherits = f", after {', '.join(code(b.__name__) for b in bases)}" if bases else ""
    return f"[`{kind.__name__}`]({path}){inherits}"


def _sent(found: Flow, side: str) -> list[str]:
    """Return the packets that one side was seen to send."""
    sent = (e for node, effects in found.effects.items() if node.side == side for e in effects if e.verb == "send")
    return sorted({effect.then.packet for effect in sent if effect.then is not None})


def _promises(design: Design) -> str:
    """Return a table of the promised properties, grouped by the faults that the promises cover."""
    grouped: dict[tuple[str, ...], list[str]] = {}
    for name in PROPERTIES:
        if name in design.promises:
            grouped.setdefault(tuple(design.promises[name]), []).append(name)
    return table(["under", "it promises"], [[under(faults), codes(names)] for faults, names in grouped.items()])


def under(faults: tuple[str, ...]) -> str:
    """Return a phrase for a list of faults, such as `every fault but trim`."""
    left_out = [fault for fault in FAULTS if fault not in faults]
    if not left_out:
        return "every fault"
    if len(left_out) <= len(faults):
        return f"every fault but {codes(left_out)}"
    return codes(faults) if faults else "no fault at all"


def _not_applicable(design: Design) -> str:
    reasons: dict[str, list[str]] = {}
    for name in PROPERTIES:
        if name in design.not_applicable:
            reasons.setdefault(design.not_applicable[name], []).append(name)
    rows = [[codes(names), why] for why, names in reasons.items()]
    return table(["not applicable", "because"], rows) if rows else ""


# ---- one message


def _message(design: Design) -> str:
    """Return the sequence diagram, with the observations of each step in one note."""
    narrated = narration(design)
    narrated.steps = [replace(step, observations=_noted(step.observations)) for step in narrated.steps]
    return sequence.mermaid(narrated)


KEPT = ("Accepted", "Appended", "Queued", "Deleted", "Shown", "Learnt", "Trimmed")
"""The observations that a diagram shows; the others follow from these or from the arrows."""


def _noted(observations: tuple[str, ...]) -> tuple[str, ...]:
    kept = [says for says in observations if says.split(" ")[0] in KEPT]
    return (", ".join(kept),) if kept else ()


def narration(design: Design) -> Narration:
    """Narrate one message in a world without faults, until only polls are left."""
    system, _, environment = build(design, SmallWorld("three-devices", 1, ()))
    world = World(system)
    for move in environment.prelude:
        world.apply(move)
    moves: list[Move] = list(environment.scripts[0])
    world.apply(moves[0])
    while (pending := next(world.pending(), None)) is not None:
        world.apply(pending)
        moves.append(pending)
    return narrate(system, moves, prelude=environment.prelude)


# ---- flows


@cache
def watched(name: str) -> Flow:
    """Return the flow between the handlers of a design, as it was observed."""
    found = flow.watch(name)
    return flow.watch(DESIGNS[name].variant(parameters=ALSO[name]), flow=found) if name in ALSO else found


def _with(design: Design) -> str:
    if design.name not in ALSO:
        return ""
    changed = ALSO[design.name].differing_from(SEARCHED)
    return f" (also with {', '.join(f'`{name} = {value}`' for name, value in changed.items())})"


def _handlers(found: Flow) -> str:
    rows = [
        [node.side, code(node.packet), *(_listed(found.effects[node], verbs) for verbs in COLUMNS.values())]
        for node in sorted(found.effects)
        if found.effects[node]
    ]
    grid = table(["at", "handles", *COLUMNS], rows)
    return f"<details><summary>Every handler that asks for something</summary>\n\n{grid}\n\n</details>"


COLUMNS: dict[str, tuple[flow.Verb, ...]] = {
    "sends": ("send",),
    "writes, deletes, reads": ("write", "delete", "read"),
    "arms, cancels": ("timer", "cancel"),
}


def _listed(effects: set[Effect], verbs: Iterable[flow.Verb]) -> str:
    marked = {"send": "", "timer": ""}
    return "<br>".join(
        f"{marked.get(verb, f'{verb} ')}{text}" for verb in verbs for text in flow.described(verb, effects)
    )


def travelling() -> dict[str, str]:
    """Return packet class -> how it was seen to travel in any design: `device to server`, `server to itself`."""
    after_apply = DESIGNS["timeline-notify"].variant(parameters=Parameters(checkpoint="after-apply"))
    flows = [*map(watched, DESIGNS), flow.watch(after_apply)]
    found: dict[str, set[str]] = {}
    for node, effects in ((node, effects) for each in flows for node, effects in each.effects.items()):
        for effect in effects:
            if effect.then is not None and effect.verb != "cancel":
                path = f"{node.side} to {effect.then.side}" if effect.verb == "send" else f"{node.side} to itself"
                found.setdefault(effect.then.packet.split(" ")[0], set()).add(path)
    others = {node.packet: {f"environment to {node.side}"} for each in flows for node in each.effects}
    return {packet: ", ".join(sorted(paths)) for packet, paths in (others | found).items()}
