"""Say in words what a verification found."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from syncproof.designs import DESIGNS
from syncproof.report.sentences.words import counted, listed
from syncproof.studies.verification import Cell, Verification
from syncproof.studies.verify import ONE_WORLD

FEW = 3
"""Of how many designs at most each is told with its own list."""


def answer(verification: Verification) -> list[str]:
    """Return what was found, in a few sentences."""
    cells = [cell for row in verification.matrix().values() for cell in row.values()]
    promised = [cell for cell in cells if cell.promised and cell.promise != "not judged"]
    kept = sum(cell.promise == "kept" for cell in promised)
    broken = sum(cell.broken for cell in cells)
    open_ends = sum(cell.promise == "unknown" for cell in promised)
    states = sum(e.states for row in verification.explored.values() for e in row)
    count = sum(len(row) for row in verification.explored.values())
    most = max([e.world.messages for row in verification.explored.values() for e in row], default=0)
    with_messages = f", of {'one message' if most == 1 else f'up to {most} messages'}" if most else ""
    sentences = [
        f"{counted(count, 'world')} of {counted(len(verification.explored), 'design')} searched{with_messages}, {states:,} states "
        "in all: "
        f"{kept} of {len(promised)} promises are kept in every interleaving of these worlds, under the faults that they "
        "are made for."
    ]
    if broken:
        sentences.append(
            f"{counted(broken, 'promise')} {'is' if broken == 1 else 'are'} broken; each has a counterexample below."
        )
    if open_ends:
        sentences.append(
            f"{counted(open_ends, 'promise')} {'is' if open_ends == 1 else 'are'} unknown: a search was cut short "
            "or is missing, or none met the evidence."
        )
    idle = sum(cell.promise == "not judged" for cell in cells)
    if idle:
        sentences.append(
            f"{counted(idle, 'promise')} {'is' if idle == 1 else 'are'} not exercised by these worlds: the fault, the messages "
            "or the devices for it are not among them."
        )
    for design, what, needs in verification.unasked():
        sentences.append(f"Not exercised by these worlds: {what} ({design} declares it; it needs {needs}).")
    if refuted := refutations(verification.matrix()):
        sentences.append(f"Refuted, and not promised under these faults: {refuted}.")
    if verification.vacuous:
        design, world, what = verification.vacuous[0]
        sentences.append(
            f"Unknown: the search of {design} in {world} is vacuous, it never reached this: {what} "
            f"({len(verification.vacuous)} such gaps)."
        )
    failed = f"the code of {listed(list(verification.failed))} fails" if verification.failed else ""
    why = " and ".join(filter(None, (failed, verification.stopped)))
    if verification.missing:
        sentences.append(f"{sum(verification.missing.values())} searches were not made: {why}.")
    elif why:
        sentences.append(f"Searches were not made to their end: {why}.")
    return sentences


def refutations(matrix: Mapping[str, Mapping[str, Cell]]) -> str:
    """Return what is violated and no broken promise: the properties of each design, or of many the designs of each property."""
    of_each = {
        design: [name for name, cell in row.items() if cell.verdict == "violated" and not cell.broken]
        for design, row in matrix.items()
    }
    if len(matrix) <= FEW:
        return "; ".join(f"{design} ({', '.join(names)})" for design, names in of_each.items() if names)
    by_designs: dict[tuple[str, ...], list[str]] = {}
    for name in next(iter(matrix.values())):
        designs = tuple(design for design, names in of_each.items() if name in names)
        if designs:
            by_designs.setdefault(designs, []).append(name)
    return "; ".join(f"{listed(names)} ({_which(designs, list(matrix))})" for designs, names in by_designs.items())


def _which(designs: Sequence[str], of_all: Sequence[str]) -> str:
    """Return designs in words: by those that are not among them if these are fewer."""
    others = [design for design in of_all if design not in designs]
    if not others:
        return "every design"
    return f"every design but {listed(others)}" if len(others) < len(designs) else ", ".join(designs)


def command(verification: Verification) -> str:
    """Return the command that makes this report again."""
    names = [] if list(verification.explored) == list(DESIGNS) else list(verification.explored)
    asked = verification.asked
    if verification.bounds == ONE_WORLD:
        (world,) = verification.worlds
        faults = [word for kind in world.kinds for word in ("--fault", kind)]
        people = [] if asked.script else ["--world", world.population, "--messages", str(world.messages)]
        return shlex.join(["syncproof", "explore", *names, *people, *faults, *asked.words()])
    if asked.every_world:
        return shlex.join(["syncproof", "explore", *names, "--bounds", verification.bounds, *asked.words()])
    return shlex.join(["syncproof", "verify", *names, "--bounds", verification.bounds])
