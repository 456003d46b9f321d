"""The table of the designs' parameters, made from the class that designs receive."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_type_hints

from pydantic import create_model

from syncproof.designs import parameters
from syncproof.designs.parameters import Parameters
from syncproof.inputs.durations import Duration, Span
from syncproof.inputs.sections.base import Count, Positive, Section

if TYPE_CHECKING:
    ModelSection = Parameters  # a type checker sees the same fields
else:
    KEY_TYPES = {
        parameters.Seconds: Span,
        parameters.Pause: Duration,
        parameters.Positive: Positive,
        parameters.Count: Count,
    }
    """Type of a parameter -> type of the key in the file; other types are the same in both."""
    ModelSection = create_model(
        "ModelSection",
        __base__=Section,
        __doc__="The designs' parameters.",
        __module__=__name__,
        **{
            name: (KEY_TYPES.get(kind, kind), getattr(Parameters(), name))
            for name, kind in get_type_hints(Parameters, include_extras=True).items()
        },
    )
