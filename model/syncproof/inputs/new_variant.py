"""Write the template of a design that is based on a ready one, with the hooks that such designs override most."""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from syncproof.designs.base import Device, Server
from syncproof.designs.registry import DESIGNS, Design
from syncproof.errors import InputError, nearest
from syncproof.inputs import new_files
from syncproof.inputs.new_design import TEST
from syncproof.seeded_bugs import BUGS

SHOWN = 4
"""How many hooks of a class a template has."""

TEXT = '''"""A design of your own, based on {base}: change what is marked MINE, and remove the hooks that stay as they are.

    syncproof explore {file}:{name} --messages 2 --fault push
    syncproof verify {file}:{name} --bounds small
    python -m pytest {test}

As it stands it does what {base} does. docs/own-design.md, section 8, lists every hook, and who calls it.
"""

from __future__ import annotations

{imports}


@actor
class {name}Server({server}):
    """MINE: what the server does otherwise."""

    # A field is constant, `durable(...)` (survives a crash) or `volatile(...)` (lost in a crash), such as
    #     seen: int = volatile(int)

{server_hooks}

@actor
class {name}Device({device}):
    """MINE: what a device does otherwise."""

{device_hooks}

{name} = DESIGNS["{base}"].variant(
    device={name}Device,
    server={name}Server,
    summary="As {base}.",  # MINE: how lists and reports describe it
    # MINE: property -> the faults under which it is promised, if that differs from {base}:
    #     promises={{**DESIGNS["{base}"].promises, "no-loss": ("push", "disconnect")}},
    # MINE: other parameters than it is searched with, of `syncproof.designs.Parameters`:
    #     parameters=msgspec.structs.replace(DESIGNS["{base}"].parameters, page_size=1),
)
'''


def write(name: str, folder: Path, base: str) -> list[Path]:
    """Write NAME.py and test_NAME.py into a folder, and return their paths. Raises `InputError` as `new_files` does.

    Raises `InputError` also for a base that is no ready design.
    """
    title = new_files.class_name(name)
    if base not in DESIGNS:
        raise InputError(f"--base {base!r}: there is no ready design of this name{nearest(base, DESIGNS)}")
    file, test = f"{name}.py", f"test_{name}.py"
    return new_files.write(
        folder, {file: _text(DESIGNS[base], title, file, test), test: TEST.format(class_name=title, file=file)}
    )


def _text(base: Design, name: str, file: str, test: str) -> str:
    imports = {("syncproof.core.actor", "actor"), ("syncproof.designs", "DESIGNS")}
    parts = {}
    for what, kind, root in (("server", base.server, Server), ("device", base.device, Device)):
        imports.add((kind.__module__, kind.__name__))
        chosen = hooks(kind, root)
        imports.update(needed for hook in chosen for needed in _named(hook))
        parts[what], parts[f"{what}_hooks"] = kind.__name__, "\n".join(map(_written, chosen))
    by_module: dict[str, list[str]] = {}
    for module, imported in sorted(imports):
        by_module.setdefault(module, []).append(imported)
    lines = [f"from {module} import {', '.join(names)}" for module, names in by_module.items()]
    return TEXT.format(base=base.name, name=name, file=file, test=test, imports="\n".join(lines), **parts)


def hooks(kind: type, root: type) -> list[Callable[..., Any]]:
    """Return the methods of an actor's class that ready designs and seeded bugs override most, which are no handlers."""
    designs = [*DESIGNS.values(), *[bug.design for bug in BUGS.values()]]
    known = {each for design in designs for end in (design.device, design.server) for each in end.__mro__}
    handlers = {handler.__name__ for handler in kind.handlers.values()}  # type: ignore[attr-defined]
    counts: dict[str, int] = {}
    for each in kind.__mro__:
        if not issubclass(each, root) or each.__module__.startswith("syncproof.seeded"):
            continue
        for method, found in vars(each).items():
            if inspect.isfunction(found) and not method.startswith("_") and method not in handlers:
                counts[method] = sum(method in vars(other) for other in known if issubclass(other, root))
    # `start` and `restored` are called by the engine, and no call of them is a step of the protocol.
    often = sorted(
        (n for n in counts if counts[n] > 1 and n not in ("start", "restored", "held")), key=lambda n: -counts[n]
    )
    return [getattr(kind, method) for method in often[:SHOWN]]


def _written(hook: Callable[..., Any]) -> str:
    """Return a hook that does what the base's does."""
    signature = inspect.signature(hook)
    given = ", ".join(list(signature.parameters)[1:])
    says = " ".join((inspect.getdoc(hook) or hook.__name__).split("\n\n")[0].split())
    typed = str(signature).replace("'", "")
    call = f"super().{hook.__name__}({given})"
    leads = "" if signature.return_annotation in ("None", None) else "return "
    return f'    def {hook.__name__}{typed}:  # MINE\n        """{says}"""\n        {leads}{call}\n'


def _named(hook: Callable[..., Any]) -> Iterator[tuple[str, str]]:
    """Yield (module, name) of what the annotations of a hook name."""
    module = sys.modules[hook.__module__]
    signature = inspect.signature(hook)
    for text in (*[each.annotation for each in signature.parameters.values()], signature.return_annotation):
        if not isinstance(text, str):
            continue
        for node in ast.walk(ast.parse(text, mode="eval")):
            if isinstance(node, ast.Name) and not hasattr(builtins, node.id):
                found = getattr(module, node.id)
                where = getattr(found, "__module__", None)
                own = isinstance(found, type) and where is not None and getattr(found, "__name__", "") == node.id
                yield (str(where) if own else _defining(node.id, found, module.__name__)), node.id


def _defining(name: str, found: object, otherwise: str) -> str:
    """Return the module that defines an alias of a type, which knows no module of its own."""
    for title, module in sorted(sys.modules.items()):
        known = title.startswith("syncproof.") and getattr(module, name, None) is found
        if known and f"\n{name} = " in inspect.getsource(module):
            return title
    return otherwise
