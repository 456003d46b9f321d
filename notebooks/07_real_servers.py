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
# # Real servers
#
# A design promises something. A server that most people would write breaks the promise, although each line of it looks right.
# This notebook goes the whole way: the promise, the server, the run in which a message is lost, the model's counterexample of the
# same mistake, the log of the run, and the cure.
#
# The server is PostgreSQL, with real processes and a real signal that stops one of them. Where PostgreSQL or its client is not
# installed, histories are read that were recorded elsewhere; the output of each cell says which it is.

# %%
import tempfile
from pathlib import Path

from syncproof import InputError, check, decode, drive, explore
from syncproof.core.observations import Accepted, Appended, Composed, Joined, RangeRead, Shown
from syncproof.studies.intervals import wilson

place = tempfile.TemporaryDirectory()
folder = Path(place.name)
recorded = Path("07_real_servers")  # the folder beside this notebook

# %% [markdown]
# ## The promise
#
# In a timeline, every entry gets a number that only grows. A device keeps the number up to which it has everything, and asks for
# what comes after it. `timeline-read-fanout` is the plainest such design: one timeline for each conversation, read by every device
# of its members. Two of its promises matter here:
#
# - `tail-append`: an entry never becomes readable below one that was readable before.
# - `no-loss`: every accepted message is shown on every device of its audience.
#
# The second rests on the first: only if nothing can appear below a device's checkpoint, everything below it has been read. In the
# model both are kept, in every interleaving of two devices of a user that send a message each:

# %%
claim = "timeline-read-fanout"
sound = explore(claim, "two-devices", messages=2)
for name in ("tail-append", "no-loss"):
    cell = sound.matrix()[claim][name]
    print(f"{name:12} {'promised' if cell.promised else 'not promised'}, {cell.promise}")
print(f"{sound.results().designs[claim].states:,} states: all that this world can reach")

# %% [markdown]
# ## The server
#
# A table, and a column that numbers its rows:
#
# ```sql
# CREATE TABLE messages (
#     id bigint PRIMARY KEY, conversation int NOT NULL, sender int NOT NULL,
#     place bigserial NOT NULL, body text
# );
#
# -- a sender: the message is accepted when the commit returns
# BEGIN;
# INSERT INTO messages (id, conversation, sender, body) VALUES (...) RETURNING place;
# COMMIT;
#
# -- a device: everything after its checkpoint, in order
# SELECT place, id, sender FROM messages
#     WHERE conversation = ... AND place > :checkpoint ORDER BY place LIMIT 100;
# ```
#
# Numbers grow, rows are never changed, a read is one statement on one database, an accepted message is on disk. This is the target
# `postgres-serial`. Four devices write at the same time, and a fifth one reads without a pause. Each is a process of its own, with
# an SQLite database for what it has shown. The server is held against the design that its author had in mind:

# %%


def driven(target, *scripts):
    """Run scripts on a target; return what was found, to be shown, and the folder of histories.

    Where the server is not installed, what is found is violated properties of recorded histories.
    """
    try:
        found = drive(target, scripts=scripts, held_against=claim, repeats=1, histories=folder)
    except InputError as error:
        print(f"{error}. What follows was recorded elsewhere.")
        files = {script: recorded / f"{target}-{script}.jsonl" for script in scripts}
        return {script: check(file).violations for script, file in files.items()}, recorded
    print(f"driven here: {target}, on {found.versions[target]}")
    return found, folder


# %% tags=["varies"]
race, _ = driven("postgres-serial", "concurrent-writers")
race

# %% [markdown]
# It is a race, so your numbers differ: in 20 such runs the reader lost something in 18 (95 %: 70 to 97 % of all runs), 40 of 640
# messages in all. No error was raised, and no process was killed. Each lost message was accepted.
#
# *Disagrees* in the last column means: the run violates what the search of the design excludes. So the server is not this design.
#
# ## Hold it still
#
# A race is hard to look at. The script `stopped-writer` does the same in slow motion: a writer is stopped (SIGSTOP) between its
# `INSERT` and its `COMMIT`, another one writes meanwhile, all read; then the first one continues. A process that waits for a
# processor, collects garbage, or loses a packet stops at the same place, only for a shorter time.

# %% tags=["varies"]
still, histories = driven("postgres-serial", "stopped-writer")
still

# %% [markdown]
# `check` judges the history that was written, and needs no server for it. It does the same with the log of a system of your own.

# %%
log = histories / "postgres-serial-stopped-writer.jsonl"
judged = check(log)
for name, verdict in judged.verdicts().items():
    if verdict.verdict == "violated":
        print(f"{name}{' (promised)' if verdict.promised else ''}: {verdict.examples[0]}")

# %% [markdown]
# ## The counterexample
#
# The model knows this mistake. Seeded bug F01 is *number before commit*: the number of a user's copy is given when its write
# begins, and a later write may be complete first. A search finds the shortest way to it (`Commit`: the message is stored;
# `Synced`: the copy with its number is written, and readable):

# %%
bug = explore("F01", "two-devices", messages=2)
bug.diagram("tail-append")

