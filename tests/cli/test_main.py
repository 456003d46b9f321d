"""The command line: exit statuses, one clear line for bad input, a light `--help`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from benchmarks.histories import write
from syncproof.core.faults import FAULTS
from syncproof.designs import DESIGNS
from syncproof.designs.forms import FORMS
from syncproof.inputs.scenario import ready
from syncproof.properties import PROPERTIES, spill
from syncproof.properties.refinements import REFINEMENTS
from syncproof.properties.sometimes import SOMETIMES
from syncproof.studies import compare as comparison
from syncproof.studies import jobs as job_module
from tests.helpers.command import TINY, call


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return path


def test_help_loads_nothing_heavy() -> None:
    heavy = [
        "numpy",
        "pandas",
        "scipy",
        "matplotlib",
        "pydantic",
        "jinja2",
        "rich",
        "networkx",
        "hypothesis",
        "pyarrow",
        "msgspec",
    ]
    script = (
        "import sys\nfrom syncproof.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert found.stdout.splitlines()[-1] == "[]"


def test_the_lists_name_what_there_is() -> None:
    situations = [name for name in SOMETIMES if not name.endswith("-happened")]
    properties = [*PROPERTIES, *situations, "FAULT-happened", *REFINEMENTS]
    lists = (("designs", [*DESIGNS, *FORMS]), ("properties", properties), ("scenarios", ready()), ("faults", FAULTS))
    for command, names in lists:
        result = call(command)
        assert result.exit_code == 0
        listed = [
            line.split()[0] for line in result.output.splitlines() if line and not line.endswith(":") and line[0] != " "
        ]
        assert listed == list(names)


@pytest.mark.slow
def test_compare_writes_the_four_files_and_says_so(tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = call("compare", str(tiny), "--design", "timeline-notify", "--design", "inbox-shared", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert sorted(p.name for p in out.iterdir()) == ["pieces", "report.html", "report.md", "results.json", "run.json"]
    results = json.loads((out / "results.json").read_text())
    assert results["designs"]["inbox-shared"]["properties"]["no-loss"]["verdict"] == "violated"
    assert results["designs"]["inbox-shared"]["properties"]["no-loss"]["promised"] is False
    assert "report.html" in result.output
    assert "does not promise no-loss" in result.output


@pytest.mark.slow
def test_jobs_do_not_change_the_results(tiny: Path, tmp_path: Path) -> None:
    texts = []
    for jobs in ("1", "3"):
        out = tmp_path / jobs
        call("compare", str(tiny), "--design", "timeline-push", "--jobs", jobs, "--out", str(out))
        texts.append([(out / name).read_bytes() for name in ("results.json", "report.html", "report.md")])
    assert texts[0] == texts[1]


@pytest.fixture
def rash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the shared inbox promise no-loss."""
    broken = comparison.registry.DESIGNS["inbox-shared"]
    promising = type(broken)(
        broken.name, broken.family, broken.summary, broken.device, broken.server,
        {"no-loss": tuple(DESIGNS["timeline-notify"].promises["no-loss"])}, broken.not_applicable,
    )  # fmt: skip
    monkeypatch.setitem(comparison.registry.DESIGNS, "inbox-shared", promising)


@pytest.mark.slow
@pytest.mark.usefixtures("rash")
def test_a_broken_promise_is_status_1(tiny: Path, tmp_path: Path) -> None:
    result = call("compare", str(tiny), "--design", "inbox-shared", "--jobs", "1", "--out", str(tmp_path / "out"))
    assert result.exit_code == 1
    assert "BROKEN PROMISE: inbox-shared, no-loss" in result.output


BAD: list[tuple[list[str], str]] = [
    (["compare", "defualt"], "did you mean 'default'"),
    (["compare", "--design", "timeline-notfy"], "did you mean 'timeline-notify'"),
    (["compare", "--take", "3d"], "--take goes with --trace"),
    (["compare", "campus"], "name the file with --trace"),
    (["compare", "default", "--trace", "/nowhere/trace.txt"], "/nowhere/trace.txt"),
    (["compare", "campus", "--trace", "x", "--take", "3 weeks"], "--take 3 weeks: allowed: a number and its unit"),
    (["compare", "--out", ""], "--out '': allowed: a folder"),
    (["verify", "--out", " "], "--out ' ': allowed: a folder"),
    (["compare", "--out", "/dev/null/x"], "--out /dev/null/x"),
    (["compare", "--history", "run.csv"], ".jsonl or .parquet"),
    (["check", "/nowhere.jsonl"], "/nowhere.jsonl"),
    (["replay", "/nowhere.jsonl"], "/nowhere.jsonl"),
]


