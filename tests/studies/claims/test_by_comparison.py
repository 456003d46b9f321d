"""Claims judged by a comparison: each can be supported and refuted by numbers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from syncproof.studies import claims, hot_user
from syncproof.studies.claims import CLAIMS
from syncproof.studies.results.common import ClaimResult
from syncproof.studies.results.comparison import ComparisonResults

pytestmark = pytest.mark.slow

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
    """Return results that support every claim that simulation can judge."""
    designs: dict[str, Any] = {
        name: {
            "metrics": {m: {"value": v} for m, v in METRICS.items()},
            "properties": {p: {"verdict": "holds", "promised": True} for p in HOLDING},
            "rows": {"sequencer": {"written": 20}, "checkpoints": {"written": 9}},
        }
        for name in NAMES
    }
    designs["timeline-notify"]["metrics"]["packets_per_delivery"] = {"value": 3.0}
    designs["timeline-notify"]["metrics"]["server_writes_per_message"] = {"value": 4.0}
    designs["timeline-dense-push"]["metrics"]["pulls_per_delivery"] = {"value": 0.1}
    designs["inbox-sync-first"]["properties"]["roaming-complete"] = {"verdict": "violated", "promised": False}
    designs["inbox-sync-first"]["properties"]["store-before-sync"] = {"verdict": "violated", "promised": False}

    def points(*writes: float) -> dict[str, Any]:
        return {
            str(n): {"metrics": {"server_writes_per_message": w}, **nothing_wrong()}
            for n, w in zip((1, 6), writes, strict=True)
        }

    for design, lines in (("inbox-store-first", 600), ("timeline-notify", 800)):
        designs[design]["complexity"] = {"packet_kinds": 28, "handlers": 30, "lines": lines, "states": 200}
    designs["inbox-store-first"]["storage_s"] = {"written": 5.0, "deleted": 4.0, "read": 1.0}
    hot = [
        {
            "design": design,
            "messages_per_s": 40.0,
            "batch": batch,
            "closed_form": batch,
            "sequencer_rows_per_message": rows,
        }
        for design, batch, rows in ((hot_user.RESERVED, 1.8, 20.0), (hot_user.AT_COMMIT, 1.25, 0.0))
    ]
    return {
        "designs": designs,
        "hot_user": hot,
        "differences": {
            "timeline-notify - inbox-store-first": {"packets_per_delivery": {"value": 1.0, "low": 0.9, "high": 1.1}},
            "timeline-dense-push - timeline-notify": {"pulls_per_delivery": {"value": -0.9, "low": -1.0, "high": -0.8}},
        },
        "messages": [10],
        "sweep": {"designs": {"inbox-store-first": points(3, 18), "timeline-notify": points(5, 5)}},
        "notifications_off": {"metrics": {"delivery_latency_p50_s": 400.0}, **nothing_wrong()},
        "losses": None,
        "polls": None,
        "faults_fired": {"new-device": 1},
    }


def nothing_wrong() -> dict[str, Any]:
    return {"violated": [], "unknown": [], "promised_violated": [], "promised_unknown": [], "messages": 10}


def judge(found: dict[str, Any]) -> dict[str, ClaimResult]:
    """Judge the claims by these results; parts that no claim needs are filled in."""
    head = {"schema": 2, "command": "compare", "scenario": "", "seed": 1, "runs": 1, "trace": None, "take_s": None}
    designs = {
        name: {
            "properties": {p: {"violations": 0, **v} for p, v in design["properties"].items()},
            "metrics": {
                m: {"low": None, "high": None, "unit": "", "runs": [v["value"]], **v}
                for m, v in design["metrics"].items()
            },
            "rows": {store: {"deleted": 0, "read": 0, **v} for store, v in design["rows"].items()},
            "packets": {},
            "deliveries": 0,
            **{key: design[key] for key in ("storage_s", "complexity") if key in design},
        }
        for name, design in found["designs"].items()
    }
    whole = {**head, "warnings": [], **found, "designs": designs, "sweep": {"key": "", **found["sweep"]}}
    return claims.judge(msgspec.convert(whole, ComparisonResults))


def set_mean(found: dict[str, Any], design: str, metric: str, value: float) -> None:
    found["designs"][design]["metrics"][metric]["value"] = value


def differ(found: dict[str, Any], pair: str, metric: str, value: float, low: float | None, high: float | None) -> None:
    found["differences"][pair][metric] = {"value": value, "low": low, "high": high}


def violate(found: dict[str, Any], design: str, name: str) -> None:
    found["designs"][design]["properties"][name] = {"verdict": "violated", "promised": True}


def test_numbers_that_agree_support_every_claim_that_they_can() -> None:
    verdicts = {key: claim.verdict for key, claim in judge(results()).items()}
    others = {"C9": "unknown"}  # only a search decides it
    assert verdicts == {key: others.get(key, "supported") for key in CLAIMS}


REFUTERS = {
    "C1": lambda f: differ(f, "timeline-notify - inbox-store-first", "packets_per_delivery", -1.0, -1.1, -0.9),
    "C2": lambda f: f["sweep"]["designs"]["timeline-notify"]["6"]["metrics"].update(server_writes_per_message=9.0),
    "C3": lambda f: f["designs"]["inbox-store-first"]["storage_s"].update(deleted=0.5),
    "C4": lambda f: violate(f, "timeline-notify", "roaming-complete"),
    "C5": lambda f: violate(f, "timeline-dense-push", "store-before-sync"),
    "C6": lambda f: f["notifications_off"]["promised_violated"].append("no-loss"),
    "C7": lambda f: violate(f, "timeline-notify", "convergence"),
    "C8": lambda f: violate(f, "timeline-checkpointed", "no-loss"),
    "C10": lambda f: violate(f, "timeline-dense-push", "convergence"),
    "C11": lambda f: violate(f, "timeline-notify", "tail-append"),
    "C12": lambda f: [each.update(batch=1.0, sequencer_rows_per_message=0.0) for each in f["hot_user"]],
    "C13": lambda f: f["designs"]["timeline-notify"]["complexity"].update(
        packet_kinds=60, handlers=70, lines=2000, states=900
    ),
}


@pytest.mark.parametrize("key", REFUTERS)
def test_numbers_that_disagree_refute_a_claim(key: str) -> None:
    found = results()
    REFUTERS[key](found)
    assert judge(found)[key].verdict == "refuted"


def test_checkpoint_rows_make_c2_depend() -> None:
    found = results()
    points = found["sweep"]["designs"]["inbox-store-first"]
    found["sweep"]["designs"]["timeline-checkpointed"] = points
    assert judge(found)["C2"].verdict == "depends"


def test_dense_numbering_that_saves_little_makes_c10_depend() -> None:
    found = results()
    set_mean(found, "timeline-dense-push", "pulls_per_delivery", 0.5)
    assert judge(found)["C10"].verdict == "depends"


@pytest.mark.parametrize(("low", "high", "verdict"), [(-0.2, 0.3, "within noise"), (None, None, "unknown")])
def test_a_difference_that_may_be_none_is_noise_and_one_run_has_no_interval(
    low: float | None, high: float | None, verdict: str
) -> None:
    found = results()
    differ(found, "timeline-notify - inbox-store-first", "packets_per_delivery", 0.1, low, high)
    assert judge(found)["C1"].verdict == verdict


@pytest.mark.parametrize(("claim", "name"), [("C7", "convergence"), ("C11", "conversation-order")])
def test_a_property_that_fails_where_it_is_not_promised_makes_a_claim_depend(claim: str, name: str) -> None:
    found = results()
    found["designs"]["timeline-notify"]["properties"][name] = {"verdict": "violated", "promised": False}
    found["faults_fired"]["server-restore"] = 1
    told = judge(found)[claim]
    assert (told.verdict, told.evidence[:24]) == ("depends", "not under server-restore")


def test_notifications_that_make_nothing_faster_refute_c6() -> None:
    found = results()
    found["notifications_off"]["metrics"]["delivery_latency_p50_s"] = 0.1
    assert judge(found)["C6"].verdict == "refuted"


@pytest.mark.parametrize("said", ["promised_violated", "promised_unknown"])
def test_a_property_of_ones_own_says_nothing_of_c6(said: str) -> None:
    found = results()
    found["notifications_off"][said] = ["my-own"]
    assert judge(found)["C6"].verdict == "supported"


def test_deliveries_that_never_come_are_not_taken_for_receivers_that_were_not_connected() -> None:
    found = results()
    found["notifications_off"]["metrics"].update(delivery_latency_p50_s=None, late_10s=1.0)
    told = judge(found)["C6"]
    assert told.verdict == "unknown"
    assert "half of them saw nothing" in told.evidence


def test_numbers_given_at_commit_that_cost_nothing_make_c12_depend() -> None:
    found = results()
    found["hot_user"][1].update(batch=1.0)
    assert judge(found)["C12"].verdict == "depends"


def test_batched_acks_that_take_little_make_c3_depend() -> None:
    found = results()
    batched = {**found["designs"]["inbox-store-first"], "storage_s": {"written": 5.0, "deleted": 0.5, "read": 1.0}}
    found["designs"]["inbox-store-first+ack-batching"] = batched
    assert judge(found)["C3"].verdict == "depends"


SWAMPED = {"storage_utilisation": 1.0, "late_10s": 0.95}
"""What a run measures whose storage never kept up."""


@pytest.mark.parametrize(
    ("key", "design"),
    [("C1", "timeline-notify"), ("C3", "inbox-store-first"), ("C6", "timeline-notify"), ("C10", "timeline-dense-push")],
)
def test_storage_that_never_kept_up_leaves_a_claim_about_numbers_unknown(key: str, design: str) -> None:
    found = results()
    for name, value in SWAMPED.items():
        found["designs"][design]["metrics"][name] = {"value": value}
    claim = judge(found)[key]
    assert claim.verdict == "unknown"
    assert "never kept up" in claim.evidence


def test_c6_is_unknown_if_the_run_without_notifications_never_kept_up() -> None:
    found = results()
    found["notifications_off"]["metrics"] |= {**SWAMPED, "delivery_latency_p50_s": 0.05}
    assert judge(found)["C6"].verdict == "unknown"


def test_c2_goes_by_the_small_runs_whose_storage_kept_up() -> None:
    found = results()
    sweep = found["sweep"]["designs"]
    for name, writes in (("inbox-store-first", 40.0), ("timeline-notify", 40.0)):
        sweep[name]["8"] = {"metrics": {"server_writes_per_message": writes}, **nothing_wrong()}
    assert judge(found)["C2"].verdict == "refuted"
    sweep["timeline-notify"]["8"]["metrics"] |= SWAMPED
    claim = judge(found)["C2"]
    assert claim.verdict == "supported"
    assert "from 1 to 6 devices" in claim.evidence
    assert claim.evidence.endswith("with 8 devices the storage never kept up")
    sweep["inbox-store-first"]["6"]["metrics"] |= SWAMPED
    assert judge(found)["C2"].verdict == "unknown"


def test_missing_designs_leave_claims_unknown() -> None:
    found = results()
    found["designs"] = {"inbox-shared": found["designs"]["inbox-store-first"]}
    found["sweep"] = {"designs": {}}
    found["notifications_off"], found["hot_user"], found["differences"] = None, [], {}
    assert {claim.verdict for claim in judge(found).values()} == {"unknown"}


ABOUT_CORRECTNESS = ("C4", "C5", "C7", "C8", "C10", "C11")


@pytest.mark.parametrize("key", ABOUT_CORRECTNESS)
def test_an_unknown_verdict_supports_no_claim(key: str) -> None:
    found = results()
    for design in found["designs"].values():
        for finding in design["properties"].values():
            if finding["verdict"] == "holds":
                finding["verdict"] = "unknown"
    assert judge(found)[key].verdict == "unknown"


def test_runs_without_a_message_support_nothing() -> None:
    found = results()
    found["messages"] = [0, 0]
    assert {c.verdict for c in judge(found).values()} == {"unknown"}
    assert "no message" in judge(found)["C5"].evidence


@pytest.mark.parametrize("change", [{"promised_unknown": ["no-loss"]}, {"messages": 0}])
def test_c6_needs_a_conclusive_run_without_notifications(change: dict[str, Any]) -> None:
    found = results()
    found["notifications_off"].update(change)
    assert judge(found)["C6"].verdict == "unknown"


@pytest.mark.parametrize("change", [{"unknown": ["convergence"]}, {"messages": 0}])
def test_c7_needs_every_point_of_the_sweep(change: dict[str, Any]) -> None:
    found = results()
    found["sweep"]["designs"]["timeline-notify"]["6"].update(change)
    assert judge(found)["C7"].verdict == "unknown"


def test_c8_needs_checkpoints_that_were_recorded() -> None:
    found = results()
    found["designs"]["timeline-checkpointed"]["rows"] = {}
    assert judge(found)["C8"].verdict == "unknown"


@pytest.mark.parametrize("metric", ["packets_per_delivery", "pulls_per_delivery"])
def test_a_metric_without_a_value_decides_nothing(metric: str) -> None:
    found = results()
    for design in found["designs"].values():
        design["metrics"][metric] = {"value": None}
    of = {"packets_per_delivery": "C1", "pulls_per_delivery": "C10"}[metric]
    assert judge(found)[of].verdict == "unknown"
