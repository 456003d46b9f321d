"""The verdicts of a run, a history or a replay, one for each property."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from syncproof.properties import PROPERTIES
from syncproof.properties.monitor import Monitor

Verdict = Literal["holds", "violated", "unknown", "not-applicable"]


@dataclass(slots=True)
class PropertyResult:
    """The verdict of a run on one property. `examples`: the first violations, one line each."""

    verdict: Verdict
    promised: bool
    violations: int = 0
    examples: list[str] = field(default_factory=list)


def judge(
    promises: Mapping[str, tuple[str, ...]],
    not_applicable: Mapping[str, str],
    monitor: Monitor,
    faults: tuple[str, ...],
    quiesced: bool,
    asked: tuple[str, ...] = (),
) -> dict[str, PropertyResult]:
    """Return a verdict for every property.

    A promise counts if it covers all `faults` that the run was configured with. It does not count if the property is
    about other faults (`Property.about`), unless the property was `asked` for. A liveness property that was not violated
    is unknown if the run did not come to rest (`quiesced`).
    """
    results = {}
    verdict: Verdict
    for name in PROPERTIES:
        about = PROPERTIES[name].about
        silent = bool(about) and name not in asked and not set(about) & set(faults)
        covered = name in promises and not silent and all(fault in promises[name] for fault in faults)
        if name in not_applicable:
            results[name] = PropertyResult("not-applicable", False)
            continue
        count = monitor.counts.get(name, 0)
        examples = [violation.says for violation in monitor.violations.get(name, ())]
        open_end = not quiesced and PROPERTIES[name].kind == "liveness"
        verdict = "violated" if count else "unknown" if open_end else "holds"
        results[name] = PropertyResult(verdict, covered, count, examples)
    return results
