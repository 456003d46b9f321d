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
# # When pushes are lost
#
# A push may be lost, and neither end is told. It may go into a connection that died minutes ago, while the server still believes
# that the device is connected (*half-open*). What does each design do about it, and what does that cost?
#
# - `timeline-notify` sends a hint, and the device pulls. If a hint is lost, the device learns of the message at the next hint, the
#   next poll or the next connect, whichever is first.
# - `timeline-dense-push` sends the message with its number. The device notices a lost push when the next one arrives: there is a
#   gap, and the device pulls.
# - `inbox-store-first` pushes and waits for the ack. A copy that is not acked stays in the inbox until the device pulls.

# %%
from syncproof import load, sweep
from syncproof.engines.simulate.metrics import METRICS
from syncproof.report.widgets import interact

office = load("default").with_value("duration", "2h")
designs = ["inbox-store-first", "timeline-notify", "timeline-dense-push"]


def means(swept):
    """Return the means: a row per value and design, a column per metric."""
    return swept.table()["value"].unstack("metric")


# %% [markdown]
# ## From no loss to every second push
#
# The same office and the same messages, with more and more lost pushes. The draws are shared as well: a push that is lost at 10 %
# is also lost at 20 %.

# %%
losses = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
by_loss = sweep(office, vary={"faults.push_loss": losses}, designs=designs, runs=3, seed=1)
by_loss.figure(["packets_per_delivery", "pulls_per_delivery", "delivery_latency_p50_s"])

# %%
loss = means(by_loss)
for name in designs:
    first, last = loss.loc[losses[0], name], loss.loc[losses[-1], name]
    print(
        f"{name:20} packets per delivery {first.packets_per_delivery:.2f} -> {last.packets_per_delivery:.2f}, "
        f"pulls {first.pulls_per_delivery:.2f} -> {last.pulls_per_delivery:.2f}, "
        f"median latency {1000 * first.delivery_latency_p50_s:.0f} -> {1000 * last.delivery_latency_p50_s:.0f} ms"
    )

# %%
for name in designs[1:]:
    change = loss.loc[losses[-1], name].packets_per_delivery / loss.loc[losses[0], name].packets_per_delivery - 1
    print(f"{name} needs {abs(change):.0%} {'more' if change > 0 else 'fewer'} packets")

# %% [markdown]
# Loss changes the two designs differently. If hints are lost, the next pull fetches several messages at once. If pushes are lost,
# each gap costs a pull that would not have been needed. How much of the dense push's advantage is left:

# %%
for share in losses:
    dense, notify = loss.loc[share, "timeline-dense-push"], loss.loc[share, "timeline-notify"]
    print(
        f"{share:4.0%} lost: dense push needs {dense.packets_per_delivery / notify.packets_per_delivery:4.0%} of the packets and "
        f"{dense.pulls_per_delivery / notify.pulls_per_delivery:4.0%} of the pulls of notify-then-pull"
    )
crossing = by_loss.crossings("packets_per_delivery")
pair = crossing[crossing.lower_before.isin(designs[1:]) & crossing.lower_after.isin(designs[1:])]
print(
    "They change places in packets:",
    "nowhere up to half of all pushes lost" if pair.empty else f"at {pair.value.iloc[0]:.0%}",
)

# %% [markdown]
# ## Late messages
#
# The slowest hundredth of the deliveries is much slower than the median: it waits for the next message, or for a poll.

# %%
by_loss.figure(["delivery_latency_p99_s", "empty_pulls_per_delivery"])

# %%
for share in (losses[0], losses[1], losses[-1]):
    late = loss.loc[share]["delivery_latency_p99_s"]
    print(
        f"{share:4.0%} lost, 99 of 100 are there within: "
        + ", ".join(f"{name} {late[name]:,.0f} s" for name in designs)
    )

# %% [markdown]
# No message is lost in the end, at any rate of loss: the promises were judged in every one of these runs.

# %%
print(by_loss.broken() or "Every promise was kept at every loss.")

# %% [markdown]
# ## Polls bound the latency, and cost packets
#
# A device that has received nothing for the poll interval asks by itself, so polls bound the latency of a lost push. A shorter
# interval means a shorter delay, and more pulls that find nothing. At 30 % loss:

# %%
intervals = ["30s", "2m", "10m", "30m"]
lossy = office.with_value("faults.push_loss", 0.3)
by_poll = sweep(lossy, vary={"model.poll_interval": intervals}, designs=designs, runs=3, seed=1)
by_poll.figure(["packets_per_delivery", "empty_pulls_per_delivery", "delivery_latency_p99_s"])

# %%
poll = means(by_poll)
for name in designs[1:]:
    for text, (_, at) in zip(intervals, poll.xs(name, level="design").iterrows(), strict=True):
        print(
            f"{name:20} polls after {text:>3}: {at.packets_per_delivery:5.2f} packets per delivery, of the pulls "
            f"{at.empty_pulls_per_delivery / at.pulls_per_delivery:4.0%} find nothing, 99 of 100 messages within "
            f"{at.delivery_latency_p99_s:,.0f} s"
        )

# %% [markdown]
# ## Half-open connections
#
# The varied key is the share of sessions that end without the server being told. The server then sends into the dead connection
# for some minutes.

# %%
shares = [0.0, 0.25, 0.5, 0.75, 1.0]
by_death = sweep(office, vary={"presence.half_open": shares}, designs=designs, runs=3, seed=1)
death = means(by_death)
for name in designs:
    first, last = death.loc[shares[0], name], death.loc[shares[-1], name]
    print(
        f"{name:20} from no session to every session: packets per delivery {first.packets_per_delivery:.3f} -> "
        f"{last.packets_per_delivery:.3f}, catching up (99 of 100) {first.catchup_latency_p99_s:.3f} -> "
        f"{last.catchup_latency_p99_s:.3f} s, lost {last.lost_deliveries:.0f}"
    )

# %%
worst = max(designs, key=lambda n: death.loc[1.0, n].packets_per_delivery / death.loc[0.0, n].packets_per_delivery)
growth = death.loc[1.0, worst].packets_per_delivery / death.loc[0.0, worst].packets_per_delivery - 1
fired = by_death.results().faults_fired["half-open"]
print(
    f"{fired:,} sessions ended half-open in these runs. They cost at most {growth:.1%} more packets ({worst}),\n"
    "which no device received. A device that returns asks from its own checkpoint; it does not rely on what the server believes."
)
by_death.figure(["packets_per_delivery", "bytes_per_delivery", "catchup_latency_p99_s"])

# %% [markdown]
# ## Any metric
#
# In a notebook with widgets you can choose a metric and a varied key. Without widgets, `by_loss.table()` has every metric; this is
# the part of it at the two ends.

# %%
sweeps = {"push loss": by_loss, "poll interval": by_poll, "half-open": by_death}
interact(lambda against, metric: sweeps[against].figure([metric]), against=list(sweeps), metric=list(METRICS))
shown = ["bytes_per_delivery", "pulls_per_delivery"]
loss.loc[[losses[0], losses[-1]], shown].round(3)
