"""An abstract machine takes the steps that observations stand for, and judges nothing after the first that it cannot take."""

from __future__ import annotations

import pytest

from syncproof.core.actor import state
from syncproof.core.observations import Accepted, Connected, Placed, Shown
from syncproof.core.values import ConversationId, DeviceId, MessageId
from syncproof.designs import DESIGNS
from syncproof.errors import InputError
from syncproof.inputs import lookup
from syncproof.inputs.own_properties import judged
from syncproof.properties import PROPERTIES
from syncproof.properties.evidence import Watch
from syncproof.properties.refinement import Refinement, action
from syncproof.studies import pieces
from tests.helpers.command import call
from tests.helpers.examples import EXAMPLES, example

OWN = f"{EXAMPLES / 'own_machine.py'}:PlaceThenAccept"
PLACED, ACCEPTED = Placed(MessageId(1), ConversationId(0), 1), Accepted(MessageId(1))


@state
class Evens(Refinement):
    """Even messages are shown in pairs; a mapping of its own leaves odd ones out."""

    name = "evens"
    says = "even messages are shown in pairs"
    mapping = {Shown: ("pair", lambda o: None if o.message % 2 else (o.message,))}  # noqa: RUF012

    last: int = 0

    @action
    def pair(self, message: int) -> str | None:
        if message != self.last + 2:
            return f"{message:d} comes after {self.last:d}"
        self.last = message
        return None


def shown(message: int) -> Shown:
    return Shown(DeviceId(0), MessageId(message), ConversationId(0))


def test_what_stands_for_no_action_is_a_stutter() -> None:
    machine = example("own_machine").PlaceThenAccept()
    assert [machine.react(each) for each in (Connected(DeviceId(0)), shown(1), PLACED, ACCEPTED)] == [None] * 4


def test_a_step_that_is_not_possible_ends_the_judging() -> None:
    machine = example("own_machine").PlaceThenAccept()
    says = [machine.react(each) for each in (ACCEPTED, ACCEPTED, PLACED, PLACED)]
    assert says == ["the abstract machine has no step `accept` here: message 1 has no place yet", None, None, None]


def test_a_mapping_of_ones_own_may_leave_out_observations() -> None:
    machine = Evens()
    assert [machine.react(shown(n)) for n in (1, 2, 3, 4)] == [None] * 4
    assert machine.react(shown(2)) == "the abstract machine has no step `pair` here: 2 comes after 4"


def test_a_stutter_is_no_evidence() -> None:
    watch = Watch([Evens])
    watch.see(shown(1))
    assert "evens" not in watch.met
    watch.see(shown(2))
    assert "evens" in watch.met


def test_an_action_that_nothing_stands_for_is_told() -> None:
    with pytest.raises(TypeError, match=r"^Odd: no observation is mapped to the action 'shown'; mapped are: join, "):
        type("Odd", (Refinement,), {"shown": action(lambda self: None)})


def test_an_action_that_is_overridden_stays_one() -> None:
    more = state(type("More", (Evens,), {"pair": lambda self, message: "never"}))
    assert more().react(shown(2)) == "the abstract machine has no step `pair` here: never"


def test_an_action_that_takes_other_arguments_is_one_line() -> None:
    bare = state(type("Bare", (Evens,), {"pair": lambda self: None}))
    with pytest.raises(InputError, match=r"is called with 1 argument \(.*\): too many positional arguments$"):
        bare().react(shown(2))


def test_a_type_error_inside_an_action_stays_what_it_is() -> None:
    wrong = state(type("Wrong", (Evens,), {"pair": lambda self, message: 1 + ""}))  # type: ignore[operator]
    with pytest.raises(TypeError, match="unsupported operand"):
        wrong().react(shown(2))


def test_a_ready_machine_is_asked_of_the_designs_that_declare_it() -> None:
    with judged((), ["device-log"]):
        for design in DESIGNS.values():
            promised = design.promised(design.parameters)
            assert ("device-log" in promised) == ("conversation-order" in design.promises)
            assert promised.get("device-log") == design.promises.get("conversation-order")
    assert "device-log" not in PROPERTIES


def test_a_worker_process_is_told_its_name() -> None:
    with judged((), ["device-log", OWN]):
        given = pieces.piece(sorted, (), facts={})
    assert given.properties == ("device-log", OWN)
    assert given.key != pieces.piece(sorted, (), facts={}).key


def test_one_of_ones_own_is_asked_of_every_design() -> None:
    with judged((), [OWN]):
        design = DESIGNS["inbox-shared"]
        assert "server-restore" in design.promised(design.parameters)["place-then-accept"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("no-loss", "unknown machine 'no-loss'; allowed: device-log, FILE.py:NAME"),
        (
            f"{EXAMPLES / 'own_machine.py'}:Any",
            "that is no abstract machine; write `@state class Mine(Refinement): ...`",
        ),
    ],
)
def test_what_is_no_machine_is_one_line(given: str, says: str) -> None:
    with pytest.raises(InputError) as error, judged((), [given]):
        pass
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_variant_may_declare_one() -> None:
    declared = DESIGNS["inbox-shared"].variant(refines={"device-log": ("push-lost",)})
    assert declared.refines == {"device-log": ("push-lost",)}
    with pytest.raises(InputError, match=r"^refines: unknown property 'log'; allowed: device-log$"):
        declared.variant(refines={"log": ()})


def test_the_fixture_asks_for_it(keeps_promises) -> None:
    unsound = lookup.get("F21").variant(promises={"no-loss": ("push-lost",)})
    with pytest.raises(AssertionError, match="has no step `accept` here"):
        keeps_promises(unsound, world="two-people", faults=[], examples="none", refines=[OWN])
    with pytest.raises(InputError, match="does not say under which faults it refines device-log; write variant"):
        keeps_promises("inbox-shared", faults=[], examples="none", refines=["device-log"])


def test_a_command_shows_the_steps_of_the_machine(tmp_path) -> None:
    result = call("explore", "F64", "--messages", "2", "--refines", "device-log", "--out", str(tmp_path))
    assert result.exit_code == 1, result.output
    assert "F64 violates device-log in the world of two-devices, 2 messages, no fault, 9 moves:" in result.output
    assert "device-log: place: left=False" in result.output
    assert "✗ the abstract machine has no step `show` here" in result.output
    assert sorted(path.name for path in tmp_path.rglob("*device-log*.moves.jsonl")) != []


def test_a_machine_that_is_misspelt_is_named() -> None:
    with (
        pytest.raises(InputError, match=r"allowed: device-log, FILE\.py:NAME; did you mean 'device-log'\?"),
        judged((), ["device-lo"]),
    ):
        pass
