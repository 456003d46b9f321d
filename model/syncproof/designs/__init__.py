"""The designs, by name."""

from syncproof.designs.own import blaming
from syncproof.designs.parameters import Parameters
from syncproof.designs.registry import DESIGNS, Design, Population, get

__all__ = ["DESIGNS", "Design", "Parameters", "Population", "blaming", "get"]
