"""Run a Hypothesis machine: profiles say how many examples, and whether they are the same ones each time.

| profile | examples | chosen | for |
|---|---|---|---|
| `few` | 15 | the same ones each time | very many worlds |
| `dev` | 50 | at random, failures are kept in the example database | work on a design |
| `brief` | 80 | the same ones each time | many worlds |
| `ci` | 1,000 | the same ones each time | every change |
| `deep` | 20,000 | at random, failures are kept in the example database | nightly runs |
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.stateful import run_state_machine_as_test

from syncproof.engines.hypothesis_machine import Machine, PropertyViolated
from syncproof.errors import InputError, nearest

PROFILES = {"few": 15, "dev": 50, "brief": 80, "ci": 1_000, "deep": 20_000}
"""The number of examples of each profile."""
REPEATED = ("few", "brief", "ci")
"""The profiles that run the same examples each time."""
STEPS = 30
"""The number of rules in one example; what is still under way then happens when the example ends."""
SUPPRESSED = {
    HealthCheck.too_slow: "an example has many moves; the time of a whole run is bounded by the profile's examples",
    HealthCheck.nested_given: "a test that is itself a Hypothesis test may run a system",
}
"""Health checks of Hypothesis that are off, and why."""


def profile_settings(name: str, **changes: Any) -> settings:
    """Return the Hypothesis settings of a profile, with `changes`. `InputError` for an unknown profile.

    `dev` and `deep` leave the example database and the seed as Hypothesis' own profile has them, so that
    `--hypothesis-seed` and `HYPOTHESIS_PROFILE` work as for any other test.
    """
    if name not in PROFILES:
        raise InputError(f"unknown profile {name!r}{nearest(str(name), PROFILES)}")
    repeated = {"derandomize": True, "database": None} if name in REPEATED else {}
    chosen: dict[str, Any] = {
        "max_examples": PROFILES[name],
        "stateful_step_count": STEPS,
        "deadline": None,
        "print_blob": False,
        "suppress_health_check": list(SUPPRESSED),
        **repeated,
        **changes,
    }
    return settings(**chosen)


@dataclass(frozen=True, slots=True)
class Played:
    """The result of running the examples of a profile: the first violation, if any, and how many examples were run.

    `unmet`: the judged properties whose evidence no example met, so that the examples say nothing about them.
    """

    violation: PropertyViolated | None
    examples: int
    unmet: tuple[str, ...] = ()


def play(machine: type[Machine], *, profile: str = "ci", shrink: bool = False) -> Played:
    """Run the examples of a profile until a property is violated.

    Without `shrink` the violation is the first one met, which `counterexamples.minimise` shortens faster than Hypothesis
    shrinks it. `InputError` for an unknown profile.
    """
    examples = 0
    met: set[str] = set()

    class Counted(machine):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            nonlocal examples
            examples += 1
            super().__init__()

        def teardown(self) -> None:
            super().teardown()
            if hasattr(self, "monitor"):
                met.update(self.monitor.watch.met)

    phases = (Phase.reuse, Phase.generate, *((Phase.shrink,) if shrink else ()))
    try:
        with without_constants():
            run_state_machine_as_test(
                Counted, settings=profile_settings(profile, phases=phases, verbosity=Verbosity.quiet)
            )
    except PropertyViolated as violation:
        return Played(violation, examples)
    return Played(None, examples, tuple(name for name in machine.properties if name not in met))


CONSTANTS = "_maybe_draw_constant"
"""The private method of Hypothesis' provider that draws constants."""


def _provider() -> Any:
    """Return Hypothesis' provider of random choices, a private class; None in a version that has none of that name."""
    try:
        from hypothesis.internal.conjecture.providers import HypothesisProvider
    except ImportError:
        return None
    return HypothesisProvider


@contextmanager
def without_constants() -> Iterator[None]:
    """Keep Hypothesis from drawing constants of the code that is loaded (HypothesisWorks/hypothesis#4356).

    With them, the examples would depend on which modules are imported. Hypothesis has no setting for that, so a private
    method is replaced; a version without that method causes a warning, because its examples may differ from run to run.
    """
    provider = _provider()
    usual = getattr(provider, CONSTANTS, None)
    if usual is None:
        warnings.warn(
            f"hypothesis {hypothesis.__version__} has no HypothesisProvider.{CONSTANTS}: the profiles "
            f"{', '.join(REPEATED)} may play other examples in each run",
            RuntimeWarning,
            stacklevel=3,
        )
        yield
        return
    setattr(provider, CONSTANTS, lambda *_, **__: None)
    try:
        yield
    finally:
        setattr(provider, CONSTANTS, usual)
