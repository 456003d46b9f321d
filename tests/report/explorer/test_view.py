"""What the page shows of a place: what each move would do, fields, what is in flight, and every property's verdict."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from syncproof.inputs.small_worlds import SmallWorld
from syncproof.report.explorer.address import Address, parse
from syncproof.report.explorer.runs import Jump
from syncproof.report.explorer.view import PlaceShown, place_shown, way_shown
from syncproof.report.explorer.walk import Walk, walk

FAILING = """
from syncproof.core.actor import actor, on
from syncproof.designs import DESIGNS
from syncproof.designs.packets import Notification
from syncproof.designs.timeline.device import TimelineDevice

@actor
class Failing(TimelineDevice):
    @on(Notification)
    def notified(self, source, packet, out):
        raise ZeroDivisionError("oops")

Failing = DESIGNS["timeline-notify"].variant(device=Failing)
"""


@pytest.fixture(scope="module")
def places(walked: Walk, jumps: dict[str, Jump]) -> list[PlaceShown]:
    """Return the views of the way on which a copy is deleted too early."""
    codes = parse(jumps["no-early-delete"].way).codes
    return [place_shown(walked, Address(codes, at)) for at in range(len(codes) + 1)]


def test_a_move_does_what_was_said_before_it_was_made(
    walked: Walk, places: list[PlaceShown], jumps: dict[str, Jump]
) -> None:
    codes = parse(jumps["no-early-delete"].way).codes
    for before, after, code in zip(places, places[1:], codes, strict=False):
        chosen = next(choice for choice in before.moves if choice.code == code)
        assert (chosen.effects, chosen.observed) == (after.effects, after.observed)
        news = {p.name: p.says for p in after.properties if p.since == after.at}
        assert chosen.complaints == news


def test_the_first_view_offers_the_composing_of_a_message(places: list[PlaceShown]) -> None:
    compose = next(move for move in places[0].moves if move.kind == "compose")
    assert compose.says == "Compose m0"
    assert compose.actor == "device 0 (user 0)"
    assert not compose.by_itself
    assert compose.effects == [
        "device 0 (user 0): outbox – → m0",
        "device 0 (user 0): sending False → True",
        "device 0 (user 0): unanswered 0 → 1",
        "device 0 (user 0) sends Submit m0 to server",
    ]
    assert compose.observed == ["Composed m0 d0 c0"]
    assert places[0].left == {"messages to be composed": "1", "device-crash": "1"}


def test_a_field_says_whether_a_crash_loses_it_and_what_it_was_before(places: list[PlaceShown]) -> None:
    device = places[1].actors[1]
    assert (device.name, device.kind, device.running) == ("device 0 (user 0)", "HastyInboxDevice", True)
    fields = {field.name: field for field in device.fields}
    assert (fields["outbox"].value, fields["outbox"].before, fields["outbox"].durable) == ("m0", "–", True)
    assert (fields["batch"].value, fields["batch"].empty, fields["batch"].durable) == ("–", True, False)


def test_what_is_in_flight_has_its_ends_and_says_whether_it_is_new(places: list[PlaceShown]) -> None:
    packets = [flight for flight in places[1].flights if flight.where == "connection"]
    assert [(f.source, f.target, f.text, f.over, f.new) for f in packets] == [
        ("device 0 (user 0)", "server", "Submit m0", "d0#1", True)
    ]
    assert {flight.where for flight in places[2].flights} >= {"write", "poll"}
    assert places[1].ends == {"d0#1": "both ends open", "d1#1": "both ends open"}


def test_the_move_that_violates_a_property_says_so_before_and_after_it_is_made(places: list[PlaceShown]) -> None:
    says = "the copy of message 0 for device 1 is deleted before the device has shown it"
    assert [move.complaints["no-early-delete"] for move in places[6].moves if move.complaints] == [says]
    verdicts = [next(p for p in place.properties if p.name == "no-early-delete") for place in places]
    assert [found.verdict for found in verdicts] == ["kept"] * 7 + ["violated"]
    assert (verdicts[-1].says, verdicts[-1].since, verdicts[-1].promised) == (says, 7, True)


def test_a_liveness_property_is_violated_only_where_nothing_more_happens(
    walked: Walk, places: list[PlaceShown], jumps: dict[str, Jump]
) -> None:
    loss = [next(p for p in place.properties if p.name == "no-loss") for place in places]
    assert [found.verdict for found in loss][3:] == ["kept", "at rest", "at rest", "at rest", "at rest"]
    assert not any(place.resting for place in places)


def test_a_property_shows_its_automaton_and_whether_the_move_changed_it(places: list[PlaceShown]) -> None:
    found = {p.name: p for p in places[4].properties}
    assert found["no-loss"].changed
    assert found["no-loss"].state["open"].startswith("{m0: missing={d0,d1}")
    assert found["no-loss"].met
    assert not found["conversation-order"].changed


def test_a_way_has_its_steps_its_diagram_and_where_it_repeats(walked: Walk, jumps: dict[str, Jump]) -> None:
    way = way_shown(walked, parse(jumps["no-loss"].way))
    assert len(way.steps) == jumps["no-loss"].length
    assert way.steps[0].says == "Compose m0"
    assert way.cycle == 15
    assert way.diagram.startswith('<svg class="sequence"')
    assert "what follows repeats indefinitely" in way.diagram


def test_a_move_on_which_the_design_fails_says_so_and_the_others_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "failing.py").write_text(FAILING)
    walked = walk(f"{tmp_path / 'failing.py'}:Failing", SmallWorld("two-people", 1, ()))
    codes: tuple[str, ...] = ()
    shown = place_shown(walked, Address())
    while not (failing := [move for move in shown.moves if move.fails]):
        codes = (*codes, next(move.code for move in shown.moves if move.kind != "poll"))
        shown = place_shown(walked, Address(codes, len(codes)))
    assert failing[0].fails.endswith("failing.py:11: ZeroDivisionError: oops")
    assert failing[0].says.startswith("Notification")


def test_a_view_is_the_same_each_time(walked: Walk, jumps: dict[str, Jump]) -> None:
    address = parse(jumps["no-loss"].way)
    views = [msgspec.json.encode((way_shown(walked, address), place_shown(walked, address))) for _ in range(2)]
    assert views[0] == views[1]
