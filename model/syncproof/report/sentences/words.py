"""Put names and counts into words."""

from __future__ import annotations

from collections.abc import Sequence

from syncproof.inputs.scenario import Scenario, ready


def listed(names: Sequence[str]) -> str:
    """Return names with commas and "and"."""
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1] if names else "none"


def counted(number: int, what: str) -> str:
    """Return a count with its noun, in the plural where needed."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def named(scenario: Scenario) -> str:
    """Return a scenario as a command names it: a ready one by its name, another by its file, with the folder as it was given."""
    if scenario.file:
        return scenario.file
    return scenario.name if scenario.name in ready() else f"{scenario.name}.toml"
