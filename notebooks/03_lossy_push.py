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
#   gap. It waits half a second for what is missing, then pulls.
# - `inbox-store-first` pushes and waits for the ack. What is not acked in time is pushed again, with waits that double, while the
#   server believes the device to be connected. Beside that, the device polls.

# %%
from syncproof import load, sweep
from syncproof.engines.simulate.metrics import METRICS
from syncproof.report.widgets import interact
from syncproof.studies.recommendation import ROWS, choose
from syncproof.studies.sweep.readings import difference

office = load("default").with_value("duration", "1h")
designs = ["inbox-store-first", "timeline-notify", "timeline-dense-push"]


def means(swept):
    """Return the means: a row per value and design, a column per metric."""
    return swept.table()["value"].unstack("metric")


def share(swept, value, name, metric="late_10s"):
    """Return a share of deliveries with its interval over the runs, as text."""
    at = swept.table().loc[value, name, metric]
    return f"{at.value:.2%} ({at.low:.2%} to {at.high:.2%})"


# %% [markdown]
# ## From no loss to every second push
#
# The same office and the same messages, with more and more lost pushes. The draws are shared as well: what is lost at 10 % is
# also lost at 20 %, and the first push of a message to a device has the same fate in every design. Each later attempt has a
# draw of its own.

# %%
losses = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
by_loss = sweep(office, vary={"faults.push_loss": losses}, designs=designs, runs=3, seed=1)
by_loss.figure(["packets_per_delivery", "pulls_per_delivery", "late_10s"])

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
for name in designs:
    change = loss.loc[losses[-1], name].packets_per_delivery / loss.loc[losses[0], name].packets_per_delivery - 1
    print(f"{name} needs {abs(change):.0%} {'more' if change > 0 else 'fewer'} packets")

# %% [markdown]
# Loss changes the designs differently. If hints are lost, the next pull fetches several messages at once. If pushes are lost,
# each gap costs a pull, and each push without an ack another push. How much of the dense push's advantage is left:

# %%
for lost in losses:
    dense, notify = loss.loc[lost, "timeline-dense-push"], loss.loc[lost, "timeline-notify"]
    print(
        f"{lost:4.0%} lost: dense push needs {dense.packets_per_delivery / notify.packets_per_delivery:4.0%} of the packets and "
        f"{dense.pulls_per_delivery / notify.pulls_per_delivery:4.0%} of the pulls of notify-then-pull"
    )
crossing = by_loss.crossings("packets_per_delivery")
for c in crossing.itertuples():
    print(f"{c.lower_before} needs fewer packets than {c.lower_after} up to {c.value:.0%} lost: {c.certainty}")
if crossing.empty:
    print("No two designs change places in packets.")

# %% [markdown]
# ## Late messages
#
# A delivery is timed from composed to shown, on every device that was connected when the message was composed, and stays in
# the set whatever happens then. A quantile of it says little here: with few losses, the 99th percentile lies where a run has
# a little more or a little less than one late delivery in a hundred. The share that is later than 10 s is steadier. With its
# 95 % interval over the runs:

# %%
for lost in losses:
    print(
        f"{lost:4.0%} lost, later than 10 s: " + "; ".join(f"{name} {share(by_loss, lost, name)}" for name in designs)
    )

# %% [markdown]
# Run *n* of each design meets the same losses, so two designs are compared run by run. An interval of the difference that
# contains 0 is within noise:

# %%
for lost in losses:
    at = losses.index(lost)
    for name in designs[1:]:
        apart, sign = difference(by_loss.values(at, name, "late_10s"), by_loss.values(at, designs[0], "late_10s"))
        verdict = ("within noise", "clearly more", "clearly fewer")[sign]
        print(f"{lost:4.0%} lost: {name:20} {100 * apart:+6.2f} points beside the inbox: {verdict}")

# %% [markdown]
# No message is lost in the end, at any rate of loss: the promises were judged in every one of these runs.

# %%
print(by_loss.broken() or "Every promise was kept at every loss.")

# %% [markdown]
# ## What pushing again buys
#
# That the inbox is less often late is not a merit of the inbox but of the ack: whoever waits for one knows what to send again.
# `model.retransmission` takes that away. At 30 % loss, and with the same first pushes lost:

