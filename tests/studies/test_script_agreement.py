"""How runs and the search of their script compare: sets of violated properties, not single ones."""

from __future__ import annotations

import pytest

from syncproof.studies.script_agreement import Seen, agreement, chances
from syncproof.studies.script_search import Predicted

JUDGED = frozenset({"no-loss", "convergence", "prefix-order"})


def seen(*violated: str, judged: frozenset[str] = JUDGED) -> Seen:
    """A run that violates these."""
    return Seen(frozenset(violated), judged)


def ends(*outcomes: tuple[str, ...], fewer: bool = False) -> Predicted:
    """A search whose ends violate these sets."""
    return Predicted(frozenset(map(frozenset, outcomes)), JUDGED, 1, fewer, True)


@pytest.mark.parametrize(
    ("runs", "predicted", "says"),
    [
        ([seen()], ends(()), "agrees"),
        ([seen("no-loss")], ends(("no-loss",)), "agrees"),
        ([seen("no-loss"), seen()], ends((), ("no-loss",)), "agrees"),
        ([seen(), seen()], ends((), ("no-loss",)), "possible, not seen"),
        ([seen()], ends(("no-loss",)), "disagrees"),
        ([seen()], ends(("no-loss",), ("no-loss", "convergence")), "disagrees"),
        ([seen("no-loss")], ends(()), "disagrees"),
        ([seen("no-loss"), seen("prefix-order")], ends((), ("no-loss",)), "disagrees"),
        ([seen("convergence")], ends((), ("no-loss", "convergence")), "another set"),
        ([seen("no-loss", "convergence")], ends(("no-loss",), ("convergence",)), "another set"),
        ([seen("no-loss")], ends(), "not predicted"),
    ],
)
def test_a_run_agrees_if_an_end_violates_exactly_what_it_violates(
    runs: list[Seen], predicted: Predicted, says: str
) -> None:
    assert agreement(runs, predicted) == says


def test_a_longer_script_may_violate_what_several_ends_violate_together() -> None:
    both = [seen("no-loss", "convergence")]
    assert agreement(both, ends(("no-loss",), ("convergence",), fewer=True)) == "agrees"
    assert agreement(both, ends(("no-loss",), ("convergence", "prefix-order"), fewer=True)) == "another set"
    assert agreement([seen()], ends(("no-loss",), fewer=True)) == "disagrees"


def test_what_a_history_does_not_decide_is_not_compared() -> None:
    assert agreement([seen(judged=JUDGED - {"no-loss"})], ends(("no-loss",))) == "agrees"


def test_a_property_is_violated_always_possibly_or_never() -> None:
    found = chances([seen()], ends(("no-loss",), ("no-loss", "convergence")))
    assert found == {"no-loss": "always", "convergence": "possible", "prefix-order": "never"}
