"""Print the oldest versions that pyproject.toml allows, as pins for pip: `python -m tools.oldest [EXTRA]...`.

`make test-oldest` installs what this prints and runs the fast part of the tests with it. So a lower bound that does not
work is noticed here, not by a user.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
REQUIREMENT = re.compile(r"([\w.-]+)>=([\w.]+)(?:,.*)?")


def pins(text: str, extras: Iterable[str] = ()) -> Iterator[str]:
    """Yield `NAME==VERSION` for each dependency in pyproject's `text`, the named extras' included, sorted, each once.

    Raises `ValueError` for a dependency without a lower bound, `KeyError` for an extra that does not exist.
    """
    project = tomllib.loads(text)["project"]
    wanted = {*project["dependencies"]}
    for extra in extras:
        wanted.update(project["optional-dependencies"][extra])
    for requirement in sorted(wanted):
        found = REQUIREMENT.fullmatch(requirement)
        if found is None:
            raise ValueError(f"{requirement!r} has no lower bound; write NAME>=VERSION")
        yield f"{found[1]}=={found[2]}"


if __name__ == "__main__":
    print("\n".join(pins(PROJECT.read_text(encoding="utf-8"), sys.argv[1:])))
