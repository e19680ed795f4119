"""`finops serve`: the API."""

from typing import NoReturn

import click


@click.command(short_help="Serve the API until stopped.")
@click.option("--host", help="The address to listen on; any but loopback needs a token in the configuration.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port; 0 takes a free one.")
@click.pass_context
def serve(ctx: click.Context, host: str | None, port: int | None) -> None:
    """Serve the API (/api/v1, described at /openapi/v1.json) until stopped.

    On loopback it is open to this machine, unless [api] token_env names a token. With one, which any
    other address needs, every request but /healthz and /readyz must carry it, as `Authorization: Bearer …`.

    An example: finops serve --port 8080
    """
    from finops.api.server import address, listen
    from finops.cli.main import configured
    from jobs.stopping import until_a_signal

    app = configured(ctx)
    server = listen(app, host, port)
    click.echo(
        f"listening on {address(server)}/api/v1/services, described at {address(server)}/openapi/v1.json",
        err=True,
    )
    with until_a_signal(_stop):
        server.run()
    server.close()
    app.close()


def _stop() -> NoReturn:
    raise SystemExit(0)  # which the server takes as a word to finish what it has at hand
