"""Collect the commands. Each command imports heavy modules in its function, so that `--help` answers at once."""

from __future__ import annotations

import click

from syncproof._version import __version__
from syncproof.cli import drive, lists, new, recordings, size, studies
from syncproof.cli.exit_status import CommandGroup


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="syncproof")
@click.option(
    "--debug", is_flag=True, help="Show the traceback of an error; may be written behind the command as well."
)
def main(debug: bool) -> None:
    """Which message-sync design do I choose, is it correct, and what does it cost?"""


for command in (
    lists.designs,
    lists.scenarios,
    lists.properties,
    lists.faults,
    studies.compare,
    studies.sweep,
    size.size,
    studies.verify,
    studies.explore,
    studies.kill_matrix,
    drive.drive,
    new.new,
    recordings.check,
    recordings.convert,
    recordings.replay,
    recordings.minimise,
):
    main.add_command(command)
