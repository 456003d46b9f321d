"""The tables of a scenario file: a class for each, whose fields are its keys, with their constraints and defaults."""
