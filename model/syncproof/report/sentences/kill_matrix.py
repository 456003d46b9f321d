"""Say in words what a kill matrix found."""

from __future__ import annotations

import shlex

from syncproof.studies.kill_matrix import RUNS, KillMatrix
from syncproof.studies.pieces import INTERRUPTED
from syncproof.studies.results.kill_matrix import BugResult, SoundResult


def answer(matrix: KillMatrix) -> list[str]:
    """Return what was found, in a few sentences made from the numbers."""
    rows = matrix.bugs.values()
    alive = [name for name, row in matrix.bugs.items() if not row.killed]
    simulated = sum(row.expected[0] in row.simulate.violated for row in rows)
    same, shorter = sum(map(_as_short, rows)), sum(map(_shorter, rows))
    sentences = [
        f"{len(rows) - len(alive)} of {len(rows)} seeded bugs are killed by the search and by Hypothesis, through the "
        f"properties that they must violate; the simulator finds {simulated} of them within {RUNS} runs of the stress scenario.",
        f"Cut down, the counterexample of Hypothesis is as short as the search's for {same} of {len(rows)}"
        + (f", and shorter for {shorter} more." if shorter else "."),
    ]
    if alive:
        sentences.append(f"Not killed: {', '.join(alive)}. syncproof does not detect these failures.")
    if hidden := [name for name, cost in matrix.costs.items() if not cost.shown]:
        sentences.append(f"Not shown by their metric: {', '.join(hidden)}.")
    if matrix.sound:
        alarms = sum(bool(sound.violated) for sound in matrix.sound)
        examples = sum(sound.after for sound in matrix.sound if sound.engine == "stateful")
        runs = sum(sound.after for sound in matrix.sound if sound.engine == "simulate")
        sentences.append(
            f"The sound designs had {alarms or 'no'} alarm{'s' if alarms != 1 else ''} in {examples:,} examples of Hypothesis "
            f"and {runs:,} simulated runs."
        )
        idle = [f"{sound.design} ({', '.join(sound.unmet)})" for sound in matrix.sound if sound.unmet]
        if idle:
            sentences.append(f"Unknown, since no example met the evidence: {'; '.join(idle)}.")
    if matrix.missing:
        sentences.append(f"{matrix.missing} pieces of work were not done: {matrix.stopped or INTERRUPTED}.")
    return sentences


def alarm(sound: SoundResult) -> str:
    """Return what one engine found of a sound design: the violated promises, and those that it could not judge."""
    unknown = f"; unknown: {', '.join(sound.unmet)}" if sound.unmet else ""
    return (", ".join(sound.violated) or "none") + unknown


def _as_short(bug: BugResult) -> bool:
    """Return whether Hypothesis' counterexample, cut down, is as short as the search's."""
    return bug.stateful.cut is not None and bug.stateful.cut == bug.explore.length


def _shorter(bug: BugResult) -> bool:
    """Return whether it is even shorter.

    That happens because it comes from a larger world, and because a search's counterexample of a livelock need not be a
    shortest one.
    """
    cut, length = bug.stateful.cut, bug.explore.length
    return cut is not None and length is not None and cut < length


def command(matrix: KillMatrix) -> str:
    """Return the command that makes this report again."""
    return shlex.join(["syncproof", "kill-matrix", *(() if matrix.sound else matrix.bugs)])
