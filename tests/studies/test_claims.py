"""Each claim can be supported and refuted by numbers."""

from __future__ import annotations

from typing import Any

import pytest

from syncproof.studies.claim_searches import searches
from syncproof.studies.claims import CLAIMS, PROOFS, judge

METRICS = {
    "packets_per_delivery": 2.0,
    "server_writes_per_message": 5.0,
    "server_deletes_per_message": 4.0,
    "server_reads_per_message": 1.0,
    "pulls_per_delivery": 1.0,
    "delivery_latency_p50_s": 0.1,
    "storage_utilisation": 0.1,
}
HOLDING = (
    "roaming-complete",
    "store-before-sync",
    "no-loss",
    "prefix-order",
    "conversation-order",
    "convergence",
    "tail-append",
)
NAMES = ("inbox-store-first", "inbox-sync-first", "timeline-notify", "timeline-checkpointed", "timeline-dense-push")


def results() -> dict[str, Any]:
    """Numbers under which every claim that simulation can judge is supported."""
    designs: dict[str, Any] = {
        name: {
            "metrics": {m: {"mean": v} for m, v in METRICS.items()},
            "properties": {p: {"verdict": "holds", "promised": True} for p in HOLDING},
            "rows": {"sequencer": {"written": 20}, "checkpoints": {"written": 9}},
        }
        for name in NAMES
    }
    designs["timeline-notify"]["metrics"]["packets_per_delivery"] = {"mean": 3.0}
    designs["timeline-notify"]["metrics"]["server_writes_per_message"] = {"mean": 4.0}
    designs["timeline-dense-push"]["metrics"]["pulls_per_delivery"] = {"mean": 0.1}
    designs["inbox-sync-first"]["properties"]["roaming-complete"] = {"verdict": "violated", "promised": False}
    designs["inbox-sync-first"]["properties"]["store-before-sync"] = {"verdict": "violated", "promised": False}

    def points(*writes: float) -> dict[str, Any]:
        return {
            str(n): {"metrics": {"server_writes_per_message": w}, **nothing_wrong()}
            for n, w in zip((1, 6), writes, strict=True)
        }

    return {
        "designs": designs,
        "messages": [10],
        "sweep": {"designs": {"inbox-store-first": points(3, 18), "timeline-notify": points(5, 5)}},
        "notifications_off": {"metrics": {"delivery_latency_p50_s": 400.0}, **nothing_wrong()},
        "faults_fired": {"new-device": 1},
    }


def nothing_wrong() -> dict[str, Any]:
    return {"violated": [], "unknown": [], "promised_violated": [], "promised_unknown": [], "messages": 10}


def set_mean(found: dict[str, Any], design: str, metric: str, value: float) -> None:
    found["designs"][design]["metrics"][metric]["mean"] = value


def violate(found: dict[str, Any], design: str, name: str) -> None:
    found["designs"][design]["properties"][name] = {"verdict": "violated", "promised": True}


def test_numbers_that_agree_support_every_claim_that_they_can() -> None:
    verdicts = {key: claim["verdict"] for key, claim in judge(results()).items()}
    others = {"C9": "unknown", "C12": "depends"}  # only a search tells; a hot user's waiting is not measured
    assert verdicts == {key: others.get(key, "supported") for key in CLAIMS}


REFUTERS = {
    "C1": lambda f: set_mean(f, "inbox-store-first", "packets_per_delivery", 4.0),
    "C2": lambda f: f["sweep"]["designs"]["timeline-notify"]["6"]["metrics"].update(server_writes_per_message=9.0),
    "C3": lambda f: set_mean(f, "inbox-store-first", "server_deletes_per_message", 0.1),
    "C4": lambda f: violate(f, "timeline-notify", "roaming-complete"),
    "C5": lambda f: violate(f, "timeline-dense-push", "store-before-sync"),
    "C6": lambda f: f["notifications_off"]["promised_violated"].append("no-loss"),
    "C7": lambda f: violate(f, "timeline-notify", "convergence"),
    "C8": lambda f: violate(f, "timeline-checkpointed", "no-loss"),
    "C10": lambda f: violate(f, "timeline-dense-push", "convergence"),
    "C11": lambda f: violate(f, "timeline-notify", "tail-append"),
    "C12": lambda f: set_mean(f, "timeline-dense-push", "server_writes_per_message", 3.0),
}


@pytest.mark.parametrize("key", REFUTERS)
def test_numbers_that_disagree_refute_a_claim(key: str) -> None:
    found = results()
    REFUTERS[key](found)
    assert judge(found)[key]["verdict"] == "refuted"


def test_checkpoint_rows_make_c2_depend() -> None:
    found = results()
    points = found["sweep"]["designs"]["inbox-store-first"]
    found["sweep"]["designs"]["timeline-checkpointed"] = points
    assert judge(found)["C2"]["verdict"] == "depends"


def test_dense_numbering_that_saves_little_makes_c10_depend() -> None:
    found = results()
    set_mean(found, "timeline-dense-push", "pulls_per_delivery", 0.5)
    assert judge(found)["C10"]["verdict"] == "depends"


