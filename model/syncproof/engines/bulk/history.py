"""Check the blocks of a history that is read from a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from syncproof.core.observations import Observation
from syncproof.engines.bulk.checker import MOST, BulkChecker
from syncproof.engines.check import Checker, no_collector
from syncproof.formats.batch import Batch, Unfit, batch_of

Block = tuple[int, list[Observation]]


def check_in_bulk(
    blocks: Iterable[Block | tuple[int, Batch]], properties: Iterable[str], recorded: bool = False
) -> Checker:
    """Check observations in blocks, each with the number of its first line, or in batches. The result is that of `check_blocks`."""
    checker = Checker(properties, recorded)
    bulk = BulkChecker(checker)
    with no_collector():
        for first, block in gathered(blocks):
            if isinstance(block, Batch):
                bulk.feed(first, block)
                continue
            try:
                batch = batch_of(block)
            except Unfit:
                checker.feed(first, block)
                continue
            bulk.feed(first, batch)
    checker.finish()
    return checker


def gathered(blocks: Iterable[Block | tuple[int, Batch]]) -> Iterator[Block | tuple[int, Batch]]:
    """Yield blocks whose lines follow one another together, up to about `MOST` observations. What cannot be read is raised after them."""
    first, waiting = 1, list[Observation]()
    rest = iter(blocks)
    while True:
        try:
            start, block = next(rest)
        except StopIteration:
            break
        except Exception:
            if waiting:
                yield first, waiting
            raise
        if waiting and (isinstance(block, Batch) or start != first + len(waiting) or len(waiting) >= MOST):
            yield first, waiting
            waiting = []
        if isinstance(block, Batch):
            yield start, block
            continue
        if not waiting:
            first = start
        waiting = [*waiting, *block] if waiting else block
    if waiting:
        yield first, waiting
