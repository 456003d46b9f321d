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
# # Real traffic
#
# Synthetic traffic follows assumptions. A trace is what people did: bursts, quiet nights, a few users who write most messages.
# syncproof reads traces in two formats, recognised by their first line:
#
# - **SNAP**, `SRC DST UNIXTIME`: a private message per line. It says nothing about presence or devices; a scenario adds both.
# - **presence**, `time_s,event,user,dead_s`: one group's connects, disconnects and messages, and how long the server believed
#   that a dead connection was alive.
#
# This page makes a small trace of each format, so that it can be made on any machine. If the environment variable
# `SYNCPROOF_TRACES` names a folder with `CollegeMsg.txt` (59,835 private messages of 1,899 students; Panzarasa, Opsahl and Carley
# 2009, from SNAP), the first part uses two weeks of that trace instead.

# %%
import json
import os
import random
import tempfile
from collections import Counter
from pathlib import Path

from syncproof import check, compare, replay
from syncproof.inputs.traces import read

place = tempfile.TemporaryDirectory()
folder = Path(place.name)
rng = random.Random(1)

# %% [markdown]
# ## Private messages
#
# Sixty people for three days. A few of them write most messages, they write by day, and an answer often comes soon.

# %%
DAY = 86_400


def private_messages(people, days):
    """Return lines `SRC DST UNIXTIME`."""
    rows = []
    activity = [1 / (1 + person) for person in range(people)]
    friends = [rng.sample([p for p in range(people) if p != person], 4) for person in range(people)]
    for _ in range(people * days * 2):
        writer = rng.choices(range(people), activity)[0]
        reader = rng.choice(friends[writer])
        at = rng.randrange(days) * DAY + min(max(rng.gauss(15, 4), 0), 23.9) * 3600
        while True:
            rows.append((int(at), writer, reader))
            if rng.random() > 0.6:
                break
            writer, reader = reader, writer
            at += rng.expovariate(1 / 90)
    return "".join(f"{a} {b} {1_082_000_000 + at}\n" for at, a, b in sorted(rows))


public = Path(os.environ.get("SYNCPROOF_TRACES", folder)) / "CollegeMsg.txt"
if public.is_file():
    messages, days = public, 14
else:
    messages, days = folder / "messages.txt", 3
    messages.write_text(private_messages(people=60, days=days))
print("\n".join(messages.read_text().splitlines()[:3]))

