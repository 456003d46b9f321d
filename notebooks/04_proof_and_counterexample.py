# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Proof and counterexample
#
# A simulation says what happened. It cannot say what could have happened: an interleaving in which a crash comes between two
# writes may be one in a million, and will still happen in production. So small worlds (a few devices, one or two messages, one or
# two kinds of fault) are searched *completely*: every order in which packets, timers, storage operations and faults can come.
#
# This notebook proves a sound design in such a world, breaks it, and reads the counterexample. Then it repairs the design, first
# in part and then completely.

# %%
from syncproof import DESIGNS, explore, hunt, verify
from syncproof.core.actor import Out, actor, on
from syncproof.core.values import Id
from syncproof.designs.packets import Push
from syncproof.designs.timeline.push import DensePushDevice

# %% [markdown]
# ## A sound design
#
# `timeline-dense-push` numbers each user's log without gaps and sends the message with its number. The device applies a push if it
# has the next number, ignores it if its number is old, and pulls if there is a gap. The world: two people with a device each, two
# messages, and pushes that may be lost, duplicated or reordered:

# %%
sound = explore("timeline-dense-push", "two-people", messages=2, faults=["push"])
sound

# %% [markdown]
# Every promise is kept in every state that this world can reach. A tick would say nothing if nothing had happened in the search. So
# the search also says how often each kind of move was made, and whether the situations that matter were reached:

# %%
searched = sound.results().designs["timeline-dense-push"]
for move, count in searched.coverage.items():
    print(f"{move:18} {count.transitions:>7,} transitions, {count.states:>6,} states first reached")
print()
for situation, where in searched.witnesses.items():
    print(f"{situation}: {where.removesuffix(' worlds')} worlds")

# %% [markdown]
# ## Break the design
#
# Is the check "is this the next number?" needed at all? A device that trusts every push is shorter. A design of your own is a
# subclass that overrides one handler:


# %%
@actor
class HastyDevice(DensePushDevice):
    """Show every pushed message, and advance the checkpoint to its number."""

    @on(Push)
    def pushed(self, source: Id, packet: Push, out: Out) -> None:
        if packet.entry.seq > self.checkpoints.get(packet.timeline, 0):
            self.show(packet.entry, packet.timeline, out)
            self.advance(packet.timeline, packet.entry.seq, out)


hasty = DESIGNS["timeline-dense-push"].variant(device=HastyDevice, name="hasty", summary="Trusts every push.")
broken = explore(hasty, "two-people", messages=2, faults=["push"])
broken

# %% [markdown]
# A cross with a number is a counterexample of that many moves. For a safety property such as `prefix-order` no shorter one exists:

# %%
broken.diagram("prefix-order")

# %% [markdown]
# Read it from the bottom. The last arrow brings number 2. Number 1 was sent as well and is still under way: the device had not
# received it when it advanced its checkpoint to 2.
#
# Is the message *lost*, or only shown late? That depends on everything that may still happen. The property for it is `no-loss`, a
# liveness property, and its counterexample continues until nothing more can happen:

# %%
lost = broken.diagram("no-loss")
lost

# %% [markdown]
# The state of the property's automaton after each step: which messages are open, which devices still lack them, and the violation
# that it reports when the world has come to rest.

# %%
print(lost.held())
print()
print(lost.title)

# %% [markdown]
# The checkpoint has passed the message, so no later pull asks for it. The device will never show it, and neither the server nor the
# device can know.
#
# ## A larger world
#
# A search needs a world that is small enough to finish. Hypothesis plays larger ones, here three devices under the usual kinds of
# fault together, and draws the moves. A violation that it meets takes many moves, most of which do not matter; the minimiser takes
# out moves that the violation does not need. (The draws depend on the version of Hypothesis, so these numbers may differ on your
# machine.)

# %% tags=["varies"]
met = hunt(hasty)
print(met)

# %% tags=["varies"]
met.diagram()

# %% [markdown]
# Hypothesis finds the same failure, in a world that was not made for it.
#
# ## A first repair
#
# Show what is pushed, but do not advance the checkpoint at a gap, and pull. Now no message can be lost.


# %%
@actor
class HopefulDevice(DensePushDevice):
    """Show every pushed message; advance the checkpoint only if nothing is missing before it, else pull."""

    @on(Push)
    def pushed(self, source: Id, packet: Push, out: Out) -> None:
        checkpoint = self.checkpoints.get(packet.timeline, 0)
        if packet.entry.seq > checkpoint:
            self.show(packet.entry, packet.timeline, out)
        if packet.entry.seq == checkpoint + 1 and not self.saving:
            self.advance(packet.timeline, packet.entry.seq, out)
        elif packet.entry.seq > checkpoint:
            self.on_hint(packet.timeline, packet.entry.seq, "push", out)


hopeful = DESIGNS["timeline-dense-push"].variant(
    device=HopefulDevice, name="hopeful", summary="Shows first, asks later."
)
better = explore(hopeful, "two-people", messages=2, faults=["push"])
print(better)
for name, cell in better.matrix()["hopeful"].items():
    if cell.broken:
        print(f"  {name}: {cell.counterexample.says}")

# %%
better.diagram()

# %% [markdown]
# No message is lost, but a reader sees the second message before the first. Whether that is acceptable is a decision about the
# product, and it is written down in the promises. `timeline-push`, one of the ten designs, does exactly this, and does not promise
# the order:

# %%
given_up = sorted(set(DESIGNS["timeline-dense-push"].promises) - set(DESIGNS["timeline-push"].promises))
print("timeline-push does not promise:", ", ".join(given_up))

# %% [markdown]
# ## The complete repair
#
# The check was needed: apply the next number, and at a gap *only* pull.


# %%
@actor
class PatientDevice(DensePushDevice):
    """Apply the next number; at a gap show nothing and pull."""

    @on(Push)
    def pushed(self, source: Id, packet: Push, out: Out) -> None:
        checkpoint = self.checkpoints.get(packet.timeline, 0)
        if packet.entry.seq == checkpoint + 1 and not self.saving:
            self.show(packet.entry, packet.timeline, out)
            self.advance(packet.timeline, packet.entry.seq, out)
        elif packet.entry.seq > checkpoint:
            self.on_hint(packet.timeline, packet.entry.seq, "push", out)


patient = DESIGNS["timeline-dense-push"].variant(device=PatientDevice, name="patient", summary="Pulls at a gap.")
repaired = explore(patient, "two-people", messages=2, faults=["push"])
print(repaired)

# %% [markdown]
# This was one world. `verify` searches all worlds of the bounds: `small` has each usual kind of fault alone, among two people and
# among two devices of one person, and takes seconds. `standard` adds a second message, pairs of faults and rarer faults, and
# takes minutes.

# %%
proof = verify([patient], "small")
proof

# %%
unkept = [name for name, cell in proof.matrix()["patient"].items() if cell.promised and cell.promise != "kept"]
print("Every promise is kept in every world." if not unkept else f"Not kept: {', '.join(unkept)}")

# %%
again = hunt(patient, profile="dev")
print("Hypothesis found no violation either." if again.violation is None else again)