# %% [markdown]
# Number 1 was given before number 2. Step 7 makes number 2 readable, step 8 number 1, below it. What becomes of a device that got
# number 2 in between? The counterexample of `no-loss` continues until nothing changes any more:

# %%
bug.diagram("no-loss")

# %% [markdown]
# In step 14 device 1 learns that its own message has number 2, and advances its checkpoint to 2. From then on it pulls what comes
# after 2, and there is nothing, again and again. Nobody tells it that number 1 is missing: numbers only grow, so a gap says
# nothing.

# %%
print(f"{'':20} {'this run':12} {'search of F01'}")
for name, cell in bug.matrix()["F01"].items():
    if cell.broken or name in judged.violations:
        found = judged.verdicts()[name].verdict
        print(f"{name:20} {found:12} {'violated' if cell.broken else cell.promise}")

# %% [markdown]
# Both violate `tail-append` and `no-loss`. The rest takes other orders of events than this one run had; races of the server also
# violate `prefix-order`, `checkpoint-covered` and `convergence`. `conversation-order` cannot break there: one number is both the
# place in the conversation and the place in the log, while F01 numbers the copies apart.
#
# ## The log
#
# A history is a file of observations, one JSON object a line. `decode` reads one. Who lost what is a comparison of two sets:

# %%


def observations(path):
    """Return the observations of a history; its first line is the header."""
    return [decode(line) for line in path.read_text().splitlines()[1:]]


def losses(seen):
    """Return accepted message -> devices that never showed it (here all are in the conversation)."""
    devices = [int(o.device) for o in seen if isinstance(o, Joined)]
    shown = {(o.device, o.message) for o in seen if isinstance(o, Shown)}
    accepted = sorted(int(o.message) for o in seen if isinstance(o, Accepted))
    without = {message: [d for d in devices if (d, message) not in shown] for message in accepted}
    return {message: devices for message, devices in without.items() if devices}


seen = observations(log)
for message, devices in losses(seen).items():
    print(f"message {message} was accepted; devices {devices} never showed it")

# %% [markdown]
# The lines that say how. Most others are devices that look and find nothing:

# %% tags=["varies"]
TOLD = {
    Composed: lambda o: f"device {o.device:d} sends message {o.message:d}",
    Appended: lambda o: f"number {o.seq} becomes readable (message {o.message:d})",
    Accepted: lambda o: f"message {o.message:d} is accepted as number {o.place}",
    RangeRead: lambda o: f"device {o.device:d} reads after {o.after}: {', '.join(map(str, o.seqs))}",
}
for number, observation in enumerate(seen, 2):
    if type(observation) in TOLD:
        print(f"line {number:>3}: {TOLD[type(observation)](observation)}")

# %% [markdown]
# Which of the two devices reads first differs from run to run. What cannot differ is in the picture. Each number has a bar: hatched
# from the sending on, filled from the commit on. Each read is a dot, and its line crosses the numbers that it could read.

# %%
from syncproof.report.figures import Figure

BLUE, ORANGE, INK = "#0072b2", "#d55e00", "#444444"


def history_figure(seen, title):
    """Draw who sent, committed and read what, in the order of the log."""
    events = [(at, o) for at, o in enumerate(o for o in seen if type(o) in TOLD)]
    sent = {o.message: (at, int(o.device)) for at, o in events if isinstance(o, Composed)}
    numbers = sorted((o.seq, int(o.message), at) for at, o in events if isinstance(o, Appended))
    devices = sorted(int(o.device) for o in seen if isinstance(o, Joined))
    rows = [f"device {d}" for d in devices] + [f"number {n} (message {m})" for n, m, _ in numbers]
    figure = Figure(figsize=(9, 0.9 + 0.5 * len(rows)), layout="constrained")
    axes = figure.subplots()

    def point(at, row, mark, colour, says):
        axes.plot(at, row, mark, color=colour, markersize=6)
        axes.text(at + 0.12, row - 0.22, says, color=colour, fontsize=8)

    for row, (_, message, commit) in enumerate(numbers, len(devices)):
        begun, bar = sent[message][0], {"height": 0.5, "edgecolor": BLUE}
        axes.barh(row, commit - begun, left=begun, color="white", hatch="///", **bar)
        axes.barh(row, len(events) - commit, left=commit, color=BLUE, **bar)
        axes.text(commit + 0.12, row, "commit", color="white", va="center", fontsize=8)
    for at, o in events:
        if isinstance(o, RangeRead):
            axes.vlines(at, o.device, len(rows) - 0.5, ORANGE, "dashed", linewidth=1)
            passed = [n for n, _, commit in numbers if o.after < n < o.upto and commit > at]
            past = f" past {', '.join(map(str, passed))}" if passed else ""
            point(at, int(o.device), "o", ORANGE, f"reads {', '.join(map(str, o.seqs))}{past}")
        elif isinstance(o, Composed):
            point(at, int(o.device), "s", INK, f"sends {o.message:d}")
        elif isinstance(o, Accepted):
            point(at, sent[o.message][1], "^", INK, "accepted")
    axes.set_yticks(range(len(rows)), rows)
    axes.set_ylim(len(rows) - 0.5, -0.7)
    axes.set_xlim(-0.3, len(events) + 0.1)
    axes.set_xticks([])
    axes.set_xlabel("order of the log →   hatched: sent, not committed; filled: readable", color=INK)
    axes.set_title(title, loc="left", fontsize=10, color=INK)
    axes.tick_params(colors=INK, length=0)
    axes.spines[:].set_visible(False)
    return figure


