"""The ready abstract machines by name. No command judges one unless it is asked for, since each makes a search larger."""

from __future__ import annotations

from syncproof.properties.device_log import DeviceLog
from syncproof.properties.refinement import Refinement

REFINEMENTS: dict[str, type[Refinement]] = {machine.name: machine for machine in (DeviceLog,)}
"""Which designs refine them, and under which faults, is in the registry (`Design.refines`)."""
