"""Show controls in a notebook, if ipywidgets is installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def interact(show: Callable[..., Any], **choices: Any) -> None:
    """Show controls for the arguments of `show`, and its result, with `ipywidgets.interact`.

    Without ipywidgets nothing is shown, so a notebook should also show the result for fixed arguments.
    """
    try:
        import ipywidgets
    except ImportError:
        return
    ipywidgets.interact(show, **choices)
