"""The designs, by name."""

from syncproof.designs.lookup import OWN, get, known
from syncproof.designs.own import blaming
from syncproof.designs.parameters import Parameters
from syncproof.designs.registry import DESIGNS, Design, Population

__all__ = ["DESIGNS", "OWN", "Design", "Parameters", "Population", "blaming", "get", "known"]
