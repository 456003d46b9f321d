"""Hypothesis plays against a design: worlds too large to be searched, faults together, failures shrunk.

`machine` makes a `RuleBasedStateMachine` from what `worlds.build` returns. It has a rule for each kind of move, and the
moves that are possible decide which rules may be drawn; Hypothesis itself leaves some rules out of each example (swarm
testing), so that rare faults come together. The properties are asked after every step. At the end faults stop, the world is
driven to rest by the fairness rules, and liveness is judged. A failure is printed as Python to paste.

There are no bundles: what rules would put into them are the moves that are possible, which the world itself knows and which
change with every step; a rule draws a number and takes the move at that place.

| profile | examples | for |
|---|---|---|
| `dev` | 50 | the desk |
| `brief` | 100 | many worlds, the same examples each time |
| `ci` | 1,000 | every change: the same examples each time |
| `deep` | 20,000 | nights |
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, currently_in_test_context, event, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture.providers import HypothesisProvider
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from syncproof.core.enabled import ADVERSE, KINDS, BoundedWorld
from syncproof.core.fairness import quiesce
from syncproof.core.moves import Move
from syncproof.core.observations import Noted
from syncproof.designs import Design
from syncproof.errors import InputError
from syncproof.inputs import lookup, small_worlds
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.properties.monitor import Monitor

PROFILES = {"dev": 50, "brief": 100, "ci": 1_000, "deep": 20_000}
STEPS = 30
"""Rules in one example; what is then still under way is driven to its end."""
UNDER_WAY = ("arrive", "complete", "deliver", "fire", "take")
BUDGET, MORE = 2, 2
"""How often each fault may happen in an example, and how many messages more than a search an example is given."""
PATIENCE = 16
"""A fault becomes possible after a drawn number of moves, at most so many: else each would be spent before much happens."""
RESTLESS = 2_000
"""Moves within which a world must come to rest once faults have stopped."""


class Fallen(AssertionError):
    """A property was violated. `moves` are those after the world's prelude; `says` is what the property said."""

    def __init__(self, design: str, shape: SmallWorld, name: str, says: str, moves: Sequence[Move]) -> None:
        self.design, self.shape, self.name, self.says, self.moves = design, shape, name, says, tuple(moves)
        super().__init__(f"{design} in {shape}: {name} is violated: {says}")


def machine(design: str | Design, shape: SmallWorld, names: Sequence[str] | None = None) -> type[RuleBasedStateMachine]:
    """A state machine that plays one design in one world. `names`: the properties asked (default: those promised there).

    Raises `InputError` for an unknown design.
    """
    system, _, environment = small_worlds.build(design, shape, BUDGET)
    asked = promised(design, shape) if names is None else tuple(names)
    title = lookup.get(design).name

    class Machine(RuleBasedStateMachine):
        @initialize(
            wait=st.lists(st.integers(0, PATIENCE), min_size=len(ADVERSE), max_size=len(ADVERSE)),
            said=st.integers(1, 3),
        )
        def begin(self, wait: list[int], said: int) -> None:
            self.wait = dict(zip(ADVERSE, wait, strict=True))
            self.seen: dict[str, None] = {}
            self.monitor = Monitor(asked)
            self.play = BoundedWorld(system, environment, self.observe)
            for _ in range(said):
                for move in self.play.possible()["compose"][:1]:
                    self.make(move)

        def observe(self, observation: Any) -> None:
            self.monitor.observe(observation)
            if type(observation) is Noted:
                self.seen[observation.situation] = None

        def possible(self, kind: str) -> list[Move]:
            return [] if self.wait.get(kind, 0) > len(self.play.world.moves) else self.play.possible()[kind]

        def make(self, move: Move) -> None:
            self.play.make(move)
            self.judge()

        def judge(self) -> None:
            for name, violations in self.monitor.violations.items():
                raise Fallen(title, shape, name, violations[0].says, self.play.world.moves)

        def teardown(self) -> None:
            if not hasattr(self, "play") or self.monitor.violations:
                return
            spent = [fault for fault, left in self.play.left.items() if left < environment.budgets[fault]]
            for happened in (*self.seen, *spent) if currently_in_test_context() else ():
                event(happened)
            while self.play.possible()["compose"]:
                self.play.make(self.play.possible()["compose"][0])
            quiesce(self.play.world, RESTLESS)
            self.judge()

        @precondition(lambda self: not any(self.possible(kind) for kind in KINDS))
        @rule()
        def nothing(self) -> None:
            """All is said and done; the example may end."""

    for kind in KINDS:
        setattr(Machine, kind.replace("-", "_"), _rule(kind))
    Machine.run_on = _run_on()
    # Hypothesis prints a failure as `state = NAME()` and a call a line: with this name that is Python to paste, after
    # `from syncproof.engines.hypothesis_machine import machine` and `from syncproof.inputs.small_worlds import SmallWorld`.
    Machine.__name__ = Machine.__qualname__ = f"machine({title!r}, {shape!r})"
    return Machine


