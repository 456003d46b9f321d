"""Controls for notebooks, where there are any."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def interact(show: Callable[..., Any], **choices: Any) -> None:
    """`ipywidgets.interact`: controls for the arguments of `show`, and what it returns for them.

    Without ipywidgets nothing is shown; a notebook that is to be read as well says the same beside it.
    """
    try:
        import ipywidgets
    except ImportError:
        return
    ipywidgets.interact(show, **choices)
