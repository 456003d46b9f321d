"""Reading traces: both formats, and the error for a line that cannot be read names the line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from syncproof.errors import InputError
from syncproof.inputs.traces import read

HEADER = "time_s,event,user,dead_s\n"


@pytest.fixture
def written(tmp_path: Path):
    """Return a function that writes a trace file and returns its path."""

    def write(text: str) -> Path:
        path = tmp_path / "trace.txt"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_snap_lines_are_recognised_renumbered_and_start_at_0(written) -> None:
    trace = read(written("7 9 1000\n9 7 1010\n3 7 1025\n"))
    assert (trace.kind, trace.users, trace.length) == ("snap", 3, 25.0)
    assert trace.rows == [(0.0, 0, 1, 0.0), (10.0, 1, 0, 0.0), (25.0, 2, 0, 0.0)]


def test_snap_lines_are_sorted_by_time_and_ties_keep_the_order_of_the_file(written) -> None:
    trace = read(written("1 2 50\n3 4 20\n5 6 20\n"))
    assert [row[:3] for row in trace.rows] == [(0.0, 0, 1), (0.0, 2, 3), (30.0, 4, 5)]


def test_presence_lines_are_recognised_by_their_header(written) -> None:
    trace = read(written(HEADER + "5,connect,ann,0\n6,message,bob,0\n9.5,disconnect,ann,2.5\n"))
    assert (trace.kind, trace.users, trace.length) == ("presence", 2, 4.5)
    assert trace.rows == [(0.0, 0, 0, 0.0), (1.0, 2, 1, 0.0), (4.5, 1, 0, 2.5)]


def test_take_keeps_the_first_part_and_only_its_users(written) -> None:
    path = written("1 2 0\n2 1 100\n3 4 200\n")
    trace = read(path, take=150.0)
    assert (len(trace.rows), trace.users, trace.length) == (2, 2, 150.0)


def test_take_after_the_end_is_the_whole_trace(written) -> None:
    path = written("1 2 0\n2 1 100\n")
    assert read(path, take=1000.0) == read(path)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("1 2 10\n1 2\n", 2, "'1 2'"),
        ("1 2 ten\n", 1, "three whole numbers"),
        ("1 2 10\n2 1 11 12\n", 2, "'2 1 11 12'"),
        ("1 2 10\n5 5 11\n", 2, "user 5 writes to itself"),
        ("1 2 -10\n", 1, "numbers from 0 up"),
        ("1 2 10\n1 2 99999999999999999999999999999\n", 2, "times in seconds, up to"),
        (HEADER + "0,connect,1\n", 2, "3 fields"),
        (HEADER + "0,connect,1,0\n1e300,message,1,0\n", 3, "from 0 up to"),
        (HEADER + "0,connect,1,0\nsoon,message,1,0\n", 3, "time_s 'soon'"),
        (HEADER + "0,connects,1,0\n", 2, "allowed: connect, disconnect, message"),
        (HEADER + "9,connect,1,0\n8,message,1,0\n", 3, "do not go back"),
        (HEADER + "0,disconnect,1,-3\n", 2, "from 0 up"),
        (HEADER + "nan,connect,1,0\n", 2, "allowed: numbers"),
        (HEADER + "0,connect,,0\n", 2, "a user's name"),
        (HEADER + "0,message,1,30\n", 2, "dead_s 30 on a message"),
    ],
)
def test_a_line_that_cannot_be_read_is_an_error_with_its_number(written, text: str, line: int, what: str) -> None:
    path = written(text)
    with pytest.raises(InputError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}:{line}: ")
    assert what in message
    assert "allowed: " in message
    assert "\n" not in message


@pytest.mark.parametrize("text", ["1 2 5\n2 1 99999999999\n", HEADER + "0,connect,1,0\n1e10,message,1,0\n"])
def test_a_trace_that_lasts_too_long_is_an_error(written, text: str) -> None:
    with pytest.raises(InputError, match="allowed: at most 3153600000 s, 100 years"):
        read(written(text))


@pytest.mark.parametrize("text", ["", HEADER])
def test_a_file_without_rows_is_an_error(written, text: str) -> None:
    with pytest.raises(InputError, match="allowed: "):
        read(written(text))


def test_a_missing_file_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.csv: cannot be read: No such file"):
        read(tmp_path / "nowhere.csv")


def test_a_file_that_is_not_utf_8_is_an_error_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "binary.txt"
    path.write_bytes(b"\x00\xff")
    with pytest.raises(InputError, match=r"binary\.txt: not UTF-8; allowed: a text file in UTF-8"):
        read(path)


@pytest.mark.parametrize("zeros", ["", "\n\n"])
def test_marks_comments_blank_lines_and_compression_are_no_trouble(tmp_path: Path, zeros: str) -> None:
    text = f"\ufeff# SRC DST UNIXTIME\n7 9 1000\n\n# a comment\n9 7 1010\n{zeros}"
    for name, opened in (("trace.txt", open), ("trace.txt.gz", gzip.open)):
        with opened(tmp_path / name, "wt", encoding="utf-8") as file:
            file.write(text)
        assert read(tmp_path / name).rows == [(0.0, 0, 1, 0.0), (10.0, 1, 0, 0.0)]


def test_a_line_below_a_comment_keeps_its_number(written) -> None:
    with pytest.raises(InputError, match=r"trace\.txt:3: '1 2'"):
        read(written("# a comment\n1 2 3\n1 2\n"))


def test_a_damaged_compressed_trace_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "trace.txt.gz"
    path.write_bytes(gzip.compress(b"7 9 1000\n" * 100)[:-12])
    with pytest.raises(InputError, match=r"trace\.txt\.gz: cannot be read: damaged"):
        read(path)
    path.write_bytes(b"7 9 1000")
    with pytest.raises(InputError, match=r"trace\.txt\.gz: cannot be read: Not a gzipped file"):
        read(path)


@pytest.mark.parametrize("number", ["1_0", "\u0661\u0662", "\uff11"])
def test_only_ascii_digits_are_numbers(written, number: str) -> None:
    with pytest.raises(InputError, match="allowed: `SRC DST UNIXTIME`"):
        read(written(f"1 2 {number}\n"))
    with pytest.raises(InputError, match="allowed: numbers"):
        read(written(f"{HEADER}{number},connect,ann,0\n"))
