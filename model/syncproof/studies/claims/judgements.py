"""What a judgement of a claim is, and what judging by a comparison and by a verification have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from syncproof.studies.results.comparison import ComparisonResults
from syncproof.studies.results.verification import VerificationResults

Verdict = Literal["supported", "refuted", "depends", "within noise", "unknown"]
Judgement = tuple[Verdict, str]
"""A verdict, and the evidence for it."""

STORE_FIRST, SYNC_FIRST, NOTIFY, DENSE = (
    "inbox-store-first",
    "inbox-sync-first",
    "timeline-notify",
    "timeline-dense-push",
)
ROAM, LOSS, AGREE = "roaming-complete", "no-loss", "convergence"


def verdict_of(results: ComparisonResults | VerificationResults, design: str, name: str) -> str:
    """Return the verdict of a property of a design."""
    return results.designs[design].properties[name].verdict


def present(results: ComparisonResults | VerificationResults, *designs: str) -> bool:
    """Return whether the results have all of these designs."""
    return all(design in results.designs for design in designs)


def missing(*designs: str) -> Judgement:
    """Return the judgement `unknown`, because one of these designs is not there."""
    return "unknown", f"needs {' and '.join(designs)} in the comparison"


def listed(names: Iterable[str]) -> str:
    """Return names as a list in a sentence."""
    found = list(names)
    return " and ".join(filter(None, [", ".join(found[:-1]), found[-1]])) if found else ""
