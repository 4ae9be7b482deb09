"""A scenario's entries at work in one run: when each acts, on which port, what it altered."""
