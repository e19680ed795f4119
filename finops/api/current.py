"""The App that answers the request at hand."""

from flask import current_app

from finops.app import App


def app() -> App:
    """The configured service."""
    found: App = current_app.extensions["flamebill"]
    return found
