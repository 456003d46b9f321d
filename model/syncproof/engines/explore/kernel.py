"""The inner loop of a search, compiled by numba: states as words of bits, tables as flat arrays of integers.

It makes the same moves as `expand.py` in the same order, but it knows no move: it only looks up what Python has computed.
Where an entry is missing it returns and says which one (`ASKED`); `compiled.py` lets Python compute this entry, and calls it
again, with the same state from its beginning. Nothing of a state is kept before all its successors are known; those of several
states are kept at once.

All integers have 64 bits. This module is imported only where numba is installed (the extra `fast`). It is one file because numba's
cache of a function does not notice a change of another file.
"""

from __future__ import annotations

from typing import Any

import numpy
from numba import njit
from numpy.typing import NDArray

from syncproof.engines.explore.packing import BY_ACTOR

Ints = NDArray[numpy.int64]

# ---- `run`: what changes from call to call, by position

(
    NUMBER, WAITING, COUNT, STATES, ARCS, MARKED, LEVELS, LAST, STOP, DEEPEST, MOST, LEAN, OUTSIDE, SKIPPED, ASKED, A, B, C,
) = range(18)  # fmt: skip
"""The first state whose successors are not kept yet; how many states from there on are expanded, whose successors wait to be
kept, and how many successors these are; how many states, arcs, marked arcs and levels there are; the number of the first state
of the next level; the state before which to return; the most levels; the most states that `known` has room for; whether no arcs
are kept; how many moves led outside the constraint, and how many deliveries were skipped; which entry is missing, and its key."""
RUN = 18

END, LEFT_OUTSIDE, LEFT_OUT = range(3)
"""Of a state whose successors wait: how many wait up to its last one; how many of its moves led outside, and were skipped."""

# ---- `fixed`: what is the same for a whole search, by position

JUDGE_SLOT, ENVIRONMENT_SLOT, ACTORS, PATIENT, BOUNDED, CONSTRAINED, SKIPPING, COMBINING = range(8)
FIXED = 8

# ---- what `advance` returns

DONE, STOPPED, DEEP, ASKS, FULL, CROWDED = range(6)
"""Every state is expanded; at the state `STOP`; at the depth `DEEPEST`; an entry is missing; an array is full; a state has
more successors than there is room for."""

# ---- the entries that can be missing

(
    OFFERS, POLL, FIRINGS, ACCEPTS, SPENT, JUDGED, REACTION, ABSORBED, CRASHES, AFFORDS, REPLACEMENTS, WITHIN, REMOVED,
) = range(13)  # fmt: skip

# ---- `at`: for each value of each slot the position in `pool` of what it offers

UNKNOWN, NOTHING = -2, -1

# ---- `table`: pairs of key and value; a key is a tag and two numbers of `BITS` bits

BITS = 24
EMPTY = -1
MISSING = -(1 << 62)
# Each actor has `BY_ACTOR` tags: reactions, guards, pairs of local and pending, crashes, two for replacements, and whether these
# have a budget. After them come those of the slots, of the automata, of the budgets, and from `COMBINING` on those of a constraint
# (one for each part of a combination) and of deliveries that change nothing (by actor).

# ---- a record of `pool`: one offer

SIZE, MOVE, SLOT, LEFT, BUDGET, BUNDLE, GUARDS, SETS, EVENTS, DELTAS, HEAD = range(11)
"""The words of the record, the move, the offer's slot and its value afterwards, budget, bundle; how many guards, sets, events
and deltas follow the head."""

ABSENT = 1
MANY = -2
NONE_LEFT = -1
INDEX = (1 << 32) - 1
"""The bits of an entry of `known` that number a state, from 1 on; those above are of its hash. No entry is negative, and `FREE` is
none: pages that nobody wrote to are free entries.
"""
FREE = 0
AT_ONCE = 64
"""How many entries of `known` are read before the first of them is used: many are on their way into the cache at once then."""
MAX = (1 << 63) - 1


