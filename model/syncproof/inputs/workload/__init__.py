"""Generate traffic: who writes what and when, who is connected and when, who joins; from a scenario, or from a trace.

Every draw is keyed by (seed, purpose, user, ...). So the arrivals of messages do not change when devices are added, and
presence does not change when messages are added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncproof.errors import InputError
from syncproof.inputs.random_draws import Numbers
from syncproof.inputs.traffic import Traffic
from syncproof.inputs.workload.abandoning import abandoning
from syncproof.inputs.workload.from_traces import from_presence, from_snap
from syncproof.inputs.workload.synthetic import synthetic

if TYPE_CHECKING:
    from syncproof.inputs.scenario import Scenario
    from syncproof.inputs.traces import Trace


def generate(scenario: Scenario, seed: int, trace: Trace | None = None) -> Traffic:
    """Generate the traffic of one run. Raises `InputError` if scenario and trace do not fit together."""
    wanted = scenario.traffic.trace
    numbers = Numbers(seed)
    if trace is None:
        if wanted != "none":
            raise InputError(f"{scenario.name}: traffic.trace is {wanted!r}: name the file with --trace FILE")
        return abandoning(scenario, numbers, synthetic(scenario, numbers))
    if wanted != trace.kind:
        fits = {"snap": "campus", "presence": "irc-group"}[trace.kind]
        raise InputError(
            f"{trace.name} is a {trace.kind} trace, but {scenario.name} has traffic.trace = {wanted!r}; allowed: a "
            f"scenario with traffic.trace = {trace.kind!r}, such as {fits}"
        )
    make = from_snap if trace.kind == "snap" else from_presence
    return abandoning(scenario, numbers, make(scenario, numbers, trace))
