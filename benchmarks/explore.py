"""The speed of the explorer, compared with a naive one that restores each state and runs each handler again.

    python -m benchmarks.explore [--rounds 3]

Both search `timeline-notify` (two people, three messages, no fault) and two-phase commit with six resource managers, in
turn, each in a process of its own, measured in processor seconds. It is an error if their numbers of states and
transitions differ. Prints distinct states and transitions per second, the ratio with the smallest and the largest of all
rounds, and the bytes of a state in visited set and queue; the bytes of arcs, which the search for cycles needs, separately.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORLDS = ("timeline-notify", "two-phase commit")
PROGRAMS = ("syncproof", "naive")
AT_MOST = 500
"""The most bytes that a state may need in visited set and queue."""
AT_LEAST = 4.0
"""How many times as many states per second as the naive explorer are wanted."""


def world(name: str):  # type: ignore[no-untyped-def]
    """Return the system and its environment."""
    from syncproof.core.environment import Environment

    if name == "two-phase commit":
        from examples.two_phase_commit import two_phase

        return two_phase(6), Environment()
    from syncproof.inputs.small_worlds import SmallWorld, build

    system, _, environment = build(name, SmallWorld("two-people", 3, ()))
    return system, environment


def run(program: str, name: str) -> None:
    """Run one search in this process, and print `seconds states transitions bytes bytes-of-arcs`."""
    system, environment = world(name)
    size = arcs = 0
    if program == "naive":
        from benchmarks.naive_explorer import explore as naive

        started = time.process_time()
        states, transitions = naive(system, environment)
    else:
        from syncproof.engines.explore import explore

        started = time.process_time()
        found = explore(system, environment)
        assert found.complete
        states, transitions, size = len(found.graph.states), found.graph.transitions, found.graph.bytes
        arcs = sum(a.itemsize * len(a) for a in (found.graph.targets, found.graph.moves, found.graph.marks))
    print(f"{time.process_time() - started:.4f} {states} {transitions} {size - arcs} {arcs}")


def measure(program: str, name: str) -> tuple[float, int, int, int, int]:
    """Run one search in a process of its own, and return what `run` prints."""
    out = subprocess.run(
        [sys.executable, "-m", "benchmarks.explore", "--only", program, "--world", name],
        check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    seconds, states, transitions, size, arcs = out.stdout.split()
    return float(seconds), int(states), int(transitions), int(size), int(arcs)


def compare(name: str, rounds: int) -> bool:
    """Compare the two programs on one world, print the figures, and return whether the wanted ones are reached."""
    rates: dict[str, list[float]] = {program: [] for program in PROGRAMS}
    counts = set()
    size = arcs = 0
    for _ in range(rounds):
        for program in PROGRAMS:
            seconds, states, transitions, bytes_of_states, bytes_of_arcs = measure(program, name)
            rates[program].append(states / seconds)
            counts.add((states, transitions))
            size, arcs = max(size, bytes_of_states), max(arcs, bytes_of_arcs)
    if len(counts) > 1:
        raise SystemExit(f"{name}: the two explorers do not agree: (states, transitions) {sorted(counts)}")
    ((states, transitions),) = counts
    print(
        f"{name}: {states:,} states, {transitions:,} transitions; {size / states:.0f} bytes a state "
        f"(wanted: under {AT_MOST}), and {arcs / states:.0f} for its arcs"
    )
    for program in PROGRAMS:
        rate = statistics.median(rates[program])
        print(f"  {program:10} {rate:10,.0f} states/s {rate * transitions / states:12,.0f} transitions/s")
    ratios = [own / other for own, other in zip(rates["syncproof"], rates["naive"], strict=True)]
    print(
        f"  syncproof / naive: {statistics.median(ratios):.1f} (rounds {min(ratios):.1f} to {max(ratios):.1f}); "
        f"wanted {AT_LEAST:g}",
        flush=True,
    )
    return statistics.median(ratios) >= AT_LEAST and size / states < AT_MOST


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=PROGRAMS, help=argparse.SUPPRESS)
    parser.add_argument("--world", choices=WORLDS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        run(arguments.only, arguments.world)
        return
    reached = [compare(name, arguments.rounds) for name in WORLDS]
    sys.exit(0 if all(reached) else 1)


if __name__ == "__main__":
    main()
