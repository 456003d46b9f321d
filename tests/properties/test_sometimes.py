"""Sometimes properties: what some run must reach."""

from __future__ import annotations

from typing import Any

import pytest

from syncproof.core.faults import FAULTS
from syncproof.core.observations import Noted, Shown
from syncproof.core.values import SERVER, ConversationId, DeviceId, MessageId
from syncproof.designs import DESIGNS, witnesses
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
    watch = Watch([SOMETIMES[name] for name in ("expired", "gap", "void")])
    watch.see(Noted("".join(list("gap")), SERVER))  # another text than the one that the property was made with
    assert list(watch.met) == ["gap"]


def test_a_fault_is_reached_when_an_engine_says_so() -> None:
    names = ["push-lost-happened", "reinstall-happened", "trim-happened"]
    watch = Watch([SOMETIMES[name] for name in names])
    watch.see(Reached("reinstall-happened"))
    assert list(watch.met) == ["reinstall-happened"]


def test_one_of_ones_own_is_reached_by_its_evidence() -> None:
    mine = sometimes("mine-and-yours", "it happens", SECOND)
    assert (mine.name, mine.kind, mine.says, mine.wants) == ("mine-and-yours", "sometimes", "it happens", "it happens")
    watch = Watch([mine])
    watch.see(Shown(DeviceId(0), MessageId(0), ConversationId(0), 1))
    assert list(watch.met) == []
    watch.see(Shown(DeviceId(0), MessageId(0), ConversationId(0), 2))
    assert list(watch.met) == ["mine-and-yours"]


def test_one_that_takes_two_messages_is_not_asked_of_a_world_with_one() -> None:
    batch = sometimes("mine-batched", "two are acked at once", SECOND, least_messages=2)
    (meets,) = witnesses.declared({batch: "push"})
    assert witnesses.required((meets,), ("push",), 1) == {}
    assert witnesses.required((meets,), ("push",), 2) == {batch: False}
    assert meets.needs() == "the fault push and 2 messages"
    assert witnesses.declared({batch: ()})[0].needs() == "2 messages"


@pytest.mark.parametrize("least", [0, -1, True, "two", 1.5])
def test_a_wrong_number_of_messages_is_one_sentence(least: Any) -> None:
    with pytest.raises(InputError, match=r"least_messages of mine: .*; allowed: a whole number from 1"):
        sometimes("mine", "it happens", SECOND, least_messages=least)


def test_what_an_engine_notices_is_a_value() -> None:
    assert len({Reached("a"), Reached("a"), Reached("b")}) == 2


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
        (("mine", "it happens", [Shown]), "evidence of mine: .*; allowed: {OBSERVATION CLASS: FUNCTION}"),
        (("mine", "it happens", {Shown: True}), "evidence of mine: .*Shown"),
        (("mine", "it happens", {"Shown": bool}), "evidence of mine: 'Shown'; allowed: {OBSERVATION CLASS: FUNCTION}"),
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