@pytest.mark.parametrize(("arguments", "complaint"), BAD)
def test_bad_input_is_one_line_and_status_2(arguments: list[str], complaint: str) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert complaint in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_a_key_that_is_misspelt_names_file_line_and_the_nearest(tiny: Path) -> None:
    tiny.write_text(TINY.replace("push_loss", "push_lost"))
    result = call("compare", str(tiny))
    assert result.exit_code == 2
    assert f"{tiny}:15: faults.push_lost" in result.output
    assert "did you mean 'push_loss'" in result.output


def recorded(scenario: Path) -> Path:
    """Record the history of a run beside its scenario, and its moves beside that."""
    history = scenario.with_name("h.jsonl")
    out = scenario.with_name("o")
    call(*f"compare {scenario} --design inbox-shared --runs 1 --out {out} --history {history}".split())
    return history


def test_check_and_replay_agree_with_the_run(tiny: Path, tmp_path: Path) -> None:
    history = recorded(tiny)
    checked, replayed = call("check", str(history)), call("replay", str(tmp_path / "h.moves.jsonl"))
    assert (checked.exit_code, replayed.exit_code) == (0, 0)
    assert call("check", str(history), "--promise", "no-loss").exit_code == 1
    assert "the same violations as recorded" in replayed.output
    kept = [line for line in checked.output.splitlines() if line.startswith("  ")]
    assert kept == [line for line in replayed.output.splitlines() if line.startswith("  ")]


def test_replaying_other_violations_is_status_1(tiny: Path, tmp_path: Path) -> None:
    recorded(tiny)
    moves = tmp_path / "h.moves.jsonl"
    header, *rest = moves.read_text().splitlines()
    changed: dict[str, Any] = {**json.loads(header), "violations": {"no-loss": 1}}
    moves.write_text("\n".join([json.dumps(changed), *rest]))
    result = call("replay", str(moves))
    assert result.exit_code == 1
    assert "not the same" in result.output


def test_a_lost_worker_is_one_line_and_status_3(tmp_path, monkeypatch):
    from concurrent.futures import BrokenExecutor

    from syncproof.studies import compare as study

    def compare(*arguments, **options):
        raise BrokenExecutor("A process in the process pool was terminated abruptly")

    monkeypatch.setattr(study, "compare", compare)
    result = call("compare", "--out", str(tmp_path))
    assert result.exit_code == 3
    assert result.output == ("syncproof: a worker process was lost (out of memory, or killed); fewer --jobs may help\n")


# ---- errors of users, reported in one line each


@pytest.mark.parametrize("limit", ["--memory", "--time"])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e308"])
def test_an_ineffective_limit_is_refused(limit: str, value: str) -> None:
    result = call("explore", "timeline-notify", f"{limit}={value}")
    assert result.exit_code == 2
    assert "is not in the range" in result.output


BROKEN = """
import itertools
from syncproof.core.actor import actor, on
from syncproof.designs import DESIGNS
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.packets import Notification

COUNT = itertools.count()

@actor
class Raising(TimelineDevice):
    @on(Notification)
    def notified(self, source, packet, out):
        1 / 0

@actor
class Moody(TimelineDevice):
    @on(Notification)
    def notified(self, source, packet, out):
        if next(COUNT) % 2:
            super().notified(source, packet, out)

Bad = DESIGNS["timeline-notify"].variant(device=Raising)
Impure = DESIGNS["timeline-notify"].variant(device=Moody)
"""


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "own.py"
    path.write_text(BROKEN)
    return path


def one_line(result: Result, *parts: str, status: int = 2) -> None:
    assert result.exit_code == status, result.output
    assert len(result.output.strip().splitlines()) == 1, result.output
    assert all(part in result.output for part in parts), result.output


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("minimise",), ("Missing argument 'MOVES'", "allowed: ", "MOVES [PROPERTY]")),
        (("compare", "--runs", "0"), ("'--runs': 0 is not in the range 1<=x<=1000",)),
        (("compare", "--runs", "1_0"), ("'--runs': '1_0' is not a whole number",)),
        (("compare", "--seed", "\u0661"), ("'--seed': '\u0661' is not a whole number",)),
        (("explore", "timeline-notify", "--time", "1_0"), ("'--time': '1_0' is not a number",)),
        (("compare", "--rns", "2"), ("No such option", "--rns", "--runs")),
        (("nope",), ("No such command 'nope'", "allowed: designs, scenarios")),
        (("designs", "x"), ("unexpected extra argument (x)",)),
    ],
)
def test_an_error_of_usage_is_one_line(arguments: tuple[str, ...], parts: tuple[str, ...]) -> None:
    one_line(call(*arguments), *parts)


