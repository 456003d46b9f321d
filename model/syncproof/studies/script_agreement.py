"""Compare what runs of a script violated with what a search of that script says its ends violate.

An end of the search is a set of violated properties. A run agrees if its set is one of these, as far as its history can
witness the properties. Three cases are told apart:

| agreement | the runs | the search |
|---|---|---|
| agrees | violate a set that | an end violates; often the only one |
| possible, not seen | violate nothing | has ends that violate nothing, and others: a race that no run lost |
| another set | violate nothing that no end violates | has no end that violates exactly this |
| disagrees | violate what no end violates, or lack what every end violates | |

So *not seen* is agreement only where the search has an end in which nothing is violated: what every end violates, every run must
violate. A script that sends more messages than were searched can lose several races in one run: its set may be what several ends
violate together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from syncproof.engines.explore.directed import Outcome
from syncproof.studies.script_search import Predicted

Agreement = Literal["agrees", "possible, not seen", "another set", "disagrees", "not predicted", "not driven"]
Chance = Literal["always", "possible", "never"]


class Seen(msgspec.Struct, frozen=True):
    """What one run says: the properties that it violated, and all that its history decides."""

    violated: frozenset[str]
    judged: frozenset[str]


def projected(outcomes: Iterable[Outcome], names: frozenset[str]) -> frozenset[Outcome]:
    """Return the outcomes with these properties alone."""
    return frozenset(outcome & names for outcome in outcomes)


def explained(violated: Outcome, outcomes: frozenset[Outcome], together: bool) -> bool:
    """Return whether a set is one of the outcomes; `together`: or what several of them violate together."""
    if violated in outcomes:
        return True
    parts = [outcome for outcome in outcomes if outcome <= violated]
    return together and bool(parts) and violated == frozenset().union(*parts)


def agreement_of_run(seen: Seen, predicted: Predicted) -> Agreement:
    """Return how one run and the search compare."""
    if not predicted.outcomes:
        return "not predicted"
    names = seen.judged & predicted.judged
    outcomes = projected(predicted.outcomes, names)
    violated = seen.violated & names
    if explained(violated, outcomes, predicted.fewer):
        return "agrees" if violated or len(outcomes) == 1 else "possible, not seen"
    possible, always = frozenset().union(*outcomes), frozenset.intersection(*outcomes)
    return "another set" if always <= violated <= possible else "disagrees"


def agreement(runs: Sequence[Seen], predicted: Predicted) -> Agreement:
    """Return how the runs of a cell and the search compare: as the worst of them; seen is what one run shows."""
    found = {agreement_of_run(seen, predicted) for seen in runs}
    for worst in ("not predicted", "disagrees", "another set", "agrees"):
        if worst in found:
            return worst
    return "possible, not seen"


def chances(runs: Sequence[Seen], predicted: Predicted) -> dict[str, Chance]:
    """Return, for each property that the search and some run judge, whether every end violates it, some do, or none."""
    if not predicted.outcomes:
        return {}
    names = sorted(predicted.judged & frozenset().union(*[seen.judged for seen in runs]))
    count = {name: sum(name in outcome for outcome in predicted.outcomes) for name in names}
    whole = len(predicted.outcomes)
    return {n: "always" if count[n] == whole else "possible" if count[n] else "never" for n in names}