def _rule(kind: str) -> Any:
    def make(self: Any, pick: int) -> None:
        moves = self.possible(kind)
        self.make(moves[pick % len(moves)])

    make.__name__ = kind.replace("-", "_")
    return precondition(lambda self: bool(self.possible(kind)))(rule(pick=st.integers(0, 11))(make))


def _run_on() -> Any:
    """A rule that lets what is under way go on for a while in some order: one draw instead of many."""

    def run_on(self: Any, count: int, first: int) -> None:
        for _ in range(count):
            order = (*UNDER_WAY[first:], *UNDER_WAY[:first])
            moves = next((found for kind in order if (found := self.possible(kind))), None)
            if moves is None:
                return
            self.make(moves[0])

    under_way = precondition(lambda self: any(self.possible(kind) for kind in UNDER_WAY))
    return under_way(rule(count=st.integers(1, PATIENCE // 2), first=st.integers(0, len(UNDER_WAY) - 1))(run_on))


def promised(design: str | Design, shape: SmallWorld) -> tuple[str, ...]:
    """What the design promises under the faults of this world."""
    entry = lookup.get(design)
    promises = entry.promised(entry.parameters)
    return tuple([name for name, faults in promises.items() if set(shape.faults) <= set(faults)])


def settings_of(name: str, **changes: Any) -> settings:
    """Hypothesis settings of a profile. Raises `InputError` for an unknown one."""
    if name not in PROFILES:
        raise InputError(f"unknown profile {name!r}; allowed: {', '.join(PROFILES)}")
    return settings(
        max_examples=PROFILES[name],
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=name in ("brief", "ci"),
        print_blob=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
        **changes,
    )


def count(
    design: str | Design,
    shape: SmallWorld,
    names: Sequence[str] | None = None,
    *,
    profile: str = "ci",
    shrink: bool = False,
) -> tuple[Fallen | None, int]:
    """Plays one design in one world: the violation that was met, or None, and how many examples that took.

    Without shrinking it is the first one met, and `minimise` cuts it down faster than Hypothesis can.
    """
    phases = (Phase.generate, *((Phase.shrink,) if shrink else ()))
    begun = 0

    class Counted(machine(design, shape, names)):  # type: ignore[misc]
        def __init__(self) -> None:
            nonlocal begun
            begun += 1
            super().__init__()

    try:
        with _without_constants():
            run_state_machine_as_test(Counted, settings=settings_of(profile, phases=phases))
    except Fallen as fallen:
        return fallen, begun
    return None, begun


@contextmanager
def _without_constants() -> Iterator[None]:
    """Hypothesis now and then draws a constant of the code that is loaded (HypothesisWorks/hypothesis#4356), so that other
    examples would be played after an import. It has no setting for that, hence this."""
    name = "_maybe_draw_constant"
    usual = getattr(HypothesisProvider, name)
    setattr(HypothesisProvider, name, lambda *_, **__: None)
    try:
        yield
    finally:
        setattr(HypothesisProvider, name, usual)
