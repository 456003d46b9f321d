"""Size: from a scenario to what a design takes for many users, by formulas that are held against the simulator."""
