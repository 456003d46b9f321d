"""The successors of one state: the inner loop of a search.

It combines the look-ups of `tables.py`: every offer of every slot, then the reactions of the handlers that it runs,
then the deltas that other slots absorb, then the automata. It is written for speed: everything that it uses is a local
name, and the usual kind of move is written out although `follow` would do the same.
"""

from __future__ import annotations

from collections.abc import Callable

from syncproof.engines.explore.budgets import NONE_LEFT
from syncproof.engines.explore.encoding import ABSENT, SHIFT, State
from syncproof.engines.explore.moves import Offer
from syncproof.engines.explore.tables import Tables

Successor = tuple[int, State, int]
"""(move, next state, mark)."""


def expander(
    tables: Tables, hindered: Callable[[int, State], bool] | None = None
) -> Callable[[State, list[Successor]], None]:
    """Return a function that appends a successor for every move that a state makes possible.

    A fault, or an early firing, that would change nothing but its budget is left out, because everything that may follow it
    may also happen without it. `hindered`: says of a move and the state that it leads to whether it cannot happen for now, so
    that nothing waits for it; it is appended all the same.
    """
    react, reacted = tables.handlers.react, tables.handlers.reacted
    accepts = tables.handlers.accepts
    absorbed, absorb = tables.queues.absorbed, tables.queues.absorb
    judged, judge, marks = tables.judging.judged, tables.judging.judge, tables.judging.marks
    offered, polled = tables.offers.offered, tables.offers.polled
    spent, spend = tables.budgets.spent, tables.budgets.spend
    crashable, crash = tables.faults.crashable, tables.faults.crash
    replaceable, replacements = tables.faults.replaceable, tables.faults.replacements
    affords = tables.faults.affords
    j_slot, e_slot = tables.encoding.judge_slot, tables.encoding.environment_slot
    slots = [(slot, tables.slots[slot].offers) for slot in tables.offers.offering()]
    pending = [slot for slot, _ in slots if slot % 3 == 1 and slot < j_slot]
    patient = [(slot, tables.offers.polls[slot]) for slot in pending] if tables.moves.patient else []
    bounded = pending if tables.budgets.early else []
    firings = tables.offers.firings
    stirs = tables.moves.stirs

    def expand(state: State, out: list[Successor]) -> None:
        for slot, table in slots:
            found = table[state[slot]]
            if found is None:
                found = offered(slot, state[slot])
            for offer in found:
                move, left, events, budget, guards, _, deltas, bundle = offer
                if budget >= 0 or guards or deltas or bundle or len(events) != 1:
                    follow(state, slot, offer, out)
                    continue
                # The usual move, written out: something is taken from the slot, and one handler runs.
                after = list(state)
                after[slot] = left
                actor, event = events[0]
                local = 3 * actor
                result = react[actor].get((after[local] << SHIFT) | event)
                if result is None:
                    result = reacted(actor, after[local], event)
                after[local], changes, bundle = result
                for where, delta in changes:
                    value = absorbed[where].get((after[where] << SHIFT) | delta)
                    after[where] = absorb(where, after[where], delta) if value is None else value
                if bundle:
                    joint = judged.get((after[j_slot] << SHIFT) | bundle)
                    after[j_slot] = judge(after[j_slot], bundle) if joint is None else joint
                    out.append((move, tuple(after), marks[bundle]))
                else:
                    out.append((move, tuple(after), 0))
        for slot, polls in patient:
            value = state[slot]
            poll = polls[value] if value in polls else polled(slot, value)
            if poll is not None:
                if busy(state, out):
                    break
                follow(state, slot, poll, out)
        resting = None
        for slot in bounded:
            for at_rest, early in firings(slot, state[slot]):
                resting = not busy(state, out) if resting is None else resting
                follow(state, slot, at_rest if resting else early, out)
        environment = state[e_slot]
        for actor, budget in crashable:
            rest = spent[budget].get(environment)
            if (spend(environment, budget) if rest is None else rest) != NONE_LEFT:
                for offer in crash(actor, state):
                    follow(state, 3 * actor, offer, out)
        for actor in replaceable:
            if affords(actor, environment):
                for offer in replacements(actor, state):
                    follow(state, 3 * actor, offer, out)

    def busy(state: State, out: list[Successor]) -> bool:
        # What the automata note is no part of the world, and no move may depend on which properties are judged.
        stirring = ((move, after) for move, after, _ in out if stirs[move] and after[:j_slot] != state[:j_slot])
        return any(hindered is None or not hindered(move, after) for move, after in stirring)

    def follow(state: State, slot: int, offer: Offer, out: list[Successor]) -> None:
        move, left, events, budget, guards, sets, deltas, bundle = offer
        for guard in guards:
            if guard < 0:
                if not accepts(~guard, state[3 * ~guard], events[0][1]):
                    return
            elif state[guard] <= ABSENT:
                return
        after = list(state)
        after[slot] = left
        mark = 0
        if budget >= 0:
            rest = spent[budget].get(after[e_slot])
            if rest is None:
                rest = spend(after[e_slot], budget)
            if rest == NONE_LEFT:
                return
            after[e_slot] = rest
        for where, value in sets:
            after[where] = value
        if bundle:
            joint = judged.get((after[j_slot] << SHIFT) | bundle)
            after[j_slot] = judge(after[j_slot], bundle) if joint is None else joint
            mark |= marks[bundle]
        for actor, event in events:
            local = after[3 * actor]
            result = react[actor].get((local << SHIFT) | event)
            if result is None:
                result = reacted(actor, local, event)
            after[3 * actor], changes, bundle = result
            for where, delta in changes:
                known = absorbed[where].get((after[where] << SHIFT) | delta)
                after[where] = absorb(where, after[where], delta) if known is None else known
            if bundle:
                joint = judged.get((after[j_slot] << SHIFT) | bundle)
                after[j_slot] = judge(after[j_slot], bundle) if joint is None else joint
                mark |= marks[bundle]
        for where, delta in deltas:
            known = absorbed[where].get((after[where] << SHIFT) | delta)
            after[where] = absorb(where, after[where], delta) if known is None else known
        if budget >= 0 and after[:e_slot] == list(state[:e_slot]):
            return
        out.append((move, tuple(after), mark))

    return expand
