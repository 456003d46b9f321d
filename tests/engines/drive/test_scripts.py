"""Scripts: data that agrees with the table of faults, the small worlds and the steps that can be made."""

from __future__ import annotations

import pytest

from syncproof.core.faults import FAULTS
from syncproof.engines.drive import scripts
from syncproof.engines.drive.adapter import Cast
from syncproof.engines.drive.play import MAKE
from syncproof.engines.drive.scripts import NEEDS, SCRIPTS, DriveScript, ScriptStep


def test_the_faults_of_the_scripts_are_those_that_the_table_says_are_driven() -> None:
    played = {fault for script in SCRIPTS.values() for fault in script.faults}
    assert played == {fault.name for fault in FAULTS.values() if fault.driven}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=lambda script: script.name)
def test_a_script_names_devices_that_are_there(script: DriveScript) -> None:
    devices = set(range(len(script.cast.owners)))
    for step in script.steps:
        if isinstance(step, scripts.Appear):
            devices.add(step.device)
        assert getattr(step, "device", 0) in devices
    assert set(script.needs) <= set(NEEDS)


def test_every_step_can_be_made() -> None:
    steps = {kind for kind in vars(scripts).values() if isinstance(kind, type) and issubclass(kind, ScriptStep)} - {
        ScriptStep
    }
    assert set(MAKE) == steps


def test_a_script_with_an_unknown_fault_is_refused() -> None:
    with pytest.raises(ValueError, match="script x: 'flood' is no fault; allowed: push-lost, "):
        DriveScript(name="x", says="", cast=Cast((0,), ((0,),)), steps=(), faults=("flood",))
