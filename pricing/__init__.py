"""Prices: a cloud's list, the gate in front of it, the bundled catalogue, and the ladder over them."""
