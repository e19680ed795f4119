"""How the properties of costs are tried."""

from hypothesis import settings

# A busy machine is no failure of the code, so an example may take as long as it needs.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
