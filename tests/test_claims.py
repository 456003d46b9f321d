"""Each claim can be supported and refuted by numbers."""

from __future__ import annotations

from typing import Any

import pytest

from syncproof.claims import CLAIMS, judge

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
            str(n): {"metrics": {"server_writes_per_message": w}, "violated": [], "promised_violated": []}
            for n, w in zip((1, 6), writes, strict=True)
        }

    return {
        "designs": designs,
        "messages": [10],
        "sweep": {"designs": {"inbox-store-first": points(3, 18), "timeline-notify": points(5, 5)}},
        "notifications_off": {"metrics": {"delivery_latency_p50_s": 400.0}, "promised_violated": []},
        "faults_fired": {"new-device": 1},
    }


def set_mean(found: dict[str, Any], design: str, metric: str, value: float) -> None:
    found["designs"][design]["metrics"][metric]["mean"] = value


def violate(found: dict[str, Any], design: str, name: str) -> None:
    found["designs"][design]["properties"][name] = {"verdict": "violated", "promised": True}


def test_numbers_that_agree_support_every_claim_but_c9() -> None:
    verdicts = {key: claim["verdict"] for key, claim in judge(results()).items()}
    assert verdicts == {key: "unknown" if key == "C9" else "supported" for key in CLAIMS}


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
