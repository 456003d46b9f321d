"""Durations in a file: a number and a unit, such as `"15m"`; seconds once read."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo

DAY = 86400.0
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": DAY}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
LOADED = "loaded"
"""The context of a validation in which durations may be seconds: that of a scenario which was loaded before."""


def seconds(value: object) -> float:
    """Return a duration such as `"90s"`, `"15m"`, `"8h"` or `"1.5d"` in seconds. Raises `ValueError` for anything else."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a number and a unit (ms, s, m, h, d) in quotes, such as '15m'")
    return float(match[1]) * UNITS[match[2]]


def length(seconds: float) -> str:
    """Return a duration as a file writes it, in the largest unit that gives a whole number, or else in the smallest."""
    for unit, size in sorted(UNITS.items(), key=lambda item: -item[1]):
        count = seconds / size
        if count >= 1 and abs(count - round(count)) < 1e-9:
            return f"{round(count)}{unit}"
    return f"{seconds:g}s"


def duration_of(value: object, info: ValidationInfo) -> float:
    """Return seconds. A file has texts; a scenario that was loaded before and is validated again has seconds already."""
    return value if isinstance(value, float) and info.context == LOADED else seconds(value)


Duration = Annotated[float, BeforeValidator(duration_of), Field(ge=0, allow_inf_nan=False)]
Span = Annotated[float, BeforeValidator(duration_of), Field(gt=0, allow_inf_nan=False)]
