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
    from syncproof.counterexamples.from_recording import MinimisedRun
    from syncproof.designs import DESIGNS
    from syncproof.errors import InputError
    from syncproof.formats.codec import decode, encode
    from syncproof.inputs.scenario import Scenario, load
    from syncproof.properties import PROPERTIES
    from syncproof.report.diagram import Diagram, diagram
    from syncproof.studies.compare import compare
    from syncproof.studies.comparison import Comparison
    from syncproof.studies.drive import drive
    from syncproof.studies.drive.outcome import Driven
    from syncproof.studies.hunt import Hunt, hunt
    from syncproof.studies.kill_matrix import KillMatrix, kill_matrix
    from syncproof.studies.recordings import CheckedRun, check, convert, minimise, replay
    from syncproof.studies.size import Sizing, size
    from syncproof.studies.sweep import Sweep, sweep
    from syncproof.studies.verification import Verification
    from syncproof.studies.verify import explore, verify

_MODULES = {
    "DESIGNS": "designs",
    "PROPERTIES": "properties",
    "CheckedRun": "studies.recordings",
    "Comparison": "studies.comparison",
    "Diagram": "report.diagram",
    "Driven": "studies.drive.outcome",
    "Hunt": "studies.hunt",
    "InputError": "errors",
    "KillMatrix": "studies.kill_matrix",
    "MinimisedRun": "counterexamples.from_recording",
    "Scenario": "inputs.scenario",
    "Sizing": "studies.size",
    "Sweep": "studies.sweep",
    "Verification": "studies.verification",
    "check": "studies.recordings",
    "compare": "studies.compare",
    "convert": "studies.recordings",
    "decode": "formats.codec",
    "diagram": "report.diagram",
    "drive": "studies.drive",
    "encode": "formats.codec",
    "explore": "studies.verify",
    "hunt": "studies.hunt",
    "kill_matrix": "studies.kill_matrix",
    "load": "inputs.scenario",
    "minimise": "studies.recordings",
    "replay": "studies.recordings",
    "size": "studies.size",
    "sweep": "studies.sweep",
    "verify": "studies.verify",
}
"""Where each public name is defined. Type checkers read the imports above, which say the same."""

__all__ = [
    "DESIGNS",
    "PROPERTIES",
    "CheckedRun",
    "Comparison",
    "Diagram",
    "Driven",
    "Hunt",
    "InputError",
    "KillMatrix",
    "MinimisedRun",
    "Scenario",
    "Sizing",
    "Sweep",
    "Verification",
    "__version__",
    "check",
    "compare",
    "convert",
    "decode",
    "diagram",
    "drive",
    "encode",
    "explore",
    "hunt",
    "kill_matrix",
    "load",
    "minimise",
    "replay",
    "size",
    "sweep",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'syncproof' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"syncproof.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
