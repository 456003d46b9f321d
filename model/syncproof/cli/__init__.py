"""The command line: one function for each command, and what its exit status says."""
