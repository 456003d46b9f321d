"""The explorer with its compiled inner loop, compared with the plain one; both must find the same.

    python -m benchmarks.explore_compiled [--rounds 3] [WORLD]...

Both search each world in turn, in processes of their own, measured in processor seconds from the call of `explore` to the
verdicts. Loading the compiled loop from its cache counts; a small search before makes sure that the cache is there. It is an
error if states, arcs or verdicts differ. Prints seconds, their ratio with the smallest and the largest of all rounds, and
the bytes of a state, its arcs included.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORLDS = {
    "2pc-7": ("two-phase commit", 7),
    "2pc-8": ("two-phase commit", 8),
    "2pc-9": ("two-phase commit", 9),
    "notify-disconnect": ("timeline-notify", "two-people", 2, ("disconnect",)),
    "notify-disconnect-3": ("timeline-notify", "two-people", 3, ("disconnect",)),
    "notify-crash-3": ("timeline-notify", "two-people", 3, ("device-crash",)),
    "notify-three-push": ("timeline-notify", "three-devices", 2, ("push",)),
    "inbox-crash-2": ("inbox-store-first", "two-people", 2, ("server-crash",)),
}
"""Two-phase commit with so many resource managers; a design in a small world."""
USUAL = ("2pc-7", "2pc-8", "notify-disconnect", "notify-disconnect-3", "notify-three-push")


def searched(name: str):  # type: ignore[no-untyped-def]
    """Return the system, its environment and all properties that apply."""
    kind, *rest = WORLDS[name]
    if kind == "two-phase commit":
        from examples.two_phase_commit import Consistent, Terminates, two_phase
        from syncproof.core.environment import Environment

        return two_phase(*rest), Environment(), [Consistent, Terminates]
    from syncproof.inputs import lookup
    from syncproof.inputs.small_worlds import SmallWorld, build
    from syncproof.properties import PROPERTIES

    system, _, environment = build(kind, SmallWorld(*rest))
    return system, environment, [p for n, p in PROPERTIES.items() if n not in lookup.get(kind).not_applicable]


def run(name: str, fast: bool) -> None:
    """Search once in this process, and print `seconds states transitions bytes digest peak`."""
    import numpy

    from syncproof.engines.explore import explore

    system, environment, properties = searched(name)
    started = time.process_time()
    found = explore(system, environment, properties, fast=None if fast else False)
    seconds = time.process_time() - started
    assert found.complete
    digest = hashlib.sha256(repr([found.findings, found.coverage, found.situations]).encode())
    for part, kind in (("first", "int64"), ("targets", "int32"), ("moves", "int32"), ("parents", "int64")):
        digest.update(numpy.asarray(getattr(found.graph, part), dtype=kind).tobytes())
    digest.update(found.graph.marks_of(found.graph.marked()).tobytes())
    states, arcs, size = len(found.graph.states), len(found.graph.targets), found.graph.bytes
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{seconds:.4f} {states} {arcs} {size} {digest.hexdigest()} {peak}")


def measure(name: str, fast: bool) -> list[str]:
    """Search once in a process of its own, and return what `run` prints."""
    which = "--fast" if fast else "--plain"
    command = [sys.executable, "-m", "benchmarks.explore_compiled", which, name]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout.split()


def compare(name: str, rounds: int) -> None:
    """Search one world with both loops, and print the figures."""
    found: dict[bool, list[list[str]]] = {True: [], False: []}
    for _ in range(rounds):
        for fast in found:
            found[fast].append(measure(name, fast))
    if len({(*row[1:3], row[4]) for rows in found.values() for row in rows}) > 1:
        raise SystemExit(f"{name}: the two loops do not find the same")
    seconds = {fast: [float(row[0]) for row in rows] for fast, rows in found.items()}
    ratios = [plain / fast for plain, fast in zip(seconds[False], seconds[True], strict=True)]
    states, arcs = int(found[True][0][1]), int(found[True][0][2])
    sizes = {fast: int(rows[0][3]) / states for fast, rows in found.items()}
    print(
        f"{name}: {states:,} states, {arcs:,} transitions; plain {statistics.median(seconds[False]):.2f} s, compiled "
        f"{statistics.median(seconds[True]):.2f} s: {statistics.median(ratios):.1f} times (rounds {min(ratios):.1f} to "
        f"{max(ratios):.1f}); bytes a state {sizes[False]:.0f}, {sizes[True]:.0f}; peak MiB "
        f"{int(found[False][0][5]) >> 10}, {int(found[True][0][5]) >> 10}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "worlds", nargs="*", metavar="WORLD", help=f"of {', '.join(WORLDS)}; default: {', '.join(USUAL)}"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--fast", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--plain", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.fast or arguments.plain:
        run(arguments.worlds[0], arguments.fast)
        return
    from examples.two_phase_commit import two_phase
    from syncproof.core.environment import Environment
    from syncproof.engines.explore import explore

    explore(two_phase(2), Environment(), fast=True)
    for name in arguments.worlds or USUAL:
        compare(name, arguments.rounds)


if __name__ == "__main__":
    main()
