"""Directed searches: the acts in their order, what a stage hinders and allows, and the ends."""

from __future__ import annotations

from functools import partial
from operator import eq
from types import SimpleNamespace
from typing import Any

import pytest

from syncproof.core.moves import Crash, Move, Restart
from syncproof.core.observations import (
    Accepted,
    Checkpointed,
    Connected,
    Deleted,
    Disconnected,
    Joined,
    Observation,
    Placed,
    Refused,
    Shown,
)
from syncproof.core.values import SERVER, ConversationId, DeviceId, MessageId, Timeline, UserId
from syncproof.engines.explore import explore
from syncproof.engines.explore.directed import Act, Progress, _Directed, directed
from syncproof.engines.explore.encoding import State
from syncproof.inputs import lookup
from syncproof.inputs.small_worlds import SmallWorld, build
from syncproof.properties import PROPERTIES

LIMIT = 30_000
INBOX = Timeline("inbox", 1)


def parts(design: str, world: SmallWorld) -> tuple:  # type: ignore[type-arg]
    """Return a world's system, environment, properties, and an act for each message."""
    system, _, environment = build(design, world)
    wanted = [each for name, each in PROPERTIES.items() if name not in lookup.get(design).not_applicable]
    tells = [tell for script in environment.scripts for tell in script]
    return system, environment, wanted, [Act(partial(eq, tell)) for tell in tells]


@pytest.mark.parametrize("design", ["F01", "inbox-store-first", "timeline-push"])
def test_without_conditions_the_ends_violate_what_the_usual_search_finds(design: str) -> None:
    system, environment, wanted, acts = parts(design, SmallWorld("two-people", 2, ()))
    usual = explore(system, environment, wanted).findings
    found = directed(system, environment, acts, wanted, states=LIMIT)
    assert found.complete
    assert frozenset().union(*found.outcomes) == {n for n in found.judged if usual[n].verdict == "violated"}


def test_an_act_waits_for_its_condition() -> None:
    system, environment, wanted, acts = parts("F01", SmallWorld("two-people", 2, ()))
    first, second = acts
    waiting = [first, Act(when=lambda progress: len(progress.shown) == 2, patient=True), second]
    assert directed(system, environment, waiting, wanted, states=LIMIT).outcomes == {frozenset()}
    assert len(directed(system, environment, acts, wanted, states=LIMIT).outcomes) > 1


def test_an_act_whose_condition_never_holds_has_no_end_unless_it_is_patient() -> None:
    system, environment, wanted, acts = parts("timeline-notify", SmallWorld("two-people", 1, ()))

    def never(progress: Progress) -> bool:
        return False

    assert directed(system, environment, [*acts, Act(when=never)], wanted, states=LIMIT).outcomes == frozenset()
    assert directed(system, environment, [*acts, Act(when=never, patient=True)], wanted, states=LIMIT).outcomes


def test_a_fault_happens_only_where_an_act_allows_it() -> None:
    system, environment, wanted, acts = parts("F21", SmallWorld("two-people", 1, ("server-crash",)))

    def crash(move: Move, progress: Progress) -> bool:
        return isinstance(move, Crash)

    # F21 accepts before it writes: without a crash the message is late, with one it is lost.
    calm = directed(system, environment, acts, wanted, states=LIMIT)
    assert not any("no-loss" in outcome for outcome in calm.outcomes)
    risky = [*acts, Act(when=lambda progress: False, patient=True, allows=crash)]
    lost = directed(system, environment, risky, wanted, states=LIMIT)
    assert any("no-loss" in outcome for outcome in lost.outcomes)


def test_what_a_stage_hinders_does_not_happen_and_nothing_waits_for_it() -> None:
    system, environment, wanted, acts = parts("timeline-notify", SmallWorld("two-people", 1, ("server-crash",)))

    def restarts(move: Move) -> bool:
        return isinstance(move, Restart)

    down = [
        Act(lambda move: isinstance(move, Crash) and move.actor == SERVER),
        Act(acts[0].makes, hinders=restarts),
        Act(when=lambda progress: bool(progress.answered), patient=True, hinders=restarts),
    ]
    found = directed(system, environment, down, wanted, states=LIMIT)
    assert found.complete
    assert found.outcomes == {frozenset()}


def test_a_search_that_is_cut_short_knows_ends_all_the_same() -> None:
    system, environment, wanted, acts = parts("F01", SmallWorld("two-devices", 2, ()))
    short = directed(system, environment, acts, wanted, states=300)
    whole = directed(system, environment, acts, wanted, states=LIMIT)
    assert not short.complete
    assert whole.complete
    assert len(short.outcomes) > 1  # runs were drawn until twice as many states were known, not one run
    assert 2 * 300 < short.states < 2 * 300 + 100
    assert short.outcomes <= whole.outcomes


@pytest.mark.parametrize(
    ("observed", "field", "holds"),
    [
        ([Connected(DeviceId(1))], "connected", {1}),
        ([Connected(DeviceId(1)), Disconnected(DeviceId(1), True)], "connected", set()),
        ([Joined(DeviceId(1), UserId(0))], "joined", {1}),
        ([Placed(MessageId(3), ConversationId(0), 1, (), ())], "placed", {3}),
        ([Accepted(MessageId(3), 1)], "answered", {3}),
        ([Refused(MessageId(3))], "answered", {3}),
        ([Checkpointed(DeviceId(1), INBOX, 2)], "confirmed", {1}),
        ([Checkpointed(DeviceId(1), INBOX, 2, start=True)], "confirmed", set()),
        ([Deleted(INBOX, MessageId(3), DeviceId(1))], "confirmed", {1}),
        ([Deleted(INBOX, MessageId(3), None)], "confirmed", set()),
        ([Shown(DeviceId(1), MessageId(3), ConversationId(0), 1)], "shown", {(1, 3)}),
    ],
    ids=lambda given: "+".join(type(each).__name__ for each in given) if isinstance(given, list) else "",
)
def test_progress_knows_what_was_observed(observed: list[Observation], field: str, holds: set[object]) -> None:
    progress = Progress()
    for each in observed:
        assert progress.react(each) is None
    assert getattr(progress, field) == holds


@pytest.mark.parametrize(
    ("stirs", "after", "expected"),
    [
        (True, (1, 5, 3, 9), True),
        (True, (1, 2, 3, 8), False),  # only the automata changed
        (True, (1, 2, 3, 9), False),
        (False, (1, 5, 3, 9), False),
    ],
)
def test_a_move_that_changes_nothing_keeps_no_world_from_rest(stirs: bool, after: State, expected: bool) -> None:
    moves = SimpleNamespace(stirs=[stirs], values=[Restart(SERVER)])
    tables = SimpleNamespace(moves=moves, environment=SimpleNamespace(early={}))
    search: Any = SimpleNamespace(tables=tables, _slot=3)
    assert _Directed._stirs(search, 0, (1, 2, 3, 9), after) == expected
