"""The kill matrix has the result of each engine, and its exit status follows from these."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from syncproof.cli.main import main
from syncproof.errors import InputError
from syncproof.report import kill_matrix as kill_matrix_page
from syncproof.studies import kill_matrix
from syncproof.studies.kill_matrix import BugOutcome, EngineOutcome, KillMatrix, SoundOutcome

pytestmark = pytest.mark.slow

DEAD = BugOutcome(
    "F25",
    EngineOutcome(("no-loss",), 384, "states", 11),
    EngineOutcome(("no-loss",), 3, "examples", 24),
    EngineOutcome((), 20, "runs"),
    11,
)


def alive(**changes: EngineOutcome) -> BugOutcome:
    """Return a row in which one engine did not kill the bug."""
    import dataclasses

    return dataclasses.replace(DEAD, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (KillMatrix({"F25": DEAD}, []), 0),
        (KillMatrix({"F25": alive(explore=EngineOutcome(("convergence",), 384, "states"))}, []), 1),
        (KillMatrix({"F25": alive(stateful=EngineOutcome((), 500, "examples"))}, []), 1),
        (
            KillMatrix(
                {"F25": DEAD}, [SoundOutcome("timeline-notify", "simulate", "the stress scenario", 10, ("no-loss",))]
            ),
            1,
        ),
        (KillMatrix({"F25": DEAD}, [], missing=1), 3),
    ],
)
def test_status_0_needs_every_bug_killed_and_no_false_alarm(found: KillMatrix, status: int) -> None:
    assert found.status() == status


def test_a_bug_is_run_under_every_engine(tmp_path: Path) -> None:
    found = kill_matrix_page.matrix(["F25"], jobs=1)
    row = found.rows["F25"]
    assert (row.killed, row.shortest, row.explore.length) == (True, True, 11)
    assert row.excerpt is not None
    assert row.simulate.length is not None
    assert row.excerpt < 20 < row.simulate.length
    found.write(tmp_path)
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["bugs"]["F25"]["killed"] is True
    assert "notification is the only trigger" in (tmp_path / "report.html").read_text()
    assert "| F25 |" in (tmp_path / "report.md").read_text()


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
