"""Judge the claims made for the timeline design, by a comparison's numbers or by a verification's searches.

`CLAIMS` is the table: each claim is a sentence, a function that judges it by a comparison's results and, where it is about
correctness, one that judges it by a verification's. A function returns a verdict and the evidence. A verdict is `supported`,
`refuted`, `depends` (the evidence says on what), `within noise` (the interval of the paired difference contains 0) or `unknown`
(the evidence says why these results cannot tell). A claim about numbers is unknown where the storage was swamped, since
they are those of a queue then. A simulation
can only say that its runs did not refute a claim about correctness; that is what `supported` means there, and the reports say
so beside the table. An `unknown` property, a run without messages or a metric without a value supports no claim: the claim is
unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from math import isnan
from typing import Literal

import msgspec

from syncproof.designs.forms import ready
from syncproof.inputs.small_worlds import POPULATIONS
from syncproof.studies import hot_user, recommendation, saturation
from syncproof.studies.results.common import ClaimResult
from syncproof.studies.results.comparison import ComparisonResults
from syncproof.studies.results.verification import ClaimSearch, VerificationResults

Verdict = Literal["supported", "refuted", "depends", "within noise", "unknown"]
Judgement = tuple[Verdict, str]

STORE_FIRST, SYNC_FIRST, NOTIFY, DENSE = (
    "inbox-store-first",
    "inbox-sync-first",
    "timeline-notify",
    "timeline-dense-push",
)
BATCHED = "inbox-store-first+ack-batching"
LIMITS = 0.2
"""Deleting limits the inbox if it takes a fifth of its storage time: a quarter more load would fit without."""
ALIKE = 1.5
"""Something is not much more complex if it has at most half as much again."""
STEADY = 1.1
"""A metric that grows by less than a tenth from 1 to 6 devices per user counts as not growing."""


NEVER_KEPT_UP = "never kept up with the load, so its numbers are those of a queue and of retries"


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


def _culprits(results: ComparisonResults, design: str, name: str) -> list[str]:
    """Return the faults that happened in these runs and under which the design does not promise the property."""
    known = ready(design)
    promised = () if known is None else known.promises.get(name, ())
    return [fault for fault, count in results.faults_fired.items() if count and fault not in promised]


def _kept_in_runs(results: ComparisonResults, design: str, names: Sequence[str]) -> Judgement | None:
    """Return `depends` or `refuted` if the design violates one of these properties, `unknown` if one is unknown, else None.

    It depends where every violated one is not promised under faults that happened here: the claim holds under the others.
    """
    bad = [name for name in names if _verdict(results, design, name) == "violated"]
    if bad:
        excused = {name: _culprits(results, design, name) for name in bad}
        if any(results.designs[design].properties[name].promised or not excused[name] for name in bad):
            return "refuted", f"{design} violates {', '.join(bad)}"
        faults = listed(dict.fromkeys(fault for each in excused.values() for fault in each))
        return "depends", f"not under {faults}: {design} violates {', '.join(bad)} there"
    return _unjudged(results, (design,), *names)


def _fewer(results: ComparisonResults, one: str, other: str, metric: str) -> tuple[Verdict, str]:
    """Return whether `one` has clearly less of a metric than `other`, with both values and the paired difference."""
    ours, theirs = _mean(results, one, metric), _mean(results, other, metric)
    if isnan(ours) or isnan(theirs):
        return "unknown", "these runs have no numbers for it: nothing was delivered, or nothing accepted"
    if (overloaded := _swamped(results, one, other)) is not None:
        return overloaded
    text = f"{one} {ours:.3g}, {other} {theirs:.3g}"
    found = recommendation.difference(results, one, other, metric)
    if found is None or found.value is None or found.low is None or found.high is None:
        return "unknown", f"{text}; one run has no interval, and nobody knows what is noise"
    text += f" (difference {found.value:.3g}, from {found.low:.3g} to {found.high:.3g})"
    verdicts: dict[int, Verdict] = {-1: "supported", 0: "within noise", 1: "refuted"}
    return verdicts[recommendation.sign(found)], text


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


def _swamped(results: ComparisonResults, *designs: str) -> Judgement | None:
    """Return the judgement `unknown` if the storage of one of these designs never kept up, else None."""
    for name in designs:
        if saturation.swamped(results.designs[name]):
            return "unknown", f"the storage of {name} {NEVER_KEPT_UP}"
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
    verdict, text = _fewer(results, STORE_FIRST, NOTIFY, "packets_per_delivery")
    if DENSE in results.designs:
        text += f"; {DENSE} {_mean(results, DENSE, 'packets_per_delivery'):.3g}"
    return verdict, f"packets per delivery: {text}"


def _growth(
    results: ComparisonResults, design: str, metric: str, but: Collection[str] = ()
) -> tuple[float, float, str, str] | None:
    """Return a metric in a design's first and last small run, and their numbers of devices, but for those left out."""
    points = results.sweep.designs.get(design, {})
    known = [
        (value, found)
        for value, run in points.items()
        if value not in but and (found := run.metrics[metric]) is not None
    ]
    if len(known) < 2:
        return None
    return known[0][1], known[-1][1], known[0][0], known[-1][0]


