"""Find the targets that a name stands for, and say what the study has to know of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from syncproof.engines.drive import adapter
from syncproof.engines.drive.processes import DriveError
from syncproof.engines.drive.scripts import NEEDS, Need
from syncproof.engines.drive.targets import GROUPS, TARGETS
from syncproof.engines.drive.targets import MODEL as MODEL_TARGET
from syncproof.engines.drive.targets.model import ModelTarget
from syncproof.inputs import lookup

SLOW_MS = 20.0
"""The most milliseconds that a store of `model:` takes for an operation."""
LACKED_BY_MODEL: tuple[Need, ...] = ("own devices", "steps", "replica")
MODEL = "model:"
"""Before the name of a design: the design's own actors are the target."""


@dataclass(frozen=True)
class Subject:
    """A target as the study sees it. `where`: its class; `options`: what every process of it is given."""

    name: str
    where: str
    says: str
    design: str
    confirmed_first: str
    sees: frozenset[str]
    lacks: Mapping[str, str]
    complete: bool
    """Whether its histories say everything: a recorder inside of the server writes them."""
    blind: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def pushes(self) -> bool:
        """Return whether the server tells devices of what is new."""
        return "pushes" not in self.lacks


def subjects(target: str, held_against: str | None, slow_ms: float | None) -> tuple[list[Subject], dict[str, str]]:
    """Return the targets that a name stands for, and those of them that cannot run here, with the reason."""
    names = list(TARGETS) if target == "all" else list(GROUPS.get(target, (target,)))
    found, missing = [], {}
    for name in names:
        if name.startswith(MODEL):
            found.append(_model(name, held_against, slow_ms))
            continue
        where = name if ".py:" in name else TARGETS.get(name)
        if where is None:
            raise adapter.unknown(name, ["all", *GROUPS, *TARGETS])
        kind = adapter.load(where)
        lacking = kind.missing()
        if lacking and len(names) > 1:
            missing[name] = lacking
            continue
        if lacking:
            raise DriveError(f"{name}: {lacking}")
        design = lookup.get(held_against or kind.design).name
        sees = frozenset({*kind.sees, *adapter.NOTED_BY_ALL})
        has: dict[Need, bool] = {"steps": kind.sends_in_steps, "replica": kind.has_replica}
        lacks = dict(kind.lacks)
        lacks.update((need, NEEDS[need]) for need, there in has.items() if not there)
        found.append(
            Subject(
                name,
                where,
                kind.says,
                design,
                kind.confirmed_first,
                sees,
                lacks,
                kind.notes_registry,
                kind.blind,
                kind.version(),
            )
        )
    if missing and not found:
        raise DriveError(f"{target}: {'; '.join(dict.fromkeys(missing.values()))}")
    return found, missing


def _model(name: str, held_against: str | None, slow_ms: float | None) -> Subject:
    """Return the target that is the model itself."""
    design = lookup.known(name.removeprefix(MODEL))
    milliseconds = SLOW_MS if slow_ms is None else slow_ms
    options = {"system": "syncproof.studies.driven:system", "arguments": [design], "slow_s": milliseconds / 1000}
    return Subject(
        name,
        MODEL_TARGET,
        f"the actors of {design}, each a process over TCP with SQLite under it",
        lookup.get(held_against or design).name if held_against else design,
        "",
        ModelTarget.sees,
        {need: NEEDS[need] for need in LACKED_BY_MODEL},
        ModelTarget.notes_registry,
        options=options,
    )
