"""What is known of a seeded bug, and of a failure that only costs: one record beside the class that has it."""

from __future__ import annotations

from typing import Any

import msgspec

from syncproof.designs.base import Device
from syncproof.designs.parameters import Parameters
from syncproof.designs.registry import DESIGNS, Design


class Bug(msgspec.Struct, frozen=True, kw_only=True):
    """A failure of a real system, seeded.

    `failure`: its name; `mechanism`: how it happens, in one sentence; `seen_in`: issues of released systems, or nothing
    if it follows from published designs. `violates`: the properties that must be violated, the first one under every
    engine. `base`: the sound design that it varies. `world`: population, messages and kinds of fault of a small world in
    which it shows (the arguments of `small_worlds.shape`). `design`: what the engines run.
    """

    id: str
    failure: str
    mechanism: str
    seen_in: str
    violates: tuple[str, ...]
    base: str
    world: tuple[str, int, tuple[str, ...]]
    design: Design


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """A failure that breaks no promise and only costs: the metric that shows it, beside the design that is its cure.

    `failure`, `mechanism`, `seen_in`: as for a `Bug`. `sound`: the cure; `design`: the design with the failure.
    `scenario`: a ready scenario's name, or a table as a scenario file has it. The metric of `design` must be at least
    `times` the metric of `sound`.
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
    seen_in: str,
    violates: tuple[str, ...],
    base: str,
    world: tuple[str, int, tuple[str, ...]],
    device: type[Device] | None = None,
    server: type[Any] | None = None,
    sequencers: tuple[str, ...] | None = None,
    **parameters: Any,
) -> Bug:
    """Return the record of a bug whose design is `base` with another device, server, numbering or other parameters.

    The fields of `Bug` have the same names; what is not given is as in `base`.
    """
    sound = DESIGNS[base]
    design = msgspec.structs.replace(
        sound,
        name=id,
        summary=mechanism,
        device=device or sound.device,
        server=server or sound.server,
        sequencers=sequencers or sound.sequencers,
        parameters=Parameters(**parameters),
        meets=(),  # the bug may keep its design from a situation that its base must meet
    )
    return Bug(
        id=id,
        failure=failure,
        mechanism=mechanism,
        seen_in=seen_in,
        violates=violates,
        base=base,
        world=world,
        design=design,
    )
