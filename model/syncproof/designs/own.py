"""Designs that somebody else wrote, found as `FILE.py:NAME`."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import traceback
from functools import cache
from pathlib import Path
from types import ModuleType

import msgspec

from syncproof.designs.registry import Design
from syncproof.errors import InputError

WRITE = 'write NAME = DESIGNS["timeline-notify"].variant(device=MyDevice) and name that'


_DIGESTS: dict[str, str] = {}


@cache
def load(name: str) -> Design:
    """The design NAME of a Python file. Raises `InputError` if there is none, or if the file cannot be run."""
    file, _, attribute = name.rpartition(":")
    found = getattr(_module(file), attribute, None)
    if found is None:
        raise InputError(f"{file}: there is no {attribute!r}; {WRITE}")
    if not isinstance(found, Design):
        what = "a class" if isinstance(found, type) else f"of type {type(found).__name__}"
        raise InputError(f"{file}: {attribute} is {what}, not a Design; {WRITE}")
    return msgspec.structs.replace(found, name=name)


def digest(name: str) -> str:
    """A digest of the design's file as it was when it was loaded; of what the file imports it says nothing."""
    load(name)
    return _DIGESTS[name.rpartition(":")[0]]


@cache
def _module(file: str) -> ModuleType:
    path = Path(file)
    if not path.is_file():
        raise InputError(f"{file}: there is no such file; allowed: FILE.py:NAME")
    _DIGESTS[file] = hashlib.sha256(path.read_bytes()).hexdigest()
    title = f"syncproof_own_{path.stem}"
    spec = importlib.util.spec_from_file_location(title, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[title] = module
    try:
        spec.loader.exec_module(module)
    except InputError:
        raise
    except BaseException as error:
        line = next(
            (f":{t.lineno}" for t in reversed(traceback.extract_tb(error.__traceback__)) if t.filename == str(path)), ""
        )
        raise InputError(
            f"{file}{line}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        ) from None
    return module
