"""Engines: each decides which move of a system comes next. Simulate, explore, the Hypothesis machine, check, replay."""
