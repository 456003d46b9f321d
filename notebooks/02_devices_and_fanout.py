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
# # Devices and fan-out
#
# Two numbers decide what a message costs the server: how many **devices** a user has, and how many **members** a conversation
# has. The inbox writes a row for each device of each member. The timeline writes a row for each member. A design that reads
# instead of copying writes no such row, but pays for every read. This notebook measures the three.

# %%
import textwrap

import pandas

from syncproof import compare, load, sweep
from syncproof.engines.simulate.metrics import METRICS
from syncproof.report.figures import curves
from syncproof.report.widgets import interact

# %% [markdown]
# ## From one device a user to six
#
# `sweep` runs a scenario at every value of a key, here `population.devices_per_user`, with every design, on the same messages.
# It is the command line's `syncproof sweep many-endpoints --vary population.devices_per_user=1,2,3,4,5,6`, cut to one hour.

# %%
endpoints = load("many-endpoints").with_value("duration", "1h")
designs = ["inbox-store-first", "timeline-notify", "timeline-checkpointed", "timeline-dense-push"]
devices = [1, 2, 3, 4, 5, 6]
by_devices = sweep(endpoints, vary={"population.devices_per_user": devices}, designs=designs, runs=3, seed=1)
by_devices.figure()

# %% [markdown]
# The result as sentences, which are made from the numbers:

# %%
for sentence in str(by_devices).splitlines():
    print(textwrap.fill(sentence, 110, break_on_hyphens=False), end="\n\n")

# %%
mean = by_devices.table()["value"].unstack("metric")
rows = mean["server_writes_per_message"] + mean["server_deletes_per_message"]
for name in designs:
    course = rows.xs(name, level="design")
    slope = (course[devices[-1]] - course[devices[0]]) / (devices[-1] - devices[0])
    print(
        f"{name:21} {course[1]:5.1f} rows written and deleted per message with one device a user, "
        f"{slope:5.2f} more with each further one"
    )

# %% [markdown]
# A checkpoint that the server records for every device is again a row per device. So in `timeline-checkpointed` the server knows
# how far every device has read, and its writes grow with the devices as those of the inbox do. Its deletes do not grow.
#
# ## Where designs change places
#
# Rows are the cost of the server. Packets and bytes are the cost of the network. There the inbox begins with an advantage: it
# pushes the message and needs no request.
#
# Two designs *change places* where the lines through their means cross. All designs meet the same draws in a run, so the
# designs are compared run by run: a crossing is *clear* if on both sides the interval of the difference excludes 0, on one
# side below it and on the other above it. Otherwise it is *within noise*, and another seed may not show it.

# %%
for metric in ("server_writes_per_message", "packets_per_delivery", "bytes_per_delivery"):
    places = by_devices.crossings(metric)
    print(metric.replace("_", " ") + ":")
    for c in places.itertuples():
        print(
            f"  {c.lower_before} is cheaper than {c.lower_after} up to {c.value:.1f} devices a user "
            f"(between {c.low:g} and {c.high:g} of the values tried), more expensive beyond: {c.certainty}"
        )
    if places.empty:
        print("  no two designs change places")

# %% [markdown]
# Every metric has such a figure; here are two of latency. A delivery is timed from composed to shown, over the same deliveries in
# every design; the second figure is the share that took longer than 10 s. In a notebook with widgets you can choose:

# %%
interact(lambda metric: by_devices.figure([metric]), metric=list(METRICS))
by_devices.figure(["delivery_latency_p50_s", "late_10s"])

# %%
late = mean["late_10s"].unstack("design")[designs]
for name in designs:
    print(f"{name:21} later than 10 s: {late[name].min():.2%} to {late[name].max():.2%} of the deliveries")

# %% [markdown]
# ## From a small group to a large one
#
# One conversation with about fifty messages in one hour, and more and more members. `timeline-notify` writes a copy for each
# member; `timeline-read-fanout` writes none, and its devices read the conversation's log.

