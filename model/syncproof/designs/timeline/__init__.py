"""The timeline family: logs that devices pull from their own checkpoints."""
