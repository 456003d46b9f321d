"""Draws: reproducible, uniform, and independent along each number of their keys."""

from __future__ import annotations

import tracemalloc

import numpy
import pytest

from syncproof.inputs.random_draws import COARSE, SIZE, Attempts, Draws, lognormal_table

COUNT = 100_000
PINNED = [9774, 33604, 61508]
DRAWS = Draws(7)
ALONG = {
    "a": lambda salt, n: DRAWS.uniform(salt, n, 5, 1),
    "b": lambda salt, n: DRAWS.uniform(salt, 12, n, 1),
    "c": lambda salt, n: DRAWS.uniform(salt, 12, 5, n),
}


def along(axis: str, purpose: str = "loss") -> numpy.ndarray:
    """Return consecutive draws along one of the three numbers of a key."""
    salt = DRAWS.key(purpose)
    return numpy.array([ALONG[axis](salt, n) for n in range(COUNT)])


def chi_square_per_degree(counts: numpy.ndarray) -> float:
    expected = counts.sum() / counts.size
    return float(((counts - expected) ** 2 / expected).sum() / (counts.size - 1))


def test_a_draw_is_the_same_in_every_version_and_on_every_platform() -> None:
    draws = Draws(1)
    assert [draws.index(draws.key("loss"), a, b, c) for a, b, c in ((0, 0, 0), (1, 2, 3), (10**6, 7, 1))] == PINNED


def test_another_seed_gives_other_draws() -> None:
    one, two = Draws(1), Draws(2)
    assert [one.uniform(one.key("loss"), n) for n in range(5)] != [two.uniform(two.key("loss"), n) for n in range(5)]


def test_a_draw_does_not_depend_on_what_was_drawn_before() -> None:
    fresh, used = Draws(3), Draws(3)
    for n in range(100):
        used.uniform(used.key("other"), n)
    assert fresh.uniform(fresh.key("loss"), 4, 5, 6) == used.uniform(used.key("loss"), 4, 5, 6)


def test_draws_are_at_least_0_and_less_than_1() -> None:
    values = along("a")
    assert 0.0 <= values.min() < values.max() < 1.0


@pytest.mark.parametrize("axis", ALONG)
def test_consecutive_draws_are_uniform(axis: str) -> None:
    counts = numpy.histogram(along(axis), bins=1024, range=(0, 1))[0]
    assert 0.8 < chi_square_per_degree(counts) < 1.2


@pytest.mark.parametrize("axis", ALONG)
@pytest.mark.parametrize("lag", [1, 2, 3, 7])
def test_consecutive_draws_are_uncorrelated(axis: str, lag: int) -> None:
    values = along(axis)
    assert abs(numpy.corrcoef(values[:-lag], values[lag:])[0, 1]) < 5 / COUNT**0.5


@pytest.mark.parametrize("axis", ALONG)
def test_pairs_of_consecutive_draws_fill_the_square_evenly(axis: str) -> None:
    values = along(axis)
    counts = numpy.histogram2d(values[:-1], values[1:], bins=32, range=((0, 1), (0, 1)))[0]
    assert 0.8 < chi_square_per_degree(counts) < 1.2


@pytest.mark.parametrize("axis", ALONG)
def test_draws_of_two_purposes_are_independent(axis: str) -> None:
    loss, delay = along(axis, "loss"), along(axis, "push")
    counts = numpy.histogram2d(loss, delay, bins=32, range=((0, 1), (0, 1)))[0]
    assert 0.8 < chi_square_per_degree(counts) < 1.2


def test_rare_events_are_as_frequent_as_stated() -> None:
    assert (along("a") < 0.02).sum() == pytest.approx(0.02 * COUNT, abs=5 * (0.02 * 0.98 * COUNT) ** 0.5)


def test_a_lognormal_table_has_its_median_in_the_middle_and_its_sigma() -> None:
    table = lognormal_table(0.04, 0.5)
    assert len(table) == SIZE >> COARSE
    assert list(table) == sorted(table)
    assert table[len(table) // 2] == pytest.approx(0.04, rel=1e-3)
    assert numpy.log(table).std() == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize(("median", "sigma"), [(0.04, 0.0), (0.0, 0.5)])
def test_no_spread_or_no_median_makes_a_constant(median: float, sigma: float) -> None:
    assert set(lognormal_table(median, sigma)) == {median}


class FewAttempts(Attempts):
    """Attempts that forget soon."""

    LIMIT = 16


class PlainAttempts(dict[tuple[int, int], int]):
    """The same in the plainest form: a dict that is kept in the order of the last draws."""

    def draw(self, message: int, purpose: int, key: int) -> int:
        attempt = self[message, purpose] = self.pop((message, purpose), 0) + 1
        if len(self) > FewAttempts.LIMIT:
            for old in list(self)[: FewAttempts.LIMIT // 2]:
                del self[old]
        return hash((attempt, key))


def test_each_attempt_at_a_key_is_drawn_anew() -> None:
    attempts = Attempts()
    values = numpy.array([DRAWS.uniform(DRAWS.key("loss"), attempts.draw(5, 1, 3)) for _ in range(COUNT)])
    assert 0.8 < chi_square_per_degree(numpy.histogram(values, bins=1024, range=(0, 1))[0]) < 1.2
    assert abs(numpy.corrcoef(values[:-1], values[1:])[0, 1]) < 5 / COUNT**0.5


def test_an_attempt_does_not_depend_on_those_at_other_messages_and_purposes() -> None:
    alone, among = Attempts(), Attempts()
    for message in range(100):
        among.draw(message, 1, 3)
    assert [alone.draw(7, 1, 3), alone.draw(7, 1, 3)] == [Attempts().draw(7, 2, 3), among.draw(7, 1, 3)]


@pytest.mark.parametrize("spread", [0, 3, 20], ids=["in order", "nearly in order", "in no order"])
@pytest.mark.parametrize("purposes", [1, 3])
def test_what_was_drawn_for_least_recently_is_forgotten_first(spread: int, purposes: int) -> None:
    generator = numpy.random.default_rng(1)
    asked = [
        (max(0, n // 2 + int(generator.integers(-spread, spread + 1))), int(generator.integers(purposes)))
        for n in range(500)
    ]
    few, plain = FewAttempts(), PlainAttempts()
    assert [few.draw(m, p, 9) for m, p in asked] == [plain.draw(m, p, 9) for m, p in asked]


def test_an_attempt_takes_few_bytes() -> None:
    attempts = Attempts()
    attempts.draw(0, 1, 3)
    tracemalloc.start()
    for message in range(1000, 4000):
        attempts.draw(message, 1, 3)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 16 * 3000