# %%
lossy = office.with_value("faults.push_loss", 0.3)
by_again = sweep(lossy, vary={"model.retransmission": [True, False]}, designs=["inbox-store-first"], runs=3, seed=1)
again = means(by_again)
for pushes_again in (True, False):
    at = again.loc[pushes_again, "inbox-store-first"]
    print(
        f"{'pushed again' if pushes_again else 'pushed once':12}: {at.packets_per_delivery:.2f} packets per delivery, "
        "later than 10 s: "
        f"{share(by_again, pushes_again, 'inbox-store-first')}"
    )

# %% [markdown]
# ## Polls bound the latency, and cost packets
#
# A device that has received nothing for the poll interval asks by itself, so polls bound the latency of a lost push in every
# design. A shorter interval means a shorter delay, and more pulls that find nothing. At 30 % loss:

# %%
intervals = ["30s", "2m", "10m"]
by_poll = sweep(lossy, vary={"model.poll_interval": intervals}, designs=designs, runs=3, seed=1)
by_poll.figure(["packets_per_delivery", "empty_pulls_per_delivery", "late_60s"])

# %%
poll = means(by_poll)
for name in designs:
    for text, (_, at) in zip(intervals, poll.xs(name, level="design").iterrows(), strict=True):
        print(
            f"{name:20} polls after {text:>3}: {at.packets_per_delivery:5.2f} packets per delivery, of the pulls "
            f"{at.empty_pulls_per_delivery / at.pulls_per_delivery:4.0%} find nothing, later than 60 s: {at.late_60s:.2%}"
        )

# %% [markdown]
# ## What it depends on
#
# `compare` recommends, of the designs that kept their promises and lost nothing, the one with the least product of server
# rows, packets and late share; below one in a hundred a smaller share is no advantage. The same rule for these three designs,
# at each loss and at each poll interval:


# %%
def chosen(at):
    """Return the design with the least product of rows, packets and late share."""
    rows = at[list(ROWS)].sum(axis="columns")
    return choose({name: (rows[name], at.packets_per_delivery[name], at.late_10s[name]) for name in at.index})


for lost in losses:
    print(f"{lost:4.0%} lost: {chosen(loss.loc[lost])}")
for text, (seconds, _) in zip(intervals, poll.groupby(level=0), strict=True):
    print(f"30 % lost, polls after {text:>3}: {chosen(poll.loc[seconds])}")

# %% [markdown]
# ## Half-open connections
#
# The varied key is the share of sessions that end without the server being told. The server then sends into the dead connection
# for some minutes.

# %%
shares = [0.0, 0.5, 1.0]
by_death = sweep(office, vary={"presence.half_open": shares}, designs=designs, runs=3, seed=1)
death = means(by_death)
for name in designs:
    first, last = death.loc[shares[0], name], death.loc[shares[-1], name]
    print(
        f"{name:20} from no session to every session: packets per delivery {first.packets_per_delivery:.3f} -> "
        f"{last.packets_per_delivery:.3f}, later than 10 s {first.late_10s:.2%} -> {last.late_10s:.2%}, "
        f"lost {last.lost_deliveries:.0f}"
    )

# %%
worst = max(designs, key=lambda n: death.loc[1.0, n].packets_per_delivery / death.loc[0.0, n].packets_per_delivery)
growth = death.loc[1.0, worst].packets_per_delivery / death.loc[0.0, worst].packets_per_delivery - 1
fired = by_death.results().faults_fired["half-open"]
print(
    f"{fired:,} sessions ended half-open in these runs. They cost at most {growth:.1%} more packets ({worst}),\n"
    "which no device received. A device that returns asks for what it lacks; it does not rely on what the server believes."
)
by_death.figure(["packets_per_delivery", "bytes_per_delivery", "late_10s"])

# %% [markdown]
# ## Any metric
#
# In a notebook with widgets you can choose a metric and a varied key. Without widgets, `by_loss.table()` has every metric;
# this is the part of it at the two ends.

# %%
sweeps = {"push loss": by_loss, "poll interval": by_poll, "half-open": by_death}
interact(lambda against, metric: sweeps[against].figure([metric]), against=list(sweeps), metric=list(METRICS))
shown = ["bytes_per_delivery", "pulls_per_delivery"]
loss.loc[[losses[0], losses[-1]], shown].round(3)
