"""Draw which faults happen in one simulated run, and when, from a scenario; and list the faults that the run may meet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from syncproof.core.faults import FAULTS, Fault
from syncproof.inputs.random_draws import Draws
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.sections.faults import FaultsSection

if TYPE_CHECKING:
    from syncproof.inputs.traffic import Traffic

PER_DAY = "_per_day"
"""How a key of `[faults]` ends that says how often a day a fault happens to each device."""


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """What goes wrong in one run."""

    settings: FaultsSection = field(default_factory=FaultsSection)
    """The scenario's `[faults]`, without the entries of lists that lie beyond the end of the traffic."""
    drawn: Mapping[str, tuple[tuple[float, int], ...]] = field(default_factory=dict)
    """Fault -> (time in seconds, device), for the faults whose key is a rate."""
    configured: tuple[str, ...] = ()
    """The faults that the run may meet, in the order of the table of faults."""


def _endings(traffic: Traffic) -> Iterator[float]:
    """Yield, for each session that ends before presence does, how long the server does not know; without abandoned devices."""
    left = {device: at for at, device, _ in traffic.abandoned}
    for device, sessions in enumerate(traffic.sessions):
        until = min(traffic.end, left.get(device, traffic.end))
        for _, end, dead in sessions:
            if end < until:
                yield dead


IN_TRAFFIC: dict[str, Callable[[Traffic], bool]] = {
    "disconnect": lambda traffic: any(dead <= 0 for dead in _endings(traffic)),
    "half-open": lambda traffic: any(dead > 0 for dead in _endings(traffic)),
    "abandoned": lambda traffic: bool(traffic.abandoned),
    "new-device": lambda traffic: len(traffic.joins) > len(traffic.replaces),
    "membership": lambda traffic: bool(traffic.changes),
    "reinstall": lambda traffic: bool(traffic.replaces),
}
"""Fault -> whether a run's traffic contains it, for the faults that have no key in `[faults]` (`Fault.traffic` in words)."""

ALSO = {"half-open": "gateway_losses"}
"""Fault -> a list of times in `[faults]` that makes it as well."""


def plan(scenario: Scenario, traffic: Traffic, seed: int) -> FaultPlan:
    """Draw the faults of one run. Faults that the traffic itself contains (see `IN_TRAFFIC`) count as configured."""
    settings, draws = scenario.faults, Draws(seed)
    within = {}
    drawn = {}
    for fault in FAULTS.values():
        value = getattr(settings, fault.setting, None)
        if isinstance(value, list):
            within[fault.setting] = [e for e in value if settings.time_of(fault.setting, e) < traffic.horizon]
        elif value and fault.setting.endswith(PER_DAY):
            drawn[fault.name] = tuple(sorted(_scattered(draws, fault.name, value, traffic)))
    for setting in ALSO.values():
        within[setting] = [e for e in getattr(settings, setting) if settings.time_of(setting, e) < traffic.horizon]
    return FaultPlan(settings.model_copy(update=within), drawn, _configured(scenario, traffic))


def _configured(scenario: Scenario, traffic: Traffic) -> tuple[str, ...]:
    """Return the faults that this run may meet."""
    return tuple(fault.name for fault in FAULTS.values() if _may_happen(fault, scenario, traffic))


def _may_happen(fault: Fault, scenario: Scenario, traffic: Traffic) -> bool:
    """Return whether a run may meet a fault: its traffic contains it, or its key has a share, a rate, or a time before the end."""
    if fault.name in IN_TRAFFIC:
        also = getattr(scenario.faults, ALSO.get(fault.name, ""), ())
        return IN_TRAFFIC[fault.name](traffic) or any(
            scenario.faults.time_of(ALSO[fault.name], e) < traffic.horizon for e in also
        )
    if not fault.setting or (fault.needs is not None and getattr(scenario.model, fault.needs[0]) != fault.needs[1]):
        return False
    value = getattr(scenario.faults, fault.setting)
    if not isinstance(value, list):
        return bool(value > 0)
    return any(scenario.faults.time_of(fault.setting, entry) < traffic.horizon for entry in value)


def _scattered(draws: Draws, purpose: str, per_day: float, traffic: Traffic) -> list[tuple[float, int]]:
    """Draw (time, device) pairs: each device has `per_day` of them a day on average."""
    salt = draws.key(purpose)
    found = []
    for device in range(len(traffic.owners)):
        expected = per_day * traffic.horizon / 86400.0
        number = 0
        while expected > 0 and draws.uniform(salt, device, number, 0) < min(1.0, expected):
            found.append((draws.uniform(salt, device, number, 1) * traffic.horizon, device))
            expected -= 1.0
            number += 1
    return found
