"""The speed of the explorer's plain loop, compared with a naive one that restores each state and runs each handler again.

    python -m benchmarks.explore [--rounds 3]

Both search `timeline-notify` (two people, three messages, no fault) and two-phase commit with five
resource managers, in turn, each in a process of its own. It is an error if their numbers of states and transitions differ.
Beside the ratio: the bytes of a state in visited set and queue, and those of its arcs, which the search for cycles needs.
"""

from __future__ import annotations

import argparse
import sys
import time

from benchmarks.pairs import Line, figures, line, rounds_of, told

WORLDS = {"timeline-notify": "`timeline-notify`, 3 messages", "two-phase commit": "two-phase commit, 5 managers"}
PROGRAMS = ("plain loop", "naive")
AT_LEAST = 4.0
"""How many times as long the naive explorer takes, at least."""


def world(name: str):  # type: ignore[no-untyped-def]
    """Return the system and its environment."""
    from syncproof.core.environment import Environment

    if name == "two-phase commit":
        from examples.two_phase_commit import two_phase

        return two_phase(5), Environment()
    from syncproof.inputs.small_worlds import SmallWorld, build

    system, _, environment = build(name, SmallWorld("two-people", 3, ()))
    return system, environment


def run(program: str, name: str) -> None:
    """Run one search in this process, and print its figures."""
    system, environment = world(name)
    if program == "naive":
        from benchmarks.naive_explorer import explore as naive

        started = time.process_time()
        counts = naive(system, environment)
        figures(time.process_time() - started, counts)
        return
    from syncproof.engines.explore import explore

    started = time.process_time()
    found = explore(system, environment, fast=False)
    seconds = time.process_time() - started
    assert found.complete
    graph = found.graph
    arcs = sum(a.itemsize * len(a) for a in (graph.targets, graph.moves, graph.marks))
    figures(seconds, (len(graph.states), graph.transitions), bytes=graph.bytes - arcs, arcs=arcs)


def lines(rounds: int) -> list[Line]:
    """Compare the two programs on each world."""
    compared = []
    for name, title in WORLDS.items():
        commands = {p: ("-m", "benchmarks.explore", "--only", p, "--world", name) for p in PROGRAMS}
        found = rounds_of(commands, rounds)
        states, transitions = found["plain loop"][0]["same"]
        size, arcs = (max(each[key] for each in found["plain loop"]) / states for key in ("bytes", "arcs"))
        notes = (
            f"{states:,} states",
            f"{transitions:,} transitions",
            f"{size:.0f} bytes a state",
            f"{arcs:.0f} for its arcs",
        )
        compared.append(line(title, found, "plain loop", "naive", AT_LEAST, notes))
    return compared


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=PROGRAMS, help=argparse.SUPPRESS)
    parser.add_argument("--world", choices=WORLDS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        run(arguments.only, arguments.world)
        return
    sys.exit(told(lines(arguments.rounds)))


if __name__ == "__main__":
    main()
