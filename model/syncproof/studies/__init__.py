"""Find out what the commands ask, as data: comparisons, verifications, sweeps, sizes, the kill matrix, the judged claims."""
