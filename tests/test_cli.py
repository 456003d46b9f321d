"""The command line: exit statuses, one clear line for bad input, a light `--help`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from syncproof import comparison
from syncproof.cli import main
from syncproof.designs import DESIGNS
from syncproof.properties import PROPERTIES
from syncproof.scenario import ready

TINY = """
title = "tiny"
shows = "a test"
duration = "30m"
runs = 2
[population]
users = 3
[conversations]
pairs = 2
groups = 1
group_size = { min = 3, max = 3 }
[traffic]
messages_per_user_per_day = 400.0
[faults]
push_loss = 0.1
"""


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


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
        "import sys\nfrom syncproof.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert found.stdout.splitlines()[-1] == "[]"


def test_the_lists_name_what_there_is() -> None:
    for command, names in (("designs", DESIGNS), ("properties", PROPERTIES), ("scenarios", ready())):
        result = call(command)
        assert result.exit_code == 0
        assert [line.split()[0] for line in result.output.splitlines()] == list(names)


def test_compare_writes_the_four_files_and_says_so(tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = call("compare", str(tiny), "--design", "timeline-notify", "--design", "inbox-shared", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert sorted(p.name for p in out.iterdir()) == ["report.html", "report.md", "results.json", "run.json"]
    results = json.loads((out / "results.json").read_text())
    assert results["designs"]["inbox-shared"]["properties"]["no-loss"]["verdict"] == "violated"
    assert results["designs"]["inbox-shared"]["properties"]["no-loss"]["promised"] is False
    assert "report.html" in result.output
    assert "does not promise no-loss" in result.output


def test_jobs_do_not_change_the_results(tiny: Path, tmp_path: Path) -> None:
    texts = []
    for jobs in ("1", "3"):
        out = tmp_path / jobs
        call("compare", str(tiny), "--design", "timeline-push", "--jobs", jobs, "--out", str(out))
        texts.append([(out / name).read_bytes() for name in ("results.json", "report.html", "report.md")])
    assert texts[0] == texts[1]


def test_a_broken_promise_is_status_1(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = comparison.registry.DESIGNS["inbox-shared"]
    promising = type(broken)(
        broken.name, broken.family, broken.summary, broken.device, broken.server,
        {"no-loss": tuple(DESIGNS["timeline-notify"].promises["no-loss"])}, broken.not_applicable,
    )  # fmt: skip
    monkeypatch.setitem(comparison.registry.DESIGNS, "inbox-shared", promising)
    result = call("compare", str(tiny), "--design", "inbox-shared", "--jobs", "1", "--out", str(tmp_path / "out"))
    assert result.exit_code == 1
    assert "BROKEN PROMISE: inbox-shared, no-loss" in result.output


BAD: list[tuple[list[str], str]] = [
    (["compare", "defualt"], "did you mean 'default'"),
    (["compare", "--design", "timeline-notfy"], "did you mean 'timeline-notify'"),
    (["compare", "--take", "3d"], "--take goes with --trace"),
    (["compare", "campus"], "name the file with --trace"),
    (["compare", "default", "--trace", "/nowhere/trace.txt"], "/nowhere/trace.txt"),
    (["compare", "campus", "--trace", "x", "--take", "3 weeks"], "--take 3 weeks"),
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


def test_check_and_replay_agree_with_the_run(tiny: Path, tmp_path: Path) -> None:
    history = tmp_path / "h.jsonl"
    call(
        "compare",
        str(tiny),
        "--design",
        "inbox-shared",
        "--runs",
        "1",
        "--out",
        str(tmp_path / "o"),
        "--history",
        str(history),
    )
    checked, replayed = call("check", str(history)), call("replay", str(tmp_path / "h.moves.jsonl"))
    assert (checked.exit_code, replayed.exit_code) == (0, 0)
    assert "the same violations as recorded" in replayed.output
    kept = [line for line in checked.output.splitlines() if line.startswith("  ")]
    assert kept == [line for line in replayed.output.splitlines() if line.startswith("  ")]


def test_replaying_other_violations_is_status_1(tiny: Path, tmp_path: Path) -> None:
    history = tmp_path / "h.jsonl"
    call(
        "compare",
        str(tiny),
        "--design",
        "inbox-shared",
        "--runs",
        "1",
        "--out",
        str(tmp_path / "o"),
        "--history",
        str(history),
    )
    moves = tmp_path / "h.moves.jsonl"
    header, *rest = moves.read_text().splitlines()
    changed: dict[str, Any] = {**json.loads(header), "violations": {"no-loss": 1}}
    moves.write_text("\n".join([json.dumps(changed), *rest]))
    result = call("replay", str(moves))
    assert result.exit_code == 1
    assert "not the same" in result.output


def test_a_lost_worker_is_one_line_and_status_3(tmp_path, monkeypatch):
    from concurrent.futures import BrokenExecutor

    from syncproof import report

    def compare(*arguments, **options):
        raise BrokenExecutor("A process in the process pool was terminated abruptly")

    monkeypatch.setattr(report, "compare", compare)
    result = CliRunner().invoke(main, ["compare", "--out", str(tmp_path)])
    assert result.exit_code == 3
    assert result.output == ("syncproof: a worker process was lost (out of memory, or killed); fewer --jobs may help\n")
