"""The header of a history and of a moves file: which run it is of, and how many lines follow."""

from __future__ import annotations

from pathlib import Path

import msgspec

from syncproof.core.faults import FAULTS, spelled_out
from syncproof.core.world import System
from syncproof.designs import Design, Parameters, Population
from syncproof.designs.deployments import DEPLOYMENTS
from syncproof.errors import InputError, nearest
from syncproof.properties import PROPERTIES

SCHEMA = 2
READABLE = (1, 2)
"""The versions of the schema that are read."""


class Header(msgspec.Struct, kw_only=True):
    """The first line of both files."""

    schema: int
    """The version of the schema, today `2`; files of version `1` are read as they were."""
    kind: str
    """`history` or `moves`."""
    design: str = ""
    """Any name. If it is a design of syncproof, a seeded bug or an existing `FILE.py:NAME`, its promises and its list of
    inapplicable properties are used; for any other name nothing is promised and every property is judged."""
    faults: tuple[str, ...] = ()
    """The faults that the run was configured with; a promise counts only if it covers all of them.
    A kind of fault stands for all of its faults, as with `--fault`."""
    population: Population | None = None
    """The user of each device and the members of each conversation when the run began. A replay needs it."""
    parameters: Parameters | None = None
    """The parameters of the design. A replay needs them."""
    deployment: str | msgspec.UnsetType = msgspec.UNSET
    """Where the server ran, where that was not one process: `cluster`. A replay needs it."""
    complete: bool | msgspec.UnsetType = msgspec.UNSET
    """Of a history: the recorder saw everything, so what is not observed did not happen. A file of version `1` says so of
    itself; in one of version `2` it is true where an engine or a recorder inside of the server writes it."""
    violations: dict[str, int] = {}
    """Property -> how often it was violated in the run; a replay must find the same."""
    lines: int | None = None
    """How many lines follow, if the writer says so; a file that has another number was cut short."""


def parse_header(path: Path, line: bytes, kind: str, number: int = 1) -> Header:
    """Parse and check the header of the file `path`, which has to be of this `kind` and is on line `number`.

    `InputError` for a line that is not a header, another schema or kind, and unknown properties and faults.
    """
    try:
        header = msgspec.json.decode(line, type=Header)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            f'{path}:{number}: not a header: {error}; allowed: {{"schema": {SCHEMA}, "kind": "{kind}", ...}}'
        ) from None
    if header.schema not in READABLE:
        raise InputError(f"{path}:{number}: schema: {header.schema}; allowed: {', '.join(map(str, READABLE))}")
    if header.kind != kind:
        raise InputError(f"{path}:{number}: kind: {header.kind!r}; allowed here: {kind!r}")
    for name, count in header.violations.items():
        if name not in PROPERTIES:
            raise InputError(
                f"{path}:{number}: violations: {name!r:.60} is no property here; one of your own is given by --property "
                f"FILE.py:NAME, and a machine by --refines{nearest(name, PROPERTIES)}"
            )
        if count < 0:
            raise InputError(f"{path}:{number}: violations: {name!r:.60}: {count}; allowed: 0 or more")
    if header.deployment is not msgspec.UNSET and header.deployment not in DEPLOYMENTS:
        allowed = ", ".join(DEPLOYMENTS)
        raise InputError(f"{path}:{number}: deployment: {header.deployment!r:.60}; allowed: {allowed}")
    header.faults = spelled_out(header.faults)
    for fault in header.faults:
        if fault not in FAULTS:
            raise InputError(f"{path}:{number}: faults: {fault!r:.60} is no fault{nearest(str(fault), FAULTS)}")
    return header


def system_of(header: Header, design: Design) -> System:
    """Return a fresh system like the run's, whose header has a population and parameters."""
    assert header.population is not None
    assert header.parameters is not None
    deployment = "single" if header.deployment is msgspec.UNSET else header.deployment
    return design.system(header.population, header.parameters, deployment, "replica-lag" in header.faults)


def deployed(name: str) -> str | msgspec.UnsetType:
    """Return a deployment as a header names it."""
    return msgspec.UNSET if name == "single" else name


def recorded_outside(header: Header) -> bool:
    """Return whether the recorder of a history may not have seen everything."""
    return header.schema > 1 and header.complete is not True
