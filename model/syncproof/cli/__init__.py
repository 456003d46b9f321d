"""Run the command line: one function for each command, which returns the exit status."""
