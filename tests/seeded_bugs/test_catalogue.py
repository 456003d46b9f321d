"""The catalogue of seeded bugs has each id once, and agrees with the promises of the sound designs."""

from __future__ import annotations

from syncproof.designs import DESIGNS
from syncproof.inputs import small_worlds
from syncproof.seeded_bugs import BUGS, COSTS, MODULES, Bug, Cost


def test_no_two_records_have_the_same_id() -> None:
    records = [record for module in MODULES for record in vars(module).values()]
    assert len(BUGS) == sum(isinstance(record, Bug) for record in records)
    assert len(COSTS) == sum(isinstance(record, Cost) for record in records)


def test_a_bug_is_listed_under_its_id_and_its_design_is_named_by_it() -> None:
    assert all(name == bug.id == bug.design.name for name, bug in BUGS.items())


def test_the_catalogue_is_in_the_order_of_the_ids() -> None:
    assert list(BUGS) == sorted(BUGS)
    assert list(COSTS) == sorted(COSTS)


def test_the_sound_design_promises_what_the_bug_must_violate() -> None:
    for bug in BUGS.values():
        for name in bug.violates:
            assert set(small_worlds.small_world(*bug.world).faults) <= set(DESIGNS[bug.base].promises[name]), (
                bug.id,
                name,
            )
