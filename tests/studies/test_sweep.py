"""Sweeps: what is varied, points that equal a comparison's, resuming, crossings, exit statuses."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import syncproof
from syncproof.designs import DESIGNS
from syncproof.engines.simulate import RunResult
from syncproof.engines.simulate.metrics import METRICS
from syncproof.errors import InputError, Interrupted
from syncproof.inputs.scenario import Scenario, load
from syncproof.studies import compare as comparison
from syncproof.studies.jobs import Job, piece_of
from syncproof.studies.results.common import plain
from syncproof.studies.sweep import Sweep, sweep
from syncproof.studies.sweep.readings import Change, change, crossings, difference
from syncproof.studies.sweep.vary import parse, resolve
from tests.helpers.command import TINY, call

DEVICES = "population.devices_per_user"
FILES = ("report.html", "report.md", "results.json", "run.json", "points.parquet")
PAIR = ["inbox-store-first", "timeline-notify"]


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY.replace("30m", "20m"))
    return str(path)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Return a counter of how often each job was run in this process."""
    counted: Counter[str] = Counter()

    make = Job.work

    def work(job: Job) -> RunResult:
        counted[piece_of(job).key] += 1
        return make(job)

    monkeypatch.setattr(Job, "work", work)
    return counted


def run(scenario: str, **options: Any) -> Sweep:
    return sweep(scenario, **{"vary": {DEVICES: [1, 2, 3]}, "designs": PAIR, "jobs": 1, **options})


def texts(found: Sweep, out: Path) -> dict[str, bytes]:
    """Return every file that must be the same each time."""
    found.write(out)
    return {name: (out / name).read_bytes() for name in FILES if name != "run.json"}


def said(found: Sweep) -> tuple[str, bytes]:
    """Return the results from which the other files are made."""
    return json.dumps(plain(found.results())), found.parquet()


# ---- what is varied


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a.b=1,2", [1, 2]),
        ("a=0.5, 1.5", [0.5, 1.5]),
        ("a=true,false", [True, False]),
        ("a=15m,2h", ["15m", "2h"]),
        ('a="15m",2h', ["15m", "2h"]),
        ("a=1,[1,2],[3]", [1, [1, 2], [3]]),
        ("a=none,acknowledged", ["none", "acknowledged"]),
        ('a=\'x,y\',"p,\\"q"', ["x,y", 'p,"q']),
        ("a={min=1,max=[2,3]},{min=2}", [{"min": 1, "max": [2, 3]}, {"min": 2}]),
    ],
)
def test_values_are_read_as_a_file_would_write_them(text: str, values: list[object]) -> None:
    (found,) = parse([text]).values()
    assert found == values
    assert [type(v) for v in found] == [type(v) for v in values]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "nothing is varied"),
        (["population.users"], "allowed: KEY=V1,V2"),
        (["population.users="], "a value is empty"),
        (["population.users=4,,5"], "a value is empty"),
        (["population.users=4", "population.users=5"], "is given twice"),
        (["population.users=[4"], "is not closed"),
        (["population.users=4]"], "is not closed"),
        (["population.users='4"], "is not closed"),
        (["population.users=4 5"], "'4 5' is no value"),
        (["population.users=" + "[" * 2000 + "]" * 2000], "is no value"),
        (["population.devices_pr_user=1"], "did you mean 'devices_per_user'"),
        (["faults.outages.0.start=1h,2h"], "faults.outages.0.start: faults.outages is set as a whole; allowed: "),
        (["faults.push_loss=0.1,1.5"], "faults.push_loss: 1.5; allowed: 0 to 1"),
        (["presence.online=15"], "a number and a unit"),
        (["presence.online=15m,900s"], "900s is the same as 15m"),
        (["faults.push_loss=0.0,0"], "0 is the same as 0.0"),
        (["seed=1,2"], "--seed N"),
        (["runs=1,2"], "--runs N"),
    ],
)
def test_a_key_that_cannot_be_varied_is_reported(options: list[str], complaint: str) -> None:
    with pytest.raises(InputError) as raised:
        resolve(load("default"), parse(options))
    assert complaint in str(raised.value)
    assert "\n" not in str(raised.value)


