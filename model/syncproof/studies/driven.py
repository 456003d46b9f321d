"""The system of a design as its driven processes have it: each process builds it from the design's name."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncproof.core.world import System
from syncproof.designs import Parameters, Population
from syncproof.inputs import lookup

POLL_S = 30.0
"""Seconds of the model between two polls of a driven device."""


def driven_parameters(design: str) -> Parameters:
    """Return the parameters that a design is driven with: those that it is searched with, and devices that poll often."""
    return msgspec.structs.replace(lookup.get(design).parameters, poll_interval=POLL_S)


def system(design: str, owners: Sequence[int], members: Sequence[Sequence[int]]) -> System:
    """Return the system of a design for these owners of devices and these members of conversations."""
    population = Population(tuple(owners), tuple([tuple(users) for users in members]))
    return lookup.get(design).system(population, driven_parameters(design))
