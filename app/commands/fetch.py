"""`fetch`: the main job in one line, by a service or without one."""

import shutil
import signal
import sys
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from app.commands import options as read
from app.commands import output
from app.commands.problem import Problem
from app.errors import ConfigurationError, Skipped, Unwanted

if TYPE_CHECKING:
    from app.commands.client import Client
    from app.commands.local import LocalClient

ENDS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP


@click.command()
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@click.option(
    *("-o", "--output", "target"),
    default=".",
    type=click.Path(file_okay=False, writable=True, path_type=Path),
    help="Folder for the files; it is made if it is missing.",
)
@click.option("--limit", type=click.IntRange(1), help="Pictures of a page at most.  [default: 50]")
@click.option("--min-width", type=click.IntRange(0), help="Pixels.")
@click.option("--min-height", type=click.IntRange(0), help="Pixels.")
@click.option("--min-bytes", type=read.size, help="Size of the file, such as 20kB.")
@click.option(
    "--include",
    multiple=True,
    help="Text that an address has in it, such as /photos/ or *.jpg; may be repeated.",
)
@click.option(
    "--exclude",
    multiple=True,
    help="Text of addresses to leave out; may be repeated.",
)
@click.option("--types", type=read.types, help="Formats, such as png,jpeg.  [default: all]")
@click.option(
    "--sources",
    type=read.sources,
    help="Where to look: seen, meta, links, icons; comma separated.  [default: seen]",
)
@click.option(
    "--at-once", type=click.IntRange(1, 16), help="Pictures fetched side by side.  [default: 6]"
)
@click.option(
    "--pattern",
    type=read.pattern,
    help="Names of pictures, with {position}, {name}, {alt}, {site}, {title}, {id} filled in.",
)
@click.option("--extract", is_flag=True, help="Make a folder of pictures instead of a zip.")
@click.option(
    "--render",
    is_flag=True,
    default=None,
    help="Open pages in a browser, for pictures that scripts bring.",
)
@click.option("--dry-run", is_flag=True, help="Print the URLs of the pictures and fetch none.")
@click.option(
    "--server",
    envvar="DOWNLOADER_SERVER",
    type=read.url,
    help="URL of a running service that does the work.",
)
@click.option("--key", envvar="DOWNLOADER_KEY", type=read.key, help="Key of that service.")
def fetch(
    urls: tuple[str, ...],
    target: Path,
    extract: bool,
    dry_run: bool,
    server: str | None,
    key: str | None,
    **options: Any,
) -> None:
    """Get the pictures of each page in a zip, and a copy of each image.

    A URL without a scheme is https. "-" stands for URLs on standard input, one per line; lines
    that begin with # are skipped.

    Standard output lists the files that were made, one per line; messages go to standard error.
    Existing files are never replaced: a new file gets a number.

    The exit status is 0 if every picture was fetched, 1 if some failed, 2 if none was fetched.
    """
    for number in ENDS:
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup has it
            signal.signal(number, interrupt)
    options = {name: value for name, value in options.items() if value not in (None, ())}
    options["dry_run"] = dry_run
    try:
        if not dry_run:
            _make(target)
        with _client(server, key) as client:
            run = FetchRun(client, target, extract=extract, options=options)
            counts = [run.fetch(url) for url in _listed(urls)]
    except KeyboardInterrupt as ending:
        for number in ENDS:
            signal.signal(number, signal.SIG_IGN)
        sys.exit(ending.args[0])
    except BrokenPipeError:
        raise  # click ends it quietly
    except (ConfigurationError, OSError, UnicodeError) as error:
        _say(f"Error: {error}")
        sys.exit(2)
    if not counts:
        _say("Error: there is no URL in the arguments or the list")
    got, missed = (sum(column) for column in zip((0, 0), *counts, strict=True))
    if len(counts) > 1:
        _say(f"total: {_counted(got, missed)}")
    sys.exit(2 if not got else 1 if missed else 0)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = f"cannot make '{_plain(str(folder))}': {error.strerror}; name another folder"
        raise click.BadParameter(
            hint, click.get_current_context(), param_hint="'--output'"
        ) from None


def _client(server: str | None, key: str | None) -> "AbstractContextManager[Client | LocalClient]":
    """Import what the call needs: the help needs none of it."""
    if server:
        from app.commands.client import at

        return at(server, key)
    from app.commands.local import in_process

    return in_process()


