"""The examples of the page about designs of one's own, what searches of them print, and how worlds grow."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

from click.testing import CliRunner

from syncproof.cli.main import main
from syncproof.designs import DESIGNS
from syncproof.engines.explore import Limits
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.studies import verify
from tools.docs.markdown import code, table

ROOT = Path(__file__).resolve().parents[2]

GROWS: tuple[tuple[SmallWorld, str], ...] = (
    (SmallWorld("two-devices", 1, ()), "one message, no fault"),
    (SmallWorld("three-devices", 1, ()), "a device more"),
    (SmallWorld("two-devices", 2, ()), "a message more"),
    (SmallWorld("three-devices", 2, ()), "both"),
    (SmallWorld("two-devices", 1, ("push",)), "pushes lost, duplicated, reordered"),
    (SmallWorld("two-devices", 1, ("server-crash",)), "a crash of the server, of whose open writes any subset lands"),
    (SmallWorld("two-devices", 1, ("push", "server-crash")), "both kinds of fault"),
    (SmallWorld("two-devices", 1, (), (("request_timeout", 10.0),)), "each request also starts a timeout"),
)
"""World -> what makes it larger than the first."""


def eager() -> str:
    """Return the example of a hook that is overridden, without its docstring."""
    return _code("own_entry.py", "from syncproof")


def refuted() -> str:
    """Return the first counterexample that a search of the wrong form prints."""
    printed = _printed("explore", "examples/own_entry.py:Eager", "--messages", "2")
    begin = printed.index("examples/own_entry.py:Eager violates")
    return _text(printed[begin : printed.index("State of the automaton")])


def mended() -> str:
    """Return the verdicts that a search of the right form prints, but for those that are not exercised."""
    lines = _printed("explore", "examples/own_entry.py:Mended", "--messages", "2").splitlines()
    return _text("\n".join(line for line in lines if line.endswith("promise kept")))


def relay() -> str:
    """Return the example of a design from the base classes, without its docstring."""
    return _code("relay.py", "from collections")


def relayed() -> str:
    """Return the matrix that a verification of it prints."""
    printed = _printed("verify", "examples/relay.py:Relay", "--bounds", "small")
    return _text(printed[: printed.index("✗ with the moves")])


def grows() -> str:
    """Return the states of worlds of `timeline-notify`, each a little larger than the first."""
    rows = [
        [code(world), why, f"{len(verify.search(DESIGNS['timeline-notify'], world, Limits()).graph.states):,}"]
        for world, why in GROWS
    ]
    return table(["world", "has", "states"], rows)


def _code(file: str, begin: str) -> str:
    text = (ROOT / "examples" / file).read_text(encoding="utf-8")
    return f"```python\n{text[text.index(begin) :].rstrip()}\n```"


def _text(printed: str) -> str:
    return "```text\n" + "\n".join(line.rstrip() for line in printed.rstrip().splitlines()) + "\n```"


def _printed(command: str, design: str, *options: str) -> str:
    """Return what a command prints about a design of the folder `examples`, in the folder in which a reader types it."""
    with TemporaryDirectory() as folder, chdir(ROOT):
        done = CliRunner().invoke(main, [command, design, *options, "--out", folder])
    if done.exit_code not in (0, 1):  # nothing of it belongs into a page
        raise RuntimeError(f"{command} {design} ended with {done.exit_code}: {done.output}")
    return done.output