def _writes_grow(results: ComparisonResults) -> Judgement:
    writes, judged = "server_writes_per_message", (STORE_FIRST, NOTIFY)
    if any(_growth(results, name, writes) is None for name in judged):
        return "unknown", f"needs {STORE_FIRST} and {NOTIFY} with the sweep over devices per user"
    runs = results.sweep.designs
    full = [
        value for value in runs[NOTIFY] if any(saturation.swamped(runs[n][value]) for n in judged if value in runs[n])
    ]
    inbox, notify = (_growth(results, name, writes, full) for name in judged)
    if inbox is None or notify is None:
        return "unknown", f"with {listed(full)} devices a user the storage {NEVER_KEPT_UP}"
    text = (
        f"writes per message from {inbox[2]} to {inbox[3]} devices a user: {STORE_FIRST} {inbox[0]:.2f} to {inbox[1]:.2f}, "
        f"{NOTIFY} {notify[0]:.2f} to {notify[1]:.2f}"
    )
    lag = _growth(results, "timeline-checkpointed", writes, full)
    if lag is not None and lag[1] > lag[0] * STEADY:
        text += f"; but timeline-checkpointed records each device's checkpoint: {lag[0]:.2f} to {lag[1]:.2f}"
    if full:
        text += f"; with {listed(full)} devices the storage never kept up"
    grows, steady = inbox[1] > inbox[0] * STEADY, notify[1] <= notify[0] * STEADY
    if grows and steady:
        return ("depends" if lag is not None and lag[1] > lag[0] * STEADY else "supported"), text
    return "refuted", text


def _deletes_count(results: ComparisonResults) -> Judgement:
    if not _present(results, STORE_FIRST):
        return _missing(STORE_FIRST)
    shares = {}
    for name in (STORE_FIRST, BATCHED):
        if name in results.designs:
            seconds = results.designs[name].storage_s
            whole = sum(seconds.values())
            if whole:
                shares[name] = seconds.get("deleted", 0.0) / whole
    if STORE_FIRST not in shares:
        return "unknown", f"{STORE_FIRST} stored nothing in these runs"
    if (overloaded := _swamped(results, *shares)) is not None:
        return overloaded
    share = shares[STORE_FIRST]
    text = (
        f"deletes take {share:.0%} of the storage station's time of {STORE_FIRST}: without them it would saturate at "
        f"{1 / (1 - share):.2f} times the load"
    )
    if BATCHED in shares:
        text += f"; with batched acks they take {shares[BATCHED]:.0%}"
        if (share >= LIMITS) != (shares[BATCHED] >= LIMITS):
            return "depends", text
    return ("supported" if share >= LIMITS else "refuted"), text


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
    text = f"store-before-sync was never violated by {len(timelines)} timeline design{'s' if timelines[1:] else ''}"
    if found.get(SYNC_FIRST) == "violated":
        text += f"; {SYNC_FIRST} violates it"
    return "supported", text


