"""A walk makes the moves of a way, and refuses a way of another world."""

from __future__ import annotations

import pytest

from syncproof.core.moves import Complete, Stop
from syncproof.errors import InputError
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.report.explorer.address import parse
from syncproof.report.explorer.runs import Jump
from syncproof.report.explorer.walk import Walk, walk
from syncproof.studies.verification import Explored
from tests.report.explorer.conftest import DESIGN


def test_the_moves_of_a_counterexample_have_an_address_that_leads_to_its_end(
    walked: Walk, explored: Explored, jumps: dict[str, Jump]
) -> None:
    for name, jump in jumps.items():
        found = explored.findings[name][1]
        assert found is not None
        moves = walked.moves(parse(jump.way).codes)
        assert tuple(moves) == (*found.moves, *found.cycle)
        place = walked.at(moves)
        if not found.cycle:
            assert place.automata.complaints[name] == (len(moves), found.says)


def test_a_way_of_another_world_is_refused_at_its_first_move_that_is_not_possible(jumps: dict[str, Jump]) -> None:
    codes = parse(jumps["no-loss"].way).codes  # its ninth move is a crash
    calm = walk(DESIGN, SmallWorld("two-people", 1, ()))
    assert len(calm.moves(codes[:8])) == 8
    with pytest.raises(InputError, match=r"move 9 \(\w+\) is not possible there.*allowed: a way of .*two-people"):
        calm.moves(codes)


def test_a_move_that_is_not_possible_has_no_address(walked: Walk) -> None:
    with pytest.raises(InputError, match="move 1, Stop"):
        walked.address([Stop()])


def test_a_fork_goes_another_way_and_leaves_its_origin(walked: Walk) -> None:
    place = walked.begin()
    before = place.play.world.actors, {a.name: str(a) for a in place.automata.each}
    for each in place.choices():
        place.fork().make(each.move)
    assert (place.play.world.actors, {a.name: str(a) for a in place.automata.each}) == before
    assert place.automata.moves == 0
    assert place.automata.complaints == {}


def test_a_walk_counts_no_move_twice(walked: Walk) -> None:
    place = walked.begin()
    while moves := [e.move for e in place.choices() if e.kind in ("compose", "deliver", "complete", "arrive")]:
        assert len(set(map(repr, moves))) == len(moves)
        place.make(moves[0])
    assert not any(isinstance(each.move, Complete) for each in place.choices())


def test_a_move_that_is_not_listed_has_a_code_too(walked: Walk) -> None:
    place = walked.begin()
    *_, last = place.choices()
    assert len(list(place.choices(1))) == 1
    assert place.code(last.move) == last.code
    assert place.named(last.code) == last.move