# %%
members = [3, 6, 12, 25, 50]
fanouts = ["inbox-store-first", "timeline-notify", "timeline-read-fanout"]
crowd = load("big-group").with_values(
    {
        "duration": "1h",
        "population.users": members[-1],
        "conversations.pairs": 0,
        "conversations.groups": 1,
        "conversations.group_size": {"min": members[-1], "max": members[-1], "zipf": 0.0},
    }
)
found = {}
for size in members:
    changed = {
        "conversations.group_size": {"min": size, "max": size, "zipf": 0.0},
        "traffic.messages_per_user_per_day": 1200.0 / size,
    }
    compared = compare(crowd.with_values(changed), designs=fanouts, runs=2, seed=1, sweep=False)
    found[size] = compared.table()["value"].unstack()
by_members = pandas.concat(found)

interact(lambda metric: curves(by_members, [metric], "members"), metric=list(METRICS))
curves(by_members, ["server_writes_per_message", "server_reads_per_message", "stored_bytes_mean"], "members")

# %%
for size in members:
    copying, reading = by_members.loc[size, "timeline-notify"], by_members.loc[size, "timeline-read-fanout"]
    print(
        f"{size:>2} members: copying writes {copying.server_writes_per_message:4.1f} rows per message and reads "
        f"{copying.server_reads_per_message:4.1f}, reading writes {reading.server_writes_per_message:4.1f} and reads "
        f"{reading.server_reads_per_message:4.1f};"
        f" copies store {copying.stored_bytes_mean / reading.stored_bytes_mean:.0f} times as much"
    )

# %%
rows = by_members.server_writes_per_message + by_members.server_reads_per_message
wins = [size for size in members if rows[size, "timeline-read-fanout"] < rows[size, "timeline-notify"]]
print("Fewer rows touched by reading than by copying with", ", ".join(map(str, wins)) or "none", "of these members.")
median = {name: 1000 * by_members.loc[members[-1], name].delivery_latency_p50_s for name in fanouts}
print(
    f"With {members[-1]} members half of the deliveries are there within {median['timeline-notify']:.0f} ms when copied, "
    f"within {median['timeline-read-fanout']:.0f} ms when read."
)

# %% [markdown]
# A copy is a row that is written once and read once; without copies only the read is left. Which of the two is cheaper depends on
# what a write costs beside a read, and on how many conversations a user is in: a returning device must ask for each of them, and
# the server must look into each, also if there is nothing new. So there may be a best threshold between the two.
#
# ## Where to put the threshold
#
# `timeline-hybrid-fanout` copies in small conversations and reads in large ones. Here are sixty people with sixty pairs and
# twenty groups of three to sixty. A conversation with more members than `model.fanout_threshold` is read:

# %%
town = load("big-group").with_values(
    {
        "duration": "1h",
        "population.users": 60,
        "conversations.pairs": 60,
        "conversations.groups": 20,
        "conversations.group_size": {"min": 3, "max": 60, "zipf": 1.0},
        "conversations.group_share": 0.6,
    }
)
thresholds = [2, 5, 10, 20, 60]
by_threshold = sweep(
    town, vary={"model.fanout_threshold": thresholds}, designs=["timeline-hybrid-fanout"], runs=3, seed=1
)
by_threshold.figure(["server_writes_per_message", "server_reads_per_message", "stored_bytes_mean"])

# %%
hybrid = by_threshold.table()["value"].unstack("metric").droplevel("design")
for threshold, at in hybrid.iterrows():
    total = at.server_writes_per_message + at.server_reads_per_message
    print(
        f"copied up to {threshold:>2} members: {at.server_writes_per_message:4.1f} rows written, "
        f"{at.server_reads_per_message:4.1f} read, {total:4.1f} in all"
    )
total = hybrid.server_writes_per_message + hybrid.server_reads_per_message
print(f"\nIf a row read costs as much as a row written, {total.idxmin()} is the best of these thresholds.")
for factor in (5, 20):
    cost = factor * hybrid.server_writes_per_message + hybrid.server_reads_per_message
    print(f"If a write costs {factor} times as much as a read, it is {cost.idxmin()}.")
