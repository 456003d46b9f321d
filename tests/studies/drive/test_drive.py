"""Driving targets: real runs beside what a search predicts, and how the two are compared."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from syncproof import check
from syncproof.engines.drive import new_target, processes
from syncproof.engines.drive.processes import DriveError
from syncproof.errors import InputError
from syncproof.report import drive as page
from syncproof.studies.drive import drive


@pytest.mark.parametrize(
    ("target", "options", "says"),
    [
        ("nosuch", {}, "unknown target 'nosuch'; allowed: all, sqlite, "),
        ("model:nosuch", {}, "unknown design 'nosuch'"),
        ("sqlite", {"scripts": ["x"]}, "unknown script 'x'; allowed: all, later-device, "),
        ("sqlite", {"held_against": "x"}, "unknown design 'x'"),
        ("sqlite", {"repeats": 0}, "repeats"),
    ],
)
def test_wrong_names_are_one_line(target: str, options: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says) as raised:
        drive(target, **options)  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)


# ---- real processes

OWN = """
from syncproof.core.actor import actor, durable, on, state
from syncproof.core.packets import Packet
from syncproof.core.values import DeviceId, MessageId
from syncproof.designs import DESIGNS
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.server import TimelineServer

class Told(Packet, frozen=True):
    messages: tuple[MessageId, ...]

@state
class Tally:
    by: dict[DeviceId, int]

@actor
class Counting(TimelineServer):
    tally: Tally = durable(lambda: Tally({}))
    @on(Told)
    def told(self, source, packet, out):
        if source in self.peers:
            self.tally.by[self.peers[source]] = len(packet.messages)

@actor
class Tells(TimelineDevice):
    def save(self, cursors, out):
        super().save(cursors, out)
        if self.connection is not None and cursors:
            out.send(self.connection, Told(tuple(sorted(self.shown))))

@actor
class Raises(TimelineServer):
    def receive(self, source, message, out):
        1 / 0

Telling = DESIGNS["timeline-notify"].variant(server=Counting, device=Tells)
Raising = DESIGNS["timeline-notify"].variant(server=Raises)
"""


@pytest.mark.slow
def test_a_real_server_keeps_its_promises_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = drive("sqlite-log", scripts=["later-device", "restored"], histories=tmp_path / "histories")
    assert found.status() == 0, page.text(found)
    assert [each.agreement for each in found.cells] == ["agrees", "agrees"], page.text(found)
    assert found.cells[1].broken == ["conversation-order", "accepted-is-durable", "convergence"]
    assert [each.name for each in tmp_path.iterdir()] == ["histories"]
    assert processes._RUNNING == {}
    history = tmp_path / "histories" / "sqlite-log-restored.jsonl"
    assert set(check(history).violations) == set(found.cells[1].broken)


@pytest.mark.slow
def test_the_models_own_actors_keep_their_promises_when_the_server_is_killed() -> None:
    found = drive("model:timeline-notify", scripts=["server-killed", "crash-applied"])
    assert found.status() == 0, page.text(found)
    assert {each.agreement for each in found.cells} == {"agrees"}, page.text(found)


@pytest.mark.slow
def test_a_seeded_bug_breaks_with_slow_stores_what_the_search_says() -> None:
    found = drive("model:F01", scripts=["concurrent-writers"], repeats=2, slow_ms=30)
    assert found.status() == 1
    assert {"tail-append", "no-loss"} <= set(found.cells[0].broken)
    assert set(found.cells[0].broken) <= set(found.cells[0].expected), page.text(found)


@pytest.mark.slow
def test_a_design_of_ones_own_is_driven_with_packets_of_its_own_and_what_it_raises_has_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(OWN)
    found = drive("model:mine.py:Telling", scripts=["crash-applied"])
    assert found.status() == 0, page.text(found)
    assert {each.agreement for each in found.cells} == {"agrees"}, page.text(found)
    with pytest.raises(DriveError, match=r"the server ended: mine\.py:\d+: ZeroDivisionError: division by zero"):
        drive("model:mine.py:Raising", scripts=["later-device"])


@pytest.mark.slow
def test_a_device_that_confirms_first_loses_what_its_seeded_bug_loses() -> None:
    found = drive("sqlite-inbox", scripts=["crash-confirmed"])
    assert found.cells[0].design == "F17"
    assert {"no-early-delete", "no-loss"} <= set(found.cells[0].broken)
    assert found.status() == 0, "the script itself makes the devices wrong: nothing is promised"


@pytest.mark.slow
def test_the_template_of_a_target_works_as_it_is(tmp_path: Path) -> None:
    file, test = new_target.write("my_server", tmp_path)
    found = drive(f"{file}:MyServer", scripts=["new-device", "crash-applied"])
    assert found.status() == 0, page.text(found)
    assert {each.agreement for each in found.cells} == {"agrees"}, page.text(found)
    assert "tail-append" in found.cells[0].unwitnessed
    compile(test.read_text(), str(test), "exec")
    with pytest.raises(InputError, match="is there already"):
        new_target.write("my_server", tmp_path)


@pytest.mark.slow
def test_a_device_that_ends_by_itself_is_an_error_with_its_last_line(tmp_path: Path) -> None:
    file = tmp_path / "bad.py"
    file.write_text(
        "from syncproof.engines.drive.targets.sqlite import SqliteLog\n"
        "class Bad(SqliteLog):\n"
        "    def receive(self, device, after):\n"
        "        return 1 / 0\n"
    )
    with pytest.raises(DriveError, match=r"device \d ended: ZeroDivisionError: division by zero"):
        drive(f"{file}:Bad", scripts=["later-device"])


@pytest.mark.slow
def test_the_results_can_be_read_again(tmp_path: Path) -> None:
    found = drive("sqlite-inbox", scripts=["trimmed"])
    found.write(tmp_path)
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["cells"][0]["observed"] == {"accepted-is-durable": 1, "no-loss": 1, "convergence": 1}
    assert results["cells"][0]["agreement"] == "agrees"
