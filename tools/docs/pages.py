"""The generated parts of each page, and how they are written into it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from syncproof.seeded_bugs import BUGS
from tools.docs import (
    architecture,
    commands,
    designs,
    driving,
    example,
    failures,
    histories,
    hooks,
    own_design,
    properties,
    results,
    scenarios,
    worlds,
)

FOLDER = Path(__file__).resolve().parents[2] / "docs"

PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "architecture.md": {"layers": architecture.layers, "packages": architecture.packages},
    "cli.md": {"commands": commands.commands},
    "defense.md": {"commuting": worlds.commuting},
    "designs.md": {
        "overview": designs.overview,
        "designs": designs.sections,
        "parameters": designs.parameters,
        "closings": designs.closings,
    },
    "drive.md": {"scripts": driving.scripts, "targets": driving.targets},
    "explorer.md": {
        "populations": worlds.populations,
        "kinds": worlds.kinds,
        "bounds": worlds.bounds,
        "special": worlds.special,
        "beyond": worlds.beyond,
        "profiles": worlds.profiles,
        "refinements": properties.refinements,
    },
    "failures.md": {"bugs": failures.bugs, "details": failures.details},
    "history.md": {
        "log": example.log,
        "history": example.history,
        "verdicts": example.verdicts,
        "derived": example.derived,
        "header": histories.header,
        "observations": histories.observations,
        "packets": histories.packets,
        "moves": histories.moves,
        "values": histories.values,
    },
    "own-design.md": {
        "effects": hooks.effects,
        "eager": own_design.eager,
        "refuted": own_design.refuted,
        "mended": own_design.mended,
        "relay": own_design.relay,
        "relayed": own_design.relayed,
        "grows": own_design.grows,
        "actor": hooks.everyones,
        **{kind.__name__: hooks.of(kind) for kind in hooks.BASES},
    },
    "properties.md": {
        "overview": properties.overview,
        "promises": properties.promises,
        "properties": properties.sections,
    },
    "results.md": {
        "compare": results.comparison,
        "compare-run": results.comparison_run,
        "verify": results.verification,
        "verify-run": results.verification_run,
        "sweep": results.sweep,
        "sweep-run": results.sweep_run,
        "size": results.size,
        "size-run": results.size_run,
        "kill-matrix": results.kill_matrix,
        "kill-matrix-run": results.kill_matrix_run,
        "drive": results.drive,
        "drive-run": results.drive_run,
        "metrics": results.metrics,
        "claims": results.claims,
        "faults": results.faults,
    },
    "scenarios.md": {"ready": scenarios.ready, "tables": scenarios.tables},
}

MARKED = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def render(page: str, text: str) -> str:
    """Return the page's text with new generated parts. `KeyError` for a part without markers, or markers without a part."""
    parts = dict(PARTS[page])
    missing = set(parts) - {found[2] for found in MARKED.finditer(text)}
    if missing:
        raise KeyError(f"{page} has no place for {', '.join(sorted(missing))}")
    return MARKED.sub(lambda found: f"{found[1]}{parts[found[2]]()}\n{found[3]}", text)


def stale() -> list[str]:
    """Return the pages whose text differs from what would be written now."""
    return [page for page in PARTS if render(page, (FOLDER / page).read_text()) != (FOLDER / page).read_text()]


def write() -> list[Path]:
    """Rewrite the stale pages, and the moves of seeded bugs that are missing or out of date; return their paths."""
    changed = [failures.keep(bug) for bug in BUGS.values() if not failures.is_kept(bug)]
    for page in PARTS:
        path = FOLDER / page
        text = path.read_text(encoding="utf-8")
        fresh = render(page, text)
        if fresh != text:
            path.write_text(fresh, encoding="utf-8")
            changed.append(path)
    return changed
