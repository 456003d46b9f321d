"""Rates, stored bytes, servers and cost, by hand; waits beside queueing theory and the simulated station."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest

from syncproof.engines.simulate.clock import Clock
from syncproof.engines.simulate.station import READ, Station
from syncproof.inputs.random_draws import Draws
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.sections.infrastructure import StorageSection
from syncproof.studies.size import prices
from syncproof.studies.size.mix import Mix
from syncproof.studies.size.plan import Demand, Plan, wait

ROWS = {"written_per_million": 1.0, "deleted_per_million": 2.0, "read_per_million": 0.0, "expired_per_million": 0.0}
BOOK = prices.Prices.model_validate(
    {
        "title": "ten",
        "date": "2026-01-01",
        "currency": "EUR",
        "rows": ROWS,
        "storage": {"history_gb_month": 10.0, "other_gb_month": 0.0},
        "network": {"egress_gb": 0.0},
        "servers": {"gateway_month": 100.0},
    },
    strict=False,
)


def plan(scenario: Scenario, mix: Mix, **changes: Any) -> Plan:
    facts = {"users": 2_000_000, "peak": 3.0, "sync_retention_s": 1000.0, "history_s": 10_000.0}
    limits = {"utilisation": 0.5, "connections_per_gateway": 100_000}
    return Plan(scenario, mix, Demand(**{**facts, **limits, **changes}), BOOK)


def test_rates_grow_with_the_users_and_the_peak(small: Scenario, mix: Mix) -> None:
    """One message of two users in 600 s: a million users' are 1,667 a second."""
    found = plan(small, mix).design("inbox-store-first").rows_written_per_s
    assert found.mean == pytest.approx(4 * 1e6 / 600, rel=1e-5)
    assert found.peak == pytest.approx(3 * found.mean, rel=1e-5)


def test_what_is_stored_is_what_comes_while_it_stays(small: Scenario, mix: Mix) -> None:
    """A row is 32 bytes, a body 100: history for 10,000 s, copies and dedup rows for 1,000 s, two copies a message."""
    found = plan(small, mix).design("timeline-notify").stored_bytes
    a_second = 1e6 / 600
    assert found["message-store"] == pytest.approx(a_second * (10_000 * 132 + 1000 * 32), rel=1e-5)
    assert found["sync-store"] == pytest.approx(a_second * 1000 * 2 * 132, rel=1e-5)
    assert found["registry"] == pytest.approx(3e6 * 32)


def test_copies_wait_in_an_inbox_as_long_as_their_device_is_away(small: Scenario, mix: Mix) -> None:
    found = plan(small, mix).design("inbox-sync-first").stored_bytes
    assert found["inbox"] == pytest.approx(1e6 / 600 * 240 * 132, rel=1e-5)


def test_a_design_that_limits_its_copies_deletes_them_itself(small: Scenario, mix: Mix) -> None:
    found = plan(small, mix, sync_retention_s=30 * 86400.0)
    ttl, plain = found.design("timeline-notify+sync-ttl"), found.design("timeline-notify")
    assert ttl.stored_bytes["sync-store"] == pytest.approx(plain.stored_bytes["sync-store"] * 7 / 30, rel=1e-5)
    assert ttl.rows_deleted_per_s.mean > plain.rows_deleted_per_s.mean
    assert ttl.rows_expired_per_s.mean < plain.rows_expired_per_s.mean


def test_a_gateway_holds_so_many_connections(small: Scenario, mix: Mix) -> None:
    """Of three devices two are connected all the time and one for a fifth of it: 2.2 for two users."""
    found = plan(small, mix).traffic()
    assert found.connections == pytest.approx(2.2e6)
    assert found.gateways == 22


