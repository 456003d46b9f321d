"""Judge the claims made for the timeline design, by a comparison's numbers or by a verification's searches.

`CLAIMS` is the table: each claim is a sentence, a function that judges it by a comparison's results and, where it is about
correctness, one that judges it by a verification's. A function returns a verdict and the evidence. A verdict is `supported`,
`refuted`, `depends` (the evidence says on what) or `unknown` (the evidence says why these results cannot tell). A simulation
can only say that its runs did not refute a claim about correctness; that is what `supported` means there, and the reports say
so beside the table. An `unknown` property, a run without messages or a metric without a value supports no claim: the claim is
unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import isnan
from typing import Literal

import msgspec

from syncproof.inputs.small_worlds import POPULATIONS
from syncproof.studies.results import ClaimResult, ClaimSearch, ComparisonResults, VerificationResults

Judgement = tuple[Literal["supported", "refuted", "depends", "unknown"], str]

STORE_FIRST, SYNC_FIRST, NOTIFY, DENSE = (
    "inbox-store-first",
    "inbox-sync-first",
    "timeline-notify",
    "timeline-dense-push",
)
STEADY = 1.1
"""A metric that grows by less than a tenth from 1 to 6 devices per user counts as not growing."""


class Claim(msgspec.Struct, frozen=True):
    """Describe one claim."""

    says: str
    """The claim, as a sentence."""
    judge: Callable[[ComparisonResults], Judgement]
    """Judges the claim by a comparison."""
    prove: Callable[[VerificationResults], Judgement] | None = None
    """Judges the claim by a verification, if it is about correctness."""


def _mean(results: ComparisonResults, design: str, metric: str) -> float:
    value: float | None = results.designs[design].metrics[metric].value
    return float("nan") if value is None else value


LOST_TAIL = "a restored server has lost what some devices have shown"


def _excused(results: ComparisonResults, design: str, name: str) -> bool:
    """Return whether the property is violated, not promised, and the runs restore the server."""
    found = results.designs[design].properties[name]
    return found.verdict == "violated" and not found.promised and "server-restore" in results.faults_fired


def _verdict(results: ComparisonResults | VerificationResults, design: str, name: str) -> str:
    return results.designs[design].properties[name].verdict


def _unjudged(results: ComparisonResults, names: Iterable[str], *properties: str) -> Judgement | None:
    """Return the judgement `unknown` if one of these properties is unknown of one of these designs, else None."""
    for design in names:
        for name in properties:
            if _verdict(results, design, name) == "unknown":
                why = results.designs[design].properties[name].why
                return (
                    "unknown",
                    f"{name} is unknown of {design}: "
                    f"{why or 'these runs accepted no message, or did not come to rest'}",
                )
    return None


def _unmeasured(*values: float) -> Judgement | None:
    """Return the judgement `unknown` if a number is missing, else None."""
    if any(isnan(value) for value in values):
        return "unknown", "these runs have no numbers for it: nothing was delivered, or nothing accepted"
    return None


def _written(results: ComparisonResults, design: str, store: str) -> int:
    """Return the rows written to a store, over all runs."""
    rows = results.designs[design].rows.get(store)
    return 0 if rows is None else rows.written


def _present(results: ComparisonResults | VerificationResults, *designs: str) -> bool:
    return all(design in results.designs for design in designs)


def _missing(*designs: str) -> Judgement:
    return "unknown", f"needs {' and '.join(designs)} in the comparison"


def _fewer_interactions(results: ComparisonResults) -> Judgement:
    if not _present(results, STORE_FIRST, NOTIFY):
        return _missing(STORE_FIRST, NOTIFY)
    inbox, notify = (_mean(results, d, "packets_per_delivery") for d in (STORE_FIRST, NOTIFY))
    if (open_end := _unmeasured(inbox, notify)) is not None:
        return open_end
    text = f"packets per delivery: {STORE_FIRST} {inbox:.2f}, {NOTIFY} {notify:.2f}"
    if DENSE in results.designs:
        text += f", {DENSE} {_mean(results, DENSE, 'packets_per_delivery'):.2f}"
    return ("supported" if inbox < notify else "refuted"), text


def _growth(results: ComparisonResults, design: str, metric: str) -> tuple[float, float, str, str] | None:
    points = results.sweep.designs.get(design, {})
    known = [(value, found) for value, run in points.items() if (found := run.metrics[metric]) is not None]
    if len(known) < 2:
        return None
    return known[0][1], known[-1][1], known[0][0], known[-1][0]


def _writes_grow(results: ComparisonResults) -> Judgement:
    inbox = _growth(results, STORE_FIRST, "server_writes_per_message")
    notify = _growth(results, NOTIFY, "server_writes_per_message")
    if inbox is None or notify is None:
        return "unknown", f"needs {STORE_FIRST} and {NOTIFY} with the sweep over devices per user"
    text = (
        f"writes per message from {inbox[2]} to {inbox[3]} devices a user: {STORE_FIRST} {inbox[0]:.2f} to {inbox[1]:.2f}, "
        f"{NOTIFY} {notify[0]:.2f} to {notify[1]:.2f}"
    )
    lag = _growth(results, "timeline-checkpointed", "server_writes_per_message")
    if lag is not None and lag[1] > lag[0] * STEADY:
        text += f"; but timeline-checkpointed records each device's checkpoint: {lag[0]:.2f} to {lag[1]:.2f}"
    grows, steady = inbox[1] > inbox[0] * STEADY, notify[1] <= notify[0] * STEADY
    if grows and steady:
        return ("depends" if lag is not None and lag[1] > lag[0] * STEADY else "supported"), text
    return "refuted", text


def _deletes_count(results: ComparisonResults) -> Judgement:
    if not _present(results, STORE_FIRST):
        return _missing(STORE_FIRST)
    kinds = ("server_writes_per_message", "server_deletes_per_message", "server_reads_per_message")
    written, deleted, read = (_mean(results, STORE_FIRST, kind) for kind in kinds)
    if (open_end := _unmeasured(written, deleted, read)) is not None:
        return open_end
    if not written + deleted + read:
        return "unknown", f"{STORE_FIRST} stored nothing in these runs"
    share = deleted / (written + deleted + read)
    text = f"{STORE_FIRST} deletes {deleted:.2f} rows per message: {share:.0%} of all its row operations"
    if SYNC_FIRST in results.designs:
        text += f"; {SYNC_FIRST} deletes {_mean(results, SYNC_FIRST, 'server_deletes_per_message'):.2f}"
    return ("supported" if share >= 0.2 else "refuted"), text


def _history(results: ComparisonResults) -> Judgement:
    if not _present(results, SYNC_FIRST, NOTIFY):
        return _missing(SYNC_FIRST, NOTIFY)
    if "new-device" not in results.faults_fired:
        return "unknown", "no new device appears in this scenario"
    sync, notify = (_verdict(results, d, "roaming-complete") for d in (SYNC_FIRST, NOTIFY))
    text = f"roaming-complete: {SYNC_FIRST} {sync}, {NOTIFY} {notify}"
    if STORE_FIRST in results.designs:
        text += f"; {STORE_FIRST} {_verdict(results, STORE_FIRST, 'roaming-complete')}: storing first alone does not give history"
    if sync == "violated" and notify == "holds":
        forgetful = STORE_FIRST in results.designs and _verdict(results, STORE_FIRST, "roaming-complete") == "violated"
        return ("depends" if forgetful else "supported"), text
    return _unjudged(results, (SYNC_FIRST, NOTIFY), "roaming-complete") or ("refuted", text)


def _stored_first(results: ComparisonResults) -> Judgement:
    found = {d: _verdict(results, d, "store-before-sync") for d in results.designs}
    timelines = [d for d in found if d.startswith("timeline")]
    if not timelines:
        return "unknown", "needs a timeline design in the comparison"
    bad = [d for d in timelines if found[d] == "violated"]
    if bad:
        return "refuted", f"store-before-sync is violated by {', '.join(bad)}"
    if (open_end := _unjudged(results, timelines, "store-before-sync")) is not None:
        return open_end
    text = f"store-before-sync was never violated by {len(timelines)} timeline designs"
    if found.get(SYNC_FIRST) == "violated":
        text += f"; {SYNC_FIRST} violates it"
    return "supported", text


def _push_unneeded(results: ComparisonResults) -> Judgement:
    quiet = results.notifications_off
    if quiet is None:
        return "unknown", f"needs {NOTIFY} and its run without notifications"
    latency = quiet.metrics["delivery_latency_p50_s"]
    usual = _mean(results, NOTIFY, "delivery_latency_p50_s")
    if quiet.promised_violated:
        return "refuted", f"without notifications {NOTIFY} violates {', '.join(quiet.promised_violated)}"
    if not quiet.messages:
        return "unknown", f"the run of {NOTIFY} without notifications accepted no message"
    if quiet.promised_unknown:
        return "unknown", f"without notifications {', '.join(quiet.promised_unknown)} is unknown of {NOTIFY}"
    shown = "no live delivery" if latency is None else f"median delivery {latency:.3g} s instead of {usual:.3g} s"
    return "supported", f"without notifications {NOTIFY} keeps every promise, {shown}"


def _converges(results: ComparisonResults) -> Judgement:
    if not _present(results, NOTIFY):
        return _missing(NOTIFY)
    points = results.sweep.designs.get(NOTIFY, {})
    bad = [value for value, point in points.items() if "convergence" in point.violated]
    if _excused(results, NOTIFY, "convergence"):
        return "depends", f"{NOTIFY} violates convergence, which is not promised under these faults: {LOST_TAIL}"
    if _verdict(results, NOTIFY, "convergence") == "violated" or bad:
        return "refuted", f"{NOTIFY} violates convergence" + (f" with {bad[0]} devices a user" if bad else "")
    if (open_end := _unjudged(results, (NOTIFY,), "convergence")) is not None:
        return open_end
    open_ends = [value for value, point in points.items() if "convergence" in point.unknown or not point.messages]
    if open_ends:
        return "unknown", f"convergence is unknown of {NOTIFY} with {open_ends[0]} devices a user"
    counts = f", and with {', '.join(points)} devices a user; more were not tried" if points else ""
    return "supported", f"{NOTIFY} keeps no checkpoint on the server and converged in every run{counts}"


def _lag_harmless(results: ComparisonResults) -> Judgement:
    name = "timeline-checkpointed"
    if not _present(results, name):
        return _missing(name)
    broken = [p for p, v in results.designs[name].properties.items() if v.promised and v.verdict == "violated"]
    if broken:
        return "refuted", f"{name} violates {', '.join(broken)}"
    promised = [p for p, v in results.designs[name].properties.items() if v.promised and v.exercised]
    if (open_end := _unjudged(results, (name,), *promised)) is not None:
        return open_end
    rows = _written(results, name, "checkpoints")
    if not rows:
        return "unknown", f"{name} recorded no checkpoint in these runs"
    return "supported", f"{name} recorded {rows} checkpoints, each one pull behind the device's, and kept every promise"


def _no_special_care(results: ComparisonResults) -> Judgement:
    return "unknown", (
        "the models remember a hint that arrives during a pull; whether they must, only a search over interleavings tells"
    )


def _dense_saves(results: ComparisonResults) -> Judgement:
    if not _present(results, DENSE, NOTIFY):
        return _missing(DENSE, NOTIFY)
    dense, notify = (_mean(results, d, "pulls_per_delivery") for d in (DENSE, NOTIFY))
    if (open_end := _unmeasured(dense, notify)) is not None:
        return open_end
    if not notify:
        return "unknown", f"{NOTIFY} pulled nothing in these runs"
    saved = 1 - dense / notify
    kept = _verdict(results, DENSE, "convergence")
    text = f"pulls per delivery: {DENSE} {dense:.3f}, {NOTIFY} {notify:.3f} ({saved:.0%} saved); convergence {kept}"
    if _excused(results, DENSE, "convergence"):
        return "depends", f"{text}, which is not promised under these faults: {LOST_TAIL}"
    if kept == "violated":
        return "refuted", text
    if kept == "unknown":
        return "unknown", text
    return ("supported" if saved >= 0.8 else "depends"), text + (
        "" if saved >= 0.8 else "; connecting and polling pull anyway"
    )


def _growing_suffices(results: ComparisonResults) -> Judgement:
    if not _present(results, NOTIFY):
        return _missing(NOTIFY)
    needed = ("no-loss", "prefix-order", "conversation-order", "convergence", "tail-append")
    bad = [p for p in needed if _verdict(results, NOTIFY, p) == "violated"]
    if bad and all(_excused(results, NOTIFY, p) for p in bad):
        return "depends", f"{NOTIFY} violates {', '.join(bad)}, which is not promised under these faults: {LOST_TAIL}"
    if bad:
        return "refuted", f"{NOTIFY} with sparse numbers violates {', '.join(bad)}"
    if (open_end := _unjudged(results, (NOTIFY,), *needed)) is not None:
        return open_end
    return "supported", f"{NOTIFY} numbers its timelines sparsely and kept {', '.join(needed)}"


def _dense_price(results: ComparisonResults) -> Judgement:
    if not _present(results, DENSE, NOTIFY):
        return _missing(DENSE, NOTIFY)
    rows = _written(results, DENSE, "sequencer")
    messages = sum(results.messages)
    dense, notify = (_mean(results, d, "server_writes_per_message") for d in (DENSE, NOTIFY))
    if (open_end := _unmeasured(dense, notify)) is not None:
        return open_end
    text = (
        f"{DENSE} writes {rows / messages:.2f} sequencer rows per message, {dense:.2f} rows in all against {notify:.2f}; "
        f"storage utilisation {_mean(results, DENSE, 'storage_utilisation'):.2%} against "
        f"{_mean(results, NOTIFY, 'storage_utilisation'):.2%}"
    )
    if dense <= notify:
        return "refuted", text
    return (
        "depends",
        text + "; how far a hot user's writes wait for each other depends on the load, and is not measured here",
    )


# ---- claims about correctness, judged by searches of every interleaving

ROAM, LOSS, AGREE = "roaming-complete", "no-loss", "convergence"


def _kept(results: VerificationResults, design: str, names: tuple[str, ...]) -> Judgement:
    """Return `supported` if the properties hold in every world, `refuted` if one does not, `unknown` if a search was cut short."""
    if design not in results.designs:
        return "unknown", f"needs {design} in the verification"
    found = {name: results.designs[design].properties[name] for name in names}
    bad = [name for name, cell in found.items() if cell.verdict == "violated"]
    if bad:
        cell = found[bad[0]]
        assert cell.counterexample is not None
        return "refuted", f"{design} violates {bad[0]} after {cell.length} moves: {cell.counterexample.says}"
    for name, cell in found.items():
        if cell.verdict == "unknown":
            return "unknown", f"{name} is unknown of {design}: {cell.why or 'its search was cut short'}"
    states = results.designs[design].states
    return "supported", f"{design} keeps {', '.join(names)} in all of {states:,} states"


def _prove_history(results: VerificationResults) -> Judgement:
    if not _present(results, SYNC_FIRST, STORE_FIRST, NOTIFY):
        return _missing(SYNC_FIRST, STORE_FIRST, NOTIFY)
    sync, first, notify = (_verdict(results, d, ROAM) for d in (SYNC_FIRST, STORE_FIRST, NOTIFY))
    text = f"{ROAM}: {SYNC_FIRST} {sync}, {NOTIFY} {notify}, {STORE_FIRST} {first}"
    if sync == "violated" and notify == "holds":
        if first == "violated":
            return "depends", text + ": storing first gives history only if what was delivered is kept"
        return "supported", text
    return ("unknown" if "unknown" in (sync, notify) else "refuted"), text


def _searched(results: VerificationResults, name: str) -> ClaimSearch | None:
    """Return the result of a search that only a claim needs (`syncproof.studies.claim_searches`); None if it was not made."""
    return results.searches.get(name)


def _prove_push_unneeded(results: VerificationResults) -> Judgement:
    found = _searched(results, "notifications-off")
    if found is None:
        return "unknown", f"needs the search of {NOTIFY} without notifications"
    text = f"without notifications {NOTIFY}"
    promised = {name: cell for name, cell in found.properties.items() if cell.promised and cell.exercised}
    bad = [name for name, cell in promised.items() if cell.verdict == "violated"]
    if bad:
        return "refuted", f"{text} violates {bad[0]} after {promised[bad[0]].length} moves"
    if not promised or any(cell.verdict != "holds" for cell in promised.values()):
        return "unknown", f"{text} was not searched to the end"
    return "supported", (
        f"{text} keeps all of its {len(promised)} promises in {found.worlds} worlds, {found.states:,} states in all"
    )


def _prove_no_care(results: VerificationResults) -> Judgement:
    """Judge claim C9 by a device that forgets a hint which comes during a pull: with polls, and without."""
    forgets, polls = _searched(results, "hint-forgotten"), _searched(results, "hint-forgotten-polls")
    if forgets is None or polls is None:
        return "unknown", f"needs the searches of {NOTIFY} with a device that forgets a hint which comes during a pull"
    without, rescued = forgets.properties[LOSS], polls.properties[LOSS]
    care = f"a device that forgets a hint which comes during a pull ({forgets.design})"
    polling = f"pulling again at each poll it keeps {LOSS} in all of {polls.states:,} states"
    if rescued.verdict == "violated":
        return "refuted", f"{care} loses a message after {rescued.length} moves, also with polls"
    if "unknown" in (without.verdict, rescued.verdict):
        return "unknown", f"the search of {care} was cut short"
    if without.verdict == "violated":
        return "depends", f"{care} and never polls loses a message after {without.length} moves; {polling}, but later"
    return "supported", f"{care} keeps {LOSS} in all of {forgets.states:,} states without polls; {polling}"


def _prove_converges(results: VerificationResults) -> Judgement:
    verdict, text = _kept(results, NOTIFY, (AGREE, LOSS))
    if verdict == "supported":
        most = max(len(POPULATIONS[w.world.split(",")[0]].owners) for w in results.designs[NOTIFY].worlds)
        text += f"; no world has more than {most} devices, so this proves nothing about more devices"
    return verdict, text


def _prove_checkpoints(results: VerificationResults) -> Judgement:
    return _kept(results, "timeline-checkpointed", (LOSS, AGREE, "checkpoint-covered", "checkpoint-monotonic"))


def _prove_stored_first(results: VerificationResults) -> Judgement:
    return _kept(results, NOTIFY, ("store-before-sync",))


def _prove_growing_suffices(results: VerificationResults) -> Judgement:
    return _kept(results, NOTIFY, (LOSS, "prefix-order", "conversation-order", AGREE, "tail-append"))


# ---- the table

CLAIMS: dict[str, Claim] = {
    "C1": Claim("The inbox needs fewer network interactions than notify-then-pull.", _fewer_interactions),
    "C2": Claim("Inbox writes grow with a user's endpoints; timeline writes do not.", _writes_grow),
    "C3": Claim("Deleting after the ack is a considerable part of the inbox's server work.", _deletes_count),
    "C4": Claim(
        "Sync-first keeps nothing, so a new device has no history; store-first gives roaming.", _history, _prove_history
    ),
    "C5": Claim(
        "Store-first: what a receiver has shown is already stored in the cloud.", _stored_first, _prove_stored_first
    ),
    "C6": Claim(
        "In the timeline design the push is not needed for correctness, only for latency.",
        _push_unneeded,
        _prove_push_unneeded,
    ),
    "C7": Claim("Any number of endpoints converge with no sync state on the server.", _converges, _prove_converges),
    "C8": Claim(
        "A server-side checkpoint learnt without acks may lag; that never matters to correctness.",
        _lag_harmless,
        _prove_checkpoints,
    ),
    "C9": Claim(
        "When everything is pulled, a message that arrives during a pull needs no special care.",
        _no_special_care,
        _prove_no_care,
    ),
    "C10": Claim("Dense numbering saves almost all pulls and keeps multi-device sync.", _dense_saves),
    "C11": Claim(
        "Growing, not consecutive, numbers suffice as long as entries appear only at the tail.",
        _growing_suffices,
        _prove_growing_suffices,
    ),
    "C12": Claim("Dense numbering has its price: sequencer writes and serialisation on a hot user.", _dense_price),
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
