"""Headers of histories, promises and `--fault` take the same names of faults."""

from __future__ import annotations

from pathlib import Path

from syncproof.core.faults import FAULT_KINDS, FAULTS, spelled_out
from syncproof.designs import DESIGNS
from syncproof.formats.history import read_history
from syncproof.inputs.small_worlds import small_world
from tests.helpers.recorded import written

PUSH = ("push-lost", "push-duplicated", "push-reordered")


def test_a_kind_stands_for_its_faults_once() -> None:
    assert spelled_out(("push-lost", "push", "trim")) == (*PUSH, "trim")
    assert spelled_out("push") == PUSH


def test_the_same_names_are_taken_everywhere(tmp_path: Path) -> None:
    for name in {*FAULT_KINDS, *[fault for kind in FAULT_KINDS.values() for fault in kind]}:
        faults = FAULT_KINDS.get(name, (name,))
        assert small_world("two-people", 1, [name]).faults == faults
        assert DESIGNS["timeline-notify"].variant(promises={"no-loss": (name,)}).promises["no-loss"] == faults
        assert read_history(written(tmp_path / "run.jsonl", faults=[name]))[0].faults == faults
        assert set(faults) <= set(FAULTS)
