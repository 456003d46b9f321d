"""Inputs to break the program with: command lines, with the files that they name. Input n of a seed is always the same."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from syncproof.designs import DESIGNS
from syncproof.studies.compare import compare
from syncproof.studies.recordings import convert
from tests.fuzz.mutations import NUMBERS, TEXT, WORDS, change_json, mutated, mutated_bytes
from tests.helpers.command import TINY
from tests.helpers.recorded import PEOPLE, REST, accepted, composed, of, placed, shown, written

SNAP = "".join(f"{1 + n % 4} {1 + (n + 1 + n // 4) % 4} {1_082_040_961 + 60 * n}\n" for n in range(30))
PRESENCE = "time_s,event,user,dead_s\n" + "".join(
    f"{100 * n},{('connect', 'message', 'disconnect')[n // 3 % 3]},{n % 3},{5 if n // 3 % 3 == 2 else 0}\n"
    for n in range(27)
)
TRACED = """
title = "traced"
shows = "a test"
duration = "1h"
runs = 1
[population]
devices_per_user = [1, 2]
[traffic]
trace = "{kind}"
[presence]
online = "10m"
offline = "5m"
"""
SCRIPT = """
world = "two-people"
[[script]]
compose = [{device = 0}, {device = 0, kind = "edit", about = 0}]
[[script]]
compose = [{device = 1, conversation = 0}]
"""
WHOLE = """
[[faults.server_crashes]]
at = "5m"
down = "10s"
[presence]
online = "10m"
offline = "5m"
half_open = 0.2
dead = "2m"
[storage]
service_ms = { median = 5.0, sigma = 0.5 }
[network]
push_ms = { median = 80.0, sigma = 0.5 }
[model]
page_size = 3
poll_interval = "1m"
"""

OUTSIDE = (
    *PEOPLE,
    shown("laptop", "hello", place=1),
    composed("hello"),
    placed("hello"),
    accepted("hello", place=1),
    of("Queued", box={"kind": "inbox", "owner": "laptop"}, message="hello", devices=["laptop"]),
    of("Deleted", box={"kind": "inbox", "owner": "laptop"}, message="hello", device=None, cause="sent"),
    of("Forgot", device="laptop", messages=["hello"], reached=[["lunch", 0]]),
    of("Audited", messages=["hello", 7]),
    REST,
)

OPTIONS = {
    "compare": (
        "--runs",
        "--seed",
        "--jobs",
        "--design",
        "--take",
        "--trace",
        "--history",
        "--out",
        "--executor",
        "--resume",
    ),
    "sweep": ("--vary", "--runs", "--seed", "--jobs", "--design", "--metric", "--executor", "--resume"),
    "explore": (
        "--world",
        "--messages",
        "--fault",
        "--states",
        "--memory",
        "--time",
        "--graph",
        "--depth",
        "--script",
        "--symmetry",
    ),
    "verify": ("--bounds", "--jobs", "--executor", "--resume"),
    "kill-matrix": ("--jobs", "--profile", "--executor", "--resume"),
    "check": ("--promise", "--order"),
    "convert": (),
    "replay": ("--diagram",),
    "minimise": ("--out",),
    "designs": ("--json",),
    "scenarios": (),
    "properties": (),
    "faults": (),
}
SMALL: dict[str, tuple[str, ...]] = {
    "compare": ("--runs", "1", "--jobs", "1", "--design", "timeline-notify"),
    "sweep": ("--runs", "1", "--jobs", "1", "--design", "timeline-notify"),
    "explore": ("--states", "300"),
    "verify": ("--bounds", "nonsense"),
    "kill-matrix": ("--profile", "nonsense"),
}
"""Behind a command's arguments: what keeps it short, or, for a command that has nothing short, from working at all."""
ARGUMENTS = (
    "",
    "-",
    "--",
    "/",
    ".",
    "/dev/null",
    "missing.toml",
    "missing.py:X",
    "own.py:",
    ":",
    "a:b:c",
    "timeline-notfy",
    "timeline-notify",
    "no-loss",
    "push",
    "14d",
    "-1d",
    "1e9d",
    "all",
    "F01",
    "F99",
    "nowhere/x.jsonl",
    "é",
    "\udcff",
    "population.users=1,,2",
    "population.users=",
    "=",
    "tcp://127.0.0.1:1",
)


@dataclass(frozen=True)
class Input:
    """A command line, and the files (name -> bytes) that must be in its folder."""

    arguments: tuple[str, ...]
    files: dict[str, bytes] = field(default_factory=dict)


def corpus(folder: Path) -> dict[str, bytes]:
    """Return the sound files that are mutated. The recordings are made by a small run in this folder."""
    scenario = folder / "tiny.toml"
    scenario.write_text(TINY)
    for name in ("run.jsonl", "run.parquet"):
        compare(
            scenario, designs=["timeline-dense-push"], runs=1, jobs=1, seed=3, sweep=False, history=str(folder / name)
        )
    (folder / "tiny.toml").unlink()
    written(folder / "outside.jsonl", *OUTSIDE)
    convert(folder / "outside.jsonl", folder / "outside.parquet")
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def made(number: int, seed: int, files: dict[str, bytes]) -> Input:
    """Return input `number` of a seed."""
    draw = Random(f"{seed}/{number}")
    kinds: tuple[Callable[[Random, dict[str, bytes]], Input], ...] = (
        _scenario,
        _trace,
        _history,
        _history,
        _moves,
        _parquet,
        _script,
        _line,
        _line,
    )
    return kinds[number % len(kinds)](draw, files)