@njit(cache=True)
def mixed(key: int) -> int:
    """Return a hash of one word."""
    key = (key ^ (key >> 29)) * 0x7FB5D329728EA185
    key = (key ^ (key >> 32)) * 0x1FD5C5C5C5A2B6D5
    return key ^ (key >> 31)


@njit(cache=True)
def spread(key: int) -> int:
    """Return a hash of a key, of which the low bits are good; cheaper than `mixed`."""
    return (key * 0x1E3779B97F4A7C15) >> 32


@njit(cache=True)
def find(table: Ints, key: int) -> int:
    """Return the value of a key of `table`, or `MISSING`."""
    mask = (table.shape[0] >> 1) - 1
    place = spread(key) & mask
    while True:
        there = table[2 * place]
        if there == key:
            return table[2 * place + 1]  # type: ignore[no-any-return]
        if there == EMPTY:
            return MISSING
        place = (place + 1) & mask


@njit(cache=True)
def put(table: Ints, key: int, value: int) -> None:
    """Put one key that is not there yet into `table`, which has room for it."""
    mask = (table.shape[0] >> 1) - 1
    place = spread(key) & mask
    while table[2 * place] != EMPTY:
        place = (place + 1) & mask
    table[2 * place] = key
    table[2 * place + 1] = value


@njit(cache=True)
def insert(table: Ints, keys: Ints, values: Ints) -> None:
    """Put keys that are not there yet into `table`, which has room for them."""
    for index in range(keys.shape[0]):
        put(table, keys[index], values[index])


@njit(cache=True)
def enter(known: Ints, words: Ints, count: int) -> int:
    """Put the first `count` states, which all differ, into `known`, which is empty and has room for them.

    Return something that depends on every entry that was read in advance, so that no compiler leaves this out.
    """
    mask = known.shape[0] - 1
    codes = numpy.zeros(AT_ONCE, dtype=numpy.int64)
    loaded = 0
    for begin in range(0, count, AT_ONCE):
        end = min(begin + AT_ONCE, count)
        for index in range(begin, end):
            code = 0
            for word in range(words.shape[1]):
                code = mixed(code ^ words[index, word])
            codes[index - begin] = code
            loaded ^= known[code & mask]
        for index in range(begin, end):
            code = codes[index - begin]
            place = code & mask
            while known[place] != FREE:
                place = (place + 1) & mask
            known[place] = ((code >> 1) & ~INDEX & MAX) | (index + 1)
    return loaded


@njit(cache=True)
def repack(words: Ints, old: Ints, into: Ints, new: Ints, count: int) -> None:
    """Write the first `count` states, packed as `old` says, into words as `new` says, which may be the same; see `packing.py`."""
    there = numpy.zeros(words.shape[1], dtype=numpy.int64)
    for index in range(count):
        there[:] = words[index]
        into[index] = 0
        for slot in range(old.shape[0]):
            value = (there[old[slot, 0]] >> old[slot, 1]) & old[slot, 2]
            into[index, new[slot, 0]] |= value << new[slot, 1]


