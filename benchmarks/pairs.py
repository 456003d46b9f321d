"""Compare programs in pairs within one run: each round runs all of them in turn, each in a process of its own.

A program is a command that prints one line, `figures(...)`. Only ratios within a round are compared, since other work on the
machine changes from minute to minute; seconds are processor seconds, so they count no waiting.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from syncproof.engines.memory import peak_memory

ROOT = Path(__file__).resolve().parents[1]

Measured = dict[str, Any]
"""What one program printed: `seconds`, `same` (what every program of the pair must find) and further figures."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The ratios of all rounds."""

    least: float
    median: float
    most: float

    def __str__(self) -> str:
        digits = 2 if self.median < 1 else 1
        return f"{self.median:.{digits}f} ({self.least:.{digits}f} to {self.most:.{digits}f})"


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison. `times`: how many times as long `beside` takes as `own`. `least`: the wanted ratio, if any."""

    what: str
    own: str
    beside: str
    own_seconds: float
    beside_seconds: float
    times: Spread
    least: float | None = None
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def reached(self) -> bool:
        """Return whether the wanted ratio is reached."""
        return self.least is None or self.times.median >= self.least

    def cells(self) -> list[str]:
        """Return the cells of the line in a table with the columns `COLUMNS`."""
        wanted = "" if self.least is None else f"{self.least:g}"
        seconds = [f"{self.own} {self.own_seconds:.2f} s", f"{self.beside} {self.beside_seconds:.2f} s"]
        return [self.what, *seconds, str(self.times), wanted, "; ".join(self.notes)]


COLUMNS = ("what", "this", "beside it", "times as long: median (least to most)", "wanted", "beside this")


def figures(seconds: float, same: object, **further: object) -> None:
    """Print what a program has measured."""
    print(json.dumps({"seconds": seconds, "same": same, **further}))


def peak() -> float:
    """Return the most memory that this program has used, in MiB. What `getrusage` says would include its parent's."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return next(int(each.split()[1]) / 1024 for each in lines if each.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return (peak_memory() or 0) / (1 << 20)


def rounds_of(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, list[Measured]]:
    """Run each command once in each round; return what they printed. It is an error if `same` differs.

    A command is what stands after the Python interpreter.
    """
    found: dict[str, list[Measured]] = {name: [] for name in commands}
    for number in range(rounds):
        # The first one of a round may find the machine's caches in another state than the last one.
        names = list(commands) if number % 2 == 0 else list(reversed(commands))
        for name in names:
            done = subprocess.run(
                [sys.executable, *commands[name]], check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT
            )
            found[name].append(json.loads(done.stdout.splitlines()[-1]))
    differing = {json.dumps(each["same"]) for measured in found.values() for each in measured}
    if len(differing) > 1:
        raise SystemExit(f"{', '.join(commands)}: they do not find the same: {sorted(differing)}")
    return found


def spread(own: Sequence[Measured], beside: Sequence[Measured]) -> Spread:
    """Return how many times as long `beside` took as `own`, round by round."""
    ratios = [other["seconds"] / mine["seconds"] for mine, other in zip(own, beside, strict=True)]
    return Spread(min(ratios), statistics.median(ratios), max(ratios))


def line(
    what: str,
    found: Mapping[str, Sequence[Measured]],
    own: str,
    beside: str,
    least: float | None = None,
    notes: Sequence[str] = (),
) -> Line:
    """Compare two of the programs."""
    medians = [statistics.median([each["seconds"] for each in found[name]]) for name in (own, beside)]
    return Line(what, own, beside, medians[0], medians[1], spread(found[own], found[beside]), least, tuple(notes))


def told(lines: Sequence[Line]) -> int:
    """Print the lines; return the exit status: 1 if a wanted ratio is not reached."""
    for each in lines:
        print(" | ".join(each.cells()), flush=True)
    return 0 if all(each.reached for each in lines) else 1


def table(lines: Sequence[Line]) -> str:
    """Return the lines as a table in Markdown."""
    rows = [COLUMNS, ["---"] * len(COLUMNS), *[each.cells() for each in lines]]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def machine() -> str:
    """Return in words on what machine this process runs."""
    cores = os.cpu_count() or 1
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(each.split(":", 1)[1].strip() for each in lines if each.startswith("model name"))
    except (OSError, StopIteration):
        pass
    memory = ""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = f", {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / (1 << 30):.0f} GiB"
    return f"{model}, {cores} cores{memory}, {platform.system()}, Python {platform.python_version()}"


def load() -> float:
    """Return how many processes want to run, on the average of the last minute; 0 where the system does not say."""
    try:
        return os.getloadavg()[0]
    except (OSError, AttributeError):
        return 0.0
