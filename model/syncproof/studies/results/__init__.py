"""Define what results.json and run.json hold, one file for each study. docs/results.md is made from these classes.

The fields of a class are the keys of a JSON object, in this order. An optional field (one with a default) is left out where
its meaning does not apply. Numbers that are not known, such as a latency where nothing was delivered, are null.
"""
