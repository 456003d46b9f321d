"""The designs, by name."""

from syncproof.designs.own import blaming
from syncproof.designs.parameters import Parameters
from syncproof.designs.registry import DESIGNS, OWN, Design, Population, get, known

__all__ = ["DESIGNS", "OWN", "Design", "Parameters", "Population", "blaming", "get", "known"]
