"""Designs of one's own have short names in tables, and whole ones in commands."""

from __future__ import annotations

import pytest

from syncproof.report import drive
from syncproof.report.names import short
from syncproof.studies.drive.outcome import Driven, ScriptOutcome
from syncproof.studies.verify import explore_one, gathered
from tests.report.explorer.conftest import DESIGN, WORLD


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["timeline-notify", "a/b/mine.py:Mine"], ["timeline-notify", "Mine"]),
        (["a/one.py:Mine", "a/two.py:Mine"], ["one.py:Mine", "two.py:Mine"]),
        (["v1/mine.py:Mine", "v2/mine.py:Mine"], ["v1/mine.py:Mine", "v2/mine.py:Mine"]),
        (["/x/v1/mine.py:Mine", "/x/v2/mine.py:Mine"], ["v1/mine.py:Mine", "v2/mine.py:Mine"]),
        (["mine.py:Mine", "/x/mine.py:Mine"], ["mine.py:Mine", "x/mine.py:Mine"]),
        (["mine.py:F01", "F01"], ["mine.py:F01", "F01"]),
    ],
)
def test_a_name_is_the_shortest_end_that_no_other_has(names: list[str], found: list[str]) -> None:
    shortened = short(names)
    assert list(shortened) == names
    assert len(set(shortened.values())) == len(names)
    assert list(shortened.values()) == found


def test_tables_are_short_and_commands_whole(capsys: pytest.CaptureFixture[str]) -> None:
    found = gathered("small", DESIGN, [explore_one(DESIGN, WORLD)])
    found.show()
    table = capsys.readouterr().out.partition("\n\n")[2]
    assert "HastyInbox" in table
    assert DESIGN not in table
    heads = [line for line in found.markdown().splitlines() if line.startswith("| property")]
    assert heads == ["| property | HastyInbox |"]
    assert f"syncproof verify {DESIGN}" in found.html()


def test_the_table_of_drive_is_short_and_says_which_targets_are_models() -> None:
    own = "examples/my_design.py:Hasty"
    cells = [ScriptOutcome(f"model:{own}", "trimmed", own), ScriptOutcome("sqlite", "trimmed", "timeline-notify")]
    driven = Driven((f"model:{own}",), [], cells)
    assert [row[:3] for row in drive.rows(driven)] == [
        ["model:Hasty", "trimmed", "Hasty"],
        ["sqlite", "trimmed", "timeline-notify"],
    ]
    assert f"syncproof drive model:{own}" in drive.markdown(driven)
