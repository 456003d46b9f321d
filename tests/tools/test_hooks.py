"""The tables of hooks say who calls a method, which designs override it, and what becomes of each effect."""

from __future__ import annotations

import pytest

from syncproof.core.actor import Actor, Out
from syncproof.designs.base import Device, Server
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.server import TimelineServer
from tools.docs import hooks


@pytest.mark.parametrize(
    ("kind", "name", "by"),
    [
        (Device, "catch_up", "`waited_long_enough`, `poll`, `on_connected`"),
        (Server, "receive", "`process`, `release`"),
        # `accepted` of `TimelineDevice` alone, not what other classes have under the same name
        (TimelineDevice, "on_own_entry", "`accepted`"),
        (TimelineServer, "announcement", "`notify_devices`"),
    ],
)
def test_the_callers_of_a_hook_are_the_methods_that_call_it(kind: type[Actor], name: str, by: str) -> None:
    assert hooks.callers(kind, name) == by


def test_the_ready_classes_that_override_a_hook_are_named() -> None:
    assert [kind.__name__ for kind in hooks.overriding(TimelineServer, "announcement")] == ["PushServer"]


def test_a_table_has_what_a_class_adds_and_not_what_it_overrides() -> None:
    names = [row[0].partition("(")[0].strip("`") for row in hooks._rows(TimelineDevice)]
    assert {"on_hint", "apply", "replied"} <= set(names)
    assert not {"catch_up", "restored", "accepted"} & set(names)


def test_every_effect_says_when_it_happens_and_what_a_crash_does() -> None:
    assert set(hooks.EFFECTS) == {name for name in vars(Out) if not name.startswith("_")}
