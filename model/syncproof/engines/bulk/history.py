"""Check the blocks of a history that is read from a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from syncproof.core.observations import Observation
from syncproof.engines.bulk.checker import MOST, BulkChecker
from syncproof.engines.check import Checker, no_collector
from syncproof.formats.columnar import Columnar, Unfit, columnar_of, merged


def check_in_bulk(
    blocks: Iterable[tuple[int, list[Observation] | Columnar]], properties: Iterable[str], recorded: bool = False
) -> Checker:
    """Check observations in blocks, each with the number of its first line, or in batches. The result is that of `check_blocks`."""
    checker = Checker(properties, recorded)
    bulk = BulkChecker(checker)
    with no_collector():
        for first, block in gathered(blocks):
            if isinstance(block, Columnar):
                bulk.feed(first, block)
            else:
                checker.feed(first, block)
    checker.finish()
    return checker


def gathered(
    blocks: Iterable[tuple[int, list[Observation] | Columnar]],
) -> Iterator[tuple[int, list[Observation] | Columnar]]:
    """Yield blocks whose lines follow one another as batches of about `MOST` observations, and as they are if they have no columns.

    What the blocks raise is raised after what came before it.
    """
    first, end, waiting = 1, 1, list[Columnar]()
    rest = iter(blocks)
    while True:
        try:
            start, block = next(rest)
        except StopIteration:
            break
        except Exception:
            if waiting:
                yield first, merged(waiting)
            raise
        batch = block if isinstance(block, Columnar) else _batch(block)
        if waiting and (batch is None or batch is block or start != end or end - first >= MOST):
            yield first, merged(waiting)
            waiting = []
        if batch is None or batch is block:
            yield start, block
            continue
        if not waiting:
            first = start
        waiting.append(batch)
        end = start + len(block)
    if waiting:
        yield first, merged(waiting)


def _batch(block: list[Observation]) -> Columnar | None:
    """Return observations as a batch, None if they have no columns. While they are new is the fastest time for it."""
    try:
        return columnar_of(block)
    except Unfit:
        return None
