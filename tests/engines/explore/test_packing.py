"""States in words of bits: which bits each slot has, that states come back as they were, and that keys of tables fit."""

from __future__ import annotations

from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from syncproof.engines.explore import packing
from syncproof.engines.explore.encoding import SHIFT
from syncproof.engines.explore.packing import PackedStates, bytes_of_state, fits, packed, width


def test_every_tag_fits_before_two_numbers_and_below_the_sign() -> None:
    most = (1 << SHIFT) - 1
    assert ((packing.TAGS - 1) << 2 * SHIFT) | (most << SHIFT) | most == (1 << packing.BITS - 1) - 1
    assert packed([(0,)], packing.packing([1])).itemsize * 8 == packing.BITS


@pytest.mark.parametrize(
    ("counts", "layout"),
    [
        ([1], [(0, 0, 24)]),
        ([1, 1, 1], [(0, 0, 22), (0, 22, 21), (0, 43, 21)]),  # all 64 bits are used
        ([3, 1], [(0, 0, 24), (0, 24, 24)]),
        ([1, 5, 700, 2], [(0, 51, 13), (0, 22, 15), (0, 0, 22), (0, 37, 14)]),
        ([1 << 23, 1 << 23, 1 << 23, 1], [(0, 0, 24), (0, 24, 24), (1, 0, 24), (0, 48, 16)]),
        ([1 << SHIFT], [(0, 0, SHIFT + 1)]),
        ([1 << 15] * 5, [(0, 0, 16), (0, 16, 16), (0, 32, 16), (0, 48, 16), (1, 0, 24)]),
    ],
)
def test_a_slot_has_the_bits_that_its_values_need_and_a_share_of_those_to_spare(
    counts: list[int], layout: list[tuple[int, int, int]]
) -> None:
    found = packing.packing(counts)
    assert [(word, shift, mask.bit_length()) for word, shift, mask in found.tolist()] == layout
    assert all(mask & (mask + 1) == 0 for mask in found[:, packing.MASK].tolist())
    assert width(found) == 1 + max(word for word, _, _ in layout)


@pytest.mark.parametrize("seed", range(20))
def test_states_come_back_as_they_were(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the number of values of each slot, and some states at a time."""
    monkeypatch.setattr(packing, "AT_ONCE", 3)
    random = Random(seed)
    counts = [1 << random.randint(0, SHIFT - 1) for _ in range(random.randint(1, 9))]
    states = [tuple([random.randrange(count) for count in counts]) for _ in range(random.choice((1, 3, 7, 300)))]
    states[0] = tuple([count - 1 for count in counts])
    layout = packing.packing(counts)
    found = PackedStates(packed(states, layout), layout)
    assert (list(found), found[:], found[1:5:2], len(found)) == (states, states, states[1:5:2], len(states))
    assert [found[n] for n in range(-len(states), len(states))] == states * 2
    assert [found.column(slot).tolist() for slot in range(len(counts))] == [
        list(each) for each in zip(*states, strict=True)
    ]
    assert found == states
    assert found != states[1:]
    assert found != [*states, states[0]]
    assert found != [*states[:-1], tuple([-1] * len(counts))]
    assert found != 7


@pytest.mark.parametrize(("slots", "each"), [(5, 68), (6, 68), (7, 76), (12, 76), (13, 84), (19, 84), (20, 92)])
def test_a_state_has_its_words_its_place_in_the_table_and_its_arcs(slots: int, each: int) -> None:
    assert bytes_of_state(slots) == each
    assert bytes_of_state(slots, arcs=False) == each - 38


@pytest.mark.parametrize(("actors", "slots", "budgets"), [(10, 32, 3), (4000, 12_002, 1), (1, 5, 0)])
@pytest.mark.parametrize("more", [-1, 0, 1])
def test_tables_fit_that_have_fewer_tags_than_there_are(
    actors: int, slots: int, budgets: int, more: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = packing.BY_ACTOR * actors + 2 * slots + 1 + budgets
    monkeypatch.setattr(packing, "TAGS", tags + more)
    tables: Any = SimpleNamespace(
        encoding=SimpleNamespace(names=range(actors)), slots=range(slots), budgets=SimpleNamespace(spent=range(budgets))
    )
    assert fits(tables) == (more > 0)
