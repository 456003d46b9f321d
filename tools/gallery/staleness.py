"""Find the committed reports that are not what would be made now."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from syncproof import designs
from syncproof.designs.forms import all_names
from syncproof.engines.simulate.metrics import METRICS
from syncproof.inputs.bounds import within
from syncproof.inputs.scenario import load, ready
from syncproof.properties import PROPERTIES
from syncproof.seeded_bugs import BUGS
from syncproof.studies import claims, intervals, kill_matrix
from syncproof.studies import size as sizes
from syncproof.studies import verify as verification
from syncproof.studies.jobs import Job
from syncproof.studies.results.common import plain
from tools.gallery import entries
from tools.gallery.entries import Entry
from tools.gallery.index import Row, index, read

PLACE = re.compile(r"(?<![\w.:/])/(?:home|root|tmp|work|Users|var|mnt|opt)/")
"""The beginning of a path on a particular machine."""


def fingerprint(entry: Entry) -> dict[str, str]:
    """Return what a report of this entry would be made from now, part -> digest, without running anything."""
    parts: dict[str, object] = {
        "designs": [(d.name, sorted((p, *f) for p, f in d.promises.items())) for d in designs.DESIGNS.values()],
        "properties": [(p.name, p.says) for p in PROPERTIES.values()],
        "schema": 1,
    }
    if entry.kind in ("compare", "sweep", "size"):
        parts["scenario"] = load(entry.subject).text
        parts["metrics"] = [(name, metric.unit, metric.sentence) for name, metric in METRICS.items()]
        parts["taken"] = (entry.trace, entry.take, entry.key, entry.values, entry.designs, entry.metrics, entry.runs)
    if entry.kind in ("compare", "verify"):
        parts["claims"] = [(name, claim.says) for name, claim in claims.CLAIMS.items()]
    if entry.kind == "verify":
        worlds = [str(world) for name in entry.designs or all_names() for world in within(entry.subject, name)]
        parts["worlds"] = list(dict.fromkeys(worlds))
    if entry.kind == "kill-matrix":
        parts["bugs"] = [(name, bug.failure, bug.violates, bug.world) for name, bug in BUGS.items()]
    return {name: hashlib.sha256(json.dumps(part).encode()).hexdigest()[:16] for name, part in sorted(parts.items())}


def stale(row: Row, out: Path) -> list[str]:
    """Return why a committed report differs from what would be made now; empty if it does not. Takes a second or two."""
    entry = entries.ENTRIES.get(row.name)
    if entry is None:
        return [f"{row.name}: no such entry any more"]
    missing = [f"{row.name}/{file} is missing" for file in row.files if not (out / row.name / file).is_file()]
    now = fingerprint(entry)
    other = [part for part in sorted({*now, *row.fingerprint}) if now.get(part) != row.fingerprint.get(part)]
    if missing or other:
        return missing + [f"{row.name}: its {part} changed since" for part in other]
    results = json.loads((out / row.name / "results.json").read_text(encoding="utf-8"))
    return [f"{row.name}: {says}" for says in AGAIN[entry.kind](entry, results)]


def _run_again(entry: Entry, results: dict[str, Any]) -> Iterator[str]:
    """Repeat one run of one design, another design for each scenario. Traces are not repeated: their files may be absent."""
    if entry.trace:
        return
    scenario = load(entry.subject)
    names = list(results["designs"])
    name = names[list(entries.ENTRIES).index(entry.name) % len(names)]
    run = Job(scenario, name, 0, results["seed"] * 1000).work()
    for metric, recorded in results["designs"][name]["metrics"].items():
        value = intervals.digits(run.metrics[metric])
        if value != recorded["runs"][0]:
            yield f"{metric} of {name} in the first run is {value}, not {recorded['runs'][0]}"


def _search_again(entry: Entry, results: dict[str, Any]) -> Iterator[str]:
    """Search the first world of every design again, which is the smallest."""
    for name, found in results["designs"].items():
        world = within(entry.subject, name)[0]
        again = verification.explore_one(name, world)
        recorded = next(each for each in found["worlds"] if each["world"] == str(world))
        for what, value in (("states", again.states), ("transitions", again.transitions), ("depth", again.depth)):
            if value != recorded[what]:
                yield f"{name}, {world}: {value} {what}, not {recorded[what]}"


def _kill_again(entry: Entry, results: dict[str, Any]) -> Iterator[str]:
    name = "F25"
    if plain(kill_matrix.kill_matrix([name], jobs=1).bugs[name]) != results["bugs"][name]:
        yield f"{name} is not met as it was"


def _size_again(entry: Entry, results: dict[str, Any]) -> Iterator[str]:
    """Compute the rates again, without the check."""
    again = plain(sizes.size(entry.subject).results())
    for name, found in again["designs"].items():
        if found != results["designs"][name]:
            yield f"{name} takes something else"


def _nothing(entry: Entry, results: dict[str, Any]) -> Iterator[str]:
    yield from ()


AGAIN: dict[str, Callable[[Entry, dict[str, Any]], Iterable[str]]] = {
    "compare": _run_again,
    "verify": _search_again,
    "kill-matrix": _kill_again,
    "sweep": _nothing,
    "size": _size_again,
}


def complaints(out: Path) -> Iterator[str]:
    """Yield what is wrong with the committed reports: stale, missing, left over, or naming a place on a machine."""
    rows = read(out)
    for row in rows.values():
        yield from stale(row, out)
    written = {file: text for file, text in index(rows).items() if not file.endswith(".html")}
    for file, text in written.items():
        if not (out / file).is_file() or (out / file).read_text(encoding="utf-8") != text:
            yield f"{file} is not the index that index.json gives"
    there = [f for f in files(out) if not f.endswith(".html") and f.partition("/")[0] not in entries.BESIDE]
    named = {*written, *(f"{row.name}/{file}" for row in rows.values() for file in row.files)}
    yield from (f"{file} is in no entry of the index" for file in there if file not in named)
    yield from (f"{file} names a place on a machine" for file in there if PLACE.search((out / file).read_text("utf-8")))
    shown = {entry.subject for entry in entries.ENTRIES.values() if entry.kind in ("compare", "size")}
    yield from (f"the ready scenario {name} has no entry" for name in ready() if name not in shown)


def files(folder: Path) -> list[str]:
    """Return the files below a folder, as sorted paths relative to it."""
    return [str(path.relative_to(folder)) for path in sorted(folder.rglob("*")) if path.is_file()]
