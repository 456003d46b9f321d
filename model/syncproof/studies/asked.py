"""Keep the options of a search, so that a report can name the command that makes it again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from syncproof.engines.explore import Limits

NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Asked:
    """Hold the options of `explore` besides design, world and bounds. `script`: its file as it was given; empty: none."""

    script: str = ""
    limits: Limits = NO_LIMITS
    symmetry: bool = False
    until_decided: bool = False
    every_world: bool = False
    """Whether `explore` itself searched every world of the bounds, not `verify`."""

    def words(self) -> Iterator[str]:
        """Yield the words of a command that give these options."""
        if self.script:
            yield from ("--script", self.script)
        memory = None if self.limits.memory is None else f"{self.limits.memory / (1 << 30):g}"
        limits = {"states": self.limits.states, "memory": memory, "time": self.limits.time, "depth": self.limits.depth}
        for name, limit in limits.items():
            if limit is not None:
                yield from (f"--{name}", f"{limit:g}" if isinstance(limit, float) else str(limit))
        if self.until_decided:
            yield "--until-decided"
        if self.symmetry:
            yield "--symmetry"


NOTHING = Asked()
