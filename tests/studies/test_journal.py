"""What is kept of a piece is read as it was written, or not at all."""

from __future__ import annotations

import io
import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from syncproof.core.moves import Spawn, Tell
from syncproof.core.packets import Tick
from syncproof.core.values import SERVER, DeviceId, UserId
from syncproof.engines.explore import Counterexample, Limits
from syncproof.errors import InputError
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.studies.journal import MISSING, Journal, Values
from syncproof.studies.verify import explore_one

NAME = "a" * 64


@dataclass(frozen=True)
class Own:
    """A class of a user, as a packet of a design of one's own may hold it."""

    numbers: tuple[float, ...]


RESULT = {
    "counterexample": Counterexample((Spawn(DeviceId(1), UserId(0)),), (Tell(SERVER, Tick(1)),), (), "it does"),
    "own": [Own((1.5, float("inf"), -0.0))],
    "kinds": frozenset({1, "x"}),
}


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    Journal(tmp_path).write(NAME, RESULT)
    found = Journal(tmp_path, resume=True).read(NAME)
    assert found == RESULT
    assert type(found["counterexample"].prelude[0].actor) is DeviceId


@pytest.mark.parametrize(
    "world",
    [
        SmallWorld("two-people", 1, ("server-restore",)),
        SmallWorld("two-people", 2, ("reply",)),
        SmallWorld("two-people", 2, ("read", "unread")),
        SmallWorld("two-devices", 2, ("read", "expiring")),
        SmallWorld("two-devices", 2, ("edit",)),
    ],
    ids=str,
)
def test_a_search_with_counterexamples_is_read_as_it_was_written(tmp_path: Path, world: SmallWorld) -> None:
    found = explore_one("inbox-shared", world, Limits(states=20_000))
    Journal(tmp_path).write(NAME, found)
    kept = Journal(tmp_path, resume=True)
    assert kept.read(NAME) == found
    assert kept.spoilt == 0


def test_nothing_is_read_unless_asked_for(tmp_path: Path) -> None:
    Journal(tmp_path).write(NAME, 1)
    assert Journal(tmp_path).read(NAME) is MISSING


def test_without_a_folder_and_without_a_name_nothing_is_kept(tmp_path: Path) -> None:
    Journal().write(NAME, 1)
    Journal(tmp_path).write("", 1)
    assert list(tmp_path.iterdir()) == []
    assert Journal(resume=True).read("") is MISSING


def test_what_is_forgotten_is_missing(tmp_path: Path) -> None:
    kept = Journal(tmp_path, resume=True)
    kept.write(NAME, 1)
    kept.forget(NAME)
    kept.forget(NAME)
    assert (kept.read(NAME), kept.spoilt) == (MISSING, 0)


@pytest.mark.parametrize(
    "spoil", [lambda b: b[: len(b) // 2], lambda b: b[:-1] + b"!", lambda b: b"", lambda b: b"x" * 99]
)
def test_a_damaged_file_is_missing_and_counted(tmp_path: Path, spoil: Any) -> None:
    kept = Journal(tmp_path, resume=True)
    kept.write(NAME, [1, 2, 3])
    (file,) = tmp_path.iterdir()
    file.write_bytes(spoil(file.read_bytes()))
    assert (kept.read(NAME), kept.spoilt) == (MISSING, 1)


def test_a_file_of_another_piece_under_this_name_is_not_read(tmp_path: Path) -> None:
    kept = Journal(tmp_path, resume=True)
    kept.write("b" * 64, 1)
    (file,) = tmp_path.iterdir()
    file.rename(tmp_path / f"{NAME}.piece")
    assert (kept.read(NAME), kept.spoilt) == (MISSING, 1)


class Calls:
    """An object whose file makes its reader call a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize(
    "call", [(os.getcwd,), (eval, "1"), (getattr, "", "join"), (io.FileIO, "/dev/null"), (type, "x")]
)
def test_a_file_from_elsewhere_calls_nothing(call: Any) -> None:
    with pytest.raises(pickle.UnpicklingError, match="is no class of values"):
        Values(io.BytesIO(pickle.dumps(Calls(*call)))).load()


def test_a_folder_that_cannot_be_made_or_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be made: "):
        Journal(tmp_path / "file" / "pieces")
    kept = Journal(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(InputError, match="gone: cannot be written"):
        kept.write(NAME, 1)
