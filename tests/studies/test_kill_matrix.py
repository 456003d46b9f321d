"""The kill matrix has the result of each engine, and its exit status follows from these."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from syncproof.cli.main import main
from syncproof.engines.hypothesis_runs import Played
from syncproof.errors import InputError
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.seeded_bugs import BUGS
from syncproof.studies import kill_matrix
from syncproof.studies.kill_matrix import KillMatrix, bug_result
from syncproof.studies.results.kill_matrix import BugResult, CutEngineResult, EngineResult, SoundResult

pytestmark = pytest.mark.slow

SEARCHED = EngineResult(["no-loss"], 384, "states", 11)
PLAYED = CutEngineResult(["no-loss"], 3, "examples", 24, 11)


def found(explore: EngineResult = SEARCHED, stateful: CutEngineResult = PLAYED) -> dict[str, BugResult]:
    """Return a row of F25, which the simulator did not meet."""
    return {"F25": bug_result(BUGS["F25"], explore, stateful, CutEngineResult([], 20, "runs", None, None))}


@pytest.mark.parametrize(
    ("matrix", "status"),
    [
        (KillMatrix(found()), 0),
        (KillMatrix(found(explore=EngineResult(["convergence"], 384, "states", None))), 1),
        (KillMatrix(found(stateful=CutEngineResult([], 500, "examples", None, None))), 1),
        (
            KillMatrix(
                found(), [SoundResult("timeline-notify", "simulate", "the stress scenario", 10, ["no-loss"], "")]
            ),
            1,
        ),
        (KillMatrix(found(), missing=1), 3),
        (KillMatrix(found(), [SoundResult("timeline-notify", "stateful", "a world", 10, [], "", ["no-loss"])]), 3),
    ],
)
def test_the_status_asks_for_every_bug_dead_and_no_alarm(matrix: KillMatrix, status: int) -> None:
    assert matrix.status() == status


def test_a_bug_is_run_under_every_engine(tmp_path: Path) -> None:
    matrix = kill_matrix.kill_matrix(["F25"], jobs=1)
    row = matrix.bugs["F25"]
    assert (row.killed, row.stateful.cut, row.explore.length) == (True, 7, 7)
    assert row.simulate.cut is not None
    assert row.simulate.length is not None
    assert row.simulate.cut < 20 < row.simulate.length
    matrix.write(tmp_path)
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["bugs"]["F25"]["killed"] is True
    assert "notification is the only trigger" in (tmp_path / "report.html").read_text()
    assert "| F25 |" in (tmp_path / "report.md").read_text()


def test_a_matrix_shows_itself_in_a_notebook() -> None:
    matrix = KillMatrix(found())
    assert repr(matrix).startswith("1 of 1 seeded bugs are killed")
    assert "notification is the only trigger" in matrix._repr_html_()
    assert matrix.table().loc[("F25", "stateful"), "cut"] == 11


def test_an_unknown_bug_is_one_line_and_status_two() -> None:
    with pytest.raises(InputError, match="unknown bug 'F99'; allowed: F01, "):
        kill_matrix.kill_matrix(["F99"])
    result = CliRunner().invoke(main, ["kill-matrix", "F99"])
    assert result.exit_code == 2


def test_the_stress_scenario_configures_every_usual_fault_and_a_sound_design_keeps_its_promises() -> None:
    violated, configured = kill_matrix.simulate_stress("timeline-dense-push", 1)
    assert {"push-lost", "half-open", "device-crash", "server-crash", "new-device", "sender-retry"} <= set(configured)
    assert violated == {}


def test_the_stress_scenario_meets_a_bug() -> None:
    assert "tail-append" in kill_matrix.simulate_stress("F04", 1)[0]


def test_evidence_that_one_world_of_a_sound_design_met_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(design: str, world: SmallWorld, profile: str) -> Played:
        return Played(None, 1, ("range-read", "epoch-learnt") if world.kinds else ("epoch-learnt", "no-loss"))

    monkeypatch.setattr(kill_matrix, "play", play)
    rows = kill_matrix.run_sound_design("timeline-dense-push", runs=0)
    assert {name for row in rows for name in row.unmet} == {"epoch-learnt"}
    restoring = [row.world for row in rows if row.unmet]
    assert restoring
    assert all("server-restore" in world or "failover" in world for world in restoring)
