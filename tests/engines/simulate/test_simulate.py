"""The simulator: reproducible, fair at the end, exact about faults, and idle polls are counted as if they had run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from syncproof.core.actor import Out, actor, on
from syncproof.core.moves import Crash, Move
from syncproof.core.observations import Observation, Quiesced, Shown
from syncproof.core.packets import Packet
from syncproof.core.values import ConversationId, Entry, Id, Timeline
from syncproof.designs import DESIGNS, Design
from syncproof.designs.packets import Poll
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.engines.simulate import RunResult
from syncproof.engines.simulate.polls import Polls
from syncproof.engines.simulate.receivers import Recorder
from syncproof.inputs import fault_plan as faults
from syncproof.inputs import workload
from syncproof.inputs.scenario import Scenario, load
from syncproof.properties import PROPERTIES
from syncproof.properties.monitor import Monitor
from syncproof.properties.no_loss import NoLoss
from syncproof.studies.comparison import Comparison
from syncproof.studies.runs import simulate_design

SMALL: dict[str, Any] = {
    "title": "small",
    "shows": "tests",
    "duration": "2h",
    "population": {"users": 6, "devices_per_user": [1, 2, 3], "new_devices": 1},
    "conversations": {"pairs": 6, "groups": 1, "group_size": {"min": 3, "max": 5}},
    "traffic": {"messages_per_user_per_day": 200.0},
    "presence": {"online": "20m", "offline": "10m", "half_open": 0.4},
    "faults": {"push_loss": 0.1, "push_duplicate": 0.1, "push_reorder": 0.1, "sender_retry": 0.2},
    "model": {"poll_interval": "5m"},
}


def scenario(**changes: dict[str, Any]) -> Scenario:
    return Scenario.model_validate(
        {k: {**v, **changes.get(k, {})} if isinstance(v, dict) else v for k, v in SMALL.items()}
    )


def run(design: str, wanted: Scenario | None = None, seed: int = 1, **options: Any) -> RunResult:
    wanted = wanted or scenario()
    traffic = workload.generate(wanted, seed)
    return simulate_design(design, wanted, traffic, faults.plan(wanted, traffic, seed), seed, **options)


CRASHING = {
    "faults": {
        "server_crashes": [{"at": f"{m}m", "down": "20s"} for m in range(5, 115, 5)],
        "device_crashes_per_day": 20.0,
    },
    "storage": {"service_ms": {"median": 400.0, "sigma": 1.0}},
}


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_promises_hold_under_crashes_of_slow_storage(design: str, seed: int) -> None:
    wanted = Scenario.model_validate({**SMALL, **CRASHING, "faults": {**SMALL["faults"], **CRASHING["faults"]}})
    found = run(design, wanted, seed)
    broken = {n: p.examples for n, p in found.properties.items() if p.promised and p.exercised and p.verdict != "holds"}
    assert broken == {}
    assert found.faults_fired["server-crash"] == 22


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS)
def test_a_run_can_be_repeated(design: str) -> None:
    first, second = run(design), run(design)
    for field in ("metrics", "histograms", "properties", "faults_fired", "packets", "rows"):
        assert repr(getattr(first, field)) == repr(getattr(second, field))


def test_two_designs_see_the_same_pushes_lost() -> None:
    """Both designs push every message to the same devices; draws are keyed by message, device and connection."""
    wanted = scenario(presence={"offline": "0s", "half_open": 0.0}, population={"new_devices": 0})
    wanted = wanted.with_value("faults.sender_retry", 0.0)
    lost = [
        run(d, wanted).faults_fired["push-lost"] for d in ("timeline-notify", "timeline-push", "timeline-dense-push")
    ]
    assert lost[0] == lost[1] == lost[2] > 0


SCRIPT = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from tests.engines.simulate import test_simulate as t
found = t.run("timeline-hybrid-fanout")
print(json.dumps([found.metrics, found.packets, found.rows, repr(found.properties)]))
"""


@pytest.mark.slow
def test_hash_randomisation_changes_nothing() -> None:
    paths = json.dumps(sys.path)
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT, paths],
            check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "77")
    }  # fmt: skip
    assert len(outputs) == 1


@pytest.mark.slow
def test_idle_polls_are_counted_as_if_they_had_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """With parking off every poll is simulated: the same pulls, replies and showings come out."""
    wanted = scenario(faults={"push_loss": 0.0, "push_duplicate": 0.0, "push_reorder": 0.0, "sender_retry": 0.0})
    wanted = wanted.with_value("presence.offline", 0.0).with_value("population.new_devices", 0)
    counted = run("timeline-notify", wanted)
    monkeypatch.setattr(Polls, "served", lambda self, observation: None)
    simulated = run("timeline-notify", wanted)
    assert simulated.events > counted.events
    assert simulated.deliveries == counted.deliveries
    devices = 12
    assert counted.packets["Pull"] == pytest.approx(simulated.packets["Pull"], abs=devices)
    assert counted.metrics["empty_pulls_per_delivery"] == pytest.approx(
        simulated.metrics["empty_pulls_per_delivery"], abs=devices / counted.deliveries
    )