def test_every_combination_is_validated_as_a_whole() -> None:
    """Fewer users alone would be an error, because the scenario has 30 pairs."""
    _, found = resolve(load("many-endpoints"), {"population.users": [8, 16], "conversations.pairs": [10, 28]})
    assert [point.at for point in found] == [(8, 10), (8, 28), (16, 10), (16, 28)]
    assert found[1].scenario.conversations.pairs == 28


def test_durations_are_seconds_and_lists_are_text() -> None:
    (online,), _ = resolve(load("default"), parse(["presence.online=15m,2h"]))
    assert (online.labels, online.texts, online.unit, online.numeric) == ((900.0, 7200.0), ("15m", "2h"), "s", True)
    (devices,), _ = resolve(load("default"), {DEVICES: [1, (1, 2)]})
    assert (devices.labels, devices.numeric) == (("1", "[1, 2]"), False)


def test_numbers_may_be_of_numpy() -> None:
    import numpy

    (devices,), _ = resolve(load("default"), {DEVICES: numpy.arange(1, 4)})  # type: ignore[dict-item]
    assert devices.values == (1, 2, 3)


# ---- points


def test_points_are_what_compare_finds_on_the_varied_scenario(tiny: str) -> None:
    found = run(tiny, seed=4)
    for value in (1, 3):
        varied = load(tiny).with_value(DEVICES, value)
        compared = comparison.compare(varied, designs=PAIR, seed=4, jobs=1, sweep=False).results().designs
        for name in PAIR:
            (point,) = [p for p in found.results().points if p.at == {DEVICES: value} and p.design == name]
            for metric, values in point.metrics.items():
                assert {**plain(compared[name].metrics[metric]), **plain(values)} == plain(
                    compared[name].metrics[metric]
                )
            assert {p: v.promised for p, v in point.violated.items()} == {
                p: v.promised for p, v in compared[name].properties.items() if v.verdict == "violated"
            }


def test_tables_have_the_varied_keys_in_front(tiny: str) -> None:
    found = run(tiny, vary={DEVICES: [1, 2], "presence.online": ["15m", "1h"]}, runs=2)
    table = found.table()
    assert table.index.names == [DEVICES, "presence.online", "design", "metric"]
    assert list(table.columns) == ["value", "low", "high", "unit"]
    assert len(table) == 4 * 2 * len(METRICS)
    runs = found.runs_table()
    assert list(runs.columns) == [DEVICES, "presence.online", "design", "run", "seed", *METRICS, "violated_promises"]
    assert len(runs) == 4 * 2 * 2
    assert set(runs["presence.online"]) == {900.0, 3600.0}


@pytest.mark.slow
def test_workers_and_executors_do_not_change_a_byte(tiny: str, tmp_path: Path) -> None:
    one = texts(run(tiny), tmp_path / "one")
    assert texts(run(tiny, jobs=3), tmp_path / "three") == one
    with ThreadPoolExecutor(1) as pool:
        assert texts(run(tiny, executor=pool), tmp_path / "own") == one


def test_sweep_is_the_packages_own_and_stays_it() -> None:
    assert syncproof.sweep is sweep


# ---- resuming


@pytest.mark.slow
def test_a_second_sweep_does_nothing_again_and_says_the_same(tiny: str, tmp_path: Path, calls: Counter[str]) -> None:
    out = tmp_path / "out"
    first = texts(run(tiny, out=out), out)
    assert set(calls.values()) == {1}
    assert len(calls) == len(list((out / "pieces").iterdir())) == 3 * 2 * 2
    again = run(tiny, out=out, resume=True)
    assert texts(again, out) == first
    assert set(calls.values()) == {1}
    assert (again.facts.work.pieces, again.facts.work.pieces_read) == (12, 12)


def test_a_wider_sweep_does_only_what_is_new(tiny: str, tmp_path: Path, calls: Counter[str]) -> None:
    run(tiny, out=tmp_path)
    run(tiny, out=tmp_path, vary={DEVICES: [1, 2, 3, 4]}, runs=3, resume=True)
    assert set(calls.values()) == {1}
    assert len(calls) == 4 * 2 * 3