def test_faults_of_a_bug_names_the_kill_matrix() -> None:
    one_line(call("faults", "F01"), "the kill matrix is `syncproof kill-matrix F01`")


def test_without_a_command_the_help_is_shown() -> None:
    assert "Commands:" in call().output


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_users_design_that_raises_in_a_simulation(broken: Path, tiny: Path, tmp_path: Path, jobs: str) -> None:
    arguments = ("--jobs", jobs, "--out", str(tmp_path / "o"))
    result = call("compare", str(tiny), "--design", f"{broken}:Bad", *arguments)
    one_line(result, f"{broken}:14: ZeroDivisionError: division by zero", status=4)


def test_a_users_design_that_raises_in_a_search(broken: Path) -> None:
    says = (
        f"{broken.name}:14: ZeroDivisionError: division by zero; DeviceId(1) (Raising) failed handling Notification\n"
    )
    one_line(call("explore", f"{broken}:Bad"), says, status=4)


NEGATIVE = """
from syncproof.core.actor import actor
from syncproof.designs import DESIGNS
from syncproof.designs.timeline.device import TimelineDevice

@actor
class Owing(TimelineDevice):
    def show(self, message, *rest):
        rest[-1].write("device", rows=-1, bytes=10)
        super().show(message, *rest)

Mine = DESIGNS["timeline-notify"].variant(device=Owing)
"""


def test_negative_rows_are_an_error_of_the_handler(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "owing.py").write_text(NEGATIVE)
    says = "ValueError: write of -1 rows and 10 bytes; allowed: 0 or more"
    one_line(call("explore", "owing.py:Mine"), f"owing.py:9: {says}; DeviceId(", "(Owing) failed handling", status=4)
    one_line(call("compare", str(tiny), "--design", "owing.py:Mine", "--runs", "1"), f"owing.py:9: {says}", status=4)


def test_a_users_design_that_depends_on_more_than_its_fields(broken: Path) -> None:
    result = call("explore", f"{broken}:Impure")
    one_line(result, f"{broken.name}:16: DeviceId(", "did something else when it was called again", status=4)


def test_memory_that_runs_out_is_unknown(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(job_module, "_TRAFFIC", {})
    monkeypatch.setattr(job_module.workload, "generate", full)
    result = call("compare", str(tiny), "--out", str(tmp_path / "o"))
    assert result.exit_code == 3
    assert "memory ran out" in result.output


def test_a_full_disk_is_one_line_and_status_4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "BUFFER", 1)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    write(tmp_path / "run.jsonl", 20_000, users=20)
    result = call("check", str(tmp_path / "run.jsonl"))
    one_line(result, "the temporary file of a long history cannot be written: No such file", "TMPDIR", status=4)


