"""Serve the page of `explore --serve`, until a signal ends the command."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from syncproof.cli import process
from syncproof.cli.exit_status import report
from syncproof.errors import DesignError, InputError, from_outside

if TYPE_CHECKING:
    from syncproof.core.moves import Move
    from syncproof.inputs.small_worlds import SmallWorld
    from syncproof.report.explorer.address import Address
    from syncproof.report.explorer.walk import Walk
    from syncproof.studies.verification import Explored

FOLDER = "ways"
"""Where saved ways go, below the folder of the reports."""


def start(design: str, world: SmallWorld, way: str | None) -> tuple[Walk, Address]:
    """Return the walk that is served, and the address at which its page begins.

    `way`: an address or the name of a moves file. One that fits the world only in part is told on standard error, and its page
    begins where it ends to fit. Raises `InputError` for one of which nothing fits.
    """
    from syncproof.report.explorer.address import Address, parse
    from syncproof.report.explorer.walk import walk

    walked = walk(design, world)
    if way is None:
        return walked, Address()
    if not way.endswith(".jsonl"):
        return walked, _fitting(*walked.shortened(parse(way)))
    from syncproof.core.moves import Rest, Stop
    from syncproof.formats.history import read_moves

    _, lines = read_moves(Path(way))
    moves = [
        move for _, move in lines if not isinstance(move, Stop | Rest)
    ]  # with these a liveness counterexample ends
    prelude = list(walked.environment.prelude)
    if moves[: len(prelude)] != prelude:
        raise InputError(f"--way {way}: it begins otherwise; allowed: moves of {design} in the world {world}")
    codes, wrong = walked.codes(moves[len(prelude) :])
    return walked, _fitting(Address(codes, len(codes)), wrong)


def _fitting(address: Address, wrong: str) -> Address:
    """Return the address of what fits of a way; say on standard error what does not. Raises `InputError` if nothing fits."""
    if wrong and not address.codes:
        raise InputError(wrong)
    if wrong:
        print(f"syncproof: {wrong}; the page begins after move {len(address.codes)}", file=sys.stderr)
    return address


def serve_failing(begin: tuple[Walk, Address], error: DesignError, out: str, script: str) -> int:
    """Serve the page of a design whose own code fails in the search: the reader may walk to the move that fails.

    Return the exit status.
    """
    status = report(error)
    serve(begin, None, out, script)
    return status


def serve(begin: tuple[Walk, Address], explored: Explored | None, out: str, script: str) -> None:
    """Serve the page until a signal comes. `explored`: the search, whose counterexamples the page offers."""
    from syncproof.core.enabled import KINDS
    from syncproof.report.explorer import page, runs
    from syncproof.report.explorer.server import PageServer, Site

    walk, address = begin
    data = page.PageData(
        walk.design,
        str(walk.small_world),
        page.command(walk.design, walk.small_world, script),
        KINDS,
        [] if explored is None else runs.counterexamples(walk, explored),
        runs.situations(walk),
        told(explored),
    )

    def save(moves: list[Move]) -> str:
        return str(saved(walk, moves, Path(out) / FOLDER))

    with until_signal(), PageServer(Site(walk, data, save)) as server:
        here = f"#{address}" if address.codes else ""
        print(f"Explorer: {server.url}{here} (only this machine can open it; Ctrl-C ends it)", flush=True)
        server.serve_forever()


def told(explored: Explored | None) -> str:
    """Return what a search without counterexamples says."""
    from syncproof.engines.explore import WORDS

    if explored is None:
        return "The search failed in the design's own code, so no counterexample is known."
    if explored.complete:
        return "The search is complete and found no counterexample."
    return f"The search was cut short ({WORDS[explored.ending]}), and found no counterexample until then."


def saved(walk: Walk, moves: list[Move], folder: Path) -> Path:
    """Write a way as a moves file, whose name is made of its moves. Raises `InputError` if it cannot be written."""
    from syncproof.report.counterexamples import file_name, write_moves

    whole = [*walk.environment.prelude, *moves]
    digest = hashlib.blake2s(repr((walk.small_world, whole)).encode(), digest_size=4).hexdigest()
    path = folder / f"{file_name(walk.design)}.{len(moves)}-{digest}.moves.jsonl"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_moves(walk.design, walk.small_world, whole, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}; allowed: a folder") from None
    return path


@contextmanager
def until_signal() -> Iterator[None]:
    """Take a signal as the usual end of what stands in this block."""
    process.interruption.awaited = True
    try:
        yield
    except KeyboardInterrupt as error:
        if not from_outside(error):
            raise