@njit(cache=True)
def keep(
    run: Ints,
    known: Ints,
    words: Ints,
    first: Ints,
    targets: NDArray[numpy.int32],
    moves: NDArray[Any],
    marked: Ints,
    tally: Ints,
    out: Ints,
    reached: Ints,
    waiting: Ints,
) -> bool:
    """Keep the successors that wait, in their order; return whether there was room for them. Otherwise they go on waiting.

    The first two loops ask for memory that is not in the cache, many times at once: the others would wait for it each time.
    """
    count, width = run[COUNT], words.shape[1]
    states, arcs, noted = run[STATES], run[ARCS], run[MARKED]
    lean = run[LEAN] != 0
    if (
        states + count > words.shape[0]
        or states + count > run[MOST]
        or (states if lean else arcs) + count > targets.shape[0]
        or (not lean and noted + count > marked.shape[0])
    ):
        return False
    mask = known.shape[0] - 1
    for each in range(count):
        if out[each, 3] < 0:
            out[each, 4] = known[out[each, 0] & mask]
    for each in range(count):
        if out[each, 3] < 0:
            entry = out[each, 4]
            if entry != FREE and (entry & ~INDEX) == ((out[each, 0] >> 1) & ~INDEX & MAX):
                target = (entry & INDEX) - 1
                out[each, 3] = target
                for word in range(width):
                    if words[target, word] != reached[each, word]:
                        out[each, 3] = -1
                        break
    each = 0
    for source in range(run[WAITING]):
        number = run[NUMBER]
        while each < waiting[source, END]:
            target = out[each, 3]
            if target < 0:
                code = out[each, 0]
                tag = (code >> 1) & ~INDEX & MAX
                place = code & mask
                while True:
                    entry = known[place]
                    if entry == FREE:
                        target = states
                        known[place] = tag | (target + 1)
                        for word in range(width):
                            words[target, word] = reached[each, word]
                        if lean:
                            targets[target] = number
                            moves[target] = out[each, 1]
                        states += 1
                        break
                    if (entry & ~INDEX) == tag:
                        target = (entry & INDEX) - 1
                        for word in range(width):
                            if words[target, word] != reached[each, word]:
                                target = -1
                                break
                        if target >= 0:
                            break
                    place = (place + 1) & mask
            if lean:
                tally[out[each, 1]] += 1
            else:
                targets[arcs] = target
                moves[arcs] = out[each, 1]
                if out[each, 2]:
                    marked[noted, 0] = arcs
                    marked[noted, 1] = out[each, 2]
                    noted += 1
            arcs += 1
            each += 1
        run[OUTSIDE] += waiting[source, LEFT_OUTSIDE]
        run[SKIPPED] += waiting[source, LEFT_OUT]
        run[NUMBER] = number + 1
        if not lean:
            first[number + 1] = arcs
    run[STATES], run[ARCS], run[MARKED] = states, arcs, noted
    run[WAITING], run[COUNT] = 0, 0
    return True


