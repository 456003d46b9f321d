"""A simulated cluster: gateways hold the connections of devices, and the store behind them is the design's server."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from syncproof.core.actor import Out, actor
from syncproof.core.moves import Connect, Crash, Disconnect, Handover, Notice, Restart
from syncproof.core.packets import Packet
from syncproof.core.values import Cursor, DeviceId, Entry, Timeline
from syncproof.designs import DESIGNS
from syncproof.designs.deployments import DEPLOYMENTS
from syncproof.designs.packets import Pull, Push
from syncproof.designs.timeline.push import PushDevice, PushServer
from syncproof.engines.simulate import RunResult
from syncproof.engines.simulate.run import Simulation
from syncproof.formats.history import moves_path
from syncproof.inputs import scenario
from syncproof.inputs.fault_plan import plan
from syncproof.inputs.scenario import Scenario
from syncproof.inputs.sections.infrastructure import DeploymentSection
from syncproof.inputs.workload import generate
from syncproof.studies.jobs import Job
from syncproof.studies.recordings import check, replay
from syncproof.studies.runs import simulate_design
from tests.helpers.timed import Times, ran, simulation

SINGLE: Scenario = scenario.load("default").with_values(
    {
        "duration": "20m",
        "population.users": 4,
        "population.new_devices": 1,
        "conversations.pairs": 4,
        "conversations.groups": 1,
        "conversations.group_size": {"min": 3, "max": 3},
        "traffic.messages_per_user_per_day": 1500.0,
        "presence.offline": "0s",
        "faults": {},
    }
)
QUIET = SINGLE.with_value("deployment.kind", "cluster")
FAULTS = {
    "faults.gateway_crashes": [{"at": "3m"}, {"at": "9m", "gateway": 1}],
    "faults.partitions": [{"at": "6m", "length": "20s"}, {"at": "12m", "length": "1s", "gateway": 1}],
    "faults.handovers_per_day": 300.0,
    "faults.server_crashes": [{"at": "15m", "down": "3s"}],
}
SLOW_HOP = {"deployment.hop_ms": {"median": 300.0, "sigma": 1.0}}
"""Packets between gateway and store that take so long that much is under way whenever something breaks."""
STORMY = QUIET.with_values({**FAULTS, **SLOW_HOP})


def simulated(design: str, made: Scenario, seed: int = 1) -> RunResult:
    traffic = generate(made, seed)
    return simulate_design(design, made, traffic, plan(made, traffic, seed), seed, checks="none")


@cache
def stormy(design: str) -> tuple[Simulation, Times]:
    return ran(design, STORMY, generate(STORMY, 1))


def test_a_scenario_names_the_deployments_that_there_are() -> None:
    assert get_args(
        DeploymentSection.__annotations__["kind"] and DeploymentSection.model_fields["kind"].annotation
    ) == (*DEPLOYMENTS,)


@pytest.mark.parametrize("design", DESIGNS)
def test_promises_hold_under_the_faults_of_gateways(design: str) -> None:
    run = simulated(design, STORMY)
    assert all(run.faults_fired[fault] for fault in ("gateway-crash", "partition", "handover", "server-crash"))
    assert run.messages > 50
    assert {name for name, p in run.properties.items() if p.promised and p.verdict == "violated"} == set()
    assert [name for name, p in run.properties.items() if p.promised and p.exercised and p.verdict == "unknown"] == []
    assert run.unbalanced == {}


def test_a_bug_of_gateways_loses_messages() -> None:
    violated = {name for name, p in simulated("F60", STORMY).properties.items() if p.violations}
    assert {"no-loss", "no-early-delete"} <= violated


def test_each_way_through_a_gateway_takes_a_hop() -> None:
    """A message counts as accepted when the store sends the reply, one hop later; its push comes after a second one."""
    times = ("network.up_ms", "network.down_ms", "network.push_ms", "storage.service_ms")
    fixed = {name: {"median": 40.0} for name in times} | {"deployment.hop_ms": {"median": 100.0}}
    one, many = (simulated("inbox-store-first", made.with_values(fixed)).histograms for made in (SINGLE, QUIET))
    assert many["accept"].quantile(0.0) - one["accept"].quantile(0.0) == pytest.approx(0.1)
    assert many["delivery"].quantile(0.0) - one["delivery"].quantile(0.0) == pytest.approx(0.2)


def test_packets_between_processes_are_not_counted() -> None:
    one, many = (simulated("inbox-store-first", made) for made in (SINGLE, QUIET))
    assert one.packets == many.packets
    assert one.rows == many.rows


def test_a_device_of_a_crashed_gateway_connects_through_the_other() -> None:
    _, times = stormy("timeline-notify")
    gateway = DEPLOYMENTS["cluster"].gateways[0]
    crashed = [at for at, move in times.events if isinstance(move, Crash) and move.actor == gateway]
    assert crashed == [180.0]
    noticed = {
        m.connection.client for at, m in times.events if isinstance(m, Notice) and m.end == "client" and at == 182
    }
    back = {move.client for at, move in times.events if isinstance(move, Connect) and at == 185.0}
    assert noticed
    assert back == noticed
    assert [at for at, move in times.events if isinstance(move, Restart) and move.actor == gateway] == [190.0]


def test_a_gateway_that_is_cut_connects_again_in_time() -> None:
    _, times = stormy("timeline-notify")
    gateway = DEPLOYMENTS["cluster"].gateways[0]
    cut = next(at for at, move in times.events if isinstance(move, Disconnect) and move.client == gateway)
    back = next(at for at, move in times.events if isinstance(move, Connect) and move.client == gateway and at > cut)
    assert (cut, back) == (360.0, 380.0)


def test_the_devices_of_a_gateway_that_is_cut_connect_through_the_other() -> None:
    """The gateway closes their connections; they notice that, wait, and connect again."""
    _, times = stormy("timeline-notify")
    noticed = {
        m.connection.client for at, m in times.events if isinstance(m, Notice) and m.end == "client" and at == 362
    }
    back = {move.client for at, move in times.events if isinstance(move, Connect) and at == 365.0}
    assert noticed
    assert back == noticed


def test_a_device_whose_next_gateway_is_down_waits_for_it() -> None:
    """Gateway 1 is cut while gateway 0 is down: its devices can connect when that runs again, and not before."""
    faults = {
        "faults.gateway_crashes": [{"at": "3m", "down": "5m"}],
        "faults.partitions": [{"at": "4m", "length": "5s", "gateway": 1}],
    }
    made = QUIET.with_values(faults)
    run, times = ran("timeline-notify", made, generate(made, 1))
    cut = {m.connection.client for at, m in times.events if isinstance(m, Notice) and m.end == "client" and at == 242}
    back = {m.client: at for at, m in times.events if isinstance(m, Connect) and 242.0 < at < 600.0}
    assert cut
    assert all(480.0 <= back[device] <= 483.0 for device in cut)
    assert run.monitor.violations == {}


def test_a_run_that_ends_while_gateways_are_away_comes_to_rest() -> None:
    """Fairness lets them come back at once, not when their time is over; nobody had noticed anything by then."""
    faults = {
        "network.notice": "9h",
        "faults.partitions": [{"at": "17m", "length": "9h"}],
        "faults.server_crashes": [{"at": "18m"}],
        "faults.handovers_per_day": 300.0,
    }
    ends = QUIET.with_values(faults)
    made, times = ran("timeline-notify", ends, generate(ends, 1))
    assert made.quiesced
    assert made.monitor.violations == {}
    back = {move.client: at for at, move in times.events if isinstance(move, Connect) and at > 20 * 60}
    assert set(DEPLOYMENTS["cluster"].gateways) < set(back)
    assert max(back.values()) < 3600.0


def test_a_crash_of_a_gateway_cuts_its_own_devices_alone() -> None:
    made = QUIET.with_value("faults.gateway_crashes", [{"at": "3m"}])
    run = simulation("timeline-notify", made, generate(made, 1))
    seen: list[set[DeviceId]] = []
    for at in (179.0, 181.0):
        run.clock.at(at, lambda _: seen.append(set(run.meter.connected)), None)
    run.run()
    before, after = seen
    assert {device % 2 for device in before} == {0, 1}
    assert after == {device for device in before if device % 2}


def test_the_former_gateway_notices_a_handover_later() -> None:
    made, times = stormy("timeline-notify")
    moves = [(at, move) for at, move in times.events if isinstance(move, Handover)]
    assert len(moves) == made.fault_counts.fired["handover"]
    at = moves[0][0]
    noticed = [when for when, move in times.events if isinstance(move, Notice) and move.end == "server" and when > at]
    assert noticed[0] == pytest.approx(at + STORMY.network.notice)


def test_a_recorded_run_is_replayed(tmp_path: Path) -> None:
    """Every move of a simulated cluster is one that the world allows, and gives the same observations."""
    history = tmp_path / "run.jsonl"
    Job(STORMY, "timeline-dense-push", 0, 1, history=str(history)).work()
    judged = replay(moves_path(history))
    assert judged.quiesced
    assert judged.violations == check(history).violations


class FreePush(Push, frozen=True, gc=False):
    """A push that calls itself internal, so that it would cost nothing."""

    internal = True


class FreePull(Pull, frozen=True, gc=False):
    """A pull that calls itself internal."""

    internal = True


@actor
class PushesForNothing(PushServer):
    def announcement(self, timeline: Timeline, entry: Entry) -> Packet:
        return FreePush(timeline, entry)


@actor
class PullsForNothing(PushDevice):
    def pull(self, cursors: tuple[Cursor, ...], full: bool, out: Out) -> None:
        if self.connection is not None:
            out.send(self.connection, FreePull(cursors, full))


@pytest.mark.parametrize(
    ("changed", "packet"),
    [({"server": PushesForNothing}, "FreePush"), ({"device": PullsForNothing}, "FreePull")],
    ids=["link", "connection"],
)
def test_a_packet_of_a_device_is_not_internal(changed, packet: str) -> None:
    design = DESIGNS["timeline-push"].variant(**changed)
    with pytest.raises(TypeError, match=f"{packet} says that it is internal, so nobody counts it, but DeviceId"):
        simulated(design, SINGLE)
