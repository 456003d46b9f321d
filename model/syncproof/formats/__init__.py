"""The files that syncproof reads and writes: histories and moves, as JSON lines and as Parquet."""
