"""The command; what a subcommand needs is imported when it is called."""

from importlib import import_module

import click

from app import VERSION

# Where each is, and the first sentence of its help.
COMMANDS = {
    "fetch": ("fetch:fetch", "Get the pictures of each page in a zip, and a copy of each image."),
    "serve": ("serve:serve", "Serve pages and API."),
    "work": ("work:work", "Do the jobs of a service on several machines."),
    "jobs": ("operator:group", "Look after downloads and images."),
    "migrate-storage": ("migrate:migrate_storage", "Copy rows and files from a folder to servers."),
    "backup": ("operator:backup", "Copy rows and files into a new folder in TARGET."),
}


class LazyGroup(click.Group):
    """A group that knows of its commands only names and help, until one is called."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Import the command that is called."""
        name, command, rest = super().resolve_command(ctx, args)
        if name:
            module, _, attribute = COMMANDS[name][0].partition(":")
            command = getattr(import_module(f"app.commands.{module}"), attribute)
        return name, command, rest


@click.group(
    cls=LazyGroup,
    commands=[
        click.Command(name, help=sentence, short_help=sentence)  # not cut off in the list
        for name, (_, sentence) in COMMANDS.items()
    ],
)
@click.version_option(VERSION, message="%(prog)s %(version)s", prog_name="image-downloader")
def main() -> None:
    """Download the pictures of web pages: at once, or as a service."""
