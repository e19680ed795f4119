"""The engine in C: a core that knows no Python (core/), and what Python sees of it (wrapper/).

It gives what `finops.engine.plain` gives, to the last unit, and refuses what that refuses. It is there
where a C compiler was when the package was installed.
"""
