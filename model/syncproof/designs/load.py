"""Designs from a user's file, named `FILE.py:NAME`."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType

import msgspec

from syncproof.core.moves import MoveError
from syncproof.designs.registry import Design
from syncproof.errors import DesignError, InputError, from_outside, in_own_code, place, raised, ran_out

WRITE = 'write NAME = DESIGNS["timeline-notify"].variant(device=MyDevice) and name that'
"""What an error says to write instead."""

_DIGESTS: dict[str, str] = {}
_RUN: dict[tuple[str, str], ModuleType] = {}


@cache
def load(name: str) -> Design:
    """Return the design NAME of a Python file. `InputError` if there is none, or if the file cannot be run."""
    file, _, attribute = name.rpartition(":")
    found = getattr(run_file(file), attribute, None)
    if found is None:
        raise InputError(f"{file}: there is no {attribute!r}; {WRITE}")
    if not isinstance(found, Design):
        what = "a class" if isinstance(found, type) else f"of type {type(found).__name__}"
        raise InputError(f"{file}: {attribute} is {what}, not a Design; {WRITE}")
    return msgspec.structs.replace(found, name=name)


@contextmanager
def blaming(name: str) -> Iterator[None]:
    """Turn what a user's design raises into a `DesignError` of one line that names file and line.

    So is a `SystemExit` or `KeyboardInterrupt` that a handler raises. Exceptions of syncproof's own designs pass unchanged.
    """
    try:
        yield
    except (InputError, MoveError):
        raise
    except BaseException as error:
        file, own, _ = name.rpartition(".py:")
        if not own or from_outside(error) or ran_out(error):
            raise
        line = place(error, f"{file}.py").rpartition(":")[2]
        elsewhere = place(error) if in_own_code(error) else ""  # in a property of one's own, for instance
        raise DesignError(f"{f'{file}.py:{line}' if line else elsewhere or name}: {raised(error)}") from error


def digest(name: str) -> str:
    """Return a digest of the design's file as it was when it was loaded, without what the file imports."""
    load(name)
    return _DIGESTS[name.rpartition(":")[0]]


@cache
def run_file(file: str) -> ModuleType:
    """Run a Python file as a module, once in a process. `InputError` if there is no such file, `DesignError` if it raises anything.

    The module is named after the path of the file, so that a class has the same name in a worker and in the process that reads
    what the worker returns.
    """
    path = Path(file)
    if not path.is_file():
        raise InputError(f"{file}: there is no such file; allowed: FILE.py:NAME")
    _DIGESTS[file] = hashlib.sha256(path.read_bytes()).hexdigest()
    folder = str(path.absolute().parent)
    title = f"syncproof_own_{path.stem}_{hashlib.sha256(folder.encode()).hexdigest()[:8]}"
    known = _RUN.get((title, _DIGESTS[file]))
    if known is not None:  # by another way to write its path
        return known
    if folder not in sys.path:  # behind all others: the file may import what lies beside it
        sys.path.append(folder)
    spec = importlib.util.spec_from_file_location(title, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[title] = module
    try:
        spec.loader.exec_module(module)
    except InputError as error:  # of syncproof, about what the file asks of it
        line = place(error, path).rpartition(":")[2]
        if str(error).startswith(file) or not line:
            raise
        raise type(error)(f"{file}:{line}: {error}") from error
    except BaseException as error:
        if from_outside(error):
            raise
        if isinstance(error, SyntaxError) and error.filename == str(path.absolute()):
            line = str(error.lineno or "")
        else:
            line = place(error, path).rpartition(":")[2]
        raise DesignError(f"{file}{f':{line}' if line else ''}: {raised(error)}") from error
    _RUN[title, _DIGESTS[file]] = module
    return module
