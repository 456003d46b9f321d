"""The designs, by name."""

from syncproof.designs.load import blaming
from syncproof.designs.parameters import Parameters
from syncproof.designs.registry import DESIGNS, Design, Population

__all__ = ["DESIGNS", "Design", "Parameters", "Population", "blaming"]