def test_without_notifications_only_latency_changes() -> None:
    quiet = run("timeline-notify", scenario().with_value("model.notifications", False))
    usual = run("timeline-notify")
    assert all(p.verdict != "violated" for p in quiet.properties.values())
    assert quiet.deliveries == usual.deliveries
    assert quiet.metrics["delivery_latency_p50_s"] > 10 * usual.metrics["delivery_latency_p50_s"]


def test_a_configured_fault_that_never_fired_is_reported_as_zero() -> None:
    wanted = scenario(
        faults={"push_duplicate": 0.0, "push_reorder": 0.0, "sender_retry": 0.0}, model={"poll_interval": "5m"}
    )
    wanted = wanted.with_value("traffic.messages_per_user_per_day", 0.0)
    assert run("timeline-notify", wanted).faults_fired["push-lost"] == 0


STEPS_BACK = {
    "faults": {"clock_steps": [{"at": "30m", "back": "20m"}, {"at": "1h", "back": "1h"}]},
    "model": {"sequencer": "clock"},
}


@pytest.mark.parametrize("design", [name for name, design in DESIGNS.items() if "clock" in design.sequencers])
def test_promises_hold_when_the_clock_of_the_numbers_steps_back(design: str) -> None:
    found = run(design, scenario(**STEPS_BACK))
    assert found.faults_fired["clock-step"] == 2
    assert {
        n: p.examples for n, p in found.properties.items() if p.promised and p.exercised and p.verdict != "holds"
    } == {}


def test_a_numbering_that_steps_back_with_the_clock_is_detected() -> None:
    assert run("F06", scenario(**STEPS_BACK)).properties["tail-append"].verdict == "violated"
    assert run("F06", scenario(model=STEPS_BACK["model"])).properties["tail-append"].verdict == "holds"


def test_overloaded_storage_saturates_and_delays() -> None:
    slow = scenario(storage={"service_ms": {"median": 2000.0}, "parallel": 1})
    slow = slow.with_value("storage", {"service_ms": {"median": 2000.0}, "parallel": 1})
    idle, busy = run("timeline-notify"), run("timeline-notify", slow)
    assert busy.metrics["storage_utilisation"] > 100 * idle.metrics["storage_utilisation"]
    assert busy.metrics["delivery_latency_p50_s"] > idle.metrics["delivery_latency_p50_s"] + 2


@pytest.mark.parametrize("sequencer", ["dense", "sparse", "segmented", "clock"])
def test_every_numbering_keeps_the_promises(sequencer: str) -> None:
    wanted = Scenario.model_validate({**SMALL, **CRASHING, "faults": {**SMALL["faults"], **CRASHING["faults"]}})
    found = run("timeline-notify", wanted.with_value("model.sequencer", sequencer))
    assert {n for n, p in found.properties.items() if p.verdict == "violated"} == set()


