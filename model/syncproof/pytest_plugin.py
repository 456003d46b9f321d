"""Offer the pytest fixture `keeps_promises`, for the tests of a design of your own.

pytest finds the fixture as soon as syncproof is installed:

    def test_my_design(keeps_promises):
        keeps_promises(MY_DESIGN, faults=["push", "disconnect"])

A broken promise fails the test, and the assertion shows a short counterexample as a sequence diagram.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # the plugin is loaded by every run of pytest, so it imports syncproof only when it is used
    from syncproof.core.moves import Move
    from syncproof.designs import Design
    from syncproof.inputs.small_worlds import SmallWorld
    from syncproof.properties import Property
    from syncproof.studies.verification import Explored


@pytest.fixture(name="keeps_promises")
def _fixture() -> Callable[..., None]:
    """Return the function `assert_promises`."""
    return assert_promises


def assert_promises(
    design: str | Design,
    *,
    world: str = "two-devices",
    messages: int = 1,
    faults: Sequence[str] | None = None,
    states: int = 300_000,
    examples: str = "dev",
    properties: Sequence[str | type[Property]] = (),
    refines: Sequence[str] = (),
) -> None:
    """Search small worlds for a broken promise of `design`, then let Hypothesis play the design in larger worlds.

    `design`: a `Design`, a name, or `FILE.py:NAME`. `world`: a name of `small_worlds.POPULATIONS`. `faults`: names of
    `small_worlds.KINDS`, all in one world; by default each usual kind of fault alone, and Hypothesis plays them together.
    `states`: a search that needs more states fails the test, since its verdict is unknown. `examples`: a Hypothesis
    profile (`few`, `dev`, `brief`, `ci`, `deep`), or `none` for the search alone. `properties`: some of your own, classes or
    `FILE.py:NAME`, which the design is asked to keep beside what it promises. `refines`: abstract machines that it is
    asked to implement: `device-log`, which it must declare (`Design.variant(refines=...)`), or `FILE.py:NAME`.

    Raises `AssertionError` with the sequence diagram of a counterexample; also if no search met the evidence of a promise that
    could have been met, or a search did not reach what it had to, such as that a message is accepted. `InputError` for an
    argument that is not allowed.
    """
    __tracebackhide__ = True
    from syncproof.inputs import arguments
    from syncproof.inputs.own_properties import judged

    given = arguments.listed("properties", properties, "classes of properties, or FILE.py:NAME")
    machines = arguments.listed("refines", refines, "device-log, or FILE.py:NAME")
    with judged(given, machines):
        _check_refined(design, machines)
        _assert_kept(design, world, messages, faults, states, examples)


def _check_refined(design: str | Design, machines: Sequence[str]) -> None:
    """Raise `InputError` for a ready abstract machine that the design does not declare: it would not be asked for it."""
    from syncproof.errors import InputError
    from syncproof.inputs import lookup
    from syncproof.properties.refinements import REFINEMENTS

    entry = lookup.get(design)
    for name in machines:
        if name in REFINEMENTS and name not in entry.refines:
            raise InputError(
                f"refines: {entry.name} does not say under which faults it refines {name}; write "
                f"variant(refines={{{name!r}: (FAULT, ...)}})"
            )


def _assert_kept(
    design: str | Design, world: str, messages: int, faults: Sequence[str] | None, states: int, examples: str
) -> None:
    __tracebackhide__ = True
    from syncproof.inputs import lookup, small_worlds
    from syncproof.studies.hunt import larger, promised

    _check(messages, faults, states, examples)
    entry = lookup.get(design)
    kinds = [(), *[(kind,) for kind in small_worlds.USUAL]] if faults is None else [tuple(faults)]
    together = small_worlds.TOGETHER if faults is None else tuple(faults)
    worlds = [small_worlds.small_world(world, messages, some) for some in kinds]
    crowded = larger(small_worlds.small_world("three-devices", messages, together))
    if not any(promised(entry, each) for each in (*worlds, crowded)):
        raise AssertionError(
            f"{entry.name} promises nothing under any of these faults, so nothing would be tested; write promises for it: "
            "promises={PROPERTY: (FAULT, ...)}"
        )
    found = []
    for each in worlds:  # a comprehension would be a frame of its own in what pytest shows
        found.append(_search(entry, each, states))
    _assert_exercised(entry, found)
    if examples != "none":
        _play(entry, crowded, examples)


def _check(messages: int, faults: Sequence[str] | None, states: int, examples: str) -> None:
    __tracebackhide__ = True
    from syncproof.engines.hypothesis_runs import PROFILES
    from syncproof.errors import InputError
    from syncproof.inputs import arguments

    if isinstance(faults, str):
        raise InputError(f"faults={faults!r} is a text; write faults=[{faults!r}]")
    arguments.whole("messages", messages, least=1, needed=True)
    arguments.whole("states", states, least=1, needed=True)
    if examples != "none" and examples not in PROFILES:
        raise InputError(f"unknown profile examples={examples!r}; allowed: none, {', '.join(PROFILES)}")


def _search(design: Design, world: SmallWorld, states: int) -> Explored:
    __tracebackhide__ = True
    from syncproof.engines.explore import Limits
    from syncproof.properties import PROPERTIES
    from syncproof.studies import verify as verification
    from syncproof.studies.hunt import promised

    found = verification.search(design, world, Limits(states=states))
    for name in promised(design, world):
        finding = found.findings[name]
        if finding.counterexample is not None:
            way = finding.counterexample
            # Of a liveness property another state and another cycle may have fewer moves together.
            fewest = ", the fewest" if PROPERTIES[name].kind == "safety" else ""
            _fail(design, world, name, way.says, (*way.moves, *way.cycle), f"in {way.length} moves{fewest}")
        if finding.verdict == "unknown" and finding.met:
            advice = "" if found.complete else f"; give it more states: states={states * 10}"
            raise AssertionError(f"{design.name} in {world}: {name} is unknown: {finding.why}{advice}")

    return verification.kept(design, world, found)


def _assert_exercised(design: Design, row: list[Explored]) -> None:
    __tracebackhide__ = True
    from syncproof.studies.verification import cell_of
    from syncproof.studies.verify import vacuous

    for name in design.promised(design.parameters):
        cell = cell_of(design, row, name)
        if cell.promise == "unknown":
            raise AssertionError(
                f"{design.name} promises {name}, but no search could tell whether it is kept: {name} {cell.why} "
                f"(searched: {'; '.join(str(each.world) for each in row)})"
            )
    for _, world, what in vacuous(row):
        raise AssertionError(f"{design.name} in {world}: the search never reached this: {what}; so it says nothing")


def _play(design: Design, world: SmallWorld, examples: str) -> None:
    __tracebackhide__ = True
    from syncproof.studies.hunt import cut_down, play

    violation = play(design, world, profile=examples).violation
    if violation is not None:
        moves = cut_down(design, world, violation)
        length = f"in {len(moves)} moves, cut down from {len(violation.moves)}"
        _fail(design, world, violation.name, violation.says, moves, length)


def _fail(design: Design, world: SmallWorld, name: str, says: str, moves: Sequence[Move], length: str) -> None:
    __tracebackhide__ = True
    from syncproof.counterexamples.narrate import narrate
    from syncproof.inputs import small_worlds
    from syncproof.properties import PROPERTIES
    from syncproof.report import sequence

    system, _, environment = small_worlds.build(design, world)
    narration = narrate(system, moves, [PROPERTIES[name]], prelude=environment.prelude)
    raise AssertionError(
        f"{design.name} promises {name} and breaks it in {world}, {length}: {says}\n\n{sequence.text(narration)}"
    )
