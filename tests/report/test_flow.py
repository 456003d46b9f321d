"""Flows: what handlers were observed to do."""

from __future__ import annotations

import pytest

from syncproof.designs import DESIGNS, Parameters
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.report import flow
from syncproof.report.flow import Effect, Flow, Node

QUIET = (SmallWorld("two-people", 1, ()),)
CRASHES = (SmallWorld("two-people", 1, ("server-crash",)),)

COMPOSE = Node("device", "Compose")
COMMIT = Node("server", "Commit")
SYNCED = Node("server", "Synced")


@pytest.fixture(scope="module")
def notify() -> Flow:
    return flow.watch("timeline-notify", QUIET)


def test_a_message_takes_the_steps_of_the_design(notify: Flow) -> None:
    assert notify.effects[COMPOSE] == {Effect("send", "", Node("server", "Submit"))}
    assert notify.effects[Node("server", "Submit")] == {Effect("write", "message-store", COMMIT)}
    assert Effect("write", "sync-store", SYNCED) in notify.effects[COMMIT]
    assert Effect("send", "", Node("device", "Notification")) in notify.effects[SYNCED]


def test_packets_that_carry_another_one_are_distinguished_by_it(notify: Flow) -> None:
    assert notify.effects[Node("server", "Respond PullReply")] == {Effect("send", "", Node("device", "PullReply"))}


def test_a_world_that_reaches_more_shows_more(notify: Flow) -> None:
    assert Node("server", "Restart") not in notify.effects
    more = flow.watch("timeline-notify", CRASHES)
    assert Effect("write", "sync-store", SYNCED) in more.effects[Node("server", "Restart")]


def test_a_flow_can_be_added_to() -> None:
    after_apply = DESIGNS["timeline-notify"].variant(parameters=Parameters(checkpoint="after-apply"))
    saved = Node("device", "Saved")
    found = flow.watch("timeline-notify", QUIET)
    assert saved not in found.effects
    flow.watch(after_apply, QUIET, found)
    assert Effect("write", "device", saved) in found.effects[Node("device", "PullReply")]


def test_effects_are_followed_in_order_except_cancellations() -> None:
    a, b, c, d = (Node("device", name) for name in "abcd")
    found = Flow({a: {Effect("send", "", b), Effect("cancel", "", d)}, b: {Effect("timer", "", c)}, d: set()})
    assert found.reached([a]) == [a, b, c]
    assert found.reached([c]) == [], "nobody was seen to handle it"


def test_each_kind_of_effect_has_its_arrow() -> None:
    one, two = Node("device", "One"), Node("server", "Two Three")
    effects = {
        Effect("send", "", two),
        Effect("write", "disk", two),
        Effect("read", "disk", two),
        Effect("timer", "", one),
    }
    assert flow.mermaid(Flow({one: effects, two: set()}), [one, two]).split("\n") == [
        "flowchart LR",
        '    subgraph devicebox["device"]',
        '        device_One(["One"])',
        "    end",
        '    subgraph serverbox["server"]',
        '        server_Two_Three["Two Three"]',
        "    end",
        "    device_One ==>|read disk, write disk| server_Two_Three",
        "    device_One --> server_Two_Three",
        "    device_One -.-> device_One",
    ]


def test_effects_in_words() -> None:
    effects = [Effect("write", "disk", COMMIT), Effect("write", "disk"), Effect("send", "", SYNCED)]
    assert flow.described("write", effects) == ["disk", "disk, then Commit"]
    assert flow.described("send", effects) == ["Synced"]
