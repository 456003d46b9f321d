"""The long histories of the benchmark of `check` violate nothing, and their messages settle."""

from __future__ import annotations

from benchmarks.histories import lines
from syncproof.designs import DESIGNS
from syncproof.engines.check import check_observations
from syncproof.formats.codec import Decoder
from syncproof.properties import PROPERTIES


def test_a_long_history_is_sound_and_its_messages_are_forgotten() -> None:
    written = list(lines(4000, users=20))
    assert written == list(lines(4000, users=20))
    observations = Decoder().lines("\n".join(written).encode())
    assert observations is not None
    names = [name for name in PROPERTIES if name not in DESIGNS["timeline-checkpointed"].not_applicable]
    found = check_observations(observations, names)
    assert found.monitor.counts == {}
    assert len(found.history.settling.archive) == sum('"Placed"' in line for line in written)
