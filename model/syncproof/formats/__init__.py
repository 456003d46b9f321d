"""The files that syncproof reads and writes: histories (JSON lines or Parquet) and moves (JSON lines)."""
