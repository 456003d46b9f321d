"""Who there is: the devices of users, and the members of conversations."""

from __future__ import annotations

from syncproof.inputs.workload import generate
from tests.helpers.scenarios import DEFAULT, changed


def test_pairs_are_distinct_and_groups_have_the_stated_sizes() -> None:
    made = generate(DEFAULT, 4)
    pairs, groups = made.members[:40], made.members[40:]
    assert len(set(pairs)) == 40
    assert all(a < b for a, b in pairs)
    assert len(groups) == 5
    assert all(3 <= len(members) == len(set(members)) <= 8 for members in groups)


def test_zipf_makes_small_groups_more_frequent() -> None:
    sizes = {"zipf": 2.0, "min": 3, "max": 20}
    made = generate(changed(conversations__groups=400, conversations__group_size=sizes), 4)
    counts = [len(members) for members in made.members[40:]]
    assert counts.count(3) > 4 * counts.count(10) > 0


def test_a_list_of_device_counts_is_taken_in_turn() -> None:
    made = generate(changed(population__devices_per_user=[1, 3]), 4)
    assert made.owners[:8] == [0, 1, 1, 1, 2, 3, 3, 3]