def test_the_cost_adds_up(small: Scenario, mix: Mix) -> None:
    found = plan(small, mix).design("timeline-notify")
    month = 1e6 / 600 * 30 * 86400
    stored = found.stored_bytes["message-store"] / 1e9
    assert found.cost["rows written"] == pytest.approx(month * 5 / 1e6, rel=1e-5)
    assert found.cost["rows deleted"] == pytest.approx(month * 1 / 1e6 * 2, rel=1e-5)
    assert found.cost["history stored"] == pytest.approx(stored * 10, rel=1e-5)
    assert found.cost["gateways"] == 2200
    assert found.cost_total == pytest.approx(sum(found.cost.values()), rel=1e-5)


def test_servers_work_no_more_than_the_target_at_the_peak(small: Scenario, mix: Mix) -> None:
    half, tenth = plan(small, mix), plan(small, mix, utilisation=0.1)
    ledger = half.account("timeline-notify")
    busy, _ = half.busy(ledger)
    assert (half.servers(ledger) - 1) * 8 * 0.5 < 3 * busy <= half.servers(ledger) * 8 * 0.5
    assert tenth.servers(ledger) == pytest.approx(5 * half.servers(ledger), abs=5)


def test_a_group_of_a_thousand_takes_a_copy_for_each_member_or_none(small: Scenario, mix: Mix) -> None:
    found = plan(small, mix)
    rows = {name: found.design(name).hot_group_rows for name in ("timeline-notify", "timeline-hybrid-fanout")}
    assert rows == {"timeline-notify": 1003, "timeline-hybrid-fanout": 2}


@pytest.mark.parametrize(
    ("servers", "load", "waits"),
    [(1, 0.5, 1.0), (2, 0.5, 1 / 3), (1, 0.9, 9.0)],
)
def test_exponential_service_is_erlang_c(servers: int, load: float, waits: float) -> None:
    """In service times: M/M/1 waits ρ / (1 - ρ); two servers that are half busy, a third."""
    assert wait(servers, load, 1.0, 1.0) == pytest.approx(waits)


def test_an_overloaded_station_waits_for_ever() -> None:
    assert wait(8, 1.0, 1.0, 0.2) == numpy.inf


def test_waits_are_those_of_the_simulated_station() -> None:
    """Lognormal service on four servers, 70 % busy. Allen and Cunneen's formula is an approximation: within a tenth."""
    table = {"service_ms": {"median": 2.0, "sigma": 0.6}, "per_row_ms": 0.0, "parallel": 4}
    station = Station(Clock(), Draws(11), StorageSection.model_validate(table))
    service = station.mean_service
    gaps = numpy.random.default_rng(3).exponential(service / 4 / 0.7, 100_000)
    for at in numpy.cumsum(gaps).tolist():
        station.clock.now = at
        station.operate("store", READ, 0, None)
    waited = sum(station.waits.sums.values()) / len(gaps)
    assert waited == pytest.approx(wait(4, 0.7, service, numpy.expm1(0.36)), rel=0.1)


# ---- price files


def test_the_example_prices_have_a_date_and_sources() -> None:
    found = prices.load()
    assert found.date.year >= 2024
    assert len(found.sources) >= 4


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("written_per_million = 0.625", "written_per_million = -1"), "rows.written_per_million: -1; allowed: 0 to"),
        (("[network]", "[networks]"), "networks: unknown key"),
        (("date = 2025-05-09", ""), "date: is missing; allowed: a date such as 2025-05-09"),
        (("[rows]", "[[rowses]]"), "rows: is missing; allowed: a table with written_per_million"),
        (("title = ", "title "), "not TOML"),
        (("= 0.625", "= " + "9" * 5000), "a number has too many digits; allowed: at most 4300"),
        (("= 0.625", "= " + "[" * 5000), "nested too deeply; allowed: fewer levels"),
    ],
)
def test_a_wrong_price_file_is_told_in_a_line(change: tuple[str, str], says: str, tmp_path: Path) -> None:
    text = prices._example().read_text()
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(*change, 1))
    with pytest.raises(prices.InputError) as error:
        prices.load(path)
    assert says in str(error.value)
    assert str(path) in str(error.value)
