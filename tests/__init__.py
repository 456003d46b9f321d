"""The tests of syncproof, and what they share (`tests.helpers`)."""