def _push_unneeded(results: ComparisonResults) -> Judgement:
    quiet = results.notifications_off
    if quiet is None:
        return "unknown", f"needs {NOTIFY} and its run without notifications"
    latency = quiet.metrics["delivery_latency_p50_s"]
    usual = next(iter(results.designs[NOTIFY].metrics["delivery_latency_p50_s"].runs), None)
    if quiet.promised_violated:
        return "refuted", f"without notifications {NOTIFY} violates {', '.join(quiet.promised_violated)}"
    if not quiet.messages:
        return "unknown", f"the run of {NOTIFY} without notifications accepted no message"
    if quiet.promised_unknown:
        return "unknown", f"without notifications {', '.join(quiet.promised_unknown)} is unknown of {NOTIFY}"
    if saturation.swamped(quiet) or saturation.swamped(results.designs[NOTIFY]):
        return "unknown", (
            f"without notifications {NOTIFY} keeps every promise, but its storage never kept up with the load, and latency is "
            "that of the queue"
        )
    if latency is None or usual is None:
        timed = quiet.metrics.get("late_10s") is not None
        why = "in one of the two runs half of them saw nothing before its end" if timed else "no receiver was connected"
        return ("unknown" if timed else "supported"), f"without notifications {NOTIFY} keeps every promise; {why}"
    text = f"half of the receivers see a message after {latency:.3g} s instead of {usual:.3g} s"
    if latency <= usual:
        return "refuted", f"without notifications nothing is later: {text}"
    return "supported", f"without notifications {NOTIFY} keeps every promise; {text}"


def _converges(results: ComparisonResults) -> Judgement:
    if not _present(results, NOTIFY):
        return _missing(NOTIFY)
    points = results.sweep.designs.get(NOTIFY, {})
    if (broken := _kept_in_runs(results, NOTIFY, ("convergence",))) is not None:
        return broken
    bad = [value for value, point in points.items() if "convergence" in point.violated]
    if bad:
        return "refuted", f"{NOTIFY} violates convergence with {bad[0]} devices a user"
    open_ends = [value for value, point in points.items() if "convergence" in point.unknown or not point.messages]
    if open_ends:
        return "unknown", f"convergence is unknown of {NOTIFY} with {open_ends[0]} devices a user"
    counts = f", and with {', '.join(points)} devices a user; more were not tried" if points else ""
    return "supported", f"{NOTIFY} keeps no checkpoint on the server and converged in every run{counts}"


def _lag_harmless(results: ComparisonResults) -> Judgement:
    name = "timeline-checkpointed"
    if not _present(results, name):
        return _missing(name)
    judged = [
        p for p in (LOSS, AGREE, "checkpoint-covered", "checkpoint-monotonic") if p in results.designs[name].properties
    ]
    if (broken := _kept_in_runs(results, name, judged)) is not None:
        return broken
    rows = _written(results, name, "checkpoints")
    if not rows:
        return "unknown", f"{name} recorded no checkpoint in these runs"
    return "supported", f"{name} recorded {rows} checkpoints, each behind the device's, and kept {', '.join(judged)}"


def _no_special_care(results: ComparisonResults) -> Judgement:
    return "unknown", (
        "the models remember a hint that arrives during a pull; whether they must, only a search over interleavings tells"
    )


def _dense_saves(results: ComparisonResults) -> Judgement:
    if not _present(results, DENSE, NOTIFY):
        return _missing(DENSE, NOTIFY)
    dense, notify = (_mean(results, d, "pulls_per_delivery") for d in (DENSE, NOTIFY))
    verdict, text = _fewer(results, DENSE, NOTIFY, "pulls_per_delivery")
    text = f"pulls per delivery: {text}"
    if (broken := _kept_in_runs(results, DENSE, ("convergence",))) is not None:
        return broken[0], f"{text}; {broken[1]}"
    if verdict != "supported":
        return verdict, text
    saved = 1 - dense / notify
    text += f": {saved:.0%} saved, and the devices converge"
    return ("supported", text) if saved >= 0.8 else ("depends", f"{text}; connecting and polling pull anyway")


def _growing_suffices(results: ComparisonResults) -> Judgement:
    if not _present(results, NOTIFY):
        return _missing(NOTIFY)
    needed = ("no-loss", "prefix-order", "conversation-order", "convergence", "tail-append")
    if (broken := _kept_in_runs(results, NOTIFY, needed)) is not None:
        return broken
    return "supported", f"{NOTIFY} numbers its timelines sparsely and kept {', '.join(needed)}"


