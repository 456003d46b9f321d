"""The command `python -m tools.gallery`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tools.gallery.__main__ import REMEDY, main

pytestmark = pytest.mark.slow


def test_the_check_exits_1_and_names_the_remedy(tiny: Path) -> None:
    (tiny / "tiny" / "report.md").unlink()
    result = CliRunner().invoke(main, ["--check", "--out", str(tiny)])
    assert result.exit_code == 1
    assert "tiny/report.md is missing" in result.output
    assert result.output.endswith(REMEDY + "\n")


def test_the_command_says_what_it_does_not_know(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["nothing", "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "unknown report 'nothing'; allowed: default, " in result.output
