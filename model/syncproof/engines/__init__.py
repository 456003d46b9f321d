"""Engines: each delivers packets to the same actors in an order of its own. Import the one you need."""
