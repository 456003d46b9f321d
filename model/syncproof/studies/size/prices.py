"""Read a price file: what rows, stored bytes, bytes sent, servers and notices cost, with its date and its sources."""

from __future__ import annotations

import datetime
from importlib import resources
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from syncproof.errors import InputError
from syncproof.inputs import toml_file
from syncproof.inputs.scenario_errors import explain
from syncproof.inputs.sections.base import Section

Price = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
EXAMPLE = "example-list-prices.toml"
"""The price file that is used if none is named."""


class RowPrices(Section):
    """What a million rows cost."""

    written_per_million: Price
    deleted_per_million: Price
    read_per_million: Price
    expired_per_million: Price = 0.0


class StoragePrices(Section):
    """What a gigabyte (10^9 bytes) costs a month: of history, and of everything else."""

    history_gb_month: Price
    other_gb_month: Price


class NetworkPrices(Section):
    """What a gigabyte that servers send costs."""

    egress_gb: Price


class ServerPrices(Section):
    """What a gateway and a storage server cost a month. Where rows are paid for, storage servers cost nothing more."""

    gateway_month: Price
    storage_month: Price = 0.0


class NoticePrices(Section):
    """What a million notices to devices that are not connected cost."""

    per_million: Price = 0.0


class Prices(Section):
    """Hold a price file."""

    title: Annotated[str, Field(min_length=1)]
    date: datetime.date
    currency: Annotated[str, Field(min_length=1)]
    sources: list[str] = Field(default=[])
    rows: RowPrices
    storage: StoragePrices
    network: NetworkPrices
    servers: ServerPrices
    notices: NoticePrices = NoticePrices()


def _example() -> Path:
    """Return the path of the price file that is shipped with the package, else the repository's."""
    shipped = Path(str(resources.files("syncproof"))) / "scenarios" / "prices" / EXAMPLE
    return shipped if shipped.is_file() else Path(__file__).resolve().parents[4] / "scenarios" / "prices" / EXAMPLE


def load(file: Path | None = None) -> Prices:
    """Read a price file, by default the example. Raises `InputError`, a line for each error of the file."""
    path = _example() if file is None else file
    text, data = toml_file.read(path, str(path), "a price file")
    try:
        return Prices.model_validate(data)
    except ValidationError as error:
        raise InputError("\n".join([explain(Prices, each, str(path), text) for each in error.errors()])) from None
