"""What a system is: actors, packets, moves, what a move does, which moves are possible, and which faults exist."""
