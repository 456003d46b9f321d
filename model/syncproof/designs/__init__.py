"""The designs, by name: their actors, their packets, and what each promises under which faults."""

from syncproof.designs.load import blaming
from syncproof.designs.parameters import Parameters
from syncproof.designs.registry import DESIGNS, Design, Population

__all__ = ["DESIGNS", "Design", "Parameters", "Population", "blaming"]
