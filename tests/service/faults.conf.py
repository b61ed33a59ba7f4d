"""The service's own gunicorn.conf.py, and one kill -9 at the step that the file FAULT names."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

exec(Path("gunicorn.conf.py").read_text())  # gunicorn knows no include

from app import jobs  # noqa: E402
from app.database.models import Download  # noqa: E402
from app.fetch import Fetcher  # noqa: E402
from app.worker.downloads import PictureRun  # noqa: E402
from app.worker.processes import ProcessRegistry  # noqa: E402

FAULT = Path(os.environ["FAULT"])


def die(step: str) -> None:
    """Kill this process as the kernel would, if it is the first that comes to the step."""
    with suppress(FileNotFoundError):
        if FAULT.read_text() == step:
            FAULT.unlink()
            os.kill(os.getpid(), signal.SIGKILL)


def wrap(
    step: str,
    owner: Any,
    name: str,
    *,
    before: Callable[..., bool] = lambda *args: False,
    after: Callable[..., bool] = lambda *args: False,
) -> None:
    """Have a function die before or after its work, when that asks for it."""
    work = getattr(owner, name)

    def dying(*args: Any, **values: Any) -> Any:
        if before(*args):
            die(step)
        result = work(*args, **values)
        if after(result, *args):
            die(step)
        return result

    setattr(owner, name, dying)


def archived(*paths: Path) -> bool:
    return paths[-1].suffix == ".zip"


def always(*args: Any) -> bool:
    return True


wrap("after the claim", jobs, "claim", after=lambda job, *args: job is not None)
wrap("after the page", jobs, "add_found", after=always)
wrap("between two images", PictureRun, "_note", after=always)
wrap("between two names of a group", Path, "rename", after=always)
wrap("between the names and the rows of a group", jobs, "end_pictures", before=always)
wrap("after the rows of a group", jobs, "end_pictures", after=always)
wrap("before the image has its name", Path, "rename", before=always)
wrap("before the row of the image", jobs, "finish_image", before=always)
wrap("after the temporary archive", Path, "rename", before=archived)
wrap("after the rename", Path, "rename", after=lambda result, *paths: archived(*paths))
wrap("before the last update", jobs, "finish", before=lambda job, *args: isinstance(job, Download))
wrap(
    "after the last update",
    jobs,
    "finish",
    after=lambda result, job, *args: isinstance(job, Download),
)
wrap("after the end, before anybody is told", jobs, "finish_image", after=always)
wrap("before the receiver is told", Fetcher, "post", before=always)
wrap("after the receiver is told", Fetcher, "post", after=always)
wrap("during recovery", jobs, "recover", after=lambda count, *args: count > 0)
wrap("before the parts of the dead go", ProcessRegistry, "remove_dead", before=always)
