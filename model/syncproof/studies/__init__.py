"""Find out what the commands ask, as data: comparisons, verifications, sweeps, the kill matrix, the judged claims."""
