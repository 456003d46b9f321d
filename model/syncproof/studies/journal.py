"""Keep the results of finished pieces on disk: one small file each, named by a digest of everything that decides the result.

A file is complete or missing (it is written under another name, then moved into place), and begins with a checksum of its name
and contents; a piece whose file does not match is done again. Different studies, and different versions of the model, can share
a folder, since their pieces have different names.

The contents are Python's own serialisation, since what designs send and show is of classes of their own. Only classes of values
are read back (`Values`), so that a file from elsewhere can neither call a function nor open a file.
"""

from __future__ import annotations

import enum
import hashlib
import io
import os
import pickle
import sys
import tempfile
from dataclasses import is_dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import msgspec

from syncproof.errors import InputError

FOLDER = "pieces"
"""The folder of finished pieces, below that of a command's reports."""
MISSING = object()
"""What `Journal.read` returns if there is no such piece."""
VALUES = (msgspec.Struct, enum.Enum, Decimal, int, float, complex, str, bytes, tuple, frozenset, set, list, dict)
"""The classes whose subclasses only hold what they are made of."""
MAKERS = {("msgspec._core", "rebuild")}
"""The functions by which instances of such classes are made again."""
CONSTANTS = {("msgspec._core", "UNSET")}
"""Values that have names: what stands in a message for a field that is not set."""
SUM = hashlib.sha256().digest_size


class Journal:
    """Keep finished pieces in a folder; without a folder keep nothing.

    `resume`: read those that are there. `spoilt` counts damaged files. Raises `InputError` if the folder cannot be made.
    """

    def __init__(self, folder: Path | None = None, resume: bool = False) -> None:
        self.folder = folder
        self.resume = resume
        self.spoilt = 0
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise InputError(f"{folder}: cannot be made: {error.strerror or error}; allowed: a folder") from None

    def read(self, name: str) -> Any:
        """Return the result of a piece, or `MISSING`; that of a damaged file is missing, and counted."""
        if not name or not self.resume:
            return MISSING
        try:
            data = self._path(name).read_bytes()
        except FileNotFoundError:
            return MISSING
        except OSError as error:
            raise InputError(f"{self._path(name)}: cannot be read: {error.strerror or error}") from None
        try:
            if data[:SUM] != _sum(name, data[SUM:]):
                raise pickle.UnpicklingError("not as it was written")
            return Values(io.BytesIO(data[SUM:])).load()
        except Exception:  # a class that has changed may raise anything
            self.spoilt += 1
            return MISSING

    def write(self, name: str, result: object) -> None:
        """Keep the result of a piece. Raises `InputError` if the folder cannot be written."""
        if not name or self.folder is None:
            return
        data = pickle.dumps(result)
        try:
            handle, path = tempfile.mkstemp(prefix=f".{name[:16]}.", suffix=".part", dir=self.folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(_sum(name, data) + data)
                os.replace(path, self._path(name))
            except BaseException:
                Path(path).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise InputError(f"{self.folder}: cannot be written: {error.strerror or error}") from None

    def forget(self, name: str) -> None:
        """Remove a piece that an earlier command left."""
        if name and self.folder is not None:
            self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{name}.piece"


class Values(pickle.Unpickler):
    """Read an object that is made of values: of classes that only hold what they are made of."""

    def find_class(self, module: str, name: str) -> Any:
        """Return a class of values, of syncproof or of a module that was imported before."""
        if module in sys.modules or module.startswith("syncproof."):
            found = super().find_class(module, name)
            if (module, name) in MAKERS | CONSTANTS or _holds_values(found):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no class of values")


def _holds_values(found: object) -> bool:
    return isinstance(found, type) and (issubclass(found, VALUES) or is_dataclass(found) or attrs.has(found))


def _sum(name: str, data: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\0" + data).digest()
