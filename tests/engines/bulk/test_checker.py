"""What is cleared in bulk changes nothing that a checker says; `tests/helpers/random_histories.py` makes the histories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

from syncproof.core.actor import state
from syncproof.core.observations import Composed, Observation, Pulled, Quiesced, Shown, Triggered
from syncproof.engines.bulk.checker import BulkChecker
from syncproof.engines.check import AfterRest, Checker
from syncproof.formats.columnar import columnar_of
from syncproof.formats.history import read_history
from syncproof.properties import PROPERTIES
from syncproof.properties.no_duplicate import NoDuplicate
from tests.formats.test_history import record
from tests.helpers.histories import History
from tests.helpers.random_histories import changed, decoded, part, said, sound
from tests.helpers.small_blocks import use_small_blocks

pytestmark = pytest.mark.slow

USERS = (12, 14, 20)
DESIGNS = ("timeline-checkpointed", "timeline-dense-push", "timeline-push", "inbox-shared", "log-device-acks")
SEEDS = 24
VIOLATING = (0, 3, 4, 9, 11, 19, 20, 23, 24, 28, 30, 43, 104, 179, 3161)
"""Seeds whose histories violate every property between them."""


def one_by_one(observations: Sequence[Observation], names: Sequence[str], recorded: bool) -> tuple[Any, ...]:
    checker = Checker(names, recorded)
    return said(checker, lambda: checker.feed(1, list(observations)))


def in_bulk(
    observations: Sequence[Observation], names: Sequence[str], recorded: bool, draw: Random, cleared: Counter[str]
) -> tuple[Any, ...]:
    """Judge a history in batches and stretches of any length, so that their borders are anywhere."""
    checker = Checker(names, recorded)
    bulk = BulkChecker(checker, draw.choice((1, 1, 2, 5, 20)), draw.choice((3, 17, 64, 1 << 17)))

    def feed() -> None:
        start = 0
        while start < len(observations):
            end = start + draw.choice((7, draw.randrange(1, 300), 1000))
            bulk.feed(start + 1, columnar_of(list(observations[start:end])))
            start = end

    found = said(checker, feed)
    cleared["cleared"] += bulk.cleared
    return found


def same(
    observations: Sequence[Observation], draw: Random, violated: Counter[str], names: Sequence[str] = tuple(PROPERTIES)
) -> None:
    """Assert that a history is judged alike in both ways."""
    recorded = draw.random() < 0.5
    plain = one_by_one(observations, names, recorded)
    assert in_bulk(observations, names, recorded, draw, violated) == plain
    if len(plain) > 2:
        violated.update(plain[0])


@cache
def of_users(users: int) -> tuple[Observation, ...]:
    return tuple(sound(users))


@pytest.mark.parametrize("users", USERS)
def test_changed_histories_of_timelines_are_judged_alike(users: int) -> None:
    found = Counter[str]()
    for seed in range(SEEDS):
        draw = Random(f"{users}/{seed}")
        same(decoded(changed(draw, part(draw, of_users(users)))), draw, found)
    assert found["cleared"] > SEEDS * 100


@pytest.mark.parametrize("design", DESIGNS)
def test_changed_histories_of_designs_are_judged_alike(tmp_path: Path, design: str) -> None:
    record(tmp_path / "run.jsonl", design)
    observations = list(read_history(tmp_path / "run.jsonl")[1])
    for seed in range(SEEDS // 2):
        draw = Random(f"{design}/{seed}")
        same(decoded(changed(draw, part(draw, observations))), draw, Counter())


def test_what_is_kept_in_a_file_is_judged_as_what_is_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in VIOLATING:
        draw = Random(f"all/{seed}")
        observations = decoded(changed(draw, changed(draw, part(draw, of_users(12)))))
        in_memory = one_by_one(observations, tuple(PROPERTIES), True)
        with monkeypatch.context() as patch:
            use_small_blocks(patch)
            assert one_by_one(observations, tuple(PROPERTIES), True) == in_memory
            assert in_bulk(observations, tuple(PROPERTIES), True, draw, Counter()) == in_memory


def test_every_property_is_violated_by_a_changed_history_that_is_judged_alike() -> None:
    found = Counter[str]()
    for seed in VIOLATING:
        draw = Random(f"all/{seed}")
        same(decoded(changed(draw, changed(draw, part(draw, of_users(12))))), draw, found)
    assert set(PROPERTIES) == found.keys() - {"cleared"}


@pytest.mark.parametrize("left_out", PROPERTIES)
def test_what_is_cleared_does_not_depend_on_which_properties_are_judged(left_out: str) -> None:
    for seed in range(3):
        draw = Random(f"{left_out}/{seed}")
        names = [name for name in PROPERTIES if name != left_out and draw.random() < 0.9]
        same(decoded(changed(draw, part(draw, of_users(12)))), draw, Counter(), names)


def test_nearly_all_of_a_sound_history_is_cleared() -> None:
    checker = Checker(PROPERTIES)
    bulk = BulkChecker(checker, least=64)
    bulk.feed(1, columnar_of(list(of_users(12))))
    assert not checker.monitor.counts
    assert bulk.cleared > 0.9 * len(of_users(12))
    assert bulk.cleared < len(of_users(12))  # who joins when is for the automata


def test_a_violation_is_found_where_it_is_and_the_rest_is_cleared() -> None:
    observations = list(of_users(12))
    at = next(n for n, o in enumerate(observations) if n > 3000 and isinstance(o, Shown))
    observations.insert(at, observations[at])
    checker = Checker(PROPERTIES)
    bulk = BulkChecker(checker, least=64)
    bulk.feed(1, columnar_of(observations))
    assert checker.monitor.counts["no-duplicate"] == 1
    assert bulk.cleared > 0.6 * len(observations)


def test_nothing_is_cleared_for_a_property_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    @state
    class Own(NoDuplicate):
        by_message = False

    monkeypatch.setitem(PROPERTIES, "no-duplicate", Own)
    bulk = BulkChecker(Checker(PROPERTIES), least=1)
    bulk.feed(1, columnar_of(list(of_users(12))))
    assert bulk.cleared == 0


def test_nothing_may_follow_rest_in_a_recorded_history() -> None:
    observations = [*of_users(12)[:500], Quiesced(), *[Pulled(0)] * 50]  # type: ignore[arg-type]
    bulk = BulkChecker(Checker(PROPERTIES, recorded=True), least=1)
    with pytest.raises(AfterRest) as error:
        bulk.feed(1, columnar_of(observations))
    assert error.value.line == 502


def test_a_history_that_goes_on_after_rest_is_not_at_rest() -> None:
    checker = Checker(PROPERTIES)
    bulk = BulkChecker(checker, least=1)
    bulk.feed(1, columnar_of([Quiesced(), *[Triggered(0, "poll")] * 5]))  # type: ignore[arg-type]
    assert bulk.cleared == 5
    assert not checker.quiesced


def test_the_evidence_of_a_property_is_met_by_what_is_cleared() -> None:
    history = History()
    history.member_added(0)
    history.member_added(1)
    for message in range(1, 30):
        history.sent(message)
    observations = decoded(history.observations)
    checker = Checker(PROPERTIES)
    bulk = BulkChecker(checker, least=4)
    bulk.feed(1, columnar_of(observations))
    assert bulk.cleared
    assert "outbox-drained" in checker.monitor.watch.met
    assert "no-duplicate" not in checker.monitor.watch.met
    assert sum(isinstance(o, Composed) for o in observations) == 29
