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
# # At scale
#
# A simulation of an office takes seconds. One of 900 million users is not possible, and not needed: what a design is charged with
# for a message follows from how many devices get it, and how many of them are connected. `size` counts that in the traffic of a
# scenario, computes rows, packets, bytes and servers by formulas, and multiplies. The formulas are held beside the simulator.
#
# The scenario `wechat-2017` is ninety people whose traffic is a sample of WeChat's: 38 billion messages a day from 902 million
# users. Its file cites where the figures come from, and says what is an assumption.

# %%
import textwrap

import pandas

from syncproof import load, size

designs = ["inbox-store-first", "timeline-notify", "timeline-dense-push", "timeline-read-fanout"]
wechat = size("wechat-2017", designs=designs, jobs=1)
demand, traffic = wechat.results().demand, wechat.results().traffic
print(
    f"{demand.users:,} users of {demand.devices_per_user:g} devices; {demand.messages_per_user_day:g} messages a user and day"
)
for sentence in str(wechat).splitlines():
    print(textwrap.fill(sentence, 110, break_on_hyphens=False))

# %% [markdown]
# ## What each design takes
#
# Rates are means over a day, in millions a second; the peak is `demand.peak` times as much.

# %%
taken = wechat.table()
shown = pandas.DataFrame(
    {
        "rows written": taken.rows_written_per_s / 1e6,
        "rows deleted": taken.rows_deleted_per_s / 1e6,
        "rows read": taken.rows_read_per_s / 1e6,
        "packets": taken.packets_per_s / 1e6,
        "stored, PB": taken.stored_bytes / 1e15,
        "storage servers": taken.storage_servers,
    }
)
print(shown.map(lambda value: f"{value:,.3g}" if value < 1000 else f"{value:,.0f}").to_string())

# %% [markdown]
# A timeline writes fewer rows than the inbox deletes and writes together, and keeps the history; that is most of what it stores.
# Reading instead of copying writes least, and reads most.
#
# ## Where two designs change places
#
# The inbox writes a copy for each *device*, the timeline one for each *member*. So there is a number of devices a user from which
# on the timeline writes less; counted with deletes it is lower, and in money it depends on the prices.

# %%
places = wechat.break_evens()
pair = {"inbox-store-first", "timeline-notify"}
between = places[[{a, b} == pair for a, b in zip(places.less_below, places.less_above, strict=True)]]
for place in between.itertuples():
    print(
        f"{place.measure:24} {place.less_below} takes less below {place.at:.3g} {place.quantity}, {place.less_above} above"
    )

# %% [markdown]
# The same in money: the cost of a month against the number of users, devices, members and messages. Both axes are logarithmic, so
# a cost that grows in proportion is a straight line.

# %%
wechat.figure("cost")

# %% [markdown]
# Which design is cheapest depends on what it has to promise. On the left are designs that keep the history for new devices, on the
# right all that lose nothing.

# %%
wechat.figure("cheapest")

# %% [markdown]
# ## The sequence service
#
# Every copy in a user's timeline has a number that is larger than the one before. A row for each number would be millions of writes
# a second. WeChat's backend team tells that it gives numbers in blocks of 10,000 out of memory, and persists only the end of the
# block: a restart skips what is left of it. The form `timeline-notify+segmented` does the same.

# %%
blocks = "timeline-notify+segmented"
rows = size("wechat-2017", designs=[blocks], jobs=1).results().designs[blocks].sequencer_rows_per_s
numbers = traffic.messages_per_s.mean * traffic.members_per_message
print(f"{numbers / 1e6:.2f} million numbers a second, at the peak {numbers * demand.peak / 1e6:.2f} million")
print(f"rows of the sequencer: {rows.mean:,.0f} a second, at the peak {rows.mean * demand.peak:,.0f}")

# %% [markdown]
# The published figures are 10^7 numbers and 10^3 rows a second: the same ratio. The load is higher there, because everything that
# is synchronised has a number (contacts, moments, settings), of which messages are a part.
#
# ## Limits that do not average out
#
# Means hide what one user, one group or one lost gateway does.

# %%
for name, found in wechat.results().designs.items():
    writer = found.hot_user_entries_per_s
    print(
        f"{name:21} a message to a thousand members: {found.hot_group_rows:>6,.0f} rows; one user's writer takes "
        f"{'any number of' if writer is None else f'{writer:,.0f}'} entries a second; "
        f"storage serves the devices of a lost gateway in {found.storm.seconds:,.2g} s"
    )

# %% [markdown]
# ## Why believe the formulas?
#
# `check=True` simulates the scenario's own population without faults (here an hour of the small office) and tells the error of each
# line. Rows and stored bytes are
# promised within 1 %, packets 3 %, bytes 5 %, pulls 10 %. A larger error ends `syncproof size --check` with the status 1.

# %%
hour = load("default").with_value("duration", "1h")
checked = size(hour, designs=["inbox-store-first", "timeline-notify"], jobs=1, check=True)
assert checked.results().check is not None
for name, lines in checked.results().check.designs.items():
    for line in lines:
        if line.tolerance is not None and line.error is not None:
            print(f"{name:18} {line.line:13} {100 * line.error:+6.2f} %   promised within {100 * line.tolerance:g} %")
print("beyond what is promised:", checked.beyond() or "nothing")

# %% [markdown]
# The check is of the formulas. Whether ninety people stand for 902 million is another question, which no check answers: change
# what the scenario assumes, and look which answer changes. Here people are connected for ten minutes at a time, not an hour:

# %%
shorter = load("wechat-2017").with_value("presence.online", "10m")
seldom = size(shorter, designs=["inbox-store-first", "timeline-notify"], jobs=1)
for title, found in (("an hour", wechat), ("ten minutes", seldom)):
    costs, share = found.table().cost_per_month, found.results().traffic.online_share
    print(
        f"connected for {title:11} ({share:.0%} of the copies at once): "
        f"inbox {costs['inbox-store-first'] / 1e6:.2f}, timeline {costs['timeline-notify'] / 1e6:.2f} million a month"
    )

# %% [markdown]
# What `syncproof size wechat-2017 --check` writes has these tables and figures on one page; `docs/size.md` has the formulas.
