"""The scripts and the targets of `drive`."""

from __future__ import annotations

from syncproof.engines.drive.adapter import load
from syncproof.engines.drive.scripts import SCRIPTS
from syncproof.engines.drive.targets import TARGETS
from tools.docs.markdown import code, table


def scripts() -> str:
    """Return one row per script."""
    rows = [
        [code(script.name), script.says, ", ".join(map(code, script.faults)) or "none", ", ".join(script.needs)]
        for script in SCRIPTS.values()
    ]
    return table(["script", "what happens", "faults", "needs"], rows)


def targets() -> str:
    """Return one row per target."""
    kinds = {name: load(where) for name, where in TARGETS.items()}
    rows = [
        [code(name), kind.says, code(kind.design), "; ".join(f"{need}: {why}" for need, why in kind.lacks.items())]
        for name, kind in kinds.items()
    ]
    rows.append(
        ["`model:DESIGN`", "the actors of a design, each a process over TCP with SQLite under it", "itself", ""]
    )
    return table(["target", "is", "held against", "lacks"], rows)
