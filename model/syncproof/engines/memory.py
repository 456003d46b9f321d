"""The memory that processes used, which the standard library reports on POSIX systems only, and the memory that is free."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

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


LIMITS = (("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"))
"""The files that say a container's limit of memory and how much of it is used, in both versions of control groups."""


def available_memory(root: Path = Path("/")) -> int | None:
    """Return how many bytes of memory are free, within the limit of a container; None where the platform does not say."""
    try:
        lines = (root / "proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    found = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    for limit, used in LIMITS:
        with suppress(OSError, ValueError):  # without a limit the text is `max`
            most, now = (int((root / "sys/fs/cgroup" / name).read_text()) for name in (limit, used))
            found.append(max(0, most - now))
    return min(found, default=None)
