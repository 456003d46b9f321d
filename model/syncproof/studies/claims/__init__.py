"""Judge the claims made for the timeline design, by a comparison's numbers or by a verification's searches.

`CLAIMS` is the table: each claim is a sentence, a function that judges it by a comparison's results and, where it is about
correctness, one that judges it by a verification's. A function returns a verdict and the evidence. A verdict is `supported`,
`refuted`, `depends` (the evidence says on what), `within noise` (the interval of the paired difference contains 0) or `unknown`
(the evidence says why these results cannot tell).

A claim about numbers is unknown where the storage was swamped, since they are those of a queue then. A simulation can only
say that its runs did not refute a claim about correctness; that is what `supported` means there, and the reports say so beside
the table. An `unknown` property, a run without messages or a metric without a value supports no claim: the claim is unknown.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from syncproof.studies.claims import by_comparison, by_verification
from syncproof.studies.claims.judgements import Judgement
from syncproof.studies.results.common import ClaimResult
from syncproof.studies.results.comparison import ComparisonResults
from syncproof.studies.results.verification import VerificationResults


class Claim(msgspec.Struct, frozen=True):
    """Describe one claim."""

    says: str
    """The claim, as a sentence."""
    judge: Callable[[ComparisonResults], Judgement]
    """Judges the claim by a comparison."""
    prove: Callable[[VerificationResults], Judgement] | None = None
    """Judges the claim by a verification, if it is about correctness."""


CLAIMS: dict[str, Claim] = {
    "C1": Claim("The inbox needs fewer network interactions than notify-then-pull.", by_comparison.fewer_interactions),
    "C2": Claim("Inbox writes grow with a user's endpoints; timeline writes do not.", by_comparison.writes_grow),
    "C3": Claim(
        "Deleting after the ack limits the inbox: it takes much of its storage's time.", by_comparison.deletes_count
    ),
    "C4": Claim(
        "Sync-first keeps nothing, so a new device has no history; store-first gives roaming.",
        by_comparison.history,
        by_verification.history,
    ),
    "C5": Claim(
        "Store-first: what a receiver has shown is already stored in the cloud.",
        by_comparison.stored_first,
        by_verification.stored_first,
    ),
    "C6": Claim(
        "In the timeline design the push is not needed for correctness, only for the latency of receivers.",
        by_comparison.push_unneeded,
        by_verification.push_unneeded,
    ),
    "C7": Claim(
        "Any number of endpoints converge with no sync state on the server.",
        by_comparison.converges,
        by_verification.converges,
    ),
    "C8": Claim(
        "A server-side checkpoint learnt without acks may lag; that never matters to correctness.",
        by_comparison.lag_harmless,
        by_verification.lag_harmless,
    ),
    "C9": Claim(
        "When everything is pulled, a message that arrives during a pull needs no special care.",
        by_comparison.no_special_care,
        by_verification.no_special_care,
    ),
    "C10": Claim("Dense numbering saves almost all pulls and keeps multi-device sync.", by_comparison.dense_saves),
    "C11": Claim(
        "Growing, not consecutive, numbers suffice as long as entries appear only at the tail.",
        by_comparison.growing_suffices,
        by_verification.growing_suffices,
    ),
    "C12": Claim(
        "Dense numbering has its price: sequencer writes and serialisation on a hot user.", by_comparison.dense_price
    ),
    "C13": Claim("The inbox flow is simpler, the timeline not much more complex.", by_comparison.not_much_more),
}
"""Every claim, by its id."""

SILENT: Judgement = ("unknown", "no message was accepted in these runs")


def judge(results: ComparisonResults) -> dict[str, ClaimResult]:
    """Return every claim's verdict and evidence by a comparison."""
    happened = any(results.messages)
    return {
        name: ClaimResult(claim.says, *(claim.judge(results) if happened else SILENT)) for name, claim in CLAIMS.items()
    }


def proved(results: VerificationResults) -> dict[str, ClaimResult]:
    """Return the verdict and evidence of every claim about correctness by a verification."""
    return {
        name: ClaimResult(claim.says, *claim.prove(results))
        for name, claim in CLAIMS.items()
        if claim.prove is not None
    }