PARAMETERS = [
    ("model.workers", 1),
    ("model.page_size", 1),
    ("model.checkpoint", "after-apply"),
    ("model.idempotent_send", False),
    ("model.notifications", False),
    ("model.fanout_threshold", 2),
    ("model.retention", "acknowledged"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("key", "value"), PARAMETERS)
@pytest.mark.parametrize(
    "design",
    [
        "inbox-store-first",
        "inbox-sync-first",
        "timeline-checkpointed",
        "timeline-dense-push",
        "timeline-hybrid-fanout",
        "log-device-acks",
    ],
)
def test_messages_reach_their_audience_under_every_parameter(design: str, key: str, value: object) -> None:
    found = run(design, scenario().with_value(key, value))
    assert found.properties["no-loss"].verdict == "holds"
    assert found.properties["no-duplicate"].verdict == "holds"
    assert found.deliveries == run(design).deliveries


@pytest.mark.parametrize("design", ["timeline-checkpointed", "timeline-checkpointed+written-at-once"])
def test_retention_deletes_what_every_device_has_confirmed(design: str) -> None:
    """Checkpoints that are written behind trim a minute later."""
    kept = run(design)
    trimmed = run(design, scenario().with_value("model.retention", "acknowledged"))
    assert trimmed.rows["sync-store"]["deleted"] > 0.9 * trimmed.rows["sync-store"]["written"]
    assert trimmed.metrics["stored_bytes_mean"] < 0.5 * kept.metrics["stored_bytes_mean"]


class Both(Recorder):
    """A recorder of moves and observations together, in order."""

    def __init__(self) -> None:
        self.events: list[Move | Observation] = []

    def move(self, move: Move) -> None:
        self.events.append(move)

    def observation(self, observation: Observation) -> None:
        self.events.append(observation)


def recorded(design: str, wanted: Scenario) -> Iterator[Move | Observation]:
    recorder = Both()
    run(design, wanted, recorder=recorder)
    return iter(recorder.events)


def test_recording_changes_nothing() -> None:
    recorder = Both()
    assert repr(run("timeline-notify", recorder=recorder).metrics) == repr(run("timeline-notify").metrics)


def test_a_run_ends_at_rest() -> None:
    *_, last = recorded("timeline-notify", scenario())
    assert last == Quiesced()


@pytest.mark.parametrize("design", ["inbox-sync-first", "inbox-shared", "F08", "F11", "F20", "F21"])
def test_what_is_kept_of_a_long_run_changes_no_verdict(design: str) -> None:
    """The plain automata, which remember all and share nothing, say the same of the run's history."""
    wanted = Scenario.model_validate({**SMALL, **CRASHING, "faults": {**SMALL["faults"], **CRASHING["faults"]}})
    recorder = Both()
    found = run(design, wanted, recorder=recorder)
    monitor = Monitor([name for name, each in found.properties.items() if each.verdict != "not-applicable"])
    for event in recorder.events:
        if isinstance(event, Observation):
            monitor.observe(event)
    assert monitor.counts
    assert {name: each.violations for name, each in found.properties.items() if each.violations} == monitor.counts
    losses = monitor.automata["no-loss"]
    assert isinstance(losses, NoLoss)
    assert found.metrics["lost_deliveries"] == len(losses.outstanding())


def test_some_writes_land_in_a_crash_and_some_do_not() -> None:
    wanted = Scenario.model_validate({**SMALL, **CRASHING, "faults": {**SMALL["faults"], **CRASHING["faults"]}})
    wanted = wanted.with_value("traffic.messages_per_user_per_day", 4000.0)
    crashes = [e for e in recorded("timeline-notify", wanted) if isinstance(e, Crash)]
    assert any(c.landed for c in crashes)


@pytest.mark.slow
def test_designs_keep_their_promises_in_the_predefined_scenarios() -> None:
    for name in ("default", "commute", "server-crash", "push-outage", "many-endpoints"):
        wanted = load(name)
        traffic = workload.generate(wanted, 5).first(60)
        for design in DESIGNS:
            found = simulate_design(design, wanted, traffic, faults.plan(wanted, traffic, 5), 5)
            broken = {
                n: p.examples[:1]
                for n, p in found.properties.items()
                if p.promised and p.exercised and p.verdict != "holds"
            }
            assert broken == {}, (name, design)


@actor
class ShowsAtEveryPoll(TimelineDevice):
    """Shows a message again at every poll, so that every round of polls changes something."""

    @on(Poll)
    def poll(self, source: Id, packet: Poll, out: Out) -> None:
        super().poll(source, packet, out)
        for message in sorted(self.shown)[:1]:
            out.observe(Shown(self.id, message, ConversationId(0), 1))


class Again(Packet, frozen=True, gc=False):
    """A timer that arms itself."""


@actor
class NeverSleeps(TimelineDevice):
    """Does something every second, endlessly."""

    def start(self, out: Out) -> None:
        out.after(1.0, Again())

    @on(Again)
    def again(self, source: Id, packet: Again, out: Out) -> None:
        out.after(1.0, Again())


@pytest.mark.parametrize("device", [ShowsAtEveryPoll, NeverSleeps])
@pytest.mark.slow
def test_liveness_is_unknown_for_a_system_that_never_comes_to_rest(device: type[TimelineDevice]) -> None:
    restless: Design = DESIGNS["timeline-notify"].variant(
        device=device, promises={"no-loss": DESIGNS["timeline-notify"].promises["no-loss"]}
    )
    wanted = scenario()
    traffic = workload.generate(wanted, 1).first(20)
    recorder = Both()
    found = simulate_design(restless, wanted, traffic, faults.plan(wanted, traffic, 1), 1, recorder=recorder)
    assert not any(isinstance(o, Quiesced) for o in recorder.events)
    liveness = {n: p.verdict for n, p in found.properties.items() if PROPERTIES[n].kind == "liveness"}
    assert set(liveness.values()) == {"unknown", "not-applicable"}
    assert liveness["no-loss"] == "unknown"
    assert Comparison(wanted, 1, 1, (restless.name,), {restless.name: [found]}).status() == 3


@actor
class NeverShows(NeverSleeps):
    """Shows nothing."""

    def show(self, entry: Entry, timeline: Timeline | None, out: Out) -> None: ...


@pytest.mark.slow
def test_what_is_owed_counts_as_lost_in_a_run_that_never_comes_to_rest() -> None:
    wanted = scenario()
    traffic = workload.generate(wanted, 1).first(5)
    never = DESIGNS["timeline-notify"].variant(device=NeverShows)
    found = simulate_design(never, wanted, traffic, faults.plan(wanted, traffic, 1), 1)
    assert found.metrics["lost_deliveries"] > 5
