"""Sometimes properties: what some run must reach."""

from __future__ import annotations

from typing import Any

import pytest

from syncproof.core.faults import FAULTS
from syncproof.core.observations import Noted, Shown
from syncproof.core.values import SERVER
from syncproof.designs import DESIGNS
from syncproof.errors import InputError
from syncproof.properties import PROPERTIES
from syncproof.properties.evidence import Watch, unmet
from syncproof.properties.sometimes import SOMETIMES, Reached, sometimes

SECOND = {Shown: lambda o: o.place == 2}


def test_they_are_registered_beside_the_others() -> None:
    assert not set(SOMETIMES) & set(PROPERTIES)
    assert {f"{fault}-happened" for fault in FAULTS} <= set(SOMETIMES)
    for name, each in SOMETIMES.items():
        assert (each.name, each.kind) == (name, "sometimes")
        assert each.says
        assert each.evidence


def test_a_situation_is_reached_when_an_actor_notes_it() -> None:
    watch = Watch([SOMETIMES["gap"], SOMETIMES["void"]])
    watch.see(Noted("gap", SERVER))
    assert list(watch.met) == ["gap"]


def test_a_fault_is_reached_when_an_engine_says_so() -> None:
    watch = Watch([SOMETIMES["push-lost-happened"], SOMETIMES["trim-happened"]])
    watch.see(Reached("trim-happened"))
    assert list(watch.met) == ["trim-happened"]


def test_one_that_was_not_reached_says_which() -> None:
    assert unmet(SOMETIMES["gap"]) == "never reached: a device saw a gap"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("", "it happens", SECOND), "name: ''; allowed: a text that is not empty"),
        (("mine", 3, SECOND), "says: 3; allowed: a text that is not empty"),
        (("no-loss", "it happens", SECOND), "name: 'no-loss' is a property already; allowed: another name"),
        (("gap", "it happens", SECOND), "name: 'gap' is a property already; allowed: another name"),
        (("mine", "it happens", {}), r"evidence of mine: {}; allowed: {OBSERVATION CLASS: FUNCTION}"),
        (("mine", "it happens", {Shown: True}), "evidence of mine: .*Shown"),
    ],
)
def test_a_wrong_declaration_is_one_sentence(arguments: tuple[Any, ...], says: str) -> None:
    with pytest.raises(InputError, match=says):
        sometimes(*arguments)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["gap"], r"sometimes: \['gap'\]; allowed: {PROPERTY: \(KIND OF FAULT, ...\)}"),
        ({"gap": ()}, "sometimes: 'gap'; allowed: what syncproof.properties.sometimes.sometimes"),
        ({PROPERTIES["no-loss"]: ()}, "sometimes: .*NoLoss"),
        ({SOMETIMES["gap"]: "pushes"}, r"sometimes\['gap'\]: unknown kind of fault 'pushes'; allowed: push, "),
    ],
)
def test_a_design_may_declare_only_such_properties(given: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        DESIGNS["timeline-notify"].variant(name="mine", sometimes=given)