# %%
trace = read(messages, days * DAY)
written = Counter(sender for _, sender, _, _ in trace.rows)
top = sorted(written.values(), reverse=True)[: max(1, trace.users // 10)]
gaps = sorted(b[0] - a[0] for a, b in zip(trace.rows, trace.rows[1:], strict=False))
print(f"{trace.name}: a {trace.kind} trace, {len(trace.rows):,} messages among {trace.users:,} users in {days} days")
print(f"The most active tenth of the users wrote {sum(top) / len(trace.rows):.0%} of it.")
print(
    f"Half of the gaps between messages are shorter than {gaps[len(gaps) // 2]:.0f} s, the longest lasts {gaps[-1] / 3600:.1f} h."
)

# %% [markdown]
# The scenario `campus` adds what the trace does not have: one or two devices per person, connected for half a day at a time and a
# third of the time. Three designs are simulated on the same days:

# %%
designs = ["inbox-store-first", "timeline-notify", "timeline-dense-push"]
result = compare("campus", trace=messages, take=days * DAY, designs=designs, sweep=False)
result

# %%
mean = result.table()["value"].unstack()
cheapest = mean["packets_per_delivery"].idxmin()
fastest = mean["delivery_latency_p50_s"].idxmin()
print(
    f"On this traffic {cheapest} needs the fewest packets, {mean.packets_per_delivery[cheapest]:.2f} per delivery, and"
)
print(f"{fastest} delivers fastest, half of the time within {1000 * mean.delivery_latency_p50_s[fastest]:.0f} ms.")
print(
    f"Devices are away for long: the slowest hundredth of the returning ones takes "
    f"{mean.catchup_latency_p99_s.min():.2f} to {mean.catchup_latency_p99_s.max():.2f} s to catch up, depending on the design."
)

# %% [markdown]
# These are many packets for a delivery. People do not write often here, and most packets are not about messages:

# %%
found = result.results().designs
for name in designs:
    packets = Counter(found[name].packets)
    total = sum(packets.values())
    parts = ", ".join(f"{kind} {count / total:.0%}" for kind, count in packets.most_common(4))
    print(f"{name:20} {total:,} packets: {parts}")

# %%
result.figure("cost")

# %% [markdown]
# ## One group and its presence
#
# A presence trace says who was connected, so no assumption about it is needed. A fifth of the sessions here end half-open, and the
# server then sends into the dead connection for some minutes.

# %%


def one_group(people, hours):
    """Return rows `time_s,event,user,dead_s`."""
    rows = []
    for person in range(people):
        at = rng.expovariate(1 / 1800)
        while at < hours * 3600:
            end = at + rng.expovariate(1 / 5400)
            rows.append((at, "connect", person, 0))
            said = at + rng.expovariate(1 / 900)
            while said < end:
                rows.append((said, "message", person, 0))
                said += rng.expovariate(1 / 900)
            dead = round(rng.uniform(240, 278)) if rng.random() < 0.2 else 0
            rows.append((end + dead, "disconnect", person, dead))
            at = end + dead + rng.expovariate(1 / 2400)
    lines = [f"{int(at)},{event},{person},{dead}\n" for at, event, person, dead in sorted(rows)]
    return "time_s,event,user,dead_s\n" + "".join(lines)


presence = folder / "presence.csv"
presence.write_text(one_group(people=15, hours=12))
group = read(presence)
dead = [row[3] for row in group.rows if row[3]]
print(f"{len(group.rows):,} rows of {group.users} users, {len(dead)} sessions that ended half-open,")
print(f"which the server believed to be alive for {sum(dead) / len(dead):.0f} s on average")

# %%
history = folder / "run.jsonl"
real = compare("irc-group", trace=presence, designs=designs, sweep=False, history=history)
real

# %%
fired = real.results().faults_fired
print("What really happened to the connections and pushes, over all designs:")
for fault, count in fired.items():
    print(f"  {fault:12} {count:,} times")

# %% [markdown]
# ## Recorded runs
#
# `history=` recorded the first run of each design: every observation in one file, every move in another. A history can be judged
# without the design, from its observations only. A *real* server's log can be judged in the same way, once it is turned into such
# lines (`docs/history.md`).

# %%
record = folder / "run-timeline-notify.jsonl"
lines = record.read_text().splitlines()
print(len(lines) - 1, "observations, among them:")
for kind, count in Counter(json.loads(line)["type"] for line in lines[1:]).most_common(6):
    print(f"  {kind:12} {count:,}")
judged = check(record)
verdicts = Counter(result.verdict for result in judged.verdicts().values())
print("judged from the record alone:", ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items())))

# %% [markdown]
# Does the check notice a missing message? Take out one line in which a device shows a message, as if it had never shown it. (The
# header says how many lines follow, and a file with another number is refused; so this number is taken out too.)

# %%
shown = [number for number, line in enumerate(lines) if '"Shown"' in line]
cut = folder / "cut.jsonl"
header = json.dumps({key: value for key, value in json.loads(lines[0]).items() if key != "lines"})
cut.write_text("\n".join([header, *lines[1 : shown[100]], *lines[shown[100] + 1 :]]))
for name, verdict in check(cut).verdicts().items():
    if verdict.verdict == "violated":
        print(f"{name}: {verdict.examples[0]}")

# %% [markdown]
# The moves can be repeated, one by one, in a fresh world. They lead to the same observations:

# %%
again = replay(record.with_suffix(".moves.jsonl"))
same = again.observations == judged.observations and again.monitor.counts == judged.monitor.counts
print(f"{again.observations:,} observations again, {'the same' if same else 'NOT the same'} as recorded")

# %% [markdown]
# The same on the command line, which also writes the reports:
#
# ```sh
# syncproof compare campus --trace messages.txt --take 3d --history run.jsonl
# syncproof check run-timeline-notify.jsonl
# syncproof replay run-timeline-notify.moves.jsonl
# ```

# %%
place.cleanup()
