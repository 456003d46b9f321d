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
# A message has been accepted by the server. How does it get to every device of everyone in the conversation, to those that
# are connected now and to those that will be next week?
#
# There are two families of answers. The **offline inbox** keeps a copy for each device that does not have the message yet,
# and deletes the copy when the device says that it has it. The **timeline** appends the message to a log, once per user, and
# lets every device read on from where it stopped. Here both run: first one message, then an office's working day.

# %%
import textwrap
from collections import Counter

from syncproof import DESIGNS, compare, diagram, load
from syncproof.report.widgets import interact

# %% [markdown]
# ## One message through an inbox
#
# One person sends from one device to another person's two. Time runs downwards; on the right stands what an outside witness
# could have recorded.

# %%
inbox = diagram("inbox-store-first")
inbox

# %% [markdown]
# The queue is where this design pays: every device costs the server a write when the message comes, and a delete when its ack
# comes. Counted from the diagram:


# %%
def observed(narration):
    """How often each kind of observation was made after the scene was set."""
    return Counter(note.split()[0] for step in narration.steps[narration.prelude :] for note in step.observations)


seen = observed(inbox.narration)
print(f"copies written: {seen['Queued']}, copies deleted: {seen['Deleted']}, for {seen['Shown'] - 1} receiving devices")

# %% [markdown]
# ## The same message through a timeline
#
# The message goes to the conversation's log, which is what makes it *accepted*, and from there to one log per **user**. What
# the server sends to the devices is only a hint. Each device then reads its user's log from its own checkpoint.

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
# Nothing is deleted, and a second device of a user would cost no further row. The price is on the wire: a hint, a question
# and an answer where the inbox needed a push and an ack.
#
# If the numbers of a log are *dense*, each exactly one more than the last, a device can see by itself whether it missed
# something. Then the push may carry the message, and only a gap needs a pull:

# %%
diagram("timeline-dense-push")

# %% [markdown]
# With a front end, any of the nine designs may be looked at here; without one, their summaries:

# %%
interact(diagram, design=list(DESIGNS), population=["two-people", "two-devices", "three-devices"], messages=(1, 3))
for design in DESIGNS.values():
    print(f"{design.name:23} {design.summary}")

# %% [markdown]
# ## A working day
#
# One message says nothing of phones that come and go, of pushes that are lost, and of connections that died without anyone
# noticing. A scenario does. Every design meets the same messages, the same absences and the same losses, and every property
# is watched all the time. (Two hours of the scenario `default`, and few runs, so that this page is made quickly;
# `syncproof compare` takes all of it.)

# %%
office = load("default").with_value("duration", "2h")
result = compare(office, runs=3, seed=1)
result

# %% [markdown]
# A tick is the verdict *holds*: no run violated it. A simulation refutes and does not prove; the proofs are in
# `04_proof_and_counterexample`. A pale cross is a property that the design never promised; a dark one would be a broken promise.
#
# ## Where the inbox pays

# %%
result.figure("cost")

# %%
mean = result.table()["mean"].unstack()
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
# How much that matters depends on how many devices a user has. This is the claim that the timeline stands or falls with, and
# `02_devices_and_fanout` looks at it closely:

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
# ## How fast it is
#
# A device that is connected hears of a message after the time that storage and the network take. The pull is one more round
# trip, which the dense push saves.

# %%
result.figure("delivery")

# %%
for name in ("inbox-store-first", "timeline-notify", "timeline-dense-push"):
    print(
        f"{name}: half of the deliveries to connected devices within {1000 * mean.loc[name].delivery_latency_p50_s:.0f} ms"
    )

# %% [markdown]
# ## Twelve claims
#
# What is said for the timeline, each judged by these runs. *Depends* names what it depends on. *Unknown* is for what no
# simulation can tell.

# %%
for claim in result.claims().itertuples():
    print(f"{claim.Index:>3} {claim.verdict:10} {claim.says}")
    evidence = textwrap.fill(claim.evidence, 96, break_on_hyphens=False)
    print(textwrap.indent(evidence, " " * 15), end="\n\n")

# %%
verdicts = Counter(result.claims()["verdict"])
print("Of twelve claims: " + ", ".join(f"{number} {verdict}" for verdict, number in sorted(verdicts.items())) + ".")
