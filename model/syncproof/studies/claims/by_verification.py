"""Judge claims about correctness by a verification: by searches of every interleaving."""

from __future__ import annotations

from syncproof.inputs.small_worlds import POPULATIONS
from syncproof.studies.claims.judgements import (
    AGREE,
    LOSS,
    NOTIFY,
    ROAM,
    STORE_FIRST,
    SYNC_FIRST,
    Judgement,
    missing,
    present,
    verdict_of,
)
from syncproof.studies.results.verification import ClaimSearch, VerificationResults


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


def history(results: VerificationResults) -> Judgement:
    """Judge claim C4."""
    if not present(results, SYNC_FIRST, STORE_FIRST, NOTIFY):
        return missing(SYNC_FIRST, STORE_FIRST, NOTIFY)
    sync, first, notify = (verdict_of(results, d, ROAM) for d in (SYNC_FIRST, STORE_FIRST, NOTIFY))
    text = f"{ROAM}: {SYNC_FIRST} {sync}, {NOTIFY} {notify}, {STORE_FIRST} {first}"
    if sync == "violated" and notify == "holds":
        if first == "violated":
            return "depends", text + ": storing first gives history only if what was delivered is kept"
        return "supported", text
    return ("unknown" if "unknown" in (sync, notify) else "refuted"), text


def _searched(results: VerificationResults, name: str) -> ClaimSearch | None:
    """Return the result of a search that only a claim needs (`syncproof.studies.claim_searches`); None if it was not made."""
    return results.searches.get(name)


def push_unneeded(results: VerificationResults) -> Judgement:
    """Judge claim C6."""
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


def no_special_care(results: VerificationResults) -> Judgement:
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


def converges(results: VerificationResults) -> Judgement:
    """Judge claim C7."""
    verdict, text = _kept(results, NOTIFY, (AGREE, LOSS))
    if verdict == "supported":
        most = max(len(POPULATIONS[w.world.split(",")[0]].owners) for w in results.designs[NOTIFY].worlds)
        text += f"; no world has more than {most} devices, so this proves nothing about more devices"
    return verdict, text


def lag_harmless(results: VerificationResults) -> Judgement:
    """Judge claim C8."""
    return _kept(results, "timeline-checkpointed", (LOSS, AGREE, "checkpoint-covered", "checkpoint-monotonic"))


def stored_first(results: VerificationResults) -> Judgement:
    """Judge claim C5."""
    return _kept(results, NOTIFY, ("store-before-sync",))


def growing_suffices(results: VerificationResults) -> Judgement:
    """Judge claim C11."""
    return _kept(results, NOTIFY, (LOSS, "prefix-order", "conversation-order", AGREE, "tail-append"))
