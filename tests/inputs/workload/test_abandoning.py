"""Abandoned devices: each is drawn by itself, and its user writes on others."""

from __future__ import annotations

from syncproof.inputs.workload import generate
from tests.helpers.scenarios import DEFAULT, changed


def test_devices_are_abandoned_one_by_one_whatever_others_there_are() -> None:
    made = changed(population__abandoned=0.3, population__new_devices=0)
    fewer, more = generate(made, 1).abandoned, generate(made.with_value("population.new_devices", 2), 1).abandoned
    assert fewer
    assert set(fewer) <= set(more)


def test_without_abandoned_devices_the_traffic_is_the_same() -> None:
    assert generate(changed(population__abandoned=0.0), 1) == generate(DEFAULT, 1)


def test_a_user_whose_devices_are_all_abandoned_writes_no_more() -> None:
    traffic = generate(changed(population__abandoned=1.0), 1)
    left = {device: at for at, device, _ in traffic.abandoned}
    assert len(left) == len(traffic.owners)
    assert 0 < len(traffic.times) < len(generate(DEFAULT, 1).times)
    assert all(at < left[device] for at, device in zip(traffic.times, traffic.devices, strict=True))
