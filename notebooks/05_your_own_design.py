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
# # Your own design
#
# Your design may differ from the ten ready ones: it coalesces, or batches, or asks in another order. You write the difference as a
# subclass. Then the same searches prove the promises or show a counterexample, and the same traffic shows what the design costs.
#
# The example: `timeline-notify` pulls at every notification. In a busy group that is a pull per message and device. A device
# could wait a little for further notifications before it asks, and fetch several messages with one pull. What does that save,
# what does it cost, and is it still correct?

# %%
from syncproof import DESIGNS, InputError, Scenario, compare, diagram, explore, verify
from syncproof.core.actor import Out, actor, on, volatile
from syncproof.core.packets import Packet
from syncproof.core.values import Id, Timeline
from syncproof.designs.packets import Notification
from syncproof.designs.timeline.device import TimelineDevice

# %% [markdown]
# ## Write the design
#
# A timer is a packet that an actor sends to itself. A crash resets a `volatile` field; the engines do that. `on_hint` is the base
# class's reaction to a hint, and it handles the case that a pull is under way.


# %%
class Enough(Packet, frozen=True):
    """The waiting time is over."""


def thrifty(wait):
    """Return timeline-notify with devices that collect hints for `wait` seconds before they pull."""

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
# ## Verify the design
#
# The variant has the promises of its base, unless it declares others. The search looks for a violation of them. In a search a
# timer may fire at any moment, so a property that holds here holds for every waiting time.

# %%
proof = verify([mine], "small")
proof

# %%
kept = [cell.promise == "kept" for cell in proof.matrix()[mine.name].values() if cell.promised]
print(
    f"{sum(kept)} of {len(kept)} promises are kept in every interleaving of {len(proof.explored[mine.name])} small worlds."
)

# %% [markdown]
# ## Declare the promises
#
# A promise is a property, with the faults under which the property must hold. A promise of an unknown property is refused:

# %%
try:
    DESIGNS["timeline-notify"].variant(name="hopeful", promises={"no-los": ("push-lost",)})
except InputError as error:
    print(error)

# %% [markdown]
# A promise that does not hold is refuted. `timeline-push` shows a pushed message at once. Can it promise that messages are always
# shown in the conversation's order? Only if pushes arrive in the order in which they were sent:

# %%
base = DESIGNS["timeline-push"]
bold = base.variant(name="bold", promises={**base.promises, "conversation-order": ("push-lost", "disconnect")})
for faults in ([], ["disconnect"], ["push"]):
    found = explore(bold, "two-people", messages=2, faults=faults)
    cell = found.cell("bold", "conversation-order")
    says = "" if cell.counterexample is None else f" in {cell.length} moves: {cell.counterexample.says}"
    print(f"{' and '.join(faults) or 'no fault'}: {cell.verdict}{says}, promise {cell.promise}")

# %% [markdown]
# A promise is judged only in worlds whose faults it covers. In a world with `push`, pushes are also duplicated and reordered, which
# this promise does not cover. So the violation there does not break the promise.
#
# ## Compare the costs
#
# A busy group, where waiting should save packets: twelve people with two devices each, one message every few seconds. Every design
# has the same messages, sessions and losses. `compare` takes a design as an object.

# %%
busy = Scenario.model_validate(
    {
        "title": "A busy group",
        "shows": "What a device saves that waits for further messages before it pulls, if messages are frequent.",
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
mean = result.table()["value"].unstack()
before = mean.loc["timeline-notify"]
for wait in waits:
    after = mean.loc[f"thrifty-{wait}s"]
    print(
        f"waiting {wait:>2} s: {1 - after.pulls_per_delivery / before.pulls_per_delivery:4.0%} of the pulls and "
        f"{1 - after.packets_per_delivery / before.packets_per_delivery:4.0%} of the packets saved, half of the deliveries "
        f"within {after.delivery_latency_p50_s:.1f} s instead of {before.delivery_latency_p50_s:.1f} s"
    )

# %% [markdown]
# The same as a figure, each metric with that of the base. In a notebook with widgets you can choose other metrics.

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
# ## Keep the design in a file
#
# Only this process knows a class of a notebook. If the platform starts worker processes without the memory of this one (macOS,
# Windows, newer Pythons), designs given as objects are therefore simulated in this one process. A design in a file of its own,
# named as `FILE.py:NAME`, can be used everywhere: here, in worker processes, on the command line, and in your tests.

# %%
# %%writefile thrifty.py
"""Define a design whose devices collect hints before they pull."""

from syncproof.core.actor import Out, actor, on, volatile
from syncproof.core.packets import Packet
from syncproof.core.values import Id, Timeline
from syncproof.designs import DESIGNS
from syncproof.designs.packets import Notification
from syncproof.designs.timeline.device import TimelineDevice


class Enough(Packet, frozen=True):
    """The waiting time is over."""


@actor
class ThriftyDevice(TimelineDevice):
    """Collect hints for ten seconds, then pull."""

    hinted: dict[Timeline, int] = volatile(dict)

    @on(Notification)
    def notified(self, source: Id, packet: Notification, out: Out) -> None:
        """Note the hint; the first one starts the timer."""
        if not self.hinted:
            out.after(10, Enough())
        self.hinted[packet.timeline] = max(packet.head, self.hinted.get(packet.timeline, 0))

    @on(Enough)
    def enough(self, source: Id, packet: Enough, out: Out) -> None:
        """Pull every timeline of which a hint came."""
        hinted, self.hinted = self.hinted, {}
        for timeline, head in sorted(hinted.items()):
            self.on_hint(timeline, head, "notification", out)


Thrifty = DESIGNS["timeline-notify"].variant(device=ThriftyDevice, summary="Collects hints for 10 s, then pulls.")

# %%
filed = compare(busy, designs=["thrifty.py:Thrifty"], runs=3, seed=1, sweep=False)
again = filed.table()["value"].unstack().loc["thrifty.py:Thrifty"]
same = again.equals(mean.loc["thrifty-10s"])
print(
    f"The design of the file and that of the notebook cost {'the same to the last digit' if same else 'different amounts'}."
)

# %% [markdown]
# On the command line, `syncproof verify thrifty.py:Thrifty` and `syncproof compare --design thrifty.py:Thrifty --design
# timeline-notify` write reports for other readers. In your tests, pytest finds the fixture by itself:
#
# ```python
# def test_my_design_keeps_its_promises(keeps_promises):
#     keeps_promises("thrifty.py:Thrifty")
# ```
