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
# %% [markdown]
# # Your own design
#
# None of the nine designs is the one that you would build. Yours coalesces, or batches, or asks in another order. It takes a
# subclass to say so; then the same searches prove it or show why not, and the same traffic tells what it costs.
#
# The example: `timeline-notify` pulls at every notification. In a busy group that is a pull per message and device. A device
# could wait a little for company before it asks, and fetch several messages with one pull. What does that save, what does it
# cost, and is it still correct?

# %%
from syncproof import DESIGNS, InputError, Scenario, compare, diagram, explore, verify
from syncproof.core.actor import Out, actor, on, volatile
from syncproof.core.packets import Packet
from syncproof.core.values import Id, Timeline
from syncproof.designs.packets import Notification
from syncproof.designs.timeline.device import TimelineDevice

# %% [markdown]
# ## Write it
#
# A timer is a packet that an actor sends to itself. `volatile` says what a crash forgets; the engines see to it that it does.
# `on_hint` is the base's own reaction to a hint, and it knows what to do if a pull is under way.


# %%
class Enough(Packet, frozen=True):
    """Waited long enough for company."""


def thrifty(wait):
    """timeline-notify whose devices collect hints for `wait` seconds before they pull."""

    @actor
    class ThriftyDevice(TimelineDevice):
        hinted: dict[Timeline, int] = volatile(dict)

        @on(Notification)
        def notified(self, source: Id, packet: Notification, out: Out) -> None:
            if not self.hinted:
                out.after(wait, Enough())
            self.hinted[packet.timeline] = max(packet.head, self.hinted.get(packet.timeline, 0))

        @on(Enough)
        def enough(self, source: Id, packet: Enough, out: Out) -> None:
            hinted, self.hinted = self.hinted, {}
            for timeline, head in sorted(hinted.items()):
                self.on_hint(timeline, head, "notification", out)

    return DESIGNS["timeline-notify"].variant(
        device=ThriftyDevice, name=f"thrifty-{wait}s", summary=f"Collects hints for {wait} s, then pulls."
    )


mine = thrifty(10)
diagram(mine, "two-people", messages=2)

# %% [markdown]
# ## Verify it
#
# Without a word about it, the variant took over the promises of its base. They are what is searched for. In a search a timer may
# fire at any moment, so that what holds here holds for every wait.

# %%
proof = verify([mine], "small")
proof

# %%
kept = [cell.promise == "kept" for cell in proof.matrix()[mine.name].values() if cell.promised]
print(
    f"{sum(kept)} of {len(kept)} promises are kept in every interleaving of {len(proof.explored[mine.name])} small worlds."
)

# %% [markdown]
# ## Declare what it promises
#
# A promise is a property and the faults under which it is to hold. One that does not exist is refused at once:

# %%
try:
    DESIGNS["timeline-notify"].variant(name="hopeful", promises={"no-los": ("push-lost",)})
except InputError as error:
    print(error)

# %% [markdown]
# One that does not hold is found out. `timeline-push` shows what is pushed at once. Could a product manager be promised that
# messages are always shown in the conversation's order? Only if the pushes come as they were sent:

# %%
base = DESIGNS["timeline-push"]
bold = base.variant(name="bold", promises={**base.promises, "conversation-order": ("push-lost", "disconnect")})
for faults in ([], ["disconnect"], ["push"]):
    found = explore(bold, "two-people", messages=2, faults=faults)
    cell = found.cell("bold", "conversation-order")
    says = "" if cell.counterexample is None else f" in {cell.length} moves: {cell.counterexample.says}"
    print(f"{' and '.join(faults) or 'no fault'}: {cell.verdict}{says}, promise {cell.promise}")

# %% [markdown]
# A promise is judged in the worlds whose faults it covers, and in no other. In the world `push` pushes are also duplicated and
# reordered, which this promise does not cover: what is violated there does not break it.
#
# ## Compare it
#
# A busy group, where waiting should pay: twelve people with two devices each, one message every few seconds. Every design meets
# the same messages, absences and losses. A design is given as the object that it is; `compare` finds the class where it was
# written.

