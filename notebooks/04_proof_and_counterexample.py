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
# A simulation tells what happened. It cannot tell what could have happened: the one interleaving in a million in which a crash
# falls between two writes will come in production, on a Sunday. So small worlds, a few devices, one or two messages, one or two
# kinds of fault, are searched *completely*: every order in which packets, timers, storage and faults can come.
#
# Here a sound design is proved in such a world, then broken, and the way to the failure is read; then it is mended, first not
# quite and then for good.

# %%
from syncproof import DESIGNS, explore, hunt, verify
from syncproof.core.actor import Out, actor, on
from syncproof.core.values import Id
from syncproof.designs.packets import Push
from syncproof.designs.timeline.push import DensePushDevice

# %% [markdown]
# ## A sound design
#
# `timeline-dense-push` numbers each user's log without gaps and sends the message with its number. The rule of the device:
# apply it if it is the next number, ignore it if it is old, and pull if there is a gap. Two people with a device each, two
# messages, and pushes that may be lost, come twice, or overtake each other:

# %%
sound = explore("timeline-dense-push", "two-people", messages=2, faults=["push"])
sound

# %% [markdown]
# Every promise is kept in every state that this world can reach. Such a tick would be worth nothing if nothing had happened on
# the way, so the search also says how often each kind of move was made, and whether the situations that matter were met:

# %%
searched = sound.results().designs["timeline-dense-push"]
for move, count in searched.coverage.items():
    print(f"{move:18} {count.transitions:>7,} transitions, {count.states:>6,} states first reached")
print()
for situation, where in searched.witnesses.items():
    print(f"{situation}: {where.removesuffix(' worlds')} worlds")

# %% [markdown]
# ## Break it
#
# Is the question "is this the next number?" needed at all? A device that trusts every push is shorter. This is all
# that a design of one's own takes: a subclass that overrides one handler.


# %%
@actor
class HastyDevice(DensePushDevice):
    """Applies whatever is pushed, and takes its number for the checkpoint."""

    @on(Push)
    def pushed(self, source: Id, packet: Push, out: Out) -> None:
        if packet.entry.seq > self.checkpoints.get(packet.timeline, 0):
            self.show(packet.entry, packet.timeline, out)
            self.advance(packet.timeline, packet.entry.seq, out)


hasty = DESIGNS["timeline-dense-push"].variant(device=HastyDevice, name="hasty", summary="Trusts every push.")
broken = explore(hasty, "two-people", messages=2, faults=["push"])
broken

# %% [markdown]
# A cross with a number is a counterexample of that many moves, and no shorter one exists. The shortest of all:

# %%
broken.diagram("prefix-order")

# %% [markdown]
# Read it from below. The last arrow brings number 2. Number 1 had been sent as well and is still under way, or lost, nobody
# can tell: the device had seen nothing of it when it took 2 for its checkpoint.
#
# Whether that *loses* the message, or only shows it late, is a question about everything that may still happen. It is
# `no-loss`, a liveness property, and its counterexample goes on until nothing more can happen:

# %%
lost = broken.diagram("no-loss")
lost

# %% [markdown]
# What the automaton of the property held, step by step: which messages are open, which devices still miss them, and what it
# said when the world had come to rest.

# %%
print(lost.held())
print()
print(lost.title)

# %% [markdown]
# The checkpoint is past the message, so no later pull asks for it: the device will never show it, and neither the server
# nor the device knows.
#
# ## What a larger world says
#
# The search needed a world that it could finish. Hypothesis plays in larger ones, three devices and all faults together, and
# draws the moves. What it meets is long and full of accidents; the minimiser takes out every move that the violation does not
# need. (What Hypothesis draws depends on its version, so these numbers may be others on your machine.)

# %% tags=["varies"]
met = hunt(hasty)
print(met)

# %% tags=["varies"]
met.diagram()

# %% [markdown]
# The same failure, found without knowing where to look.
#
# ## Mend it, not quite
#
# A first repair: show what is pushed, but leave the checkpoint alone where there is a gap, and pull. Nothing can be lost now.


# %%
@actor
class HopefulDevice(DensePushDevice):
    """Shows whatever is pushed; moves the checkpoint only if nothing is missing before it, else pulls."""

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
# No message is lost, but a reader sees the second before the first. Whether that may be is a decision about the product, and
# the place to write it down is the promises. `timeline-push`, one of the nine designs, does just this, and does not promise
# the order:

# %%
given_up = sorted(set(DESIGNS["timeline-dense-push"].promises) - set(DESIGNS["timeline-push"].promises))
print("timeline-push does not promise:", ", ".join(given_up))

# %% [markdown]
# ## Mend it for good
#
# The missing line was the question whether anything is missing: apply the next number, and at a gap *only* ask.


# %%
@actor
class PatientDevice(DensePushDevice):
    """Applies the next number; at a gap it shows nothing and asks."""

    @on(Push)
    def pushed(self, source: Id, packet: Push, out: Out) -> None:
        checkpoint = self.checkpoints.get(packet.timeline, 0)
        if packet.entry.seq == checkpoint + 1 and not self.saving:
            self.show(packet.entry, packet.timeline, out)
            self.advance(packet.timeline, packet.entry.seq, out)
        elif packet.entry.seq > checkpoint:
            self.on_hint(packet.timeline, packet.entry.seq, "push", out)


patient = DESIGNS["timeline-dense-push"].variant(device=PatientDevice, name="patient", summary="Asks at a gap.")
mended = explore(patient, "two-people", messages=2, faults=["push"])
print(mended)

# %% [markdown]
# One world is one world. `verify` searches all of the bounds: every kind of fault alone, with other people in it. (`small` takes
# seconds; `standard`, which adds a second message and pairs of faults, takes minutes.)

# %%
proof = verify([patient], "small")
proof

# %%
unkept = [name for name, cell in proof.matrix()["patient"].items() if cell.promised and cell.promise != "kept"]
print("Every promise is kept in every world." if not unkept else f"Not kept: {', '.join(unkept)}")

# %%
again = hunt(patient, profile="dev")
print("Hypothesis met nothing either." if again.violation is None else again)
