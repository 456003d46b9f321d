"""What the commands find out, as data: comparisons, verifications, sweeps, the kill matrix, the judged claims."""
