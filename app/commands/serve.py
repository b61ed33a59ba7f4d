"""`serve`: gunicorn with the configuration that comes along."""

import os
from pathlib import Path
from typing import Any

import click

try:
    int(os.environ.get("WEB_CONCURRENCY", "1"))
except ValueError:  # which gunicorn would raise as it is imported
    raise SystemExit(
        'image-downloader: Environment variable "WEB_CONCURRENCY" invalid: Not a valid integer.'
        " Leave it out: `serve` has as many processes as --workers says."
    ) from None

from gunicorn.app.base import Application

FOLDER = Path(__file__).parents[1]
# The wheel has it in the package, a checkout beside it.
PLACES = FOLDER / "gunicorn.conf.py", FOLDER.parent / "gunicorn.conf.py"


class Service(Application):  # type: ignore[misc]
    """gunicorn, which looks for modules nowhere but where this command was installed.

    Its own command puts the working folder first, where any project may have an `app`.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        """Read the configuration; GUNICORN_CMD_ARGS wins over the file, options over both."""
        given = vars(self.cfg.parser().parse_args(self.cfg.get_cmd_args_from_env()))
        given.pop("args")
        file = given["config"] or next(place for place in PLACES if place.exists())
        self.load_config_from_file(str(file))
        for name, value in {**given, **self._options}.items():
            if value is not None:
                self.cfg.set(name, value)
        os.chdir(self.cfg.chdir)

    def load(self) -> Any:
        """Return the application, in each worker, and where it is only checked."""
        from app import create_app, verify_browser
        from app.errors import ConfigurationError
        from app.settings import load

        if not self.cfg.check_config:
            return create_app()
        try:
            if self.cfg.uid == os.geteuid():
                verify_browser(load())
            return create_app()
        except ConfigurationError as error:
            raise SystemExit(f"image-downloader: {error}") from error


@click.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65_535), help="[default: 8000]")
@click.option("--workers", type=click.IntRange(1), help="Processes that share the storage.")
@click.option("--check-config", is_flag=True, help="Check that it could start, and exit.")
def serve(host: str | None, port: int | None, workers: int | None, check_config: bool) -> None:
    """Serve pages and API.

    Database and files lie in the folder "storage" of the working directory, or in the one that
    DOWNLOADER_STORAGE_DIR names. Further options of gunicorn may stand in GUNICORN_CMD_ARGS.
    """
    bind = None
    if host is not None or port is not None:
        bind = f"{_bracketed(host or '127.0.0.1')}:{8000 if port is None else port}"
    Service({"bind": bind, "workers": workers, "check_config": check_config or None}).run()


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
