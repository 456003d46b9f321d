"""syncproof."""
