"""The tables of the infrastructure: the network, the processes in which the server runs, and its storage."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from syncproof.inputs.durations import Duration, Span
from syncproof.inputs.sections.base import Count, Probability, Section, Spread


class NetworkSection(Section):
    """How long packets take, and how soon dead connections are noticed."""

    up_ms: Spread = Spread(median=40.0, sigma=0.5)
    """From a device to the server, over a connection."""
    down_ms: Spread = Spread(median=40.0, sigma=0.5)
    """From the server to a device, over a connection."""
    push_ms: Spread = Spread(median=60.0, sigma=0.7)
    """Pushes and notifications."""
    notice: Duration = 2.0
    """How long an end takes to notice that the other one crashed."""
    reconnect: Span = 3.0
    """How long a device waits before it connects again after a dead connection, a crash or a refusal."""
    reconnect_jitter: Probability = 0.0
    """Up to this share of `reconnect` more, drawn, so that devices which lost their connections at once do not all return at
    once."""
    header_bytes: Count = 60
    """Bytes of all headers together, for each packet."""


class DeploymentSection(Section):
    """Where the server runs."""

    kind: Literal["single", "cluster"] = "single"
    """In one process, or as a store behind two gateways, which hold the connections of the devices."""
    hop_ms: Spread = Spread(median=1.0, sigma=0.3)
    """From a gateway to the store, or back; in a cluster."""


class StorageSection(Section):
    """The storage station: it serves `parallel` operations at a time, each in a drawn base time plus a time per row."""

    service_ms: Spread = Spread(median=2.0, sigma=0.4)
    """The base time of an operation."""
    per_row_ms: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] = 0.2
    """The time that each row adds that an operation touches."""
    parallel: Annotated[int, Field(ge=1, le=1024)] = 8
    """Operations that are served at a time; others wait in a queue."""
