"""The records of a seeded bug, and of a failure that only costs: each stands below the class that has it."""

from __future__ import annotations

from typing import Any

import msgspec

from syncproof.designs.base import Device
from syncproof.designs.deployments import Gateway
from syncproof.designs.registry import DESIGNS, Design


class Bug(msgspec.Struct, frozen=True, kw_only=True):
    """A failure of a real system, seeded into a sound design.

    `failure`: its name; `mechanism`: how it happens, in one sentence; `cure`: what a sound design does instead; `seen_in`:
    issues of released systems, or nothing if it follows from published designs. `violates`: the properties that it must
    violate, the first one under every engine. `base`: the sound design that it varies. `world`: population, messages and
    kinds of fault of a small world in which it violates them (the arguments of `small_worlds.small_world`). `design`: what
    the engines run.
    """

    id: str
    failure: str
    mechanism: str
    cure: str
    seen_in: str
    violates: tuple[str, ...]
    base: str
    world: tuple[str, int, tuple[str, ...]]
    design: Design


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """A failure that violates no promise and only costs: the metric that shows it, and the design without it.

    `failure`, `mechanism`, `seen_in`: as for a `Bug`. `sound`: the design without the failure; `design`: the design with
    it. `scenario`: the name of a predefined scenario, or a table as a scenario file has it. `metric` of `design` must be
    at least `times` the metric of `sound`.
    """

    id: str
    failure: str
    mechanism: str
    seen_in: str
    metric: str
    sound: Design
    design: Design
    scenario: str | dict[str, Any]
    times: float


def seeded_bug(
    id: str,
    failure: str,
    *,
    mechanism: str,
    cure: str,
    seen_in: str,
    violates: tuple[str, ...],
    base: str,
    world: tuple[str, int, tuple[str, ...]],
    device: type[Device] | None = None,
    server: type[Any] | None = None,
    gateway: type[Gateway] | None = None,
    sequencers: tuple[str, ...] | None = None,
    **parameters: Any,
) -> Bug:
    """Return the record of a bug whose design is `base` with another device, server, gateway, numbering or other parameters.

    The fields of `Bug` have the same names; what is not given is as in `base`.
    """
    sound = DESIGNS[base]
    design = msgspec.structs.replace(
        sound,
        name=id,
        summary=mechanism,
        device=device or sound.device,
        server=server or sound.server,
        gateway=gateway or sound.gateway,
        sequencers=sequencers or sound.sequencers,
        parameters=msgspec.structs.replace(sound.parameters, **parameters),
        meets=(),  # with the bug, the situations that its base must meet may be unreachable
    )
    return Bug(
        id=id,
        failure=failure,
        mechanism=mechanism,
        cure=cure,
        seen_in=seen_in,
        violates=violates,
        base=base,
        world=world,
        design=design,
    )
