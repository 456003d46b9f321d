"""The clock of a simulation stops after as many events as it has patience for."""

from __future__ import annotations

from syncproof.engines.simulate.clock import Clock


def test_events_that_schedule_each_other_without_end_are_left_after_so_many() -> None:
    clock, made = Clock(), []

    def again(handle: None) -> None:
        made.append(clock.now)
        if len(made) < 100:  # so that a clock without a limit ends too
            clock.later(clock.now + 1.0, again, None)

    clock.later(0.0, again, None)
    clock.run_dry(5)
    assert len(made) == 5
    assert clock.heap
