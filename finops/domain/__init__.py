"""What things are: money, windows, services, profiles, machines, prices, charges."""
