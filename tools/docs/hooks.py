"""What a handler may ask for, and the methods of the base classes: when each is called, and which designs override it."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator

from syncproof.core.actor import Actor, Out
from syncproof.designs.base import Device, Server
from syncproof.designs.caching import CachedServer
from syncproof.designs.forms import FORMS
from syncproof.designs.inbox.device import InboxDevice
from syncproof.designs.inbox.server import InboxServer
from syncproof.designs.opening import OpeningDevice
from syncproof.designs.pipelining import PipeliningServer
from syncproof.designs.refusing import RefusingServer
from syncproof.designs.registry import DESIGNS
from syncproof.designs.requesting import RequestingDevice
from syncproof.designs.timeline.device import TimelineDevice
from syncproof.designs.timeline.reading import LogServer
from syncproof.designs.timeline.server import TimelineServer
from tools.docs.markdown import code, codes, paragraphs, table

BASES: tuple[type[Actor], ...] = (
    RequestingDevice,
    OpeningDevice,
    Device,
    TimelineDevice,
    InboxDevice,
    RefusingServer,
    CachedServer,
    PipeliningServer,
    Server,
    LogServer,
    TimelineServer,
    InboxServer,
)
"""The classes that a design of one's own begins from, each after the one that it extends."""

ENGINES = {
    "start": "by engines, when the actor starts, and after every crash and restore",
    "restored": "by engines, when the actor was put back to a backup, before it starts again",
    "held": "by a simulation, at the end of a run, to see that the bytes of every store add up",
    "steps": "by engines, after everything that happens: each packet is a step that may be made now",
}
"""The hooks that no class calls: those of every actor."""


EFFECTS = {
    "send": (
        "at once: the packet is on its way. A connection keeps the order; a link is what the packet's class says",
        "what was sent stays on its way, as far as the [connection](designs.md#connections) lets it arrive",
    ),
    "forward": ("as `send`", "as `send`"),
    "close": (
        "at once: the client still receives what was sent before, until it notices",
        "the end is closed",
    ),
    "after": ("later: a search lets the timer fire at any moment, whatever `delay` says", "the timer is gone"),
    "poll": ("later: a search lets it fire only when nothing else is under way", "the timer is gone"),
    "cancel": ("at once", "nothing to cancel is left"),
    "write": (
        "when it completes: `then` comes at any moment, and operations complete in any order",
        "whether it landed is open: if so, the handler of `then` runs, and only what it changed durably and observed of "
        "durable state counts; it sends nothing",
    ),
    "delete": ("as `write`", "as `write`"),
    "read": ("when it completes, with what you put into `then`, so what was there at the call", "`then` never comes"),
    "observe": ("at once", "what was observed stays"),
}
"""Effect -> when it takes effect, and what a crash of the actor before that does to it."""


def effects() -> str:
    """Return a row per method of `Out`. `KeyError` for one that `EFFECTS` does not know."""
    rows = [
        [f"`{name}({_arguments(method)})`", paragraphs(method.__doc__)[0], *EFFECTS[name]]
        for name, method in _methods(Out)
        if not name.startswith("_")
    ]
    return table(["`out.`", "asks for", "takes effect", "a crash before that"], rows)


def everyones() -> str:
    """Return the hooks that every actor has."""
    rows = [
        [f"`{name}({_arguments(getattr(Actor, name))})`", when, *_ends(Actor, name)] for name, when in ENGINES.items()
    ]
    return table(["hook", "is called", "does", "overridden in"], rows)


def of(kind: type[Actor]) -> Callable[[], str]:
    """Return the function that makes what a class is, the fields that it adds to its base's, and the table of its methods."""
    return lambda: "\n\n".join(
        [
            *paragraphs(kind.__doc__),
            *_fields(kind),
            table(["method", "is called", "does", "overridden in"], _rows(kind)),
        ]
    )


def _fields(kind: type[Actor]) -> Iterator[str]:
    """Yield a line of the fields that a class declares itself, durable ones first."""
    own = [name for name, hint in inspect.get_annotations(kind).items() if "ClassVar" not in str(hint)]
    durable = set(kind._durable)
    groups = {
        "durable": [name for name in own if name in durable],
        "volatile": [name for name in own if name not in durable and name in kind._state],
        "constant": [name for name in own if name not in kind._state],
    }
    told = [f"{what}: {codes(names)}" for what, names in groups.items() if names]
    if told:
        yield f"Fields: {'; '.join(told)}."


def _rows(kind: type[Actor]) -> Iterator[list[str]]:
    (base, *_) = kind.__bases__
    for name, method in _methods(kind):
        if name.startswith("_") or hasattr(base, name):
            continue
        packet = getattr(method, "_handles", None)
        when = f"**on** {code(packet.__name__)}" if packet else f"by {callers(kind, name)}"
        yield [f"`{name}({_arguments(method)})`", when, *_ends(kind, name)]


def _ends(kind: type[Actor], name: str) -> list[str]:
    """Return what a method does, and which classes of the ready designs override it."""
    return [paragraphs(getattr(kind, name).__doc__)[0], codes(other.__name__ for other in overriding(kind, name))]


def _methods(kind: type) -> list[tuple[str, Callable[..., object]]]:
    found = [(name, getattr(value, "__func__", value)) for name, value in vars(kind).items()]
    return [(name, value) for name, value in found if inspect.isfunction(value)]


def _arguments(method: Callable[..., object]) -> str:
    """Return the names of a method's arguments; one with a default is in brackets."""
    arguments = [p for p in inspect.signature(method).parameters.values() if p.name != "self"]
    return ", ".join(p.name if p.default is p.empty else f"[{p.name}]" for p in arguments)


def callers(kind: type[Actor], name: str) -> str:
    """Return the methods of the bases that call this method of a class: its own, and those of the classes around it."""
    found = []
    for other in BASES:
        if issubclass(other, kind) or issubclass(kind, other):
            for caller, called in _calls(other).items():
                if name in called and caller != name and caller not in found:
                    found.append(caller)
    return codes(found) or "no base; it is there to be called"


def _calls(kind: type[Actor]) -> dict[str, frozenset[str]]:
    """Return method -> the methods of its own actor that it calls, for those that a class declares itself."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(tree, ast.ClassDef)
    return {method.name: frozenset(_called(method)) for method in tree.body if isinstance(method, ast.FunctionDef)}


def _called(method: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(method):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("self", "super()"):
            yield node.attr


def overriding(kind: type[Actor], name: str) -> list[type[Actor]]:
    """Return the classes of the ready designs, and the bases, that override a method of a class."""
    found: dict[type[Actor], None] = {}
    for design in (*DESIGNS.values(), *FORMS.values()):
        for each in (*reversed(design.device.__mro__), *reversed(design.server.__mro__)):
            if issubclass(each, kind) and each is not kind and name in vars(each):
                found[each] = None
    return list(found)
