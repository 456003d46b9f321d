"""The strong components of a searched graph, compiled by numba.

This module is imported only where numba is installed (the extra `fast`); `core.py` does the same with scipy elsewhere.
"""

from __future__ import annotations

from typing import Any

import numpy
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[numpy.int64]


@njit(cache=True)
def strong_components(
    first: Ints, targets: NDArray[numpy.int32], moves: NDArray[Any], owed: NDArray[numpy.bool_]
) -> tuple[NDArray[numpy.bool_], NDArray[numpy.bool_]]:
    """Return for each state whether it is in a strong component of several states, and whether no arc leaves it.

    Arcs back to the same state, and those of moves that are not `owed`, do not count. The algorithm is Tarjan's, with one number
    for each state (Pearce 2016). It begins only in states that an arc from a later one reaches: every cycle has one.
    """
    count = first.shape[0] - 1
    cyclic, still = numpy.zeros(count, dtype=numpy.bool_), numpy.ones(count, dtype=numpy.bool_)
    begins = numpy.zeros(count, dtype=numpy.bool_)
    for state in range(count):
        for arc in range(first[state], first[state + 1]):
            target = targets[arc]
            if target != state and owed[moves[arc]]:
                still[state] = False
                if target < state:
                    begins[target] = True
    number = numpy.zeros(count, dtype=numpy.int32)  # 0: not met; of an open state, the smallest that is reached from it
    path = numpy.zeros(count, dtype=numpy.int32)
    following = numpy.zeros(count, dtype=numpy.int64)  # of each state on the path, the arc that is followed next
    leads = numpy.zeros(
        count, dtype=numpy.bool_
    )  # whether it was the first of its component that was met, for all we know
    open_states = numpy.zeros(count, dtype=numpy.int32)  # states that are left, whose component is not complete
    waiting, met = 0, 0
    done = numpy.int32(2**31 - 1)
    for root in range(count):
        if number[root] != 0 or not begins[root]:
            continue
        met += 1
        number[root], path[0], following[0], leads[0] = met, root, first[root], True
        top = 1
        while top:
            state, arc = path[top - 1], following[top - 1]
            if arc < first[state + 1]:
                following[top - 1] = arc + 1
                target = targets[arc]
                if target == state or not owed[moves[arc]]:
                    continue
                if number[target] == 0:
                    met += 1
                    number[target], path[top], following[top], leads[top] = met, target, first[target], True
                    top += 1
                elif number[target] < number[state]:
                    number[state] = number[target]
                    leads[top - 1] = False
                continue
            top -= 1
            if top and number[state] < number[path[top - 1]]:
                number[path[top - 1]] = number[state]
                leads[top - 1] = False
            if not leads[top]:
                open_states[waiting] = state
                waiting += 1
                continue
            while waiting and number[open_states[waiting - 1]] >= number[state]:
                waiting -= 1
                cyclic[open_states[waiting]] = cyclic[state] = True
                number[open_states[waiting]] = done
            number[state] = done
    return cyclic, still
