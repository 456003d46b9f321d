"""What the tables of a scenario file have in common: strict keys, and the types of many of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Probability = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """Check a table of the file: strict types, no unknown keys."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Spread(Section):
    """A lognormal distribution by its median; `sigma = 0` is a constant."""

    median: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
    """Half of the drawn values are below it."""
    sigma: Annotated[float, Field(ge=0, le=3)] = 0.0
    """The standard deviation of the logarithm."""
