"""What things cost: pure functions from prices, machines and profiles to money."""
