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
# # Two designs
#
# The server has accepted a message. How does the message get to every device of every member of the conversation, to those that
# are connected now and to those that connect next week?
#
# There are two families of designs. The **offline inbox** keeps a copy for each device that does not have the message yet,
# and deletes the copy when the device acknowledges the message. The **timeline** appends the message to a log, once per user, and
# every device continues to read where it stopped. This notebook runs both: first with one message, then with the working day of
# an office.

# %%
import textwrap
from collections import Counter

from syncproof import DESIGNS, compare, diagram, load
from syncproof.report.widgets import interact
from syncproof.studies.recommendation import difference, sign

# %% [markdown]
# ## One message through an inbox
#
# One person sends from one device to the two devices of another person. Time runs downwards. On the right are the observations:
# what can be recorded from outside.

# %%
inbox = diagram("inbox-store-first")
inbox

# %% [markdown]
# This design pays for its queue: every device costs the server a write when the message arrives, and a delete when the ack
# arrives. Counted from the diagram:


# %%
def observed(narration):
    """Count each kind of observation after the prelude."""
    return Counter(note.split()[0] for step in narration.steps[narration.prelude :] for note in step.observations)


seen = observed(inbox.narration)
print(f"copies written: {seen['Queued']}, copies deleted: {seen['Deleted']}, for {seen['Shown'] - 1} receiving devices")

# %% [markdown]
# ## The same message through a timeline
#
# The message goes to the conversation's log; then it is *accepted*. From there it goes to one log per **user**. The server sends
# only a hint to the devices. Each device then reads its user's log from its own checkpoint.

# %%
timeline = diagram("timeline-notify")
timeline

# %%
seen = observed(timeline.narration)
print(
    f"appended to logs: {seen['Appended']} (the conversation's, and one for each of 2 users), deleted: {seen['Deleted']}"
)
print(f"pulls: {seen['Pulled']}, one for each of {seen['Shown']} devices")

# %% [markdown]
# No copy is deleted, and a second device of a user costs no further row. The price is on the network: a hint, a request
# and a reply, where the inbox needed a push and an ack.
#
# If the numbers of a log are *dense*, each exactly one more than the one before, a device can see by itself whether it missed
# an entry. Then the push may carry the message, and only a gap needs a pull:

# %%
diagram("timeline-dense-push")

# %% [markdown]
# In a notebook with widgets you can choose any of the ten designs here. Without widgets you see their summaries:

# %%
interact(diagram, design=list(DESIGNS), population=["two-people", "two-devices", "three-devices"], messages=(1, 3))
for design in DESIGNS.values():
    print(f"{design.name:23} {design.summary}")

# %% [markdown]
# ## A working day
#
# One message says nothing about phones that connect and disconnect, about lost pushes, and about dead connections that nobody
# has noticed. A scenario has all of them. Every design has the same messages, the same sessions and the same losses, and every
# property is judged at every step. (This page simulates one hour of the scenario `default` in few runs, so that it is made
# quickly; `syncproof compare` simulates all of it.)

# %%
office = load("default").with_value("duration", "1h")
result = compare(office, runs=3, seed=1)
result

# %% [markdown]
# A tick is the verdict *holds*: no run violated the property. A simulation can refute a property, but not prove it; the
# proofs are in `04_proof_and_counterexample`. A cross on a light background is a property that the design does not promise;
# one on a dark background would be a broken promise.
#
# ## What the inbox costs

# %%
result.figure("cost")

# %%
mean = result.table()["value"].unstack()
store_first, notify, dense = (
    mean.loc[name] for name in ("inbox-store-first", "timeline-notify", "timeline-dense-push")
)
print(
    f"Rows per message: the inbox writes {store_first.server_writes_per_message:.2f} and deletes "
    f"{store_first.server_deletes_per_message:.2f};\n"
    f"the timeline writes {notify.server_writes_per_message:.2f} and deletes {notify.server_deletes_per_message:.2f} "
    "(the intent, once the copies are there)."
)
print(
    f"Packets per delivery: inbox {store_first.packets_per_delivery:.2f}, notify-then-pull "
    f"{notify.packets_per_delivery:.2f}, dense push {dense.packets_per_delivery:.2f}."
)

# %% [markdown]
# How much that matters depends on how many devices a user has. This is the main claim made for the timeline, and
# `02_devices_and_fanout` examines it:

# %%
result.figure("endpoints")

# %%
points = result.results().sweep.designs
for name in ("inbox-store-first", "timeline-notify"):
    rows = {
        int(devices): point.metrics["server_writes_per_message"] + point.metrics["server_deletes_per_message"]
        for devices, point in points[name].items()
    }
    least, most = min(rows), max(rows)
    print(
        f"{name}: {rows[least]:.1f} rows written and deleted per message with {least} device a user, "
        f"{rows[most]:.1f} with {most}: {rows[most] / rows[least]:.1f} times as many"
    )

