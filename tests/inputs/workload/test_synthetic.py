"""Traffic without a trace: new devices and reinstalls join during the run."""

from __future__ import annotations

from syncproof.inputs.workload import generate
from syncproof.inputs.workload.sessions import LINGER
from tests.helpers.scenarios import DEFAULT, changed


def test_new_devices_join_midway_and_are_connected_then() -> None:
    made = generate(changed(population__new_devices=3), 4)
    assert [device for _, device in made.joins] == list(range(made.initial_devices, made.initial_devices + 3))
    for at, device in made.joins:
        assert 0 < at < made.horizon
        start, end, _ = made.sessions[device][0]
        assert start == at
        assert end >= at + LINGER
        assert device not in made.devices


def test_reinstalls_take_over_from_first_devices() -> None:
    made = generate(changed(population__reinstalls=3, population__new_devices=1), 4)
    assert len(made.joins) == 4
    at_of = {device: at for at, device in made.joins}
    assert made.joins == sorted(made.joins)
    firsts = [made.owners.index(user) for user in range(3)]
    assert sorted(made.replaces.values()) == firsts
    for new, old in made.replaces.items():
        at = at_of[new]
        assert new >= made.initial_devices
        assert made.owners[new] == made.owners[old]
        assert made.sessions[new][0][0] == at
        assert all(end <= at for _, end, _ in made.sessions[old])
        used = [(t, d) for t, d in zip(made.times, made.devices, strict=True) if d in (old, new)]
        assert all((d == new) == (t >= at) for t, d in used)
        assert {d for _, d in used} == {old, new}


def test_there_are_at_most_as_many_reinstalls_as_users() -> None:
    made = generate(changed(population__reinstalls=999), 4)
    assert len(made.replaces) == DEFAULT.population.users
