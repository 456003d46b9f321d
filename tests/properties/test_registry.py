"""A property's module and its line in the registry are all that it needs: every place that knows properties has it."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import syncproof.properties
from syncproof.cli.main import main
from syncproof.designs import DESIGNS
from syncproof.engines import hypothesis_machine
from syncproof.engines.hypothesis_machine import Machine
from syncproof.inputs import small_worlds
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.properties import PROPERTIES, Property
from syncproof.properties.monitor import Monitor
from syncproof.properties.refinements import REFINEMENTS
from syncproof.properties.sometimes import SOMETIMES
from syncproof.studies import recordings, verify

DOCS = Path(__file__).parents[2] / "docs"
WORLD = SmallWorld("two-people", 1, ())


def defined() -> Iterator[str]:
    """Yield the names of the properties that the modules of the package define, but for those that some run must reach."""
    for module in pkgutil.iter_modules(syncproof.properties.__path__):
        found = importlib.import_module(f"syncproof.properties.{module.name}")
        for value in vars(found).values():
            if isinstance(value, type) and issubclass(value, Property) and value.__module__ == found.__name__:
                yield from filter(None, [value.name])


def listed() -> list[str]:
    """Return what `syncproof properties` lists."""
    lines = [line.split() for line in CliRunner().invoke(main, ["properties"]).output.splitlines()]
    return [
        name for name, kind, *_ in filter(None, lines) if kind in ("safety", "liveness") and name not in REFINEMENTS
    ]


def rows(part: str) -> list[str]:
    """Return the names in the first column of a generated table of docs/properties.md, as the file has it."""
    text = (DOCS / "properties.md").read_text(encoding="utf-8")
    table = text.split(f"<!-- generated: {part} -->")[1].split("<!-- end -->")[0]
    return re.findall(r"^\| \[([\w-]+)\]\(#", table, re.MULTILINE)


def sections() -> list[str]:
    """Return the names that docs/properties.md has a section for."""
    return re.findall(r"^### ([\w-]+)$", (DOCS / "properties.md").read_text(encoding="utf-8"), re.MULTILINE)


def monitored() -> list[str]:
    """Return what a monitor runs."""
    return list(Monitor().automata)


def played() -> list[str]:
    """Return the properties for which a Hypothesis machine has an invariant of its own."""
    system, _, environment = small_worlds.build("timeline-notify", WORLD, hypothesis_machine.BUDGET)
    machine = hypothesis_machine.machine(system, environment, PROPERTIES)
    names = {name: name.replace("-", "_") for name in PROPERTIES}
    return [name for name, method in names.items() if method in vars(machine) and not hasattr(Machine, method)]


@pytest.mark.parametrize(
    "found", [listed, lambda: rows("overview"), lambda: rows("promises"), sections, monitored, played]
)
def test_a_place_has_every_registered_property(found: Callable[[], list[str]]) -> None:
    assert found() == list(PROPERTIES)


def test_every_property_that_a_module_defines_is_registered() -> None:
    assert sorted(defined()) == sorted([*PROPERTIES, *REFINEMENTS])


@pytest.mark.parametrize("design", DESIGNS)
def test_a_search_judges_every_property_that_applies(design: str) -> None:
    found = verify.search(design, WORLD)
    judged = [name for name in found.findings if name not in SOMETIMES]
    assert judged == [name for name in PROPERTIES if name not in DESIGNS[design].not_applicable]
    assert list(verify.judged(design, WORLD, found).matrix()[design]) == list(PROPERTIES)


def test_every_property_applies_to_a_design() -> None:
    assert [name for name in PROPERTIES if all(name in design.not_applicable for design in DESIGNS.values())] == []


def test_a_checked_history_has_a_verdict_on_every_property(tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    history.write_text('{"schema": 1, "kind": "history"}\n{"type": "Quiesced"}\n')
    assert list(recordings.check(history, promises=["all"]).verdicts()) == list(PROPERTIES)
