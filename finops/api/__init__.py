"""The HTTP API: thin routes over the reports, described by an OpenAPI document."""
