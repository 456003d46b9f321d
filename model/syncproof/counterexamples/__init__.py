"""Counterexamples, made short and told: moves left out, shorter ways found, who sends what to whom."""
