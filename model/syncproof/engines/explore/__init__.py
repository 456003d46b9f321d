"""The search of every interleaving of a small world: what holds in all of them, and counterexamples to what does not.

`explore` compiles a system to integers (`tables.py`), searches breadth first (`search.py`) and decides liveness on the
graph that it found (`verdicts.py`, `liveness.py`). docs/explorer.md explains how, and what the verdicts mean.
"""

from __future__ import annotations

from syncproof.engines.explore.common import Common
from syncproof.engines.explore.constraint import Constraint, WorldView
from syncproof.engines.explore.exploration import Exploration, explore
from syncproof.engines.explore.graph import Ending, Graph
from syncproof.engines.explore.handlers import CAUGHT_UP
from syncproof.engines.explore.search import Limits, Status
from syncproof.engines.explore.symmetry import NotSymmetric
from syncproof.engines.explore.verdicts import WORDS, Counterexample, Finding
from syncproof.engines.handler_errors import HandlerError, ImpureHandler, UnfitValue

__all__ = [
    "CAUGHT_UP",
    "WORDS",
    "Common",
    "Constraint",
    "Counterexample",
    "Ending",
    "Exploration",
    "Finding",
    "Graph",
    "HandlerError",
    "ImpureHandler",
    "Limits",
    "NotSymmetric",
    "Status",
    "UnfitValue",
    "WorldView",
    "explore",
]
