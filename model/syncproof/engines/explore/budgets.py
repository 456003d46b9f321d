"""Budgets: how often each fault may still happen.

The environment's slot holds one counter for each fault that has a budget. Here a fault is identified by the position of
its counter, so that spending one is a look-up.
"""

from __future__ import annotations

from syncproof.core.environment import Environment
from syncproof.core.faults import fault_of
from syncproof.core.moves import Move
from syncproof.engines.explore.encoding import Left, Slot

FREE = -1
"""Instead of a budget's position: the move costs nothing."""
NONE_LEFT = -1
"""Instead of the environment slot's value: the budget is used up."""


class Budgets:
    """The faults that have a budget (`names`), and after them the bounded timers (`early`: class -> position).

    `spent[budget]`: environment slot's value -> its value after one more fault of that kind, or `NONE_LEFT`.
    """

    def __init__(self, environment: Environment, slot: Slot) -> None:
        budgets, early = environment.budgets, environment.early
        self.slot = slot
        self.names = [name for name, left in budgets.items() if left]
        self.early = {kind: len(self.names) + number for number, kind in enumerate(early)}
        self.initial = (*[budgets[name] for name in self.names], *early.values())
        self.spent: list[dict[int, int]] = [{} for _ in self.initial]

    def position(self, fault: str | None) -> int | None:
        """Return the position of a fault's counter; None if the fault has no budget and so cannot happen."""
        return self.names.index(fault) if fault in self.names else None

    def of(self, move: Move) -> int | None:
        """Return the position of the counter that a move reduces; None if it is no fault, or one without a budget."""
        return self.position(fault_of(move))

    def spend(self, environment: int, budget: int) -> int:
        """Return the environment slot's value after one more fault; `NONE_LEFT` if there may be no more."""
        left: Left = self.slot.values[environment]
        after = NONE_LEFT
        if left.budgets[budget]:
            after = self.slot.intern(left._replace(budgets=one_less(left.budgets, budget)))
        self.spent[budget][environment] = after
        return after


def one_less(budgets: tuple[float, ...], position: int) -> tuple[float, ...]:
    """Return the counters with one of them reduced by one; `math.inf` stays what it is."""
    return (*budgets[:position], budgets[position] - 1, *budgets[position + 1 :])
