"""Check many observations at once: passes over columns that show that no property can complain, and bring all states up to date.

The properties' automata stay the only definition. A stretch of observations is *clear* if every pass shows, by arithmetic over its
columns and from the automata's own states, that no automaton complains of any of its observations; then the passes write into
these same states what the automata would have written. A stretch that is not clear is given to the automata, one observation after
the other. A pass that is in doubt does not clear.
"""
