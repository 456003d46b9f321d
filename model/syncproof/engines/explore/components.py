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

    Arcs back to the same state, and those of moves that are not `owed`, do not count. The algorithm is Tarjan's (1972).
    """
    count = first.shape[0] - 1
    cyclic, still = numpy.zeros(count, dtype=numpy.bool_), numpy.ones(count, dtype=numpy.bool_)
    low = numpy.zeros(count, dtype=numpy.int32)  # 0: not met; the smallest number on the path that is reached from here
    following = numpy.zeros(count, dtype=numpy.int32)  # how many of its arcs were followed
    path = numpy.zeros(count, dtype=numpy.int32)
    open_states = numpy.zeros(count, dtype=numpy.int32)
    top, waiting, met = 0, 0, 0
    done = numpy.int32(2**31 - 1)
    index = numpy.zeros(count, dtype=numpy.int32)
    for root in range(count):
        if low[root] != 0:
            continue
        met += 1
        low[root] = index[root] = met
        path[0] = open_states[waiting] = root
        top, waiting = 1, waiting + 1
        while top:
            state = path[top - 1]
            arc = first[state] + following[state]
            if arc < first[state + 1]:
                following[state] += 1
                target = targets[arc]
                if target == state or not owed[moves[arc]]:
                    continue
                still[state] = False
                if low[target] == 0:
                    met += 1
                    low[target] = index[target] = met
                    path[top] = open_states[waiting] = target
                    top, waiting = top + 1, waiting + 1
                elif low[target] < low[state]:
                    low[state] = low[target]
                continue
            top -= 1
            if top and low[state] < low[path[top - 1]]:
                low[path[top - 1]] = low[state]
            if low[state] == index[state]:
                several = open_states[waiting - 1] != state
                while True:
                    waiting -= 1
                    member = open_states[waiting]
                    cyclic[member] = several
                    low[member] = done
                    if member == state:
                        break
    return cyclic, still
