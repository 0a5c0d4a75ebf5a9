"""A whole county on virtual time: the pure core under every fault that dice can think of."""
