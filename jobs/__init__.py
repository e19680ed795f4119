"""What runs by the clock: what is due, who does it, and one module a job."""
