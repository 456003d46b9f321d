"""Counterexamples: removing moves from them, searching for shorter ones, and narrating who sends what to whom."""
