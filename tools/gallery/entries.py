"""Name the reports that are committed, and what each is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["compare", "verify", "kill-matrix", "sweep", "size"]

BESIDE = {"drive": "real servers, and what a search predicts of them, made by `make drive`"}
"""Folder of `reports/` that another command makes -> what is in it."""


@dataclass(frozen=True)
class Entry:
    """A report to be committed.

    `subject`: a scenario, or bounds. `take`: how much of a trace is used; empty: all. `designs`: of a verification or a sweep, of
    which ones; empty: all. Of a sweep, `key` and `values`: what is varied; `metrics`, `runs`: what is shown and how often it is
    run, empty and 0 for the usual ones; `picture`: the metrics of the figure that the README shows, if it does.
    """

    name: str
    kind: Kind
    subject: str = ""
    trace: str = ""
    take: str = ""
    key: str = ""
    values: tuple[object, ...] = ()
    designs: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    runs: int = 0
    picture: tuple[str, ...] = ()


ENTRIES: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry("default", "compare", "default"),
        Entry("many-endpoints", "compare", "many-endpoints"),
        Entry("big-group", "compare", "big-group"),
        Entry("commute", "compare", "commute"),
        Entry("push-outage", "compare", "push-outage"),
        Entry("server-crash", "compare", "server-crash"),
        Entry("rush-hour", "compare", "rush-hour"),
        Entry("overload", "compare", "overload"),
        Entry("abandoned-devices", "compare", "abandoned-devices"),
        Entry("reconnect-storm", "compare", "reconnect-storm"),
        Entry("campus", "compare", "campus", "CollegeMsg.txt"),
        Entry("irc-group", "compare", "irc-group", "group_presence.csv", "14d"),
        Entry(
            "sweep-endpoints",
            "sweep",
            "many-endpoints",
            key="population.devices_per_user",
            values=(1, 2, 3, 4, 5, 6),
            picture=(
                "server_writes_per_message",
                "server_deletes_per_message",
                "packets_per_delivery",
                "bytes_per_delivery",
            ),
        ),
        # Few designs and runs: without back-off a run takes half a minute of processor time, because it does not come to rest.
        Entry(
            "sweep-overload",
            "sweep",
            "overload",
            key="model.request_backoff",
            values=(True, False),
            designs=(
                "inbox-store-first",
                "inbox-sync-first",
                "timeline-notify",
                "timeline-dense-push",
                "timeline-read-fanout",
            ),
            metrics=(
                "recovery_s",
                "late_10s",
                "late_60s",
                "accept_latency_p99_s",
                "storage_utilisation",
                "storage_ms_per_message",
            ),
            runs=2,
        ),
        Entry("size-wechat-2017", "size", "wechat-2017"),
        Entry("size-team-chat", "size", "team-chat"),
        Entry("size-sdk-platform", "size", "sdk-platform"),
        Entry("verify", "verify", "standard"),
        Entry("kill-matrix", "kill-matrix"),
    )
}