def stop_after(count: int) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        if done == count:
            raise KeyboardInterrupt

    return progress


@pytest.mark.slow
def test_an_interrupted_sweep_says_what_is_missing_and_can_continue(
    tiny: str, tmp_path: Path, calls: Counter[str]
) -> None:
    whole = texts(run(tiny), tmp_path / "whole")
    calls.clear()
    part = run(tiny, out=tmp_path / "out", progress=stop_after(5))
    assert part.interrupted == "interrupted"
    assert len(part.made) == 5
    missing = part.results().missing
    assert len(missing) == 12 - 5
    assert plain(missing[-1]) == {"at": {DEVICES: 3}, "design": "timeline-notify", "run": 1}
    assert part.status() == 3
    assert "7 of 12 runs are missing (interrupted)" in texts(part, tmp_path / "out")["report.md"].decode()
    assert texts(run(tiny, out=tmp_path / "out", resume=True), tmp_path / "out") == whole
    assert set(calls.values()) == {1}


def test_an_interrupt_before_any_result_is_raised(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(job: Job) -> RunResult:
        raise Interrupted

    monkeypatch.setattr(Job, "work", work)
    with pytest.raises(KeyboardInterrupt):
        run(tiny)


# ---- readings


def series(*means: float, spread: float = 0.1, runs: int = 3) -> list[dict[int, float]]:
    """Return runs around each mean, far from each other, so that only paired differences show small changes."""
    return [{r: mean + 100.0 * r + spread * (r - 1) for r in range(runs)} for mean in means]


def test_designs_are_compared_run_by_run() -> None:
    one, other = {0: 10.0, 1: 20.0, 2: 30.0}, {0: 9.0, 1: 19.1, 2: 28.9}
    measured = difference(one, other)
    assert measured is not None
    assert measured[0] == pytest.approx(1.0)
    assert measured[1] == 1
    assert difference({0: 1.0}, {1: 1.0}) is None


def test_a_clear_crossing_is_interpolated_between_its_points() -> None:
    found = crossings([1, 2, 4], {"a": series(1, 2, 6), "b": series(3, 3, 3, spread=0.2)})
    assert [(c.lower_before, c.lower_after, c.value, c.low, c.high, c.certainty) for c in found] == [
        ("a", "b", 2.5, 2, 4, "clear")
    ]


def test_lines_that_never_meet_have_no_crossing() -> None:
    assert crossings([1, 2, 3], {"a": series(1, 2, 3), "b": series(4, 5, 6)}) == []
    assert crossings([1, 2, 3], {"a": series(1, 2, 3), "b": series(1, 2, 3)}) == []


def test_lines_that_touch_have_no_crossing() -> None:
    assert crossings([1, 2, 3], {"a": series(1, 2, 1), "b": series(2, 2, 2)}) == []


def test_a_crossing_at_a_point_is_there() -> None:
    (found,) = crossings([1, 2, 3], {"a": series(1, 2, 3), "b": series(2, 2, 2)})
    assert (found.value, found.low, found.high) == (2.0, 1, 3)


def noisy(*means: float) -> list[dict[int, float]]:
    return [{0: mean - 9.0, 1: mean, 2: mean + 9.0} for mean in means]


def flat(count: int) -> list[dict[int, float]]:
    return [dict.fromkeys(range(3), 0.0)] * count


def test_what_the_intervals_do_not_show_is_noise() -> None:
    (found,) = crossings([1, 2], {"a": noisy(-1, 1), "b": flat(2)})
    assert (found.value, found.certainty) == (1.5, "within noise")


def test_a_clear_crossing_reaches_over_unclear_points() -> None:
    (found,) = crossings([1, 2, 3, 4], {"a": [*series(-500), *noisy(1, -1), *series(500)], "b": flat(4)})
    assert (found.low, found.high, found.certainty) == (1, 4, "clear")
    assert (found.lower_before, found.lower_after) == ("a", "b")


def test_designs_that_flip_in_noise_and_return_do_not_clearly_cross() -> None:
    (found,) = crossings([1, 2, 3], {"a": [*series(-500), *noisy(1), *series(-500)], "b": flat(3)})
    assert found.certainty == "within noise"


def test_two_crossings_are_two() -> None:
    found = crossings([1, 2, 3], {"a": series(-500, 500, -500), "b": flat(3)})
    assert [(c.lower_before, c.low, c.high, c.certainty) for c in found] == [
        ("a", 1, 2, "clear"),
        ("b", 2, 3, "clear"),
    ]


def test_a_single_run_has_no_interval() -> None:
    (found,) = crossings([1, 2], {"a": [{0: 1.0}, {0: 3.0}], "b": [{0: 2.0}, {0: 2.0}]})
    assert (found.value, found.certainty) == (1.5, "single run")


def test_points_without_a_design_are_skipped() -> None:
    (found,) = crossings([1, 2, 3], {"a": [*series(-500), {}, *series(500)], "b": flat(3)})
    assert (found.low, found.high) == (1, 3)


@pytest.mark.parametrize(
    ("along", "course"),
    [
        ([{0: 1.0, 1: 2.0, 2: 3.0}, {0: 2.0, 1: 3.1, 2: 3.9}], "grows"),
        ([{0: 2.0, 1: 3.1, 2: 3.9}, {0: 1.0, 1: 2.0, 2: 3.0}], "falls"),
        ([{0: 1.0, 1: 2.0, 2: 3.0}, {0: 3.0, 1: 3.0, 2: 2.0}], "varies"),
        ([{0: 100.0}, {0: 102.0}], "stays"),
        ([{0: 0.0}, {0: 0.0}], "stays"),
        ([{0: 100.0}, {0: 150.0}, {0: 100.0}], "varies"),
    ],
)
def test_courses(along: list[dict[int, float]], course: str) -> None:
    found = change(along)
    assert isinstance(found, Change)
    assert found.course == course


def test_crossings_need_one_key_with_numbers(tiny: str) -> None:
    with pytest.raises(InputError, match="one varied key, with numbers"):
        run(tiny, vary={"model.notifications": [True, False]}, runs=1).crossings("packets_per_delivery")
    with pytest.raises(InputError, match="did you mean 'packets_per_delivery'"):
        run(tiny, runs=1).crossings("packets_per_delivry")


@pytest.mark.slow
def test_the_articles_central_claim() -> None:
    """Inbox writes and deletes grow with endpoints; timeline writes do not."""
    found = sweep("many-endpoints", vary={DEVICES: [1, 6]}, designs=PAIR, runs=2, jobs=1)
    courses = {
        (name, metric): change.course
        for name in PAIR
        for metric in ("server_writes_per_message", "server_deletes_per_message")
        if (change := found.course(name, metric)) is not None
    }
    assert courses == {
        ("inbox-store-first", "server_writes_per_message"): "grows",
        ("inbox-store-first", "server_deletes_per_message"): "grows",
        ("timeline-notify", "server_writes_per_message"): "stays",
        ("timeline-notify", "server_deletes_per_message"): "stays",
    }
    (crossing,) = found.crossings("server_writes_per_message").to_dict("records")
    assert (crossing["lower_before"], crossing["lower_after"]) == tuple(PAIR)
    assert 1 < crossing["value"] < 6


# ---- the command


def test_the_command_writes_its_files(tiny: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = call("sweep", tiny, "--vary", f"{DEVICES}=1,2", "--design", PAIR[0], "--jobs", "1", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert sorted(p.name for p in out.iterdir()) == sorted([*FILES, "pieces"])
    results = json.loads((out / "results.json").read_text())
    assert (results["schema"], results["command"]) == (2, "sweep")
    assert results["vary"] == [{"key": DEVICES, "values": [1, 2], "given": ["1", "2"], "unit": ""}]


def test_a_broken_promise_is_status_1_with_the_command_that_shows_it(
    tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = DESIGNS["inbox-shared"]
    promising = type(shared)(
        shared.name, shared.family, shared.summary, shared.device, shared.server,
        {"no-loss": tuple(DESIGNS["timeline-notify"].promises["no-loss"])}, shared.not_applicable,
    )  # fmt: skip
    monkeypatch.setitem(DESIGNS, "inbox-shared", promising)
    arguments = ["--vary", f"{DEVICES}=1,2", "--design", "inbox-shared", "--jobs", "1", "--out", str(tmp_path / "out")]
    result = call("sweep", tiny, *arguments)
    assert result.exit_code == 1
    assert "BROKEN PROMISE: inbox-shared, no-loss, devices per user 2" in result.output
    shows = f"syncproof sweep {tiny} --vary {DEVICES}=2 --design inbox-shared --runs 2 --seed 1"
    assert shows in (tmp_path / "out" / "report.md").read_text()
    assert shows in (tmp_path / "out" / "report.html").read_text()


def test_an_interrupted_command_is_status_3_and_keeps_what_is_done(
    tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = iter(range(100))

    make = Job.work

    def work(job: Job) -> RunResult:
        if next(done) == 3:
            raise Interrupted
        return make(job)

    monkeypatch.setattr(Job, "work", work)
    result = call(
        "sweep", tiny, "--vary", f"{DEVICES}=1,2", "--design", PAIR[0], "--jobs", "1", "--out", str(tmp_path / "out")
    )
    assert result.exit_code == 3
    assert "interrupted; the same command with --resume continues from here" in result.output
    assert len(list((tmp_path / "out" / "pieces").iterdir())) == 3
    assert "## Missing" in (tmp_path / "out" / "interrupted" / "report.md").read_text()
    assert not (tmp_path / "out" / "report.md").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "nothing is varied; allowed: one or more --vary"),
        (["--vary", "population.device_per_user=1"], "did you mean 'devices_per_user'"),
        (["--vary", "faults.push_loss=2.0"], "faults.push_loss: 2.0"),
        (["--vary", f"{DEVICES}=1,1"], "1 is the same as 1"),
        (["--vary", f"{DEVICES}={'9' * 5000}"], "population.devices_per_user: '9999"),
        (["--vary", f"{DEVICES}=1", "--metric", "packet_per_delivery"], "did you mean 'packets_per_delivery'"),
        (["--vary", f"{DEVICES}=1", "--design", "timeline-notfy"], "did you mean 'timeline-notify'"),
        (["--vary", f"{DEVICES}=1", "--executor", "proceses"], "allowed: processes, or the address"),
        (["--vary", f"{DEVICES}=1", "--take", "3d"], "--take goes with --trace"),
        (["--vary", f"{DEVICES}=1", "--out", "/dev/null/x"], "--out /dev/null/x"),
        (["--vary", "traffic.trace=snap"], "name the file with --trace"),
    ],
)
def test_bad_input_is_one_line_and_status_2(arguments: list[str], complaint: str, tmp_path: Path) -> None:
    result = call("sweep", "default", "--out", str(tmp_path), *arguments)
    assert result.exit_code == 2
    assert complaint in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_a_scenario_may_be_made_in_a_notebook() -> None:
    made = Scenario.model_validate({"title": "t", "shows": "s", "duration": "10m"})
    found = sweep(made, vary={DEVICES: [1, 2]}, designs=PAIR[:1], runs=1, jobs=1)
    assert len(found.made) == 2


@pytest.mark.slow
def test_a_run_that_does_not_recover_is_told_from_one_without_a_burst(tmp_path: Path) -> None:
    """Nothing of it is a number: JSON has none for it, and a mean over the other runs would hide it."""
    down = load("overload").with_values(
        {
            "duration": "2m",
            "drain": "60s",
            "model.poll_interval": "60s",
            "population.users": 20,
            "conversations.pairs": 20,
            "traffic.messages_per_user_per_day": 4000.0,
            "traffic.bursts": [{"start": "20s", "length": "80s", "factor": 20.0}],
        }
    )
    for resume in (False, True):  # made, then read
        found = sweep(
            down,
            vary={"storage.parallel": [1, 64]},
            designs=["inbox-store-first"],
            runs=1,
            jobs=1,
            out=tmp_path,
            resume=resume,
        )
        busy, calm = (point.metrics["recovery_s"] for point in found.results().points)
        assert (busy.value, busy.endless, calm.value, calm.endless) == (None, 1, 0.0, 0)