def test_an_error_of_syncproof_itself_is_one_line_and_status_4(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*_: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr(job_module, "_TRAFFIC", {})
    monkeypatch.setattr(job_module.workload, "generate", wrong)
    arguments = ("compare", str(tiny), "--jobs", "1", "--out", str(tmp_path / "o"))
    one_line(call(*arguments), "test_main.py:", "KeyError: 'oops'", status=4)
    assert "Traceback" in call(*arguments, "--debug").output


@pytest.mark.parametrize("designs", [("timeline-notify",), ("timeline-notify", "inbox-shared")])
@pytest.mark.parametrize("suffix", [".jsonl", ".moves.jsonl"])
def test_a_history_that_cannot_be_written_fails_before_the_work(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, designs: tuple[str, ...], suffix: str
) -> None:
    monkeypatch.setattr(comparison.pieces, "perform", None)
    name = "run" if len(designs) == 1 else "run-inbox-shared"
    (tmp_path / f"{name}{suffix}").mkdir()
    named = [word for design in designs for word in ("--design", design)]
    result = call("compare", str(tiny), *named, "--history", str(tmp_path / "run.jsonl"), "--out", str(tmp_path / "o"))
    one_line(result, f"{name}{suffix}: is a folder")


@pytest.mark.slow
def test_the_paths_of_histories_are_printed(tiny: Path, tmp_path: Path, broken: Path) -> None:
    broken.write_text(BROKEN + '\nSame = DESIGNS["timeline-notify"].variant(device=TimelineDevice)')
    named = ("--design", "timeline-notify", "--design", f"{broken}:Same", "--runs", "1")
    result = call("compare", str(tiny), *named, "--history", str(tmp_path / "run.jsonl"), "--out", str(tmp_path / "o"))
    written = sorted(str(path) for path in tmp_path.glob("run-*.jsonl") if ".moves." not in path.name)
    assert len(written) == 2
    line = next(line for line in result.output.splitlines() if line.startswith("Histories"))
    assert all(path in line for path in written)
    assert "run-timeline-notify.jsonl" in "".join(call("compare", "--help").output.split())


HEADER = '{"schema":1,"kind":"history","design":"theirs"}'
PLACED = [
    '{"type":"Joined","device":0,"user":0}',
    '{"type":"Joined","device":1,"user":0}',
    '{"type":"Composed","message":1,"device":0,"conversation":0}',
    '{"type":"Placed","message":1,"conversation":0,"place":1,"members":[0],"audience":[0,1]}',
    '{"type":"Stored","message":1}',
    '{"type":"Accepted","message":1}',
    '{"type":"Shown","device":0,"message":1,"conversation":0,"place":1}',
]
REST = '{"type":"Quiesced"}'


def written(tmp_path: Path, *lines: str, header: str = HEADER) -> str:
    path = tmp_path / "theirs.jsonl"
    path.write_text("\n".join([header, *lines]) + "\n")
    return str(path)


@pytest.mark.parametrize(
    ("lines", "promises", "status"),
    [
        ([*PLACED, REST], [], 0),
        ([*PLACED, REST], ["no-loss"], 1),
        ([*PLACED, REST], ["no-duplicate"], 0),
        ([*PLACED, REST], ["no-duplicate", "no-loss"], 1),
        ([*PLACED, REST], ["all"], 1),
        (PLACED, ["no-loss"], 3),
        (PLACED, ["no-duplicate"], 0),
        ([], [], 3),
        ([REST], [], 3),
        ([REST], ["all"], 3),
    ],
)
def test_the_log_of_a_real_server_can_violate_a_promise(
    tmp_path: Path, lines: list[str], promises: list[str], status: int
) -> None:
    options = [word for name in promises for word in ("--promise", name)]
    result = call("check", written(tmp_path, *lines), *options)
    assert result.exit_code == status, result.output
    placed = lines[:1] == PLACED[:1]
    assert ("unknown: nothing happened" in result.output) == (not placed)
    assert (" holds" in result.output) == placed


def test_an_unknown_promise_is_named(tmp_path: Path) -> None:
    one_line(call("check", written(tmp_path, *PLACED), "--promise", "no-los"), "no-los", "did you mean 'no-loss'")


def test_a_promise_that_makes_no_sense_is_named(tmp_path: Path) -> None:
    ours = written(tmp_path, *PLACED, header=HEADER.replace("theirs", "inbox-shared"))
    one_line(call("check", ours, "--promise", "dense"), "a queue, not a log")
    assert call("check", ours, "--promise", "all").exit_code == 3


@pytest.mark.parametrize(
    ("header", "line", "says"),
    [
        (HEADER, '{"type":["a"]}', ":2: type: ['a'] is no observation; allowed: "),
        (HEADER, '{"type":{}}', ":2: type: {} is no observation; allowed: "),
        (HEADER, "3", ":2: a JSON object expected"),
        (HEADER[:-1] + ',"faults":["zz"]}', REST, ":1: faults: 'zz' is no fault; allowed: push-lost, "),
    ],
)
def test_a_history_that_cannot_be_read_is_one_line(tmp_path: Path, header: str, line: str, says: str) -> None:
    one_line(call("check", written(tmp_path, line, header=header)), says)


def test_a_diagram_that_is_too_long_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "long.moves.jsonl"
    path.write_text("\n".join([HEADER.replace("history", "moves"), *['{"type":"Stop"}'] * 2001]))
    one_line(call("replay", str(path), "--diagram"), "2,001 moves; allowed for --diagram: at most 2,000")


@pytest.mark.usefixtures("rash")
def test_replaying_a_broken_promise_is_status_0(tiny: Path, tmp_path: Path) -> None:
    """A replay is compared with the recording; `check` judges promises."""
    history = tmp_path / "h.jsonl"
    arguments = ("--jobs", "1", "--out", str(tmp_path / "o"), "--history", str(history))
    assert call("compare", str(tiny), "--design", "inbox-shared", *arguments).exit_code == 1
    result = call("replay", str(tmp_path / "h.moves.jsonl"))
    assert "no-loss                violated (promised)" in result.output
    assert result.exit_code == 0
    assert call("check", str(history)).exit_code == 1
    assert "Exit status: 0 the violations are those that were recorded" in " ".join(
        call("replay", "--help").output.split()
    )
