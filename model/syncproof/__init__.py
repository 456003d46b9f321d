"""syncproof: a formal model and verification harness for message synchronisation.

    >>> from syncproof import compare
    >>> result = compare("default", designs=["inbox-store-first", "timeline-notify"], runs=2)
    >>> result.table(), result.figure("cost")
    >>> from syncproof import diagram, explore, hunt, verify
    >>> diagram("timeline-notify")  # what one message causes, as a sequence diagram
    >>> verify(["timeline-notify"], "small")  # every interleaving of small worlds

Everything is imported where it is first used, so that `import syncproof` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syncproof._version import __version__

if TYPE_CHECKING:
    from syncproof.designs import DESIGNS
    from syncproof.errors import InputError
    from syncproof.inputs.scenario import Scenario, load
    from syncproof.properties import PROPERTIES
    from syncproof.report import Report, compare
    from syncproof.report.diagram import Diagram, diagram
    from syncproof.report.hunt import Hunt, hunt
    from syncproof.report.sweep import sweep
    from syncproof.report.verification import Proof, explore, verify
    from syncproof.studies.compare import Comparison
    from syncproof.studies.recordings import check, minimise, replay

_WHERE = {
    "DESIGNS": "designs",
    "PROPERTIES": "properties",
    "Comparison": "studies.compare",
    "Diagram": "report.diagram",
    "Hunt": "report.hunt",
    "InputError": "errors",
    "Proof": "report.verification",
    "Report": "report",
    "Scenario": "inputs.scenario",
    "check": "studies.recordings",
    "compare": "report",
    "diagram": "report.diagram",
    "explore": "report.verification",
    "hunt": "report.hunt",
    "load": "inputs.scenario",
    "minimise": "studies.recordings",
    "replay": "studies.recordings",
    "sweep": "report.sweep",
    "verify": "report.verification",
}

__all__ = [
    "DESIGNS",
    "PROPERTIES",
    "Comparison",
    "Diagram",
    "Hunt",
    "InputError",
    "Proof",
    "Report",
    "Scenario",
    "__version__",
    "check",
    "compare",
    "diagram",
    "explore",
    "hunt",
    "load",
    "minimise",
    "replay",
    "sweep",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'syncproof' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"syncproof.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
