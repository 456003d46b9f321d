"""Engines, which decide what happens next in a system: simulate, explore, the Hypothesis machine, check, replay."""
