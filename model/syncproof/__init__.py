"""syncproof: a formal model and verification harness for message synchronisation.

    >>> from syncproof import compare
    >>> result = compare("default", designs=["inbox-store-first", "timeline-notify"], runs=2)
    >>> result.table(), result.figure("cost")

Everything is imported where it is first used, so that `import syncproof` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from syncproof.comparison import Comparison
    from syncproof.designs import DESIGNS
    from syncproof.errors import InputError
    from syncproof.history import check, replay
    from syncproof.properties import PROPERTIES
    from syncproof.report import Report, compare
    from syncproof.report.swept import sweep
    from syncproof.scenario import Scenario, load

_WHERE = {
    "DESIGNS": "designs",
    "PROPERTIES": "properties",
    "Comparison": "comparison",
    "InputError": "errors",
    "Report": "report",
    "Scenario": "scenario",
    "check": "history",
    "compare": "report",
    "load": "scenario",
    "replay": "history",
    "sweep": "report.swept",
}

__all__ = [
    "DESIGNS",
    "PROPERTIES",
    "Comparison",
    "InputError",
    "Report",
    "Scenario",
    "check",
    "compare",
    "load",
    "replay",
    "sweep",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'syncproof' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"syncproof.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
