"""Programs are compared round by round, must find the same, and what was measured goes to its place in the page."""

from __future__ import annotations

import pytest

from benchmarks import __main__ as bench
from benchmarks.pairs import Line, Spread, line, rounds_of, spread, table

FIGURES = "from benchmarks.pairs import figures; figures({}, {})"


def test_ratios_are_those_of_the_same_round() -> None:
    own, beside = ([{"seconds": seconds} for seconds in each] for each in ((1, 2, 4), (3, 4, 20)))
    assert spread(own, beside) == Spread(2, 3, 5)


def test_each_program_runs_once_in_each_round() -> None:
    found = rounds_of({"quick": ("-c", FIGURES.format(1, 7)), "slow": ("-c", FIGURES.format(3, 7))}, 2)
    assert [len(found["quick"]), len(found["slow"])] == [2, 2]
    assert line("counting", found, "quick", "slow", 4).reached is False
    assert line("counting", found, "quick", "slow", 3).reached is True


def test_programs_that_find_something_else_are_no_pair() -> None:
    with pytest.raises(SystemExit, match=r"quick, slow: they do not find the same: \['7', '8'\]"):
        rounds_of({"quick": ("-c", FIGURES.format(1, 7)), "slow": ("-c", FIGURES.format(3, 8))}, 1)


def test_a_group_is_replaced_and_the_others_stay() -> None:
    page = "<!-- measured: a -->\nold\n<!-- end -->\n<!-- measured: b -->\nkept\n<!-- end -->\n"
    assert bench.written(page, "a", "new") == page.replace("old", "new")
    with pytest.raises(ValueError, match="measured: c"):
        bench.written(page, "c", "new")


def test_the_page_has_a_place_for_each_group() -> None:
    page = bench.PAGE.read_text(encoding="utf-8")
    for group in bench.GROUPS:
        assert bench.written(page, group, "x")


def test_a_line_says_the_ratio_with_its_spread() -> None:
    found = Line("a search", "fast", "slow", 1.0, 12.345, Spread(11, 12.345, 13), 8, ("10 states", "20 arcs"))
    assert table([found]).splitlines()[-1] == (
        "| a search | fast 1.00 s | slow 12.35 s | 12.3 (11.0 to 13.0) | 8 | 10 states; 20 arcs |"
    )
