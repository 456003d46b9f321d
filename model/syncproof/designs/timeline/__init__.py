"""The timeline family: devices pull logs from their own checkpoints."""
