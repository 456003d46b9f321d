"""Shorten the names of designs of one's own, `FOLDER/FILE.py:NAME`, for tables and figures. Commands keep them whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def short(names: Iterable[str]) -> dict[str, str]:
    """Return how each design is called in a table: the shortest end of its name that no other design's name has too.

    Of `v1/mine.py:Mine` that is `Mine`, `mine.py:Mine` or more of the path. A name without a file stays as it is.
    """
    known = list(dict.fromkeys(names))
    return {
        name: next((end for end in _ends(name) if sum(end in _ends(other) for other in known) == 1), name)
        for name in known
    }


def _ends(name: str) -> Iterator[str]:
    """Yield NAME, FILE.py:NAME, FOLDER/FILE.py:NAME and so on."""
    file, colon, last = name.rpartition(".py:")
    if colon:
        yield last
        folders = file.split("/")
        for number in range(1, len(folders)):
            yield f"{'/'.join(folders[-number:])}.py:{last}"
    yield name
