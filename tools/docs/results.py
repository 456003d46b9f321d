"""The tables of docs/results.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

from syncproof.core.faults import FAULTS
from syncproof.engines.simulate.metrics import METRICS
from syncproof.inputs.field_texts import meanings
from syncproof.studies.claims import CLAIMS
from syncproof.studies.results import comparison as compared
from syncproof.studies.results import drive as driven
from syncproof.studies.results import kill_matrix as killed
from syncproof.studies.results import sweep as swept
from syncproof.studies.results import verification as verified
from syncproof.studies.size import results as sizes
from tools.docs.markdown import code, table


def metrics() -> str:
    """Return one row per metric."""
    rows = [[code(n), m.unit, m.sentence, "less" if m.less_is_better else "more"] for n, m in METRICS.items()]
    return table(["metric", "unit", "is", "better"], rows)


def claims() -> str:
    """Return one row per claim."""
    return table(["claim", "says"], [[name, claim.says] for name, claim in CLAIMS.items()])


def faults() -> str:
    """Return one row per fault."""
    rows = [[code(f.name), f.sentence, f.driven or f"not driven: {f.not_driven}"] for f in FAULTS.values()]
    return table(["fault", "is", "deed of `drive`"], rows)


def keys(kind: type[msgspec.Struct]) -> str:
    """Return one row per key of a JSON file, from the class that defines it and the text below each of its fields."""
    return table(["key", "is"], [[code(key), says] for key, says in _rows(kind, "")])


def comparison() -> str:
    """Return the keys of results.json of `compare`."""
    return keys(compared.ComparisonResults)


def comparison_run() -> str:
    """Return the keys of run.json of `compare`."""
    return keys(compared.ComparisonRun)


def verification() -> str:
    """Return the keys of results.json of `verify`."""
    return keys(verified.VerificationResults)


def verification_run() -> str:
    """Return the keys of run.json of `verify`."""
    return keys(verified.VerificationRun)


def sweep() -> str:
    """Return the keys of results.json of `sweep`."""
    return keys(swept.SweepResults)


def sweep_run() -> str:
    """Return the keys of run.json of `sweep`."""
    return keys(swept.SweepRun)


def size() -> str:
    """Return the keys of results.json of `size`."""
    return keys(sizes.SizeResults)


def size_run() -> str:
    """Return the keys of run.json of `size`."""
    return keys(sizes.SizeRun)


def kill_matrix() -> str:
    """Return the keys of results.json of `kill-matrix`."""
    return keys(killed.KillMatrixResults)


def kill_matrix_run() -> str:
    """Return the keys of run.json of `kill-matrix`."""
    return keys(killed.KillMatrixRun)


def drive() -> str:
    """Return the keys of results.json of `drive`."""
    return keys(driven.DriveResults)


def drive_run() -> str:
    """Return the keys of run.json of `drive`."""
    return keys(driven.DriveRun)


def _rows(kind: type, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield (key, meaning), keys of inner objects after a dot, elements of a list after `[]`."""
    said: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if issubclass(each, msgspec.Struct) and each is not msgspec.Struct:
            said |= meanings(each)
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    for field in info.fields:
        place, inner = _inner(f"{prefix}{field.encode_name}", field.type)
        if inner is None:
            yield place, said[field.name]
        else:
            yield from _rows(inner, f"{place}.")


def _inner(place: str, kind: Any) -> tuple[str, type | None]:
    """Return the key below which values are, and the class of these values if they are objects."""
    if isinstance(kind, inspect.Metadata):
        return _inner(place, kind.type)
    if isinstance(kind, inspect.UnionType):
        objects = [each for each in kind.types if isinstance(each, inspect.StructType)]
        return _inner(place, objects[0]) if objects else (place, None)
    if isinstance(kind, inspect.DictType):
        schema = kind.key_type.extra_json_schema if isinstance(kind.key_type, inspect.Metadata) else None
        name = schema["title"] if schema else "NAME"
        return _inner(f"{place}.{name}", kind.value_type)
    if isinstance(kind, inspect.ListType):
        inner = _inner(f"{place}[]", kind.item_type)
        return inner if inner[1] is not None else (place, None)
    return place, kind.cls if isinstance(kind, inspect.StructType) else None
