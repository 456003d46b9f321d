"""What the program prints, wherever it prints it to: the exit status stays that of the verdicts."""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from syncproof.cli import output
from syncproof.cli.output import plain
from syncproof.report import terminal
from tests.helpers.command import TINY, call
from tests.helpers.program import PROGRAM, own, run

pytestmark = pytest.mark.slow

FULL = Path("/dev/full")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    own(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """Return what a search of a broken design prints in UTF-8."""
    folder = tmp_path_factory.mktemp("usual")
    own(folder)
    return run(folder, "explore", "own.py:Deaf", "--out", "o")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_marks_degrade_in_an_encoding_that_lacks_them(
    folder: Path, usual: subprocess.CompletedProcess[str], encoding: str
) -> None:
    found = run(folder, "explore", "own.py:Deaf", "--out", "o", PYTHONIOENCODING=encoding)
    assert (usual.returncode, found.returncode, found.stderr) == (1, 1, "")
    assert "   ✗ message 0 was accepted" in usual.stdout
    assert "   x message 0 was accepted" in found.stdout


def test_every_mark_has_a_form_in_ascii() -> None:
    text = "✓ ✗ – → … “é” ☃"
    assert text.encode("ascii", "syncproof-plain") == b'+ x - -> ... "e" ?'
    with pytest.raises(UnicodeDecodeError):
        plain(UnicodeDecodeError("ascii", b"\xff", 0, 1, "reason"))
    assert all(len(mark) == 1 and form.isascii() for mark, form in output.PLAIN.items())


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
@pytest.mark.parametrize(("words", "status"), [(("designs",), 4), (("explore", "own.py:Deaf", "--out", "o"), 1)])
def test_a_full_disk_is_one_line_and_status_4_unless_a_promise_is_broken(
    folder: Path, words: tuple[str, ...], status: int
) -> None:
    with FULL.open("w") as full:
        found = subprocess.run(
            [*PROGRAM, *words], cwd=folder, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert found.returncode == status
    assert found.stderr == "syncproof: standard output cannot be written: No space left on device\n"


@pytest.mark.parametrize(("words", "status"), [(("--help",), 0), (("designs",), 0), (("explore", "own.py:Deaf"), 1)])
def test_a_closed_pipe_ends_quietly_with_the_status_of_the_verdicts(
    folder: Path, words: tuple[str, ...], status: int
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        found = subprocess.run(
            [*PROGRAM, *words], cwd=folder, stdout=writing, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(writing)
    assert (found.returncode, found.stderr) == (status, "")


def test_text_in_a_pipe_has_no_line_breaks_and_no_bold(folder: Path) -> None:
    found = call("verify", "--bounds", "small", f"{folder}/own.py:Deaf", "--out", str(folder / "o"))
    lines = found.output.splitlines()
    assert any(len(line) > 120 for line in lines)
    row = next(line for line in lines if line.startswith("no-loss"))
    assert row.split()[1:] == ["✗", "6", "broken"]
    row = next(line for line in lines if line.startswith("no-duplicate"))
    assert row.split()[1:] == ["✓", "promised"]
    assert "broken: violated where it is promised" in found.output


def test_a_narrow_terminal_cuts_no_number() -> None:
    grid = terminal.table()
    for heading in ("design", "writes", "reads\n/ msg", "packets", "pulls", "bytes"):
        grid.add_column(heading, no_wrap=True)
    grid.add_row("timeline-checkpointed", "9.38", "0.0882", "1,234,567", "0.303", "465")
    out = terminal.Output(width=40, file=io.StringIO())
    out.grid(grid)
    assert isinstance(out.file, io.StringIO)
    text = out.file.getvalue()
    assert "…" not in text
    assert all(cell in text for cell in ("9.38", "0.0882", "1,234,567", "0.303", "465", "/ msg"))
    assert all(len(line.rstrip()) <= 40 for line in text.splitlines())
    assert text.count("timeline-checkpointed") == 3


def test_a_column_wider_than_the_terminal_is_not_cut() -> None:
    grid = terminal.table()
    for heading in ("design", "writes"):
        grid.add_column(heading, no_wrap=True)
    grid.add_row("a-design-with-a-long-name", "1,234,567,890,123,456")
    out = terminal.Output(width=30, file=io.StringIO())
    out.grid(grid)
    assert isinstance(out.file, io.StringIO)
    assert "1,234,567,890,123,456" in out.file.getvalue()
    assert isinstance(out, Console)


def damaged(folder: Path) -> Path:
    """Return a history as a Parquet file."""
    (folder / "tiny.toml").write_text(TINY)
    history = folder / "h.parquet"
    words = ("--design", "inbox-shared", "--runs", "1", "--jobs", "1", "--history", str(history))
    call("compare", str(folder / "tiny.toml"), *words, "--out", str(folder / "o"))
    return history


def test_a_damaged_parquet_file_is_one_line_with_its_name(tmp_path: Path) -> None:
    history = damaged(tmp_path)
    whole = history.read_bytes()
    assert call("check", str(history)).exit_code == 0
    step = len(whole) // 40
    for place in range(0, len(whole), step):
        for text in (whole[:place], whole[:place] + bytes(range(64)) + whole[place + 64 :]):
            history.write_bytes(text)
            found = call("check", str(history))
            assert found.exit_code in (0, 2), (place, found.output)
            if found.exit_code == 2:
                (line,) = found.output.splitlines()
                assert line.startswith(f"syncproof: {history}")
