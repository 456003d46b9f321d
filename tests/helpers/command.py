"""The command line, called in this process, and a scenario of which it makes a run in a blink."""

from __future__ import annotations

from click.testing import CliRunner, Result

from syncproof.cli.main import main

TINY = """
title = "tiny"
shows = "a test"
duration = "30m"
runs = 2
[population]
users = 3
[conversations]
pairs = 2
groups = 1
group_size = { min = 3, max = 3 }
[traffic]
messages_per_user_per_day = 400.0
[faults]
push_loss = 0.1
"""


def call(*arguments: str) -> Result:
    """Call `syncproof` with these arguments."""
    return CliRunner().invoke(main, list(arguments))
