"""The forms of stale flags: two change a message back, which a version tells; another only counts wrongly, on all alike."""

from __future__ import annotations

from syncproof.engines.explore import explore
from syncproof.inputs.small_worlds import build, small_world
from syncproof.properties import PROPERTIES


def violated(design: str, *kinds: str) -> set[str]:
    system, _, environment = build(design, small_world("two-people", 2, kinds))
    names = ("change-monotonic", "convergence", "no-loss", "unread-agrees")
    found = explore(system, environment, [PROPERTIES[name] for name in names])
    assert found.complete
    return {name for name, finding in found.findings.items() if finding.verdict == "violated"}


def test_a_message_that_is_counted_again_is_changed_by_nobody() -> None:
    assert violated("F57b", "read", "unread") == {"unread-agrees"}


def test_a_recall_that_is_overwritten_is_a_version_that_sinks() -> None:
    assert "change-monotonic" in violated("F57", "recall")


def test_a_recall_that_the_server_takes_back_is_a_version_that_sinks_on_every_device() -> None:
    assert violated("F57c", "recall") == {"change-monotonic"}


def test_the_sound_design_keeps_its_count() -> None:
    assert violated("timeline-push", "read", "unread") == set()
