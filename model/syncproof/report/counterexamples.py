"""The ways to what a comparison's runs did not keep, told and typed again. `shortest.py` finds them."""

from __future__ import annotations

import shlex

import msgspec

from syncproof.counterexamples.narrate import Narration, narrate
from syncproof.designs import Parameters
from syncproof.inputs import lookup
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.small_worlds import build
from syncproof.properties import PROPERTIES
from syncproof.studies.smallest_world import Way

UNTIMED = {"poll_interval": 0.0, "ack_timeout": 0.0}
"""Parameters that no search sees: a timer that is pending may fire at any moment."""

LEGEND = (
    "Each of these was violated in the runs, and is shown in the smallest world of two or three devices in which a search "
    "over every interleaving, under the kinds of fault that the scenario configured, meets it too. So they come from that "
    "search and are not excerpts of the runs: the same failure with nothing in it that is not needed."
)


def retell(way: Way, parameters: Parameters) -> Narration:
    """The moves, told step by step."""
    assert way.shape is not None
    assert way.counterexample is not None
    found = way.counterexample
    system, _, _ = build(lookup.get(way.design).variant(parameters=parameters), way.shape)
    return narrate(system, found.moves, [PROPERTIES[way.name]], prelude=found.prelude, cycle=found.cycle)


def again(way: Way, scenario: Scenario) -> str:
    """What to type to search that world again."""
    assert way.shape is not None
    entry = lookup.get(way.design)
    shape, parameters = way.shape, scenario.parameters()
    if _plain(parameters) == _plain(entry.parameters):
        words = ["syncproof", "explore", way.design, "--world", shape.population, "--messages", str(shape.messages)]
        return shlex.join([*words, *[word for kind in shape.kinds for word in ("--fault", kind)]])
    return (
        "from syncproof.inputs.lookup import get\n"
        "from syncproof.inputs.scenario import load\n"
        "from syncproof.studies.verify import search\n"
        "from syncproof.inputs.small_worlds import SmallWorld\n\n"
        f"design = get({way.design!r}).variant(parameters=load({scenario.name!r}).parameters())\n"
        f"found = search(design, SmallWorld({shape.population!r}, {shape.messages}, {shape.kinds!r}))\n"
        f"print(found.findings[{way.name!r}].counterexample)"
    )


def _plain(parameters: Parameters) -> Parameters:
    return msgspec.structs.replace(parameters, **UNTIMED)
