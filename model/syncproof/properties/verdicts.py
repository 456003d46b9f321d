"""The verdicts of a run, a history or a replay, one for each property."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from syncproof.properties import PROPERTIES
from syncproof.properties.evidence import NOTHING_ACCEPTED, Given, lacking, meets, unmet
from syncproof.properties.monitor import Monitor

Verdict = Literal["holds", "violated", "unknown", "not-applicable"]
OPEN_END = "the run did not come to rest"


@dataclass(slots=True)
class PropertyResult:
    """The verdict of a run on one property. `examples`: the first violations, one line each.

    `why`: the reason of `unknown`. `met`: the property met its evidence. `exercised`: false if the run had not what the
    evidence takes; such an unknown does not count.
    """

    verdict: Verdict
    promised: bool
    violations: int = 0
    examples: list[str] = field(default_factory=list)
    why: str = ""
    met: bool = True
    exercised: bool = True


def judge(
    promises: Mapping[str, tuple[str, ...]],
    not_applicable: Mapping[str, str],
    monitor: Monitor,
    given: Given,
    quiesced: bool,
    asked: tuple[str, ...] = (),
    happened: bool = True,
    missing: Mapping[str, str] | None = None,
    doubted: Mapping[str, str] | None = None,
) -> dict[str, PropertyResult]:
    """Return a verdict for every property.

    A promise counts if it covers all faults that the run was configured with (`given`). It does not count if the property
    is about other faults (`Property.about`), unless the property was `asked` for. What was not violated is unknown if
    nothing was accepted (`happened`), if the property never met its evidence, if observations that it needs are `missing`
    from a history (by property, in words), and for a liveness property if the run did not come to rest (`quiesced`).
    Whatever was found of a property, it is unknown if it is `doubted` (by property, in words): the order of a history is
    wrong.
    """
    results = {}
    faults = given.faults
    for name in PROPERTIES:
        silent = name not in asked and not PROPERTIES[name].is_about(faults)
        covered = name in promises and not silent and all(fault in promises[name] for fault in faults)
        if name in not_applicable:
            results[name] = PropertyResult("not-applicable", False)
            continue
        doubt = (doubted or {}).get(name, "")
        count = 0 if doubt else monitor.counts.get(name, 0)
        met = meets(PROPERTIES[name], given, name in monitor.watch.met)
        lacks = "" if met or not happened else lacking(PROPERTIES[name], given)
        open_end = not quiesced and PROPERTIES[name].kind == "liveness"
        why = doubt
        if not count and not doubt:
            why = NOTHING_ACCEPTED * (not happened) or unmet(PROPERTIES[name], lacks) * (not met)
            why = why or (missing or {}).get(name, "") or OPEN_END * open_end
        results[name] = PropertyResult(
            "violated" if count else "unknown" if why else "holds",
            covered,
            count,
            [] if doubt else [violation.says for violation in monitor.violations.get(name, ())],
            why,
            met,
            bool(count) or bool(doubt) or not lacks or name in asked,
        )
    return results


def times(count: int) -> str:
    """Return how often something was violated, in words."""
    return f"{count:,} {'time' if count == 1 else 'times'}"
