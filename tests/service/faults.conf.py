"""The service's own gunicorn.conf.py, and one kill -9 at the step that FAULT names."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

exec(Path("gunicorn.conf.py").read_text())  # gunicorn knows no include

from app import jobs  # noqa: E402
from app.database.models import Download, Image  # noqa: E402
from app.fetch import Fetcher  # noqa: E402
from app.worker.downloads import PictureRun  # noqa: E402
from app.worker.processes import ProcessRegistry  # noqa: E402

STEP = os.environ["FAULT"]
DONE = Path(os.environ["FAULT_DONE"])


def die(when: bool = True) -> None:
    """Kill this process as the kernel would, the first time that it comes here."""
    if when and not DONE.exists():
        DONE.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def wrap(
    owner: Any,
    name: str,
    *,
    before: Callable[..., bool] = lambda *args: False,
    after: Callable[..., bool] = lambda *args: False,
) -> None:
    """Have a function die before or after its work, when that asks for it."""
    work = getattr(owner, name)

    def dying(*args: Any, **values: Any) -> Any:
        die(before(*args))
        result = work(*args, **values)
        die(after(result, *args))
        return result

    setattr(owner, name, dying)


def archived(*paths: Path) -> bool:
    return paths[-1].suffix == ".zip"


def always(*args: Any) -> bool:
    return True


FAULTS: dict[str, Callable[[], None]] = {
    "after the claim": lambda: wrap(jobs, "claim", after=lambda job, *args: job is not None),
    "after the page": lambda: wrap(jobs, "add_found", after=always),
    "between two images": lambda: wrap(PictureRun, "_note", after=always),
    "between two names of a group": lambda: wrap(Path, "rename", after=always),
    "between the names and the rows of a group": lambda: wrap(jobs, "end_pictures", before=always),
    "after the rows of a group": lambda: wrap(jobs, "end_pictures", after=always),
    "before the image has its name": lambda: wrap(Path, "rename", before=always),
    "before the row of the image": lambda: wrap(jobs, "finish", before=always),
    "after the temporary archive": lambda: wrap(Path, "rename", before=archived),
    "after the rename": lambda: wrap(Path, "rename", after=lambda result, *paths: archived(*paths)),
    "before the last update": lambda: wrap(
        jobs, "finish", before=lambda job, *args: isinstance(job, Download)
    ),
    "after the last update": lambda: wrap(
        jobs, "finish", after=lambda result, job, *args: isinstance(job, Download)
    ),
    "after the end, before anybody is told": lambda: wrap(
        jobs, "finish", after=lambda result, job, *args: isinstance(job, Image)
    ),
    "before the receiver is told": lambda: wrap(Fetcher, "post", before=always),
    "after the receiver is told": lambda: wrap(Fetcher, "post", after=always),
    "during recovery": lambda: wrap(jobs, "recover", after=lambda count, *args: count > 0),
    "before the parts of the dead go": lambda: wrap(ProcessRegistry, "remove_dead", before=always),
}

FAULTS[STEP]()
