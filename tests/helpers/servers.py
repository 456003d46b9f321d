"""Real servers in tests: one that is not installed skips its tests with the reason, and none is left running."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from syncproof.designs import Population
from syncproof.engines.drive.adapter import load
from syncproof.engines.drive.play import ScriptRun, play
from syncproof.engines.drive.scripts import SCRIPTS
from syncproof.engines.drive.targets import TARGETS
from syncproof.formats.header import SCHEMA, Header
from syncproof.studies import recordings


def run(target: str, script: str) -> tuple[set[str], ScriptRun]:
    """Run a script on a target; return the properties that it violated, and the run.

    The test is skipped if the target cannot run here. It fails if the run did not come to rest, or left something behind.
    """
    kind, what = load(TARGETS[target]), SCRIPTS[script]
    if lacking := kind.missing():
        pytest.skip(f"{target}: {lacking}")
    place = Path(tempfile.mkdtemp(prefix="syncproof-test-"))
    place.chmod(0o711)  # servers that become another user must reach their data
    before, tempfile.tempdir = tempfile.tempdir, str(place)
    try:
        played = play(TARGETS[target], what)
    finally:
        tempfile.tempdir = before
    assert processes(str(place)) == []
    place.rmdir()  # fails if something is left
    assert played.rested
    population = Population(what.cast.owners, what.cast.members)
    header = Header(schema=SCHEMA, kind="history", design=kind.design, faults=what.faults, population=population)
    found = recordings.judged(f"{target} {script}", header, played.history).verdicts()
    return {name for name, verdict in found.items() if verdict.violations}, played


def processes(place: str) -> list[str]:
    """Return the command lines of the running processes that name a place."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it has ended
            continue
        if place in command:
            found.append(command)
    return found