def _dense_price(results: ComparisonResults) -> Judgement:
    """Judge claim C12: what numbers cost that are reserved, or given at commit, and how a hot user's entries wait."""
    if not _present(results, DENSE):
        return _missing(DENSE)
    reserved = [each for each in results.hot_user if each.design == hot_user.RESERVED]
    at_commit = [each for each in results.hot_user if each.design == hot_user.AT_COMMIT]
    if not reserved or not at_commit:
        return "unknown", "needs the small runs of a hot user"
    busiest, alike = reserved[-1], at_commit[-1]
    off = max(abs(each.batch / each.closed_form - 1) for each in results.hot_user)
    text = (
        f"reserved numbers cost {reserved[0].sequencer_rows_per_message:.3g} rows a message, in a group of {hot_user.MEMBERS}, "
        f"numbers given at commit {at_commit[0].sequencer_rows_per_message:.3g}; at {busiest.messages_per_s:.3g} messages a "
        f"second for one user its writer has {busiest.batch:.2f} entries in a batch (closed form {busiest.closed_form:.2f}), "
        f"against {alike.batch:.2f} ({alike.closed_form:.2f}); all runs within {off:.1%} of the closed form"
    )
    costs = [each[0].sequencer_rows_per_message > 0 or each[-1].batch > STEADY for each in (reserved, at_commit)]
    if all(costs):
        return "supported", text
    return ("depends" if any(costs) else "refuted"), text


def _not_much_more(results: ComparisonResults) -> Judgement:
    if not _present(results, STORE_FIRST, NOTIFY):
        return _missing(STORE_FIRST, NOTIFY)
    inbox, notify = (results.designs[name].complexity for name in (STORE_FIRST, NOTIFY))
    if inbox is None or notify is None:
        return "unknown", "the complexity of these designs was not measured"
    pairs = {
        "packet kinds": (inbox.packet_kinds, notify.packet_kinds),
        "handlers": (inbox.handlers, notify.handlers),
        "lines of model": (inbox.lines, notify.lines),
        "states of the same small world": (inbox.states, notify.states),
    }
    text = f"{STORE_FIRST} and {NOTIFY}: " + ", ".join(f"{what} {a} and {b}" for what, (a, b) in pairs.items())
    much = [what for what, (a, b) in pairs.items() if b > ALIKE * a]
    if not much:
        return "supported", text
    return ("refuted" if len(much) == len(pairs) else "depends"), f"{text}; much more: {listed(much)}"


# ---- claims about correctness, judged by searches of every interleaving

ROAM, LOSS, AGREE = "roaming-complete", "no-loss", "convergence"


def _kept(results: VerificationResults, design: str, names: tuple[str, ...]) -> Judgement:
    """Return `supported` if the properties hold in every world; `unknown` if a search was cut short.

    Of a property that is violated it depends if the design keeps its promise of it: then only under faults that the promise
    leaves out.
    """
    if design not in results.designs:
        return "unknown", f"needs {design} in the verification"
    found = {name: results.designs[design].properties[name] for name in names}
    bad = [name for name, cell in found.items() if cell.verdict == "violated"]
    if bad:
        cell = found[bad[0]]
        assert cell.counterexample is not None
        text = f"{design} violates {bad[0]} after {cell.length} moves: {cell.counterexample.says}"
        if all(found[name].promise == "kept" for name in bad):
            return "depends", f"not in worlds such as {cell.world}: {text}"
        return "refuted", text
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
    "C3": Claim("Deleting after the ack limits the inbox: it takes much of its storage's time.", _deletes_count),
    "C4": Claim(
        "Sync-first keeps nothing, so a new device has no history; store-first gives roaming.", _history, _prove_history
    ),
    "C5": Claim(
        "Store-first: what a receiver has shown is already stored in the cloud.", _stored_first, _prove_stored_first
    ),
    "C6": Claim(
        "In the timeline design the push is not needed for correctness, only for the latency of receivers.",
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
    "C13": Claim("The inbox flow is simpler, the timeline not much more complex.", _not_much_more),
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


def listed(names: Iterable[str]) -> str:
    """Return names as a list in a sentence."""
    found = list(names)
    return " and ".join(filter(None, [", ".join(found[:-1]), found[-1]])) if found else ""
