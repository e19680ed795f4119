"""Flamebill: what every function of your software costs."""