def test_missing_designs_leave_claims_unknown() -> None:
    found = results()
    found["designs"] = {"inbox-shared": found["designs"]["inbox-store-first"]}
    found["sweep"] = {"designs": {}}
    found["notifications_off"] = None
    assert {claim["verdict"] for claim in judge(found).values()} == {"unknown"}


ABOUT_CORRECTNESS = ("C4", "C5", "C7", "C8", "C10", "C11")


@pytest.mark.parametrize("key", ABOUT_CORRECTNESS)
def test_what_is_unknown_supports_nothing(key: str) -> None:
    found = results()
    for design in found["designs"].values():
        for finding in design["properties"].values():
            if finding["verdict"] == "holds":
                finding["verdict"] = "unknown"
    assert judge(found)[key]["verdict"] == "unknown"


def test_runs_without_a_message_support_nothing() -> None:
    found = results()
    found["messages"] = [0, 0]
    assert {c["verdict"] for c in judge(found).values()} == {"unknown"}
    assert "no message" in judge(found)["C5"]["evidence"]


@pytest.mark.parametrize("change", [{"promised_unknown": ["no-loss"]}, {"messages": 0}])
def test_c6_needs_a_run_without_notifications_that_tells(change: dict[str, Any]) -> None:
    found = results()
    found["notifications_off"].update(change)
    assert judge(found)["C6"]["verdict"] == "unknown"


@pytest.mark.parametrize("change", [{"unknown": ["convergence"]}, {"messages": 0}])
def test_c7_needs_every_point_of_the_sweep(change: dict[str, Any]) -> None:
    found = results()
    found["sweep"]["designs"]["timeline-notify"]["6"].update(change)
    assert judge(found)["C7"]["verdict"] == "unknown"


def test_c8_needs_checkpoints_that_were_recorded() -> None:
    found = results()
    found["designs"]["timeline-checkpointed"]["rows"] = {}
    assert judge(found)["C8"]["verdict"] == "unknown"


@pytest.mark.parametrize("metric", ["packets_per_delivery", "server_writes_per_message", "pulls_per_delivery"])
def test_a_metric_without_a_value_decides_nothing(metric: str) -> None:
    found = results()
    for design in found["designs"].values():
        design["metrics"][metric] = {"mean": None}
    of = {"packets_per_delivery": "C1", "server_writes_per_message": "C12", "pulls_per_delivery": "C10"}[metric]
    assert judge(found)[of]["verdict"] == "unknown"


# ---- proved


def search(verdict: str, **more: Any) -> dict[str, Any]:
    cell = {"verdict": verdict, "promised": True, **more}
    return {"design": "F26", "worlds": 2, "states": 1000, "properties": {"no-loss": cell}}


VIOLATED = search("violated", length=22)


@pytest.mark.parametrize(
    ("found", "verdict", "says"),
    [
        (search("holds"), "supported", "1 promises in 2 worlds, 1,000 states"),
        (VIOLATED, "refuted", "after 22 moves"),
        (search("unknown"), "unknown", "not searched to the end"),
        (None, "unknown", "needs the search"),
    ],
)
def test_c6_is_proved_without_notifications(found: dict[str, Any] | None, verdict: str, says: str) -> None:
    judged = PROOFS["C6"]({"designs": {}, "searches": {} if found is None else {"notifications-off": found}})
    assert judged[0] == verdict
    assert says in judged[1]


@pytest.mark.parametrize(
    ("forgets", "polls", "verdict"),
    [
        (VIOLATED, search("holds"), "depends"),
        (search("holds"), search("holds"), "supported"),
        (VIOLATED, VIOLATED, "refuted"),
        (VIOLATED, search("unknown"), "unknown"),
        (search("unknown"), search("holds"), "unknown"),
        (None, None, "unknown"),
    ],
)
def test_c9_is_judged_from_a_device_that_takes_no_care(forgets: Any, polls: Any, verdict: str) -> None:
    made = {"hint-forgotten": forgets, "hint-forgotten-polls": polls}
    searches = {name: found for name, found in made.items() if found is not None}
    assert PROOFS["C9"]({"designs": {}, "searches": searches})[0] == verdict


def test_c7_names_the_largest_world() -> None:
    properties = {name: {"verdict": "holds"} for name in ("convergence", "no-loss")}
    worlds = [{"world": f"{people}, 1 message, push"} for people in ("two-people", "three-devices")]
    verdict, text = PROOFS["C7"](
        {"designs": {"timeline-notify": {"properties": properties, "states": 9, "worlds": worlds}}}
    )
    assert verdict == "supported"
    assert "no world has more than 3 devices" in text


def test_the_searches_find_what_the_claims_say() -> None:
    found = searches()
    assert found["hint-forgotten"]["properties"]["no-loss"] == {"verdict": "violated", "promised": True, "length": 22}
    assert found["hint-forgotten-polls"]["properties"]["no-loss"] == {"verdict": "holds", "promised": True}
    quiet = found["notifications-off"]
    assert quiet["worlds"] == 18
    assert {cell["verdict"] for cell in quiet["properties"].values()} == {"holds"}
    assert all(cell["promised"] for cell in quiet["properties"].values())