def _written(text: str, draw: Random) -> bytes:
    """Return a text in bytes, now and then in another encoding or compressed."""
    data = text.encode(draw.choice(("utf-8", "utf-8", "utf-8", "utf-16", "latin-1")), errors="replace")
    return gzip.compress(data, mtime=0) if draw.random() < 0.1 else data


def _scenario(draw: Random, files: dict[str, bytes]) -> Input:
    text = mutated(draw.choice((TINY, TINY + WHOLE)), draw)
    return Input(("compare", "tiny.toml", *_few(draw)), {"tiny.toml": _written(text, draw)})


def _trace(draw: Random, files: dict[str, bytes]) -> Input:
    kind, text = draw.choice((("snap", SNAP), ("presence", PRESENCE)))
    name = draw.choice(("trace.txt", "trace.csv", "trace.gz"))
    scenario = TRACED.format(kind=kind).encode()
    return Input(
        # A changed digit makes decades of a trace, in which people come and go every quarter of an hour.
        ("compare", "tiny.toml", "--trace", name, "--take", "2h", *_few(draw)),
        {"tiny.toml": scenario, name: _written(mutated(text, draw), draw)},
    )


def _few(draw: Random) -> tuple[str, ...]:
    return ("--design", draw.choice(sorted(DESIGNS)), "--runs", "1", "--jobs", "1", "--out", "out")


def _recording(name: str, draw: Random, files: dict[str, bytes]) -> dict[str, bytes]:
    text = files[name].decode()
    # The head alone is mutated as often as everything behind it.
    lines = text.splitlines(keepends=True)
    if draw.random() < 0.3:
        text = mutated(lines[0], draw, (*TEXT, change_json)) + "".join(lines[1:])
    else:
        text = mutated(text, draw, (*TEXT, change_json, change_json, change_json, change_json))
    return {name: _written(text, draw)}


def _history(draw: Random, files: dict[str, bytes]) -> Input:
    name = draw.choice(("run.jsonl", "outside.jsonl"))
    if draw.random() < 0.2:
        return Input(("convert", name, draw.choice(("out.parquet", "out.jsonl.gz"))), _recording(name, draw, files))
    promise = ("--promise", draw.choice(("all", "no-loss", "dense"))) if draw.random() < 0.3 else ()
    order = ("--order", "causal") if draw.random() < 0.3 else ()
    return Input(("check", name, *promise, *order), _recording(name, draw, files))


def _moves(draw: Random, files: dict[str, bytes]) -> Input:
    command = draw.choice((("replay",), ("replay", "--diagram"), ("minimise",)))
    return Input((*command, "run.moves.jsonl"), _recording("run.moves.jsonl", draw, files))


def _script(draw: Random, files: dict[str, bytes]) -> Input:
    text = mutated(SCRIPT, draw)
    return Input(
        ("explore", "inbox-store-first", "--script", "script.toml", "--states", "300"),
        {"script.toml": _written(text, draw)},
    )


def _parquet(draw: Random, files: dict[str, bytes]) -> Input:
    name = draw.choice(("run.parquet", "outside.parquet"))
    command = draw.choice((("check", name), ("convert", name, "out.jsonl")))
    return Input(command, {name: mutated_bytes(files[name], draw)})


def _line(draw: Random, files: dict[str, bytes]) -> Input:
    """Return a command line with several wrong or odd arguments, which does not ask for much work if it is right."""
    command = draw.choice(sorted(OPTIONS))
    arguments = [command]
    for _ in range(draw.randrange(5)):
        option = draw.choice((*OPTIONS[command], "--nonsense", "--debug", "--out"))
        arguments.append(option)
        if draw.random() < 0.9:
            arguments.append(draw.choice((*ARGUMENTS, *NUMBERS, *WORDS)))
    for _ in range(draw.randrange(3)):
        arguments.insert(draw.randrange(1, len(arguments) + 1), draw.choice((*ARGUMENTS, *NUMBERS, *WORDS)))
    arguments += SMALL.get(command, ())
    if command in ("compare", "sweep") and draw.random() < 0.7:
        arguments.insert(1, "tiny.toml")
    recordings = {
        "check": "run.jsonl",
        "convert": "outside.jsonl",
        "replay": "run.moves.jsonl",
        "minimise": "run.moves.jsonl",
    }
    if command in recordings:
        arguments.insert(1, recordings[command])
    named = {name: data for name, data in files.items() if name in arguments}
    return Input(tuple([a.replace("\0", "?") for a in arguments]), {"tiny.toml": TINY.encode(), **named})
