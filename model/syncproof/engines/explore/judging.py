"""The properties' automata as one slot of a state, and their reactions to observations.

An automaton is frozen and numbered like any other value; the slot holds the tuple of all automata's numbers. The
observations on an arc that some property reacts to, in their order, are a *bundle* with one index. So the reaction of all
automata is one look-up by (slot's value, bundle). Each automaton's own reaction to one observation is cached too, because
the same reaction occurs in many combinations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from syncproof.core.actor import freeze, thaw
from syncproof.core.observations import Observation
from syncproof.engines.explore.common import Common
from syncproof.engines.explore.encoding import SHIFT, Slot
from syncproof.engines.explore.interned import Interned, Renumbered
from syncproof.engines.explore.marks import Marks
from syncproof.engines.handler_errors import UnfitValue
from syncproof.properties import Property
from syncproof.properties.evidence import Watch

COMPLAINED = -1
"""Instead of an automaton's number: it has complained. Its verdict is final, so its later states are not distinguished."""


class Judging:
    """The automata of the properties that are carried in the state (`automata`), and the marks of the others (`endless`).

    `judged`: (slot's value, bundle) -> the slot's value afterwards. `marks[bundle]`: see `marks.py`. `complaints`:
    (automaton's number, complaint), until a search clears them. `watch`: which properties met their evidence; it sees each
    observation that was reached. `states`: the states of each automaton; `common`: what is known from other searches.
    `stepped`: (automaton's number, its state, observation by its index in `common.observed`) -> its state afterwards, complaint.
    """

    def __init__(self, properties: Sequence[type[Property]], slot: Slot, common: Common) -> None:
        self.slot = slot
        self.common = common
        self.properties = tuple(properties)
        self.sometimes = [p for p in properties if p.kind == "sometimes"]
        self.automata = [p for p in properties if p.endless is None and p.kind != "sometimes"]
        self.endless = [p for p in properties if p.endless is not None]
        self.steps = [common.steps(p) for p in self.automata]
        self.states: list[Renumbered[Any]] = [Renumbered(steps.states) for steps in self.steps]
        self.bundles: Interned[tuple[Observation, ...]] = Interned()
        self.bundles.intern(())
        self.endless_marks = Marks(self.endless)
        self.marks = [0]
        self.judged: dict[int, int] = {}
        self.complaints: list[tuple[int, str]] = []
        self.stepped: dict[tuple[int, int, int], tuple[int, str | None]] = {}
        self._unsettled: dict[tuple[int, int], list[str]] = {}
        self._reacting: dict[type[Observation], list[int]] = {}
        for number, automaton in enumerate(self.automata):
            for kind in automaton.reactions:
                self._reacting.setdefault(kind, []).append(number)
        self.watch = Watch(properties)
        self._wanted = {*self._reacting, *[kind for kind, _ in self.endless_marks.kinds], *self.watch.pending}

    def encode(self, automata: Sequence[Property | None]) -> int:
        """Return the slot's value for these automata, one for each property that is carried; None: it has complained."""
        return self.slot.intern(
            tuple([COMPLAINED if a is None else self._frozen(n, a) for n, a in enumerate(automata)])
        )

    def bundle(self, observations: Sequence[Observation]) -> int:
        """Return the index of the observations that some property reacts to, or takes as evidence."""
        wanted = self.wanted(observations)
        found = self.bundles.intern(wanted)
        if found == len(self.marks):
            self.marks.append(self.endless_marks.mark(wanted))
        return found

    def wanted(self, observations: Sequence[Observation]) -> tuple[Observation, ...]:
        """Return those observations that some property reacts to, or takes as evidence."""
        return tuple([o for o in observations if type(o) in self._wanted])

    def judge(self, joint: int, bundle: int) -> int:
        """Return the slot's value after a bundle; complaints are appended to `complaints`."""
        automata = list(self.slot.values[joint])
        for observation in self.bundles.values[bundle]:
            self.watch.see(observation)
            for number in self._reacting.get(type(observation), ()):
                if automata[number] == COMPLAINED:
                    continue
                automata[number], says = self._step(number, automata[number], observation)
                if says is not None:
                    automata[number] = COMPLAINED
                    self.complaints.append((number, says))
        found = self.judged[(joint << SHIFT) | bundle] = self.slot.intern(tuple(automata))
        return found

    def _step(self, number: int, state: int, observation: Observation) -> tuple[int, str | None]:
        observed = self.common.observed.intern(observation)
        found = self.stepped.get((number, state, observed))
        if found is None:
            states, made = self.states[number], self.steps[number].made
            which = (states.common[state], observed)
            step = made.get(which)
            if step is None:
                automaton: Property = thaw(states.values[state])
                says = automaton.react(observation)
                step = made[which] = (states.common[self._frozen(number, automaton)], says)
            found = self.stepped[number, state, observed] = (states.take(step[0]), step[1])
        return found

    def _frozen(self, number: int, automaton: Property) -> int:
        """Return the index of an automaton's state. `UnfitValue` names the property if the state cannot be compared."""
        try:
            return self.states[number].intern(freeze(automaton))
        except (UnfitValue, TypeError) as error:
            raise UnfitValue(f"the property {automaton.name}: {error}") from error

    def automaton(self, number: int, joint: int) -> Property | None:
        """Return a property's automaton in a value of the slot; None once it has complained."""
        state = self.slot.values[joint][number]
        return None if state == COMPLAINED else cast(Property, thaw(self.states[number].values[state]))

    def met(self, name: str) -> list[Property]:
        """Return every state of a property's automaton that was met, in the order in which they were met."""
        number = [automaton.name for automaton in self.automata].index(name)
        return [thaw(image) for image in self.states[number].values]

    def on_cycles(self) -> list[str]:
        """Return the names of the properties that are judged on cycles."""
        return [p.name for p in self.properties if p.kind == "liveness" or p.endless is not None]

    def unsettled(self, number: int, joint: int) -> list[str]:
        """Return what a property's automaton would complain of if nothing more happened."""
        state = self.slot.values[joint][number]
        if state == COMPLAINED:
            return []
        found = self._unsettled.get((number, state))
        if found is None:
            automaton: Property = thaw(self.states[number].values[state])
            found = self._unsettled[number, state] = list(automaton.at_quiescence())
        return found
