"""The default scenario, with some of its keys changed."""

from __future__ import annotations

from syncproof.inputs.scenario import Scenario, load

DEFAULT = load("default")


def changed(**values: object) -> Scenario:
    """Return the default scenario with changed keys, whose dots are written as two underscores."""
    made = DEFAULT
    for key, value in values.items():
        made = made.with_value(key.replace("__", "."), value)
    return made
