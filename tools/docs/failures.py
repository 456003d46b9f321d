"""The sections of seeded bugs, by mechanism, each with the moves of its counterexample.

The counterexample of a bug is kept as a moves file in `docs/failures/`, because a search of all bugs would take minutes. Of a bug
without one, or whose moves can no longer be made or violate nothing, it is searched when the pages are written.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from syncproof.core.moves import Move, Stop
from syncproof.core.world import World
from syncproof.counterexamples.minimise import whole_state
from syncproof.counterexamples.narrate import Narration, narrate
from syncproof.designs import DESIGNS
from syncproof.errors import InputError
from syncproof.inputs.small_worlds import build, small_world
from syncproof.properties import PROPERTIES
from syncproof.report import counterexamples, sequence
from syncproof.seeded_bugs import BUGS, MODULES, Bug
from syncproof.studies.recordings import open_moves, replay
from syncproof.studies.verify import search
from tools.docs.markdown import code, codes, facts, mermaid, table

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "failures"


def bugs() -> str:
    """Return a table for each mechanism, with a row for each bug."""
    return "\n\n".join(f"**{_heading(module)}**\n\n{_rows(found)}" for module, found in _by_mechanism())


def _rows(found: list[Bug]) -> str:
    rows = [[f"[{b.id}](#{b.id.lower()})", b.failure, codes(b.violates), b.cure, b.seen_in] for b in found]
    return table(["id", "failure", "must violate", "cure", "seen in"], rows)


def details() -> str:
    """Return a section for each mechanism, with a section for each bug: what happens, the cure, and its counterexample."""
    parts = []
    for module, found in _by_mechanism():
        parts += [f"### {_heading(module)}", *map(_bug, found)]
    return "\n\n".join(parts)


def _by_mechanism() -> list[tuple[ModuleType, list[Bug]]]:
    owned = [(module, [bug for bug in BUGS.values() if bug in vars(module).values()]) for module in MODULES]
    return [(module, found) for module, found in owned if found]


def _heading(module: ModuleType) -> str:
    """Return the first sentence of the module's docstring without its full stop."""
    return (module.__doc__ or "").partition("\n")[0].rstrip(".")


def _bug(bug: Bug) -> str:
    people, messages, kinds = bug.world
    sound = DESIGNS[bug.base]
    own = [
        c
        for c, base in (
            (bug.design.device, sound.device),
            (bug.design.server, sound.server),
            (bug.design.gateway, sound.gateway),
        )
        if c is not base
    ]
    parts = [f"{code(c.__name__)}: {' '.join((c.__doc__ or '').split())}" for c in own]
    changed = bug.design.parameters.differing_from(sound.parameters)
    parts += [f"`{name} = {value}`" for name, value in changed.items()]
    if bug.design.sequencers != sound.sequencers:
        parts.append(f"numbering {codes(bug.design.sequencers)}")
    rows = [
        ["cure", bug.cure],
        ["must violate", ", ".join(f"[{n}](properties.md#{n})" for n in bug.violates)],
        ["varies", f"[{bug.base}](designs.md#{bug.base}): {'; '.join(parts)}"],
        ["seen in", bug.seen_in or "no report is cited; it follows from published designs"],
        ["world", str(small_world(*bug.world))],
        [f"{bug.violates[0]} says", replay(_path(bug)).verdicts()[bug.violates[0]].examples[0]],
    ]
    faults = "".join(f" --fault {kind}" for kind in kinds)
    command = f"syncproof explore {bug.id} --world {people} --messages {messages}{faults}"
    mechanism = f"{bug.mechanism[0].upper()}{bug.mechanism[1:]}."
    title = f"How {code(bug.violates[0])} is violated: [moves](failures/{_path(bug).name})"
    drawn = f"<details><summary>{title}</summary>\n\n{mermaid(sequence.mermaid(narration(bug)))}\n\n</details>"
    return "\n\n".join(
        [f"#### {bug.id}", f"**{bug.failure}.** {mechanism}", facts(rows), f"```sh\n{command}\n```", drawn]
    )


# ---- counterexamples


def _path(bug: Bug) -> Path:
    return FOLDER / f"{bug.id}.moves.jsonl"


def is_kept(bug: Bug) -> bool:
    """Return whether the bug's moves file is there, and its moves can be made and violate what they should."""
    try:
        return bug.violates[0] in replay(_path(bug)).violations
    except InputError:
        return False


def keep(bug: Bug) -> Path:
    """Search the bug's world, write the moves of the counterexample into its file, and return the path."""
    world = small_world(*bug.world)
    found = search(bug.id, world).findings[bug.violates[0]].counterexample
    if found is None:
        raise ValueError(f"{bug.id} does not violate {bug.violates[0]} in {world}")
    moves = counterexamples.repeated(bug.id, bug.violates[0], world, found)
    counterexamples.write_moves(bug.id, world, moves, _path(bug))
    return _path(bug)


def narration(bug: Bug) -> Narration:
    """Narrate the moves that are kept, up to where faults stop; what repeats is narrated once."""
    system, _, environment = build(bug.id, small_world(*bug.world))
    made = [move for _, move in open_moves(_path(bug))[2]]
    moves = made[len(environment.prelude) : made.index(Stop()) if Stop() in made else None]
    cycle: list[Move] = []
    if PROPERTIES[bug.violates[0]].endless is not None:
        begin, end = _repetition(World(system), environment.prelude, moves)
        moves, cycle = moves[:begin], moves[begin:end]
    return narrate(system, moves, [PROPERTIES[bug.violates[0]]], prelude=environment.prelude, cycle=cycle)


def _repetition(world: World, prelude: Iterable[Move], moves: Iterable[Move]) -> tuple[int, int]:
    """Return after how many of the moves the world is in a state for the first time to which it comes back, and when it does."""
    for move in prelude:
        world.apply(move)
    met = {whole_state(world): 0}
    for number, move in enumerate(moves, 1):
        world.apply(move)
        begin = met.setdefault(whole_state(world), number)
        if begin < number:
            return begin, number
    raise ValueError("no state is met twice")
