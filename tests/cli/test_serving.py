"""`explore --serve`: what it prints, where it listens, how it ends, and where its page begins."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from syncproof.cli import serving
from syncproof.cli.process import Interruption
from syncproof.engines.explore import Limits
from syncproof.errors import InputError
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.report.counterexamples import drawn, record
from syncproof.studies import recordings
from syncproof.studies.verify import explore_one, gathered
from tests.helpers.command import call
from tests.helpers.program import PROGRAM, own

DESIGN = f"{Path(__file__).parents[1] / 'helpers' / 'hasty_inbox.py'}:HastyInbox"
WORLD = SmallWorld("two-people", 1, ())
OPTIONS = ("--world", "two-people")


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `explore --serve` until it serves, and yield the process with the address of its page."""
    command = [*PROGRAM, "explore", *arguments, "--serve"]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=-1, stderr=-1, text=True, encoding="utf-8")
    try:
        assert process.stdout is not None
        line = next((line for line in process.stdout if line.startswith("Explorer: ")), "")
        assert line, process.communicate()
        yield process, line.split()[1]
    finally:
        process.kill()
        process.communicate()


def listening(process: int) -> list[str]:
    """Return the addresses at which a process or its children listen, as /proc has them."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    sockets = {
        os.readlink(fd)
        for each in [str(process), *children]
        for fd in Path(f"/proc/{each}/fd").iterdir()
        if fd.is_symlink()
    }
    found = []
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            words = row.split()
            if f"socket:[{words[9]}]" in sockets and (words[3] == "0A" or table.startswith("udp")):
                found.append(words[1])
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="this system has no /proc/net")
@pytest.mark.parametrize(
    ("design", "number", "status"), [(DESIGN, signal.SIGINT, 1), ("inbox-store-first", signal.SIGTERM, 0)]
)
def test_it_listens_on_loopback_alone_and_ends_with_the_status_of_the_search(
    tmp_path: Path, design: str, number: signal.Signals, status: int
) -> None:
    with running(tmp_path, design, *OPTIONS) as (process, url):
        port = int(re.fullmatch(r"http://127\.0\.0\.1:(\d+)/[\w-]{32}/", url)[1])  # type: ignore[index]
        assert listening(process.pid) == [f"0100007F:{port:04X}"]
        with urllib.request.urlopen(url, timeout=30) as reply:
            assert reply.status == 200
        process.send_signal(number)
        _, says = process.communicate(timeout=30)
        assert (process.returncode, says) == (status, "")


def test_a_signal_that_is_awaited_changes_no_status() -> None:
    interruption = Interruption()
    interruption.met = True
    assert interruption.cut
    interruption.awaited = True
    assert not interruption.cut


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--way", "abcd"), "--way goes with --serve"),
        (("--serve", "--bounds", "small"), "--graph and --serve are for one world"),
        (("--serve", "--way", "zz zz"), "allowed: the part of an address behind #"),
        (("--serve", "--way", "zzzz"), "move 1 (zzzz) is not possible there"),
        (("--serve", "--way", "none.moves.jsonl"), "none.moves.jsonl: No such file or directory"),
    ],
)
def test_options_that_do_not_fit_are_refused_in_one_line(options: tuple[str, ...], says: str) -> None:
    result = call("explore", "inbox-store-first", *options)
    assert result.exit_code == 2
    assert says in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_a_saved_way_can_be_replayed_and_opened_again(tmp_path: Path) -> None:
    walk, _ = serving.start(DESIGN, WORLD, None)
    place, moves = walk.begin(), []
    while found := [each.move for each in place.choices() if each.kind != "poll"]:
        place.make(found[0])
        moves.append(found[0])
    file = serving.saved(walk, moves, tmp_path / "ways")
    assert file == serving.saved(walk, moves, tmp_path / "ways")
    assert recordings.replay(file).violations == recordings.replay(file).recorded
    _, address = serving.start(DESIGN, WORLD, str(file))
    assert walk.moves(address.codes) == moves


def test_the_moves_file_of_a_liveness_counterexample_is_opened(tmp_path: Path) -> None:
    crashing = SmallWorld("two-people", 1, ("device-crash",))
    found = gathered("one world", DESIGN, [explore_one(DESIGN, crashing)])
    lost = next(each for each in drawn(found) if each.name == "no-loss")
    record(lost, tmp_path / "lost.moves.jsonl")
    _, address = serving.start(DESIGN, crashing, str(tmp_path / "lost.moves.jsonl"))
    assert len(address.codes) == lost.cell.length == 23


def test_a_design_that_fails_in_the_search_is_served_and_has_its_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = []
    monkeypatch.setattr(serving, "serve", lambda begin, explored, *_: served.append((begin[0].design, explored)))
    monkeypatch.chdir(tmp_path)
    result = call("explore", f"{own(tmp_path)}:Zero", "--serve")
    assert result.exit_code == 4
    assert "ZeroDivisionError: oops" in result.output
    assert served == [("own.py:Zero", None)]


def test_the_page_says_how_far_a_search_without_counterexamples_came() -> None:
    whole = explore_one("inbox-store-first", WORLD)
    cut = explore_one("inbox-store-first", WORLD, Limits(depth=2))
    assert serving.told(whole) == "The search is complete and found no counterexample."
    assert serving.told(cut) == (
        "The search was cut short (the limit of depth was reached), and found no counterexample until then."
    )
    assert serving.told(None).startswith("The search failed")


def test_a_way_that_fits_in_part_begins_where_it_ends_to_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    walk, _ = serving.start(DESIGN, WORLD, None)
    move = next(iter(walk.begin().choices())).move
    code = walk.address([move]).codes[0]
    _, address = serving.start(DESIGN, WORLD, f"{code}.zzzz")
    assert address.codes == (code,)
    assert "move 2 (zzzz) is not possible there" in capsys.readouterr().err
    file = serving.saved(walk, [move], tmp_path)
    lines = file.read_text().splitlines()
    count = f'"lines":{len(lines) - 1}'
    assert count in lines[0].replace(" ", "")
    header = lines[0].replace(" ", "").replace(count, f'"lines":{len(lines)}')
    file.write_text("\n".join([header, *lines[1:], lines[-1]]) + "\n")  # the last move is made twice
    _, address = serving.start(DESIGN, WORLD, str(file))
    assert address.codes == (code,)
    assert "way: move 2, " in capsys.readouterr().err


def test_a_moves_file_of_another_world_is_refused(tmp_path: Path) -> None:
    walk, _ = serving.start(DESIGN, WORLD, None)
    file = serving.saved(walk, [], tmp_path)
    with pytest.raises(InputError, match="it begins otherwise; allowed: moves of inbox-store-first"):
        serving.start("inbox-store-first", SmallWorld("three-devices", 1, ()), str(file))