history_figure(seen, "postgres-serial: number 2 is read while number 1 is not committed")

# %% [markdown]
# Two devices have read number 2 when number 1 is committed. From then on they ask for what comes after 2. Only the stopped writer,
# which read nothing in between, sees both.
#
# The loss takes three things, and each is right by itself: a sequence gives its number at the `INSERT` (otherwise all writers would
# wait for each other); a row is readable from the `COMMIT` on; a reader goes on after the largest number that it has seen. The same
# facts, from the log:

# %%
order = [o.seq for o in seen if isinstance(o, Appended)]
print("numbers, in the order in which they became readable:", *order)
for device in range(3):
    read = [o.seqs for o in seen if isinstance(o, RangeRead) and o.device == device]
    print(f"device {device} read, in the whole run:", *[seq for seqs in read for seq in seqs])

# %% [markdown]
# ## The cure
#
# Give the number where the order of commits is decided: from a row of the conversation that stays locked until the commit.
#
# ```sql
# BEGIN;
# -- whoever wants the next number waits for this row
# SELECT last FROM conversations WHERE id = ... FOR UPDATE;
# UPDATE conversations SET last = last + 1 WHERE id = ...;
# INSERT INTO messages (id, conversation, sender, body, place) VALUES (..., last + 1);
# COMMIT;
# ```
#
# This is the target `postgres-counter`. The same two scripts, held against the same design:

# %% tags=["varies"]
cure, histories = driven("postgres-counter", "stopped-writer", "concurrent-writers")
cure

# %%
for script in ("stopped-writer", "concurrent-writers"):
    file = histories / f"postgres-counter-{script}.jsonl"
    seen, violated = observations(file), check(file).violations
    accepted = [o for o in seen if isinstance(o, Accepted)]
    order = [o.seq for o in seen if isinstance(o, Appended)]
    print(f"{script}: {len(accepted)} messages accepted, {len(losses(seen))} lost")
    print(f"  numbers became readable in their order: {'yes' if order == sorted(order) else 'no'}")
    print(f"  violated: {', '.join(violated) or 'nothing'}")

# %%
stopped = observations(histories / "postgres-counter-stopped-writer.jsonl")
history_figure(stopped, "postgres-counter: number 2 waits until number 1 is committed")

# %% [markdown]
# The price is in the picture as well: message 1 waited until message 0 was committed. Nobody can write to a conversation while one
# writer is slow. A sender that has no patience sends again, and only the message's id keeps it from being stored twice. For
# conversations, or for users, this is cheap: each has few writers. One counter for a whole service would make one queue of it.
#
# Another cure keeps the sequence, and lets readers wait for the oldest transaction that is still open. It has a trap of its own: a
# writer that never ends blocks all readers. That is seeded bug F02.
#
# ## What a driven run can say, and what it cannot
#
# **It can refute.** The log above is a proof: message and devices are named, and anybody can check the file again. No repetition is
# needed.
#
# **It cannot prove.** A run is one order of events. After *n* runs without a loss, the share of runs that lose may still be as
# large as:

# %%
for runs in (1, 20, 300):
    print(f"{runs:>4} runs without a loss: up to {wilson(0, runs)[1]:.0%} (95 %)")

# %% [markdown]
# **The search proves, but about the model.** It makes every order of events, of a design and not of PostgreSQL. Each says what the
# other cannot: the search, which orders are possible and which of them matter; the run, that a server has such an order. *Agrees*
# means that nothing contradicts the claim that the server is this design.
#
# **A stop shows that it happens, not how often.** SIGSTOP makes the time between two steps as long as we like. A rate comes from
# the race, and is the rate of this load on this machine.
#
# **It judges what it has seen.** No log has the `INSERT`, only the sending before it and the commit after it; so hatched begins at
# the sending. When something became readable is known from the store, which was asked in the end for its rows in the order of
# their commits, and from reads that lack it. A property without evidence is unknown, not kept:

# %%
for name, verdict in judged.verdicts().items():
    if verdict.verdict == "unknown":
        print(f"{name}\n    {verdict.why}")

# %% [markdown]
# The same on the command line:
#
# ```sh
# syncproof drive postgres-serial --script stopped-writer --as timeline-read-fanout --out out
# syncproof check out/histories/postgres-serial-stopped-writer.jsonl
# syncproof explore F01 --world two-devices --messages 2
# syncproof drive postgres-counter --script stopped-writer --script concurrent-writers --out out
# ```
#
# `docs/drive.md` says how a server of your own becomes a target: a class with some ten short methods. All scripts on all targets
# are in `reports/drive/report.md`.

# %%
place.cleanup()