# %%
busy = Scenario.model_validate(
    {
        "title": "A busy group",
        "shows": "What waiting for company saves where messages come thick and fast.",
        "duration": "20m",
        "population": {"users": 12, "devices_per_user": 2},
        "conversations": {"pairs": 0, "groups": 1, "group_size": {"min": 12, "max": 12}},
        "traffic": {"messages_per_user_per_day": 1500.0},
        "presence": {"online": "30m", "offline": "5m"},
        "faults": {"push_loss": 0.02},
    }
)
waits = (1, 3, 10, 30)
result = compare(busy, designs=["timeline-notify", *map(thrifty, waits)], runs=3, seed=1, sweep=False)
result

# %%
mean = result.table()["mean"].unstack()
before = mean.loc["timeline-notify"]
for wait in waits:
    after = mean.loc[f"thrifty-{wait}s"]
    print(
        f"waiting {wait:>2} s: {1 - after.pulls_per_delivery / before.pulls_per_delivery:4.0%} of the pulls and "
        f"{1 - after.packets_per_delivery / before.packets_per_delivery:4.0%} of the packets saved, half of the deliveries "
        f"within {after.delivery_latency_p50_s:.1f} s instead of {before.delivery_latency_p50_s:.1f} s"
    )

# %% [markdown]
# The same as a picture, each metric beside that of the base. With a front end, other metrics can be chosen.

# %%
import pandas

from syncproof.engines.simulate.metrics import METRICS
from syncproof.report.figures import curves
from syncproof.report.widgets import interact

own = {(wait, "thrifty"): mean.loc[f"thrifty-{wait}s"] for wait in waits}
theirs = {(wait, "timeline-notify"): before for wait in waits}
by_wait = pandas.DataFrame.from_dict({**theirs, **own}, orient="index")

interact(lambda metric: curves(by_wait, [metric], "wait in s"), metric=list(METRICS))
curves(by_wait, ["pulls_per_delivery", "packets_per_delivery", "delivery_latency_p50_s"], "wait in s")

# %% [markdown]
# ## Keep it in a file
#
# A class in a notebook is known to this process. Where the platform begins worker processes afresh (macOS, Windows, newer
# Pythons), designs given as objects are therefore simulated in this one process. In a file of its own a design can be used
# from everywhere, named as `FILE.py:NAME`: here, by all processors, by the command line, and by your tests.

# %%
# %%writefile thrifty.py
"""A device that collects hints before it pulls."""

from syncproof.core.actor import Out, actor, on, volatile
from syncproof.core.packets import Packet
from syncproof.core.values import Id, Timeline
from syncproof.designs import DESIGNS
from syncproof.designs.packets import Notification
from syncproof.designs.timeline.device import TimelineDevice


class Enough(Packet, frozen=True):
    """Waited long enough for company."""


@actor
class ThriftyDevice(TimelineDevice):
    """Collects hints for ten seconds, then pulls."""

    hinted: dict[Timeline, int] = volatile(dict)

    @on(Notification)
    def notified(self, source: Id, packet: Notification, out: Out) -> None:
        """The first hint starts the timer."""
        if not self.hinted:
            out.after(10, Enough())
        self.hinted[packet.timeline] = max(packet.head, self.hinted.get(packet.timeline, 0))

    @on(Enough)
    def enough(self, source: Id, packet: Enough, out: Out) -> None:
        """Ask for all that was hinted at."""
        hinted, self.hinted = self.hinted, {}
        for timeline, head in sorted(hinted.items()):
            self.on_hint(timeline, head, "notification", out)


Thrifty = DESIGNS["timeline-notify"].variant(device=ThriftyDevice, summary="Collects hints for 10 s, then pulls.")

# %%
filed = compare(busy, designs=["thrifty.py:Thrifty"], runs=3, seed=1, sweep=False)
again = filed.table()["mean"].unstack().loc["thrifty.py:Thrifty"]
same = again.equals(mean.loc["thrifty-10s"])
print(
    f"The design of the file and that of the notebook cost {'the same to the last digit' if same else 'different amounts'}."
)

# %% [markdown]
# On the command line, `syncproof verify thrifty.py:Thrifty` and `syncproof compare --design thrifty.py:Thrifty --design
# timeline-notify` write the reports that can be sent around. In your own tests, pytest finds the fixture by itself:
#
# ```python
# def test_my_design_keeps_its_promises(keeps_promises):
#     keeps_promises("thrifty.py:Thrifty")
# ```
