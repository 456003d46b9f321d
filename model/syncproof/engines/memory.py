"""The memory that processes used. The standard library reports it on POSIX systems only."""

from __future__ import annotations

import sys

try:
    import resource
except ImportError:  # Windows has no such module
    resource = None  # type: ignore[assignment]


def peak_memory(*, children: bool = False) -> int | None:
    """Return the most memory that this process has used so far, in bytes; None where the platform does not report it.

    `children`: the most that this process or the largest of its child processes has used.
    """
    if resource is None:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if children:
        most = max(most, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    return most if sys.platform == "darwin" else most * 1024  # macOS counts bytes, the others KiB