# %% [markdown]
# ## How fast delivery is
#
# A delivery is timed from *composed* to *shown* on another device, if both devices were connected when the message was
# composed. Whatever happens then, it stays in the set: the push is lost, the session ends, the server believes in a dead
# connection. So every design is measured over the same deliveries, and none looks fast because what it delivers late is no
# longer counted.

# %%
result.figure("delivery")

# %% [markdown]
# The curves part where something went wrong. A median does not see that; the share of deliveries that are *late* does. Each share
# comes with its 95 % interval over the runs:

# %%
table = result.table()
three = ["inbox-store-first", "timeline-notify", "timeline-dense-push"]
measured = {sum(run.histograms["delivery"].total for run in result.outcomes[name]) for name in result.designs}
print(f"deliveries measured with each design: {', '.join(map(str, sorted(measured)))}")
for name in three:
    late = [
        f"{at.value:.2%} later than {seconds} s ({at.low:.2%} to {at.high:.2%})"
        for seconds in (1, 10, 60)
        for at in [table.loc[name, f"late_{seconds}s"]]
    ]
    print(f"{name:20} half within {1000 * mean.loc[name].delivery_latency_p50_s:.0f} ms; {'; '.join(late)}")

# %% [markdown]
# An inbox knows which push was not acked, and sends it again after a few seconds. A timeline that is not told of an ack
# cannot know it: there a lost push waits for the next message, the next poll or the next connect. `03_lossy_push` measures
# what each of these costs.
#
# ## Is that more than chance?
#
# Run number *n* of every design meets the same messages, sessions, losses and storage times. So two designs are compared **run by
# run**, and what is chance for both cancels. If the interval of the difference contains 0, the difference is *within noise*.


# %%
def compared(one, other, metric):
    """Return in words how much more of a metric one design has than another."""
    apart = difference(result.results(), one, other, metric)
    verdict = ("within noise", "clearly more", "clearly less")[sign(apart)]
    return f"{apart.value:+.3g} ({apart.low:+.3g} to {apart.high:+.3g}): {verdict}"


for metric in ("packets_per_delivery", "delivery_latency_p50_s", "late_10s", "stored_bytes_mean"):
    print(f"{metric.replace('_', ' ')}, compared with inbox-store-first:")
    for name in three[1:]:
        print(f"  {name:20} {compared(name, 'inbox-store-first', metric)}")

# %% [markdown]
# ## Which design for this office?
#
# A design that is clearly better in one cost and clearly worse in none *beats* another. Those that nobody beats are the
# **Pareto front**: there a smaller cost is bought with a larger one. The costs that count are the server's rows, packets,
# late deliveries and lost deliveries.

# %%
advice = result.results().recommendation
for name in advice.front:
    at = mean.loc[name]
    rows = at.server_writes_per_message + at.server_deletes_per_message + at.server_reads_per_message
    print(
        f"{name:20} {rows:5.2f} rows a message, {at.packets_per_delivery:.2f} packets a delivery, "
        f"{at.late_10s:.2%} later than 10 s, {at.lost_deliveries:.0f} lost"
    )

# %% [markdown]
# One of the designs that kept every promise, lost nothing, and gave each new device its history is recommended: the one with the
# least product of rows, packets and late share. A recommendation says little without what would turn it, so small runs with other
# numbers of devices, other losses and other intervals of polls look for that:

# %%
print(textwrap.fill(f"Choose {advice.recommended}: {advice.why}.", 110))
for key, values in advice.tried.items():
    turn = next((turn for turn in advice.turned_by if turn.key == key), None)
    found = f"nearest at {turn.value}, where it would be {turn.recommended}" if turn else "no value changes that"
    print(f"{key}, tried {', '.join(values)}: {found}")

# %% [markdown]
# The weights are a choice too. Who pays for rows and not for packets, or cannot bear late messages, takes another design of
# the front.
#
# ## The claims
#
# These claims are made for the timeline. Each is judged by these runs. For *depends* the evidence says on what it depends. A
# claim is *unknown* if these runs, or any simulation, cannot tell.

# %%
for claim in result.claims().itertuples():
    print(f"{claim.Index:>3} {claim.verdict:10} {claim.says}")
    evidence = textwrap.fill(claim.evidence, 96, break_on_hyphens=False)
    print(textwrap.indent(evidence, " " * 15), end="\n\n")

# %%
verdicts = Counter(result.claims()["verdict"])
print(
    f"Of {verdicts.total()} claims: "
    + ", ".join(f"{number} {verdict}" for verdict, number in sorted(verdicts.items()))
    + "."
)
