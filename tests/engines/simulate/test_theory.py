"""The simulator agrees with queueing theory, with the arithmetic of losses, and with exact counts of rows.

A measured mean may differ from theory by its sampling error: the confidence interval of `CONFIDENCE` from the means of batches.
Each test says how wide that interval may be, so that it cannot pass by being vague.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from math import ceil, log
from typing import Any

import numpy
import pytest
from scipy import stats

from syncproof.core.observations import Composed, Pulled, Shown
from syncproof.engines.simulate.clock import Clock
from syncproof.engines.simulate.run import Simulation
from syncproof.engines.simulate.station import READ, WRITTEN, Station
from syncproof.inputs.random_draws import Draws
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.sections.infrastructure import StorageSection
from syncproof.inputs.traffic import Traffic
from tests.helpers.timed import ran, simulation

CONFIDENCE = 0.999
BATCHES = 20


def agrees(samples: Sequence[float] | numpy.ndarray, theory: float, within: float) -> None:
    """Assert that theory is in the interval around the samples' mean, and that this is at most `within` of theory wide.

    Samples that depend on each other must be in the order of their times: batches of them hardly depend on each other.
    """
    means = numpy.array([batch.mean() for batch in numpy.array_split(numpy.asarray(samples, dtype=float), BATCHES)])
    half = stats.t.ppf((1 + CONFIDENCE) / 2, BATCHES - 1) * means.std(ddof=1) / BATCHES**0.5
    assert half <= within * theory
    assert means.mean() == pytest.approx(theory, abs=half)


# ---- the station

SERVICE_MS = 2.0


def station(sigma: float = 0.0, parallel: int = 1) -> Station:
    table = {"service_ms": {"median": SERVICE_MS, "sigma": sigma}, "per_row_ms": 0.0, "parallel": parallel}
    return Station(Clock(), Draws(11), StorageSection.model_validate(table))


def poisson(rate: float, count: int, seed: int = 5) -> list[float]:
    return numpy.cumsum(numpy.random.default_rng(seed).exponential(1 / rate, count)).tolist()


def sojourns(of: Station, arrivals: Iterable[float]) -> list[float]:
    """Return how long each operation is at the station: it waits, and is served."""
    found = []
    for at in arrivals:
        of.clock.now = at
        found.append(of.operate("store", READ, 0, None) - at)
    of.reach_horizon()
    return found


LOADS = {0.3: 0.01, 0.6: 0.02, 0.8: 0.05, 0.9: 0.1}
"""Load -> how far the interval may reach: the busier the station, the longer what happened once is felt."""


@pytest.mark.slow
@pytest.mark.parametrize(("load", "within"), LOADS.items())
def test_constant_service_times_are_an_m_d_1_queue(load: float, within: float) -> None:
    """Sojourns of 2.429, 3.5, 6 and 11 ms."""
    theory = SERVICE_MS / 1000 * (1 + load / (2 * (1 - load)))
    one = station()
    agrees(sojourns(one, poisson(load * 1000 / SERVICE_MS, 200_000)), theory, within)


@pytest.mark.slow
@pytest.mark.parametrize(("load", "within"), [(load, 2.5 * within) for load, within in LOADS.items()])
def test_lognormal_service_times_are_an_m_g_1_queue(load: float, within: float) -> None:
    """As long as the deviation is the mean: sojourns of 4.03, 7.04, 14.06 and 28.1 ms (Pollaczek and Khinchine)."""
    one = station(sigma=log(2) ** 0.5)
    times = numpy.asarray(one.table)
    assert (times**2).mean() / times.mean() ** 2 == pytest.approx(2, rel=0.02)
    rate = load / times.mean()
    theory = times.mean() + rate * (times**2).mean() / (2 * (1 - load))
    agrees(sojourns(one, poisson(rate, 200_000)), theory, within)


@pytest.mark.slow
@pytest.mark.parametrize("load", [0.6, 0.8])
def test_littles_law_holds(load: float) -> None:
    """The mean number at the station, looked at every 7 ms, is the rate of arrivals times the mean sojourn."""
    one = station()
    rate = load * 1000 / SERVICE_MS
    looks, found, total, count = 0, [], 0.0, 0
    for at in poisson(rate, 200_000):
        while looks * 0.007 < at:
            found.append(ceil(round(max(0.0, one.free_at[0] - looks * 0.007) * 1000 / SERVICE_MS, 9)))
            looks += 1
        one.clock.now = at
        total += one.operate("store", READ, 0, None) - at
        count += 1
    agrees(found, count / one.clock.now * total / count, 0.05)


@pytest.mark.parametrize("parallel", [1, 4])
def test_the_utilisation_law_holds(parallel: int) -> None:
    one = station(sigma=0.8, parallel=parallel)
    rate = 0.7 * parallel / one.mean_service
    sojourns(one, poisson(rate, 100_000))
    services = stats.sem(one.table) * len(one.table) ** 0.5  # the deviation of a service time
    error = 4 * 0.7 * ((services / one.mean_service) ** 2 + 1) ** 0.5 / 100_000**0.5
    assert one.busy_at_horizon / (one.clock.now * parallel) == pytest.approx(0.7, abs=error)


def test_an_overloaded_station_is_busy_all_the_time_and_no_more() -> None:
    one = station()
    sojourns(one, poisson(1.5 * 1000 / SERVICE_MS, 20_000))
    assert 0.999 < one.busy_at_horizon / one.clock.now <= 1


def test_waits_are_counted_as_the_operations_wait() -> None:
    one = station()
    waited = numpy.array(sojourns(one, poisson(400.0, 50_000))) - SERVICE_MS / 1000
    assert one.unwaited == (waited < 1e-9).sum()
    assert one.waits_at_horizon.total == 50_000
    assert sum(one.waits_at_horizon.sums.values()) == pytest.approx(waited.sum())


# ---- losses and polls

RECEIVERS = 20


def group(messages: Sequence[float], horizon: float) -> Traffic:
    """Return messages of one device to one group, whose other members have a device each; each connects 3 s after the last."""
    return Traffic(
        owners=list(range(RECEIVERS + 1)),
        initial_devices=RECEIVERS + 1,
        members=[tuple(range(RECEIVERS + 1))],
        times=list(messages),
        devices=[0] * len(messages),
        conversations=[0] * len(messages),
        sizes=[0] * len(messages),
        sessions=[[(3.0 * n, horizon, 0.0)] for n in range(RECEIVERS + 1)],
        changes=[],
        joins=[],
        horizon=horizon,
    )


def scenario(**tables: dict[str, Any]) -> Scenario:
    return Scenario.model_validate(
        {
            "title": "theory",
            "shows": "tests",
            "population": {"users": RECEIVERS + 1, "devices_per_user": 1},
            "conversations": {"pairs": 0, "groups": 1, "group_size": {"min": RECEIVERS + 1, "max": RECEIVERS + 1}},
            **tables,
        }
    )


@cache
def lossy(design: str, loss: float) -> list[float]:
    """Return for each receiver its pulls per delivery while messages come that are far apart."""
    wanted = scenario(faults={"push_loss": loss}, model={"poll_interval": "60d"})
    messages = [60.0 * (n + 2) for n in range(500)]
    pulls, showings = Counter[int](), Counter[int]()
    made, times = ran(design, wanted, group(messages, messages[-1] + 30))
    for at, event in times.events:
        if messages[0] <= at < made.traffic.horizon and isinstance(event, Pulled | Shown):
            (pulls if isinstance(event, Pulled) else showings)[event.device] += 1
    return [pulls[device] / showings[device] for device in range(1, RECEIVERS + 1)]


@pytest.mark.slow
@pytest.mark.parametrize("loss", [0.1, 0.5])
def test_each_notification_that_arrives_causes_a_pull(loss: float) -> None:
    agrees(lossy("timeline-notify", loss), 1 - loss, 0.05)


@pytest.mark.slow
@pytest.mark.parametrize("loss", [0.1, 0.5])
def test_a_dense_push_causes_a_pull_when_it_arrives_after_one_that_was_lost(loss: float) -> None:
    agrees(lossy("timeline-dense-push", loss), loss * (1 - loss), 0.15)


@pytest.mark.slow
def test_without_notifications_a_message_waits_for_a_uniform_share_of_the_poll_interval() -> None:
    interval = 60.0
    wanted = scenario(
        model={"poll_interval": "60s", "notifications": False},
        network={name: {"median": 0.0} for name in ("up_ms", "down_ms", "push_ms")},
        storage={"service_ms": {"median": 0.001}, "per_row_ms": 0.0},
    )
    messages = [interval + at for at in poisson(0.01, 1000)]
    _, times = ran("timeline-notify", wanted, group(messages, messages[-1] + 2 * interval))
    composed = {event.message: at for at, event in times.events if isinstance(event, Composed)}
    late: dict[int, list[float]] = {device: [] for device in range(RECEIVERS + 1)}
    for at, event in times.events:
        if isinstance(event, Shown):
            late[event.device].append(at - composed[event.message])
    # The devices poll at times that are spread evenly over the interval, so their mean for one message is nearly exact.
    receivers = numpy.array([late[device] for device in range(1, RECEIVERS + 1)])
    agrees(receivers.mean(axis=0), interval / 2, 0.01)
    assert stats.kstest(late[1], "uniform", (0, interval)).pvalue > 1 - CONFIDENCE


# ---- rows


@cache
def groups(design: str, **model: Any) -> tuple[Simulation, list[int]]:
    """Run messages to groups of several sizes, of users with 1 to 3 devices; return with it how many users have each message."""
    random = numpy.random.default_rng(8)
    users, count = 12, 200
    owners = [user for user in range(users) for _ in range(1 + user % 3)]
    members = [tuple(range(size)) for size in (2, 3, 5, 12)]
    conversations = [int(n) for n in random.integers(0, len(members), count)]
    traffic = Traffic(
        owners=owners,
        initial_devices=len(owners),
        members=members,
        times=[10.0 * (n + 1) for n in range(count)],
        devices=[owners.index(int(random.choice(members[c]))) for c in conversations],
        conversations=conversations,
        sizes=[10] * count,
        sessions=[[(0.0, 10.0 * (count + 2), 0.0)] for _ in owners],
        changes=[],
        joins=[],
        horizon=10.0 * (count + 2),
    )
    made = simulation(design, scenario(model={"poll_interval": "60d", **model}), traffic)
    made.run()
    return made, [len(members[c]) for c in conversations]


def test_a_timeline_writes_a_copy_for_each_member() -> None:
    made, sizes = groups("timeline-notify")
    assert made.station.rows["sync-store"][WRITTEN] == sum(sizes)


def test_an_inbox_writes_a_copy_for_each_device_but_the_composing_one() -> None:
    made, sizes = groups("inbox-store-first")
    devices = [sum([1 + user % 3 for user in range(size)]) for size in sizes]
    assert made.station.rows["inbox"][WRITTEN] == sum(devices) - len(devices)


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_a_segmented_sequencer_writes_a_row_for_each_block_of_a_users_numbers(block: int) -> None:
    made, sizes = groups("timeline-notify", sequencer="segmented", sequencer_block=block)
    numbers = [sum([user < size for size in sizes]) for user in range(12)]
    assert made.station.rows["sequencer"][WRITTEN] == sum([ceil(n / block) for n in numbers])
