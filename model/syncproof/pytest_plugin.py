"""For the tests of a design of one's own. pytest finds the fixture `keeps_promises` as soon as syncproof is installed.

    def test_my_design(keeps_promises):
        keeps_promises(MyDesign)

A promise that is broken fails the test, and the assertion shows the shortest way to it as a sequence diagram.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from syncproof.designs import Design


@pytest.fixture(name="keeps_promises")
def _fixture() -> Callable[..., None]:
    """The function `assert_promises`."""
    return assert_promises


def assert_promises(
    design: str | Design,
    *,
    world: str = "two-devices",
    messages: int = 1,
    faults: Sequence[str] | None = None,
    states: int = 300_000,
    examples: str = "dev",
) -> None:
    """Searches small worlds for a broken promise of `design`, then lets Hypothesis play in larger ones.

    `world`, `messages`, `faults`: as `syncproof explore` has them; default each usual kind of fault alone. `states`: a search
    that needs more fails, since nothing is known then. `examples`: a profile of `engines.stateful`, or `none`. Raises
    `AssertionError` with the sequence diagram of the counterexample, `InputError` for names that there are not.
    """
    __tracebackhide__ = True
    from syncproof.engines import hypothesis_machine
    from syncproof.inputs import lookup, small_worlds

    entry = lookup.get(design)
    kinds = [(), *[(kind,) for kind in small_worlds.USUAL]] if faults is None else [tuple(faults)]
    together = small_worlds.TOGETHER if faults is None else tuple(faults)
    if not any(
        hypothesis_machine.promised(entry, small_worlds.small_world(world, messages, some))
        for some in [*kinds, together]
    ):
        raise AssertionError(f"{entry.name} promises nothing under any of these faults, so nothing would be tested")
    for some in kinds:
        _search(entry, small_worlds.small_world(world, messages, some), states)
    if examples != "none":
        _play(entry, small_worlds.small_world("three-devices", messages + hypothesis_machine.MORE, together), examples)


def _search(design: Design, shape: object, states: int) -> None:
    __tracebackhide__ = True
    from syncproof.engines import hypothesis_machine
    from syncproof.engines.explore import Limits
    from syncproof.inputs.small_worlds import SmallWorld
    from syncproof.studies import verify as verification

    assert isinstance(shape, SmallWorld)
    found = verification.search(design, shape, Limits(states=states))
    for name in hypothesis_machine.promised(design, shape):
        finding = found.findings[name]
        if finding.counterexample is not None:
            way = finding.counterexample
            _fail(design, shape, name, way.says, (*way.moves, *way.cycle), f"in {way.length} moves, the fewest")
        if finding.verdict == "unknown":
            raise AssertionError(f"{design.name} in {shape}: {name} is unknown: {finding.why}; give it more states")


def _play(design: Design, shape: object, examples: str) -> None:
    __tracebackhide__ = True
    from syncproof.counterexamples.minimise import minimise
    from syncproof.engines import hypothesis_machine
    from syncproof.inputs import small_worlds
    from syncproof.inputs.small_worlds import SmallWorld

    assert isinstance(shape, SmallWorld)
    met, _ = hypothesis_machine.count(design, shape, profile=examples)
    if met is not None:
        system, _, environment = small_worlds.build(design, shape, hypothesis_machine.BUDGET)
        moves = minimise(system, environment, met.moves, met.name)
        _fail(design, shape, met.name, met.says, moves, f"in {len(moves)} moves, cut down from {len(met.moves)}")


def _fail(design: Design, shape: object, name: str, says: str, moves: Sequence[object], length: str) -> None:
    __tracebackhide__ = True
    from typing import cast

    from syncproof.core.moves import Move
    from syncproof.counterexamples.narrate import narrate
    from syncproof.inputs import small_worlds
    from syncproof.inputs.small_worlds import SmallWorld
    from syncproof.properties import PROPERTIES
    from syncproof.report import sequence

    system, _, environment = small_worlds.build(design, cast(SmallWorld, shape))
    narration = narrate(system, cast("Sequence[Move]", moves), [PROPERTIES[name]], prelude=environment.prelude)
    raise AssertionError(
        f"{design.name} promises {name} and breaks it in {shape}, {length}: {says}\n\n{sequence.text(narration)}"
    )
