"""Histories and moves: writing, checking, replaying, and errors in one line."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from syncproof.core.observations import Learnt
from syncproof.core.packets import Packet
from syncproof.core.values import DeviceId, Timeline
from syncproof.errors import InputError
from syncproof.formats.history import moves_path, read_history
from syncproof.inputs.scenario import Scenario
from syncproof.studies.jobs import Job
from syncproof.studies.recordings import check, replay

WANTED = Scenario.model_validate(
    {
        "title": "recorded",
        "shows": "tests",
        "duration": "1h",
        "population": {"users": 4, "devices_per_user": 2, "new_devices": 1},
        "conversations": {"pairs": 3, "groups": 1, "group_size": {"min": 3, "max": 4}},
        "traffic": {"messages_per_user_per_day": 300.0},
        "presence": {"online": "10m", "offline": "5m", "half_open": 0.5},
        "storage": {"service_ms": {"median": 300.0, "sigma": 1.0}},
        "faults": {
            "push_loss": 0.1,
            "push_duplicate": 0.1,
            "push_reorder": 0.1,
            "sender_retry": 0.2,
            "device_crashes_per_day": 40.0,
            "server_crashes": [{"at": "10m", "down": "20s"}, {"at": "30m", "down": "5s"}],
        },
    }
)


def record(path: Path, design: str) -> dict[str, int]:
    """Simulate the design, write history and moves, and return the violations of the run."""
    found = Job(WANTED, design, 0, 11, history=str(path)).work()
    return {name: p.violations for name, p in found.properties.items() if p.violations}


@pytest.mark.parametrize("ending", [".jsonl", ".parquet"])
@pytest.mark.parametrize("design", ["inbox-shared", "timeline-push", "timeline-dense-push"])
def test_a_history_is_judged_as_the_run_was(tmp_path: Path, design: str, ending: str) -> None:
    path = tmp_path / f"run{ending}"
    seen = record(path, design)
    judged = check(path)
    assert judged.violations == seen
    assert judged.quiesced


@pytest.mark.slow
@pytest.mark.parametrize("design", ["inbox-store-first", "inbox-sync-first", "inbox-shared", "timeline-checkpointed",
                                    "timeline-dense-push", "timeline-push", "timeline-hybrid-fanout",
                                    "log-device-acks"])  # fmt: skip
def test_replayed_moves_have_the_same_violations(tmp_path: Path, design: str) -> None:
    path = tmp_path / "run.jsonl"
    seen = record(path, design)
    judged = replay(moves_path(path))
    assert judged.violations == judged.recorded == seen
    assert judged.observations == check(path).observations


def test_two_recordings_are_the_same_bytes(tmp_path: Path) -> None:
    texts = []
    for name in ("a.jsonl", "b.jsonl"):
        record(tmp_path / name, "timeline-notify")
        texts.append((tmp_path / name).read_bytes() + moves_path(tmp_path / name).read_bytes())
    assert texts[0] == texts[1]


def changed(tmp_path: Path, number: int, line: str) -> Path:
    """Write a recorded history with one line replaced, and return its path."""
    path = tmp_path / "run.jsonl"
    record(path, "timeline-notify")
    lines = path.read_text().splitlines()
    lines[number - 1] = line
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "run.jsonl:5: .*"),
        ("[1]", "run.jsonl:5: a JSON object expected"),
        ('{"type": "Shwon"}', "run.jsonl:5: type: 'Shwon' is no observation; allowed: .*Shown"),
        ('{"type": "Accepted", "message": 1.5}', r"run.jsonl:5: Accepted.message: .*"),
        ('{"type": "Accepted", "massage": 1}', "run.jsonl:5: Accepted.massage: unknown field; allowed: message"),
        ('{"type": "Accepted"}', "run.jsonl:5: Accepted: .*message"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint) as caught:
        check(changed(tmp_path, 5, line))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        ("", "the file is empty"),
        ("hello", "run.jsonl:1: not a header"),
        ('{"schema": 3, "kind": "history"}', "run.jsonl:1: schema: 3; allowed: 1, 2"),
        ('{"schema": 1, "kind": "moves"}', "run.jsonl:1: kind: 'moves'; allowed here: 'history'"),
        (
            '{"schema": 1, "kind": "history", "violations": {"loss": 1}}',
            "run.jsonl:1: violations: 'loss' is no property here; one of your own is given by --property FILE.py:NAME, and ",
        ),
        ('{"schema": 1, "kind": "history", "violations": {"no-loss": -1}}', "'no-loss': -1; allowed: 0 or more"),
    ],
)
def test_a_bad_header_is_named(tmp_path: Path, header: str, complaint: str) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(header)
    with pytest.raises(InputError, match=complaint):
        check(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.jsonl: No such file"):
        check(tmp_path / "gone.jsonl")


def test_a_file_that_is_not_parquet_is_named(tmp_path: Path) -> None:
    path = tmp_path / "run.parquet"
    path.write_text("hello")
    with pytest.raises(InputError, match="not a Parquet file"):
        check(path)


def test_a_move_that_is_not_possible_is_named(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    record(path, "timeline-notify")
    moves = moves_path(path)
    lines = moves.read_text().splitlines()
    moves.write_text("\n".join([lines[0], '{"type":"Restart","actor":0}', *lines[1:]]))
    with pytest.raises(InputError, match=r"run\.moves\.jsonl:2: Restart is not possible here"):
        replay(moves)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            '{"type":"Tell","actor":0,"packet":{"type":"Push","timeline":{"kind":"sync","owner":0},'
            '"entry":{"seq":1,"place":1,"message":null}}}',
            "makes no sense here: its packet lacks something",
        ),
        (
            '{"type":"Tell","actor":0,"packet":{"type":"AddMember","conversation":0,"user":0}}',
            "no handler for AddMember",
        ),
    ],
)
def test_a_move_that_makes_no_sense_is_named(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "run.jsonl"
    record(path, "inbox-shared")
    moves = moves_path(path)
    header, *rest = moves.read_text().splitlines()
    connected = {"type": "Connect", "client": 0}
    after = 1 + next(n for n, text in enumerate(rest) if connected.items() <= json.loads(text).items())
    moves.write_text("\n".join([header, *rest[:after], line, *rest[after:]]))
    with pytest.raises(InputError, match=says) as caught:
        replay(moves)
    assert "TypeError" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_promises_of_a_users_design_count_if_its_file_exists(tmp_path: Path) -> None:
    own = tmp_path / "mine.py"
    own.write_text(
        'from syncproof.designs import DESIGNS\nMine = DESIGNS["inbox-store-first"].variant(summary="Mine.")\n'
    )
    path = tmp_path / "run.jsonl"
    record(path, f"{own}:Mine")
    verdicts = check(path).verdicts()
    assert verdicts["no-loss"].promised
    assert verdicts["dense"].verdict == "not-applicable"
    own.unlink()
    assert not check(path).verdicts()["no-loss"].promised


def test_a_users_packet_class_of_the_same_name_is_ignored(tmp_path: Path) -> None:
    class Compose(Packet, frozen=True):
        word: str

    path = tmp_path / "run.jsonl"
    record(path, "timeline-push")
    assert '"type":"Compose"' in moves_path(path).read_text()
    assert replay(moves_path(path)).quiesced
    assert Compose("kept until here").word


def test_an_unknown_design_is_reported_with_the_file_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    record(path, "inbox-shared")
    moves = moves_path(path)
    moves.write_text(moves.read_text().replace('"inbox-shared"', '"inbox-shred"', 1))
    with pytest.raises(InputError, match=r"run\.moves\.jsonl:1: design: unknown design 'inbox-shred'"):
        replay(moves)


def test_a_foreign_history_is_judged_by_every_property(tmp_path: Path) -> None:
    """A converted log of a real server has an accepted message that its reader never shows."""
    rows = [
        {"schema": 1, "kind": "history", "design": "my server"},
        {"type": "Joined", "device": 0, "user": 0},
        {"type": "Joined", "device": 1, "user": 1},
        {"type": "MemberAdded", "conversation": 0, "user": 0},
        {"type": "MemberAdded", "conversation": 0, "user": 1},
        {"type": "Composed", "message": 7, "device": 0, "conversation": 0},
        {"type": "Placed", "message": 7, "conversation": 0, "place": 1, "members": [0, 1], "audience": [0, 1]},
        {"type": "Stored", "message": 7},
        {"type": "Accepted", "message": 7},
        {"type": "Shown", "device": 0, "message": 7, "conversation": 0, "place": 1},
        {"type": "Quiesced"},
    ]
    path = tmp_path / "real.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    judged = check(path)
    assert judged.violations == {"no-loss": 1}
    assert judged.verdicts()["no-loss"].verdict == "violated"


def test_a_history_that_stops_early_leaves_liveness_unknown(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    record(path, "timeline-notify")
    header, *lines = path.read_text().splitlines()
    unlimited = json.dumps({key: value for key, value in json.loads(header).items() if key != "lines"})
    path.write_text("\n".join([unlimited, *lines[: len(lines) // 2]]))
    verdicts = check(path).verdicts()
    assert {verdicts["no-loss"].verdict, verdicts["no-duplicate"].verdict} == {"unknown", "holds"}


@pytest.mark.parametrize("kind", ["history", "moves"])
def test_a_file_that_was_cut_short_is_an_error(tmp_path: Path, kind: str) -> None:
    history = tmp_path / "run.jsonl"
    record(history, "timeline-notify")
    path = history if kind == "history" else moves_path(history)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-5]))
    with pytest.raises(
        InputError, match=rf"{len(lines) - 6} lines after the header, which says that there are {len(lines) - 1}"
    ):
        (check if kind == "history" else replay)(path)


def test_a_history_that_says_learned_is_read(tmp_path: Path) -> None:
    """Earlier versions wrote `Learned` for `Learnt`."""
    path = tmp_path / "run.jsonl"
    line = '{"type": "Learned", "device": 0, "timeline": {"kind": "sync", "owner": 0}, "seq": 1}'
    path.write_text('{"schema": 1, "kind": "history"}\n' + line)
    _, observations = read_history(path)
    assert list(observations) == [Learnt(DeviceId(0), Timeline("sync", 0), 1)]


@pytest.mark.parametrize("kind", [str, Path])
def test_a_file_is_named_by_text_or_by_a_path(tmp_path: Path, kind: Callable[[Path], str | Path]) -> None:
    path = tmp_path / "run.jsonl"
    seen = record(path, "inbox-shared")
    assert check(kind(path)).violations == replay(kind(moves_path(path))).violations == seen


def test_a_mark_comments_blank_lines_and_compression_are_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    record(path, "timeline-notify")
    header, *rest = path.read_bytes().splitlines()
    plain = list(read_history(path)[1])
    lines = b"\n".join([b"\xef\xbb\xbf# a comment", header, b"", *rest, b"", b"# the end", b""])
    path.write_bytes(lines)
    assert list(read_history(path)[1]) == plain
    packed = tmp_path / "run.jsonl.gz"
    packed.write_bytes(gzip.compress(lines))
    assert list(read_history(packed)[1]) == plain
    packed.write_bytes(gzip.compress(lines)[:-100])
    with pytest.raises(InputError, match=r"run\.jsonl\.gz: damaged"):
        list(read_history(packed)[1])
