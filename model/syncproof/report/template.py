"""Fill in the HTML templates."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader

from syncproof._version import __version__


@cache
def _environment() -> Environment:
    return Environment(loader=PackageLoader("syncproof.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True)


def render(name: str, **context: object) -> str:
    """Return the template `name` with its values filled in and escaped; `version` is syncproof's."""
    return _environment().get_template(name).render(version=__version__, **context)
