"""Traffic: one that is shortened has nothing of after its end."""

from __future__ import annotations

from syncproof.inputs.workload import generate
from tests.helpers.scenarios import DEFAULT, changed


def test_traffic_can_be_ended_after_some_messages() -> None:
    made = generate(DEFAULT, 4)
    part = made.first(100)
    assert len(part.times) == len(part.devices) == len(part.sizes) == 100
    assert part.horizon == made.times[100]
    assert all(end <= part.end for sessions in part.sessions for _, end, _ in sessions)


def test_a_shortened_traffic_has_nothing_after_its_end() -> None:
    made = generate(changed(population__reinstalls=3, traffic__recalls=0.5), 4)
    soon = made.first(sum(t < made.joins[0][0] for t in made.times) // 2)
    assert (soon.joins, soon.replaces) == ([], {})
    assert soon.about
    assert set(soon.about) == {n for n in made.about if n < len(soon.times)}
    later = made.first(sum(t <= made.joins[0][0] for t in made.times) + 1)
    assert set(later.replaces) == {device for _, device in later.joins if device in made.replaces}
    assert later.joins


def test_a_shortened_traffic_has_no_device_that_is_abandoned_later() -> None:
    traffic = generate(changed(population__abandoned=1.0), 1)
    short = traffic.first(len(traffic.times) // 4)
    assert short.abandoned == tuple([each for each in traffic.abandoned if each[0] < short.horizon])