class FetchRun:
    """What to do with each URL, and where the files go."""

    def __init__(
        self,
        client: "Client | LocalClient",
        target: Path,
        *,
        extract: bool,
        options: dict[str, Any],
    ) -> None:
        self._client = client
        self._target = target
        self._extract = extract
        self._options = options

    def fetch(self, url: str) -> tuple[int, int]:
        """Fetch a page or an image; return how many pictures were saved, and how many failed."""
        try:
            got, missed = self._page(url)
        except BrokenPipeError:  # the reader of standard output has gone
            raise
        except (Problem, zipfile.BadZipFile) as problem:
            _say(f"{url}: {problem}")
            return 0, 1
        except OSError as error:
            _say(f"{url}: cannot write in '{self._target}': {error.strerror}")
            return 0, 1
        _say(f"{url}: {_counted(got, missed)}")
        return got, missed

    def _page(self, url: str) -> tuple[int, int]:
        with self._client.job("/download", url=url, **self._options) as path:
            document = _watch(url, self._client.follow(f"{path}/status"))
            _report(document)
            if document.get("rendered") is False:
                _say(f"{url}: no browser showed it: {document['render_detail']}")
            elif document.get("render_detail") and not document["error"]:
                _say(f"{url}: {document['render_detail']}")
            found = [picture for picture in document["images"] if picture["position"]]
            lone = len(found) == 1 and found[0]["found_in"] == "url"  # an image, and no page
            if document["error"] and not (lone and not _failed(document)):
                raise Problem(document["error"])
            if self._options["dry_run"]:
                _print(_plain(picture["source_url"]) for picture in found)
                return len(found), 0
            if not lone:
                self._save(path, unpack=self._extract)
            elif found[0]["image_url"]:
                named = found[0]["file"] if "pattern" in self._options else ""
                self._save(found[0]["image_url"], name=named)
            return document["progress"]["done"], len(_failed(document))

    def _save(self, path: str, *, name: str = "", unpack: bool = False) -> None:
        with self._client.file(path) as (own_name, pieces):
            name = name or own_name
            if unpack:
                _print(output.unpack(self._target, name, pieces))
            else:
                _print([output.keep(self._target, name, pieces)])


def _watch(url: str, documents: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """Show a progress bar on a terminal; return the last document."""
    if not sys.stderr.isatty():
        return deque(documents, 1).pop()
    label = _plain(url)[: shutil.get_terminal_size().columns // 3]
    with click.progressbar(length=1, label=label, file=sys.stderr, show_pos=True, width=0) as bar:
        for document in documents:
            progress = document["progress"]
            bar.length = progress["total"] or 1
            # Where some failed, more than are wanted may be tried.
            bar.update(min(progress["done"] + progress["failed"], bar.length) - bar.pos)
    return document


def _report(document: dict[str, Any]) -> None:
    """Say what was left out, and why."""
    progress, failed = document["progress"], _failed(document)
    for picture in failed:
        _say(f"  {picture['source_url']}: {picture['error']['detail']}")
    if unwanted := progress["failed"] - len(failed):
        _say(f"  {_counted(unwanted, 0)} outside the filter")
    if progress["found"] > progress["total"] and not document["error"]:
        _say(f"  {progress['total']} of {_counted(progress['found'], 0)}: --limit asks for more")


def _failed(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the pictures that passed the filter and failed."""
    unwanted = {Unwanted("").type, Skipped("").type}
    failed = [picture for picture in document["images"] if picture["status"] == "failed"]
    return [picture for picture in failed if picture["error"]["type"] not in unwanted]


def _listed(urls: Iterable[str]) -> Iterator[str]:
    """Yield the URLs of arguments and of lists; a scheme is left out as in browsers."""
    from app.urls import listed, with_scheme

    for url in urls:
        if url == "-" and sys.stdin is None:
            raise OSError("standard input is closed")
        for _, text in listed(sys.stdin if url == "-" else [url]):
            yield with_scheme(text)


def _counted(got: int, missed: int) -> str:
    return f"{got} picture{'s' * (got != 1)}" + (f", {missed} failed" if missed else "")


def _print(lines: Iterable[str | Path]) -> None:
    """Write to standard output what other programs may read; end where that cannot be."""
    try:
        for line in lines:
            click.echo(line)
    except BrokenPipeError:
        raise
    except OSError as error:
        output.silence(sys.stdout)
        _say(f"Error: standard output cannot be written: {error.strerror}")
        sys.exit(2)


def _say(line: str) -> None:
    """Write to standard error what a person may read, if one can."""
    try:
        click.echo(_plain(line), err=True)
    except OSError:
        output.silence(sys.stderr)


def _plain(text: str) -> str:
    """Leave out what would command the terminal: pages and origins are strangers."""
    return "".join(filter(str.isprintable, text))


def interrupt(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt; further signals are ignored while shutting down.

    An interrupt may get lost, for a callback that C calls cannot raise: the next one counts.
    """
    error = sys.exception()
    while error:
        if isinstance(error, KeyboardInterrupt):
            return
        error = error.__context__
    if number == signal.SIGHUP:  # the terminal is closed: to write to it would be another error
        output.silence(sys.stderr)
    raise KeyboardInterrupt(128 + number)  # the exit status, as shells have it
