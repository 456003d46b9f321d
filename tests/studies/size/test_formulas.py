"""Each formula beside its counter: by hand for one message, then store by store and packet by packet beside a run."""

from __future__ import annotations

import math

import msgspec
import numpy
import pytest

from syncproof.designs.forms import all_names
from syncproof.designs.parameters import Parameters
from syncproof.designs.registry import DESIGNS
from syncproof.engines.simulate import RunResult
from syncproof.inputs import lookup, workload
from syncproof.inputs.fault_plan import FaultPlan
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.sections.infrastructure import NetworkSection, StorageSection
from syncproof.inputs.traffic import Traffic
from syncproof.studies.runs import simulate_design
from syncproof.studies.size import check, formulas, traffic
from syncproof.studies.size.ledger import Ledger
from syncproof.studies.size.mix import Mix
from tests.studies.size.conftest import TEN_MINUTES, two_users

pytestmark = pytest.mark.slow

SEED = 1000


def account(design: str, mix: Mix, **parameters: object) -> Ledger:
    changed = msgspec.structs.replace(Parameters(), **parameters)
    return formulas.account(design, mix, changed, NetworkSection(), StorageSection())


BY_HAND = {
    # a dedup row, an intent, and a copy for each of the two other devices; the intent and the copies are deleted
    "inbox-store-first": (4, 3, 1),
    "inbox-sync-first": (1, 1, 1),
    "inbox-shared": (3, 2, 0),
    # the message, a dedup row, an intent, and a copy for each of two users; the intent is deleted
    "timeline-notify": (5, 1, 2),
    "timeline-dense-push": (5, 1, 1),
    "timeline-push": (5, 1, 2),
    "timeline-hybrid-fanout": (5, 1, 2),
    # the message and a dedup row; a device follows one conversation, whose head it reads when it connects
    "timeline-read-fanout": (2, 0, 3),
    # the message, a dedup row; a position and a pending row for each of two devices, which ack
    "log-device-acks": (6, 2, 1),
}
"""Rows written, deleted and read for one message to one user with a connected device and another one that connects later."""


@pytest.mark.parametrize("design", BY_HAND)
def test_the_rows_of_one_message_by_hand(design: str, mix: Mix) -> None:
    found = account(design, mix, poll_interval=1e9)
    rows = tuple(found.total(kind) for kind in ("written", "deleted", "read"))
    assert rows == pytest.approx(BY_HAND[design], abs=1e-3)


def test_every_formula_is_held_by_hand() -> None:
    assert set(formulas.FORMULAS) - set(BY_HAND) == {"timeline-checkpointed"}


def test_a_checkpoint_is_a_row_for_each_device_in_each_batch(mix: Mix) -> None:
    """In ten minutes a device that pulls all the time has ten rows; one that pulls once in its two minutes has a part of one."""
    busy = mix.with_messages(1e6)
    rows = account("timeline-checkpointed", busy).rows["checkpoints", "written"]
    assert rows == pytest.approx(10 * (1 + 120 / 600 * (1 - math.exp(-60 / 120))), rel=1e-6)


def test_a_batch_holds_what_came_meanwhile() -> None:
    """λT = 2 at T = 1: the next batch holds 2 + e^-2; with almost no arrivals it holds one."""
    found = formulas.batch(numpy.array([2.0, 1e-9]), lambda b: numpy.ones_like(b))
    assert found == pytest.approx([2 + numpy.exp(-2), 1.0])


def test_a_device_polls_once_an_interval_while_nothing_comes() -> None:
    """In ten minutes two devices that are connected all the time poll each 60 times in 10 s, the third one 12 times."""
    often = TEN_MINUTES.with_value("model.poll_interval", "10s")
    quiet = traffic.count(two_users(), often, rest=False).with_messages(1e-6)
    polls = account("inbox-store-first", quiet, poll_interval=10.0).pulls - 1
    assert polls == pytest.approx(132, rel=0.02)


def test_idle_polls_become_rare_as_news_become_frequent() -> None:
    often = TEN_MINUTES.with_value("model.poll_interval", "10s")
    busy = traffic.count(two_users(), often, rest=False).with_messages(1000)  # one every 0.6 s
    assert account("timeline-dense-push", busy, poll_interval=10.0).pulls < 30


# ---- beside the simulator


@pytest.fixture(scope="module")
def counted(small_traffic: Traffic, small: Scenario) -> Mix:
    return traffic.count(small_traffic, small, rest=True)


@pytest.fixture(scope="module", params=[name for name in all_names() if formulas.covers(lookup.get(name))])
def pair(
    request: pytest.FixtureRequest, small: Scenario, small_traffic: Traffic, counted: Mix
) -> tuple[Ledger, RunResult]:
    """Return the account of a design or form, and what the simulator counted of it."""
    design = request.param
    run = simulate_design(design, small, small_traffic, FaultPlan(), SEED, checks="none")
    return formulas.account(design, counted, small.parameters(), small.network, small.storage), run


@pytest.mark.slow
def test_the_rows_of_each_store_are_those_counted(pair: tuple[Ledger, RunResult]) -> None:
    ledger, run = pair
    stores = {store for store, _ in ledger.rows} | set(run.rows)
    for store in stores:
        for kind in ("written", "deleted"):
            formula, count = ledger.rows.get((store, kind), 0.0), run.rows.get(store, {}).get(kind, 0)  # type: ignore[call-overload]
            allowed = 0.05 if store == "checkpoints" else 0.005  # the batches of checkpoints are an approximation
            assert formula == pytest.approx(count, rel=allowed, abs=0.51), (store, kind)


def test_the_packets_of_each_class_are_those_counted(pair: tuple[Ledger, RunResult]) -> None:
    ledger, run = pair
    for kind in set(ledger.packets) | set(run.packets):
        assert ledger.packets.get(kind, 0.0) == pytest.approx(run.packets.get(kind, 0), rel=0.1, abs=6), kind


def test_every_promised_line_is_within_its_tolerance(
    pair: tuple[Ledger, RunResult], small: Scenario, counted: Mix
) -> None:
    _, run = pair
    lines = check.lines(check.computed(run.design, small, counted), check.simulated(run))
    assert [(line.line, line.error) for line in lines if not line.within] == []


@pytest.mark.slow
@pytest.mark.parametrize("design", ["inbox-store-first", "inbox-shared", "timeline-dense-push", "timeline-read-fanout"])
@pytest.mark.parametrize(
    "traffic_keys", [{}, {"duration": "1d", "traffic.day_night": True}], ids=["even", "day and night"]
)
def test_frequent_polls_are_those_counted(design: str, small: Scenario, traffic_keys: dict[str, object]) -> None:
    """With a poll a minute most pulls find nothing."""
    often = small.with_values({"model.poll_interval": "1m", **traffic_keys})
    drawn = workload.generate(often, SEED)
    counted = traffic.count(drawn, often, rest=True)
    found = formulas.account(design, counted, often.parameters(), often.network, often.storage)
    run = simulate_design(design, often, drawn, FaultPlan(), SEED, checks="none")
    assert run.metrics["empty_pulls_per_delivery"] * run.deliveries > 0.5 * run.packets["Pull"]
    assert found.pulls == pytest.approx(run.packets["Pull"], rel=0.03)
    assert found.total("read") == pytest.approx(sum(rows["read"] for rows in run.rows.values()), rel=0.03)


def test_every_ready_design_has_a_formula() -> None:
    assert list(formulas.FORMULAS) == list(DESIGNS)
