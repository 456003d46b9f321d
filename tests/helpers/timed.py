"""A run of a design with the time of each move and observation, and the parts of the simulation to look into."""

from __future__ import annotations

from typing import Any

from syncproof.core.moves import Move
from syncproof.core.observations import Observation
from syncproof.engines.simulate.run import Simulation
from syncproof.inputs import lookup
from syncproof.inputs.fault_plan import plan
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.traffic import Traffic
from syncproof.properties import PROPERTIES


class Times:
    """A recorder that keeps (time, move or observation). `clock` is set when the simulation is made."""

    def __init__(self) -> None:
        self.clock: Any = None
        self.events: list[tuple[float, Any]] = []

    def move(self, move: Move) -> None:
        self.events.append((self.clock.now, move))

    def observation(self, observation: Observation) -> None:
        self.events.append((self.clock.now, observation))


def simulation(
    design_name: str, scenario: Scenario, traffic: Traffic, seed: int = 1, times: Times | None = None
) -> Simulation:
    """Return a simulation of a design that is ready to run, without checks of its handlers."""
    design = lookup.get(design_name)
    system = design.system(traffic.population, scenario.parameters(), scenario.deployment.kind)
    judged = [name for name in PROPERTIES if name not in design.not_applicable]
    made = Simulation(system, judged, traffic, plan(scenario, traffic, seed), scenario, seed, times, checks="none")
    if times is not None:
        times.clock = made.clock
    return made


def ran(design_name: str, scenario: Scenario, traffic: Traffic, seed: int = 1) -> tuple[Simulation, Times]:
    """Run a design, and return the simulation and the time of everything that happened."""
    times = Times()
    made = simulation(design_name, scenario, traffic, seed, times)
    made.run()
    return made, times
