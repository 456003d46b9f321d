"""Judge claims by a comparison: by its numbers, and by what its runs say about correctness."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from math import isnan

from syncproof.designs import DESIGNS
from syncproof.designs.forms import ready
from syncproof.studies import hot_user, recommendation, saturation
from syncproof.studies.claims.judgements import (
    AGREE,
    DENSE,
    LOSS,
    NOTIFY,
    STORE_FIRST,
    SYNC_FIRST,
    Judgement,
    Verdict,
    listed,
    missing,
    present,
    verdict_of,
)
from syncproof.studies.results.comparison import ComparisonResults

BATCHED = "inbox-store-first+ack-batching"
LIMITS = 0.2
"""Deleting limits the inbox if it takes a fifth of its storage time: a quarter more load would fit without."""
ALIKE = 1.5
"""Something is not much more complex if it has at most half as much again."""
STEADY = 1.1
"""A metric that grows by less than a tenth from 1 to 6 devices per user counts as not growing."""
NEVER_KEPT_UP = "never kept up with the load, so its numbers are those of a queue and of retries"


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
    bad = [name for name in names if verdict_of(results, design, name) == "violated"]
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


def _unjudged(results: ComparisonResults, names: Iterable[str], *properties: str) -> Judgement | None:
    """Return the judgement `unknown` if one of these properties is unknown of one of these designs, else None."""
    for design in names:
        for name in properties:
            if verdict_of(results, design, name) == "unknown":
                why = results.designs[design].properties[name].why
                return (
                    "unknown",
                    f"{name} is unknown of {design}: "
                    f"{why or 'these runs accepted no message, or did not come to rest'}",
                )
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


def fewer_interactions(results: ComparisonResults) -> Judgement:
    """Judge claim C1."""
    if not present(results, STORE_FIRST, NOTIFY):
        return missing(STORE_FIRST, NOTIFY)
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


def writes_grow(results: ComparisonResults) -> Judgement:
    """Judge claim C2."""
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


def deletes_count(results: ComparisonResults) -> Judgement:
    """Judge claim C3."""
    if not present(results, STORE_FIRST):
        return missing(STORE_FIRST)
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


def history(results: ComparisonResults) -> Judgement:
    """Judge claim C4."""
    if not present(results, SYNC_FIRST, NOTIFY):
        return missing(SYNC_FIRST, NOTIFY)
    if "new-device" not in results.faults_fired:
        return "unknown", "no new device appears in this scenario"
    sync, notify = (verdict_of(results, d, "roaming-complete") for d in (SYNC_FIRST, NOTIFY))
    text = f"roaming-complete: {SYNC_FIRST} {sync}, {NOTIFY} {notify}"
    if STORE_FIRST in results.designs:
        text += f"; {STORE_FIRST} {verdict_of(results, STORE_FIRST, 'roaming-complete')}: storing first alone does not give history"
    if sync == "violated" and notify == "holds":
        forgetful = (
            STORE_FIRST in results.designs and verdict_of(results, STORE_FIRST, "roaming-complete") == "violated"
        )
        return ("depends" if forgetful else "supported"), text
    return _unjudged(results, (SYNC_FIRST, NOTIFY), "roaming-complete") or ("refuted", text)


def stored_first(results: ComparisonResults) -> Judgement:
    """Judge claim C5."""
    found = {d: verdict_of(results, d, "store-before-sync") for d in results.designs}
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


def push_unneeded(results: ComparisonResults) -> Judgement:
    """Judge claim C6."""
    quiet = results.notifications_off
    if quiet is None:
        return "unknown", f"needs {NOTIFY} and its run without notifications"
    latency = quiet.metrics["delivery_latency_p50_s"]
    usual = next(iter(results.designs[NOTIFY].metrics["delivery_latency_p50_s"].runs), None)
    # What is asked of every design, such as a property of one's own, may be violated with notifications as well.
    violated = [name for name in quiet.promised_violated if name in DESIGNS[NOTIFY].promises]
    unknown = [name for name in quiet.promised_unknown if name in DESIGNS[NOTIFY].promises]
    if violated:
        return "refuted", f"without notifications {NOTIFY} violates {', '.join(violated)}"
    if not quiet.messages:
        return "unknown", f"the run of {NOTIFY} without notifications accepted no message"
    if unknown:
        return "unknown", f"without notifications {', '.join(unknown)} is unknown of {NOTIFY}"
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


def converges(results: ComparisonResults) -> Judgement:
    """Judge claim C7."""
    if not present(results, NOTIFY):
        return missing(NOTIFY)
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


def lag_harmless(results: ComparisonResults) -> Judgement:
    """Judge claim C8."""
    name = "timeline-checkpointed"
    if not present(results, name):
        return missing(name)
    judged = [
        p for p in (LOSS, AGREE, "checkpoint-covered", "checkpoint-monotonic") if p in results.designs[name].properties
    ]
    if (broken := _kept_in_runs(results, name, judged)) is not None:
        return broken
    rows = _written(results, name, "checkpoints")
    if not rows:
        return "unknown", f"{name} recorded no checkpoint in these runs"
    return "supported", f"{name} recorded {rows} checkpoints, each behind the device's, and kept {', '.join(judged)}"


def no_special_care(results: ComparisonResults) -> Judgement:
    """Judge claim C9."""
    return "unknown", (
        "the models remember a hint that arrives during a pull; whether they must, only a search over interleavings tells"
    )


def dense_saves(results: ComparisonResults) -> Judgement:
    """Judge claim C10."""
    if not present(results, DENSE, NOTIFY):
        return missing(DENSE, NOTIFY)
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


def growing_suffices(results: ComparisonResults) -> Judgement:
    """Judge claim C11."""
    if not present(results, NOTIFY):
        return missing(NOTIFY)
    needed = ("no-loss", "prefix-order", "conversation-order", "convergence", "tail-append")
    if (broken := _kept_in_runs(results, NOTIFY, needed)) is not None:
        return broken
    return "supported", f"{NOTIFY} numbers its timelines sparsely and kept {', '.join(needed)}"


def dense_price(results: ComparisonResults) -> Judgement:
    """Judge claim C12: what numbers cost that are reserved, or given at commit, and how a hot user's entries wait."""
    if not present(results, DENSE):
        return missing(DENSE)
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


def not_much_more(results: ComparisonResults) -> Judgement:
    """Judge claim C13."""
    if not present(results, STORE_FIRST, NOTIFY):
        return missing(STORE_FIRST, NOTIFY)
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
