"""The table of what `size` computes for."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from syncproof.inputs.durations import Span
from syncproof.inputs.sections.base import Section


class SizeSection(Section):
    """What `size` computes for; its options override these. Nothing here changes a simulation."""

    users: Annotated[int, Field(ge=0, le=10**11)] = 0
    """Users that the population is a sample of; 0: those of the population."""
    peak: Annotated[float, Field(ge=1, le=1000)] = 2.0
    """How many times the mean rates the peak's are."""
    sync_retention: Span = 7 * 86400.0
    """How long copies stay in the sync store, and dedup rows."""
    history: Span = 365 * 86400.0
    """How long messages stay in the message store."""
