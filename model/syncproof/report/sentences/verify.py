"""Say in words what a verification found."""

from __future__ import annotations

import shlex

from syncproof.designs import DESIGNS
from syncproof.report.sentences.words import counted, listed
from syncproof.studies.verification import Verification
from syncproof.studies.verify import ONE_WORLD


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
    refuted = [
        f"{design} ({', '.join(names)})"
        for design, row in verification.matrix().items()
        if (names := [name for name, cell in row.items() if cell.verdict == "violated" and not cell.broken])
    ]
    if refuted:
        sentences.append(f"Refuted, and not promised under these faults: {'; '.join(refuted)}.")
    if verification.vacuous:
        design, world, what = verification.vacuous[0]
        sentences.append(
            f"Unknown: the search of {design} in {world} is vacuous, it never reached this: {what} "
            f"({len(verification.vacuous)} such gaps)."
        )
    if verification.missing:
        failed = f"the code of {listed(list(verification.failed))} fails" if verification.failed else ""
        why = " and ".join(filter(None, (failed, verification.stopped)))
        sentences.append(f"{sum(verification.missing.values())} searches were not made: {why}.")
    return sentences


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
