"""Make what an engine is given: scenarios, traffic, traces, drawn faults, and the small worlds of a search."""
