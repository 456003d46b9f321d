"""Make the page: served by `explore --serve`, or one static file with every place of one counterexample.

Both are the same page with one script and one style sheet, which its Content-Security-Policy names by their digests. Nothing
else runs, and nothing is loaded from elsewhere; the served page asks its own server alone.
"""

from __future__ import annotations

import base64
import hashlib
import shlex
from dataclasses import replace
from functools import cache
from importlib import resources

import msgspec
from markupsafe import Markup

from syncproof.core.enabled import KINDS
from syncproof.core.moves import Move
from syncproof.inputs.small_worlds import SmallWorld
from syncproof.report import template
from syncproof.report.explorer.runs import Jump
from syncproof.report.explorer.view import PlaceShown, WayShown, place_shown, way_shown
from syncproof.report.explorer.walk import walk

MOST = 200
"""A static page of a longer counterexample would be too large."""


class PageData(msgspec.Struct, frozen=True):
    """What the page knows when it is loaded. Of a static page: its way and the views of all its places.

    `command`: the command that serves this world, but for `--way`; empty where no command searches such a world. `search`: what
    a search without counterexamples says.
    """

    design: str
    world: str
    command: str
    kinds: tuple[str, ...]
    jumps: list[Jump]
    situations: dict[str, str]
    search: str = ""
    way: WayShown | None = None
    places: list[PlaceShown] = []


def command(design: str, world: SmallWorld, script: str = "") -> str:
    """Return the command that serves a world; empty for a world with other parameters, which no command searches."""
    if world.parameters or (world.script and not script):
        return ""
    faults = [word for kind in world.kinds for word in ("--fault", kind)]
    people = ["--script", script] if script else ["--world", world.population, "--messages", str(world.messages)]
    if world.deployment:
        faults += ["--deployment", world.deployment]
    return shlex.join(["syncproof", "explore", design, *people, *faults, "--serve"])


def served(data: PageData) -> str:
    """Return the page that a server sends."""
    return _page(data, "'self'")


def static(
    design: str, world: SmallWorld, jump: Jump, moves: tuple[Move, ...], cycle: int | None, script: str = ""
) -> str:
    """Return the page of one counterexample as one file that needs no server."""
    where = walk(design, world)
    address = where.address(moves, cycle, at=0)
    places = [place_shown(where, replace(address, at=at)) for at in range(len(address.codes) + 1)]
    known = msgspec.structs.replace(jump, way=str(address))
    data = PageData(
        design,
        str(world),
        command(design, world, script),
        KINDS,
        [known],
        {},
        way=way_shown(where, address),
        places=places,
    )
    return _page(data, "'none'")


def policy(connects: str = "'self'") -> str:
    """Return the Content-Security-Policy of the page. `connects`: where its script may send requests."""
    script, style = (f"'sha256-{base64.b64encode(hashlib.sha256(t.encode()).digest()).decode()}'" for t in _texts())
    return (
        f"default-src 'none'; script-src {script}; style-src {style}; img-src data:; connect-src {connects}; "
        "base-uri 'none'; form-action 'none'"
    )


def _page(data: PageData, connects: str) -> str:
    script, style = _texts()
    text = msgspec.json.encode(data).decode().replace("<", "\\u003c").replace("\u2028", "\\u2028")
    return template.render(
        "explorer.html.j2",
        data=data,
        json=Markup(text),
        script=Markup(script),
        style=Markup(style),
        policy=policy(connects),
    )


@cache
def _texts() -> tuple[str, str]:
    """Return the script and the style sheet. They contain no data, so nothing in them needs to be escaped."""
    folder = resources.files("syncproof.report") / "templates"
    read = {name: (folder / name).read_text(encoding="utf-8") for name in ("style.css", "sequence.css", "explorer.css")}
    return (folder / "explorer.js").read_text(encoding="utf-8"), "\n".join(read.values())
