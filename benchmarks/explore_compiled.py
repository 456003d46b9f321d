"""The explorer with its compiled inner loop, compared with the plain one; both must find the same.

    python -m benchmarks.explore_compiled [--rounds 3] [WORLD]...

Both search each world in turn, in processes of their own, measured in processor seconds from the call of `explore` to the
verdicts. `loaded`: the process has loaded the compiled loop before, as the workers of `verify` have after their first large
world; `plain` and `compiled` otherwise, where loading it from its cache counts. A small search before makes sure that the
cache is there. It is an error if states, arcs or verdicts differ.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time

from benchmarks.pairs import Line, figures, line, rounds_of, told

WORLDS = {
    "2pc-7": ("two-phase commit", 7),
    "2pc-8": ("two-phase commit", 8),
    "2pc-9": ("two-phase commit", 9),
    "notify-disconnect": ("timeline-notify", "two-people", 2, ("disconnect",)),
    "notify-disconnect-3": ("timeline-notify", "two-people", 3, ("disconnect",)),
    "notify-crash-3": ("timeline-notify", "two-people", 3, ("device-crash",)),
    "notify-three-push": ("timeline-notify", "three-devices", 2, ("push",)),
    "notify-three-push-plain": ("timeline-notify+plain-accept", "three-devices", 2, ("push",)),
    "inbox-crash-2": ("inbox-store-first", "two-people", 2, ("server-crash",)),
}
"""Two-phase commit with so many resource managers; a design in a small world."""
USUAL = ("2pc-7", "notify-disconnect", "notify-disconnect-3", "notify-three-push", "notify-three-push-plain")
LARGE = ("notify-three-push-plain",)
"""Searched in one round by both loops, because the plain one takes minutes."""
LEAST = {"notify-three-push-plain": 8.0}
HOW = ("compiled", "loaded", "plain")


def searched(name: str):  # type: ignore[no-untyped-def]
    """Return the system, its environment and all properties that apply."""
    from syncproof.core.environment import Environment

    kind, *rest = WORLDS[name]
    if kind == "two-phase commit":
        from examples.two_phase_commit import Consistent, Terminates, two_phase

        return two_phase(*rest), Environment(), [Consistent, Terminates]
    from syncproof.inputs import lookup
    from syncproof.inputs.small_worlds import SmallWorld, build
    from syncproof.properties import PROPERTIES

    system, _, environment = build(kind, SmallWorld(*rest))
    return system, environment, [p for n, p in PROPERTIES.items() if n not in lookup.get(kind).not_applicable]


def warm() -> None:
    """Search a small world, so that this process has loaded the compiled loop, and its cache is there."""
    from examples.two_phase_commit import Consistent, Terminates, two_phase
    from syncproof.core.environment import Environment
    from syncproof.engines.explore import explore

    explore(two_phase(2), Environment(), [Consistent, Terminates], fast=True)


def run(name: str, how: str) -> None:
    """Search once in this process, and print its figures."""
    import numpy

    from syncproof.engines.explore import explore

    system, environment, properties = searched(name)
    if how == "loaded":
        warm()
    started = time.process_time()
    found = explore(system, environment, properties, fast=False if how == "plain" else None)
    seconds = time.process_time() - started
    assert found.complete
    digest = hashlib.sha256(repr([found.findings, found.coverage, found.situations]).encode())
    for part, kind in (("first", "int64"), ("targets", "int32"), ("moves", "int32"), ("parents", "int64")):
        digest.update(numpy.asarray(getattr(found.graph, part), dtype=kind).tobytes())
    digest.update(found.graph.marks_of(found.graph.marked()).tobytes())
    states, arcs, size = len(found.graph.states), len(found.graph.targets), found.graph.bytes
    figures(seconds, (states, arcs, digest.hexdigest()), bytes=size)


def titled(name: str) -> str:
    """Return a world in words."""
    kind, *rest = WORLDS[name]
    if kind == "two-phase commit":
        return f"{kind}, {rest[0]} managers"
    population, messages, faults = rest
    return f"`{kind}`, `{population}`, {messages} messages, `{' '.join(faults)}`"


def compare(name: str, rounds: int) -> list[Line]:
    """Search one world in each way, and compare the plain loop with the others."""
    commands = {how: ("-m", "benchmarks.explore_compiled", "--how", how, name) for how in HOW}
    found = rounds_of(commands, 1 if name in LARGE else rounds)
    states, arcs, _ = found["plain"][0]["same"]
    sizes = [found[how][0]["bytes"] / states for how in ("plain", "compiled")]
    notes = (
        f"{states:,} states",
        f"{arcs:,} transitions",
        f"bytes a state {sizes[0]:.0f} and {sizes[1]:.0f}",
        *["one round"] * (name in LARGE),
    )
    title = titled(name)
    return [
        line(title, found, "compiled", "plain", notes=notes),
        line(title, found, "loaded", "plain", LEAST.get(name)),
    ]


def lines(rounds: int) -> list[Line]:
    """Compare the loops on the usual worlds."""
    warm()
    return [each for name in USUAL for each in compare(name, rounds)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "worlds", nargs="*", metavar="WORLD", help=f"of {', '.join(WORLDS)}; default: {', '.join(USUAL)}"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--how", choices=HOW, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.how:
        run(arguments.worlds[0], arguments.how)
        return
    warm()
    sys.exit(told([each for name in arguments.worlds or USUAL for each in compare(name, arguments.rounds)]))


if __name__ == "__main__":
    main()