@njit(cache=True)
def advance(
    run: Ints,
    fixed: Ints,
    packing: Ints,
    base: Ints,
    offering: Ints,
    pending: Ints,
    crashable: Ints,
    replaceable: Ints,
    present: Ints,
    loose: Ints,
    wanted: Ints,
    table: Ints,
    pool: Ints,
    at: Ints,
    stirs: NDArray[numpy.bool_],
    marks: Ints,
    known: Ints,
    words: Ints,
    first: Ints,
    targets: NDArray[numpy.int32],
    moves: NDArray[Any],
    marked: Ints,
    levels: Ints,
    tally: Ints,
    out: Ints,
    reached: Ints,
    waiting: Ints,
) -> int:
    """Expand states in their order until there is none left, or something must be done elsewhere; say what.

    `packing[slot]`: word, shift and mask. `base[slot]`: where its values begin in `at`. `crashable`: rows of actor, budget,
    whether it is a client; `replaceable`: of actor, whether it is a client. `present`: the pending slots of actors that do not
    always exist. `loose[move]`: the wire of the receiver of a packet that arrives in any order, or -1. `wanted`: room for
    combinations that a constraint is to be asked about, all of one state at once. `out`, `reached`: room for the successors
    of several states: hash, move, mark, number of the state or -1, entry of `known`; and their words. `waiting`: room for what
    is known of each of these states (`END` and the following). `LEAN`: `targets` and `moves`
    have, for each state, the state from which it was reached first and by which move; `tally`, how many arcs each move has.
    """
    slots, width = packing.shape[0], words.shape[1]
    judge_slot, environment_slot, actors = fixed[JUDGE_SLOT], fixed[ENVIRONMENT_SLOT], fixed[ACTORS]
    patient, bounded = fixed[PATIENT] != 0, fixed[BOUNDED] != 0
    absorbing = BY_ACTOR * actors
    judging = absorbing + slots
    spending = judging + 1
    constrained, skipping, combining = fixed[CONSTRAINED] != 0, fixed[SKIPPING] != 0, fixed[COMBINING]
    parts = wanted.shape[1]
    removing = combining + parts
    asking = numpy.zeros(parts, dtype=numpy.int64)
    state = numpy.zeros(slots, dtype=numpy.int64)
    after = numpy.zeros(slots, dtype=numpy.int64)
    changed = numpy.zeros(slots, dtype=numpy.int64)
    in_log = numpy.zeros(slots, dtype=numpy.bool_)
    while True:
        number = run[NUMBER] + run[WAITING]
        count = run[COUNT]
        ends = number == run[STOP] or number == run[STATES] or number == run[LAST]
        if run[WAITING] and (ends or count >= AT_ONCE or run[WAITING] == waiting.shape[0]):
            if not keep(run, known, words, first, targets, moves, marked, tally, out, reached, waiting):
                return FULL
            continue
        if number == run[STOP]:
            return STOPPED
        if number == run[STATES]:
            return DONE
        if number == run[LAST]:
            if run[LEVELS] + 1 >= levels.shape[0]:
                return FULL
            levels[run[LEVELS]] = number
            run[LEVELS] += 1
            if run[LEVELS] - 1 == run[DEEPEST]:
                return DEEP
            run[LAST] = run[STATES]
        for slot in range(slots):
            value = (words[number, packing[slot, 0]] >> packing[slot, 1]) & packing[slot, 2]
            state[slot] = value
            after[slot] = value
            in_log[slot] = False
        outside, skipped, unsure = 0, 0, 0
        stirred = False
        resting = -1
        phase, index, inner = 0, 0, 0
        here = 0  # the position of the next offer, if `left` of them are left
        left = 0
        while True:
            # ---- the next offer
            if left == 0:
                if phase == 0:  # of the slots
                    if index == offering.shape[0]:
                        phase, index = 1, 0
                        continue
                    slot = offering[index]
                    here = at[0, base[slot] + state[slot]]
                    if here == UNKNOWN:
                        run[ASKED], run[A], run[B] = OFFERS, slot, state[slot]
                        return ASKS
                    left = pool[here]
                    here += 1
                    index += 1
                elif phase == 1:  # polls that wait for rest
                    if not patient or index == pending.shape[0]:
                        phase, index = 2, 0
                        continue
                    slot = pending[index]
                    here = at[1, base[slot] + state[slot]]
                    if here == UNKNOWN:
                        run[ASKED], run[A], run[B] = POLL, slot, state[slot]
                        return ASKS
                    index += 1
                    if here != NOTHING:
                        if stirred:
                            phase, index = 2, 0
                        else:
                            left = 1
                elif phase == 2:  # bounded timers: pairs of the positions of two offers, at rest and early
                    if not bounded or index == pending.shape[0]:
                        phase, index = 3, 0
                        continue
                    slot = pending[index]
                    pairs = at[2, base[slot] + state[slot]]
                    if pairs == UNKNOWN:
                        run[ASKED], run[A], run[B] = FIRINGS, slot, state[slot]
                        return ASKS
                    if inner == pool[pairs]:
                        index, inner = index + 1, 0
                        continue
                    if resting < 0:
                        resting = 0 if stirred else 1
                    here = pool[pairs + 1 + 2 * inner + (0 if resting else 1)]
                    inner += 1
                    left = 1
                elif phase == 3:  # crashes
                    if index == crashable.shape[0]:
                        phase, index = 4, 0
                        continue
                    actor, budget = crashable[index, 0], crashable[index, 1]
                    environment = state[environment_slot]
                    rest = find(table, ((spending + budget) << (2 * BITS)) | (environment << BITS))
                    if rest == MISSING:
                        run[ASKED], run[A], run[B] = SPENT, budget, environment
                        return ASKS
                    if rest != NONE_LEFT:
                        local, up = state[3 * actor], state[3 * actor + 1]
                        pair = find(table, ((2 * actors + actor) << (2 * BITS)) | (local << BITS) | up)
                        if pair != MISSING:
                            wire = state[3 * actor + 2] if crashable[index, 2] else 0
                            here = find(table, ((3 * actors + actor) << (2 * BITS)) | (pair << BITS) | wire)
                        if pair == MISSING or here == MISSING:
                            run[ASKED], run[A] = CRASHES, actor
                            return ASKS
                        left = pool[here]
                        here += 1
                    index += 1
                else:  # replacements
                    if index == replaceable.shape[0]:
                        break
                    actor = replaceable[index, 0]
                    environment = state[environment_slot]
                    affords = find(table, ((6 * actors + actor) << (2 * BITS)) | (environment << BITS))
                    if affords == MISSING:
                        run[ASKED], run[A], run[B] = AFFORDS, actor, environment
                        return ASKS
                    if affords == 0:
                        index += 1
                        continue
                    local, up = state[3 * actor], state[3 * actor + 1]
                    wire = state[3 * actor + 2] if replaceable[index, 1] else 0
                    pair = find(table, ((2 * actors + actor) << (2 * BITS)) | (local << BITS) | up)
                    if pair != MISSING:
                        pair = find(table, ((4 * actors + actor) << (2 * BITS)) | (pair << BITS) | wire)
                    if pair != MISSING:
                        here = find(table, ((5 * actors + actor) << (2 * BITS)) | (pair << BITS) | environment)
                    if pair == MISSING or here == MISSING:
                        run[ASKED], run[A] = REPLACEMENTS, actor
                        return ASKS
                    left = pool[here]
                    here += 1
                    index += 1
                continue
            # ---- follow it
            offer = here
            left -= 1
            here += pool[offer + SIZE]
            guards, sets = offer + HEAD, offer + HEAD + pool[offer + GUARDS]
            events = sets + 2 * pool[offer + SETS]
            deltas = events + 2 * pool[offer + EVENTS]
            budget = pool[offer + BUDGET]
            possible = True
            for each in range(guards, sets):
                guard = pool[each]
                if guard < 0:
                    actor = -1 - guard
                    event = pool[events + 1]
                    key = ((actors + actor) << (2 * BITS)) | (state[3 * actor] << BITS) | event
                    accepted = find(table, key)
                    if accepted == MISSING:
                        run[ASKED], run[A], run[B], run[C] = ACCEPTS, actor, state[3 * actor], event
                        return ASKS
                    if accepted == 0:
                        possible = False
                        break
                elif state[guard] <= ABSENT:
                    possible = False
                    break
            if not possible:
                continue
            differs = False  # in what a fault that costs a budget must change, for it is left out otherwise
            moved = False  # in what polls must wait for
            changes = False
            mark = 0
            slot = pool[offer + SLOT]
            after[slot] = pool[offer + LEFT]
            changed[0] = slot
            in_log[slot] = True
            logged = 1
            if budget >= 0:
                environment = after[environment_slot]
                rest = find(table, ((spending + budget) << (2 * BITS)) | (environment << BITS))
                if rest == MISSING:
                    run[ASKED], run[A], run[B] = SPENT, budget, environment
                    return ASKS
                if rest == NONE_LEFT:
                    possible = False
                else:
                    after[environment_slot] = rest
                    if not in_log[environment_slot]:
                        in_log[environment_slot] = True
                        changed[logged] = environment_slot
                        logged += 1
            if possible:
                for each in range(sets, events, 2):
                    slot = pool[each]
                    after[slot] = pool[each + 1]
                    if not in_log[slot]:
                        in_log[slot] = True
                        changed[logged] = slot
                        logged += 1
                # The bundle of the offer, then each event's reaction and bundle; the deltas of the offer are the last ones.
                bundle = pool[offer + BUNDLE]
                step = events
                while True:
                    if bundle:
                        joint = after[judge_slot]
                        judged = find(table, (judging << (2 * BITS)) | (joint << BITS) | bundle)
                        if judged == MISSING:
                            run[ASKED], run[A], run[B] = JUDGED, joint, bundle
                            return ASKS
                        after[judge_slot] = judged
                        if not in_log[judge_slot]:
                            in_log[judge_slot] = True
                            changed[logged] = judge_slot
                            logged += 1
                        mark |= marks[bundle]
                        bundle = 0
                    if step < deltas:
                        actor, event = pool[step], pool[step + 1]
                        local = after[3 * actor]
                        reaction = find(table, (actor << (2 * BITS)) | (local << BITS) | event)
                        if reaction == MISSING:
                            run[ASKED], run[A], run[B], run[C] = REACTION, actor, local, event
                            return ASKS
                        after[3 * actor] = pool[reaction]
                        if not in_log[3 * actor]:
                            in_log[3 * actor] = True
                            changed[logged] = 3 * actor
                            logged += 1
                        bundle = pool[reaction + 1]
                        begin = reaction + 3
                        end = begin + 2 * pool[reaction + 2]
                    elif step == deltas:
                        begin = deltas
                        end = deltas + 2 * pool[offer + DELTAS]
                    else:
                        break
                    step += 2
                    for each in range(begin, end, 2):
                        slot, delta = pool[each], pool[each + 1]
                        value = find(table, ((absorbing + slot) << (2 * BITS)) | (after[slot] << BITS) | delta)
                        if value == MISSING:
                            run[ASKED], run[A], run[B], run[C] = ABSORBED, slot, after[slot], delta
                            return ASKS
                        after[slot] = value
                        if not in_log[slot]:
                            in_log[slot] = True
                            changed[logged] = slot
                            logged += 1
                if count == out.shape[0]:
                    return CROWDED
                for word in range(width):
                    reached[count, word] = words[number, word]
            alone = -1  # the slot that differs, if there is only one
            apart = False  # in what a constraint is asked about; the state itself is within it
            if possible:
                for each in range(logged):
                    slot = changed[each]
                    difference = after[slot] ^ state[slot]
                    if difference:
                        reached[count, packing[slot, 0]] ^= difference << packing[slot, 1]
                        differs = differs or slot < environment_slot
                        moved = moved or slot < judge_slot
                        alone = MANY if changes else slot
                        changes = True
                        if constrained and slot < judge_slot and slot % 3 < 2:
                            apart = apart or slot % 3 == 0 or after[slot] == ABSENT or state[slot] == ABSENT
            possible = possible and (budget < 0 or differs)
            kept = True
            if possible and skipping and not mark and alone >= 0 and loose[pool[offer + MOVE]] == alone:
                key = ((removing + alone // 3) << (2 * BITS)) | (state[alone] << BITS) | after[alone]
                removed = find(table, key)
                if removed == MISSING:
                    run[ASKED], run[A], run[B], run[C] = REMOVED, alone, state[alone], after[alone]
                    return ASKS
                kept = removed == 0
                skipped += removed
            if possible and apart:
                inside = after[0]
                for part in range(parts):  # the last one asks what the combination of all others is
                    asking[part] = after[3 * part] if part < actors else 0
                    if actors <= part < parts - 1 and after[present[part - actors]] == ABSENT:
                        asking[part] = 1
                    if part and inside != MISSING:
                        key = ((combining + part) << (2 * BITS)) | (inside << BITS) | asking[part]
                        inside = find(table, key)
                if inside == MISSING:
                    wanted[unsure] = asking
                    unsure += 1
                    if unsure == wanted.shape[0]:
                        run[ASKED], run[A] = WITHIN, unsure
                        return ASKS
                elif inside == 0:
                    outside += 1
                    kept = False
            for each in range(logged):
                slot = changed[each]
                in_log[slot] = False
                after[slot] = state[slot]
            if not possible:
                continue
            move = pool[offer + MOVE]
            out[count, 1] = move
            out[count, 2] = mark
            if changes:
                stirred = stirred or (moved and stirs[move])
                code = 0
                for word in range(width):
                    code = mixed(code ^ reached[count, word])
                out[count, 0] = code
                out[count, 3] = -1
            else:
                out[count, 3] = number
            count += 1 if kept else 0
        if unsure:
            run[ASKED], run[A] = WITHIN, unsure
            return ASKS
        each = run[WAITING]
        waiting[each, END], waiting[each, LEFT_OUTSIDE], waiting[each, LEFT_OUT] = count, outside, skipped
        run[WAITING], run[COUNT] = each + 1, count
