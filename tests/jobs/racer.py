"""A process that does something to jobs, by several threads, while others do it too.

It reads ids as JSON, says that it is ready, begins with the next line, and writes what came of it.
"""

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import UUID

from app import jobs
from app.database.connection import db
from app.database.models import Delivery, Download, Image
from app.errors import NotFound, TooMuchStored
from tests.postgresql import use_postgresql
from tests.samples import add_image

CALL_SECONDS = 0.005
QUOTA_BYTES, IMAGE_BYTES = 10_000, 100  # of all images together, and of each


def claim(name: str, _: UUID) -> list[str]:
    """Claim images until there are none; return which."""
    claimed = []
    misses = 0
    while misses < 20:  # a claim may come to nothing because another was faster
        if image := jobs.claim(Image, name):
            claimed.append(str(image.id))
        else:
            misses += 1
    return claimed


def deliver(name: str, _: UUID) -> list[tuple[str, float, float]]:
    """Make calls until nothing has been due for a while; return hosts, beginnings and ends."""
    calls, idle_since = [], time.monotonic()
    while time.monotonic() - idle_since < 1:
        delivery = jobs.claim(Delivery, name)
        if delivery is None:
            continue
        began = time.monotonic()
        time.sleep(CALL_SECONDS)
        calls.append((delivery.host, began, time.monotonic()))
        jobs.finish(delivery)
        idle_since = time.monotonic()
    return calls


def finish(_: str, image_id: UUID) -> bool:
    """End an image that runs; return whether it was still ours."""
    try:
        jobs.finish(jobs.get(Image, image_id))
    except (NotFound, jobs.LostClaim):
        return False
    return True


def store(_: str, image_id: UUID) -> bool:
    """End an image that runs with what it stored; return whether there was room for it."""
    try:
        jobs.finish_image(jobs.get(Image, image_id), QUOTA_BYTES, bytes=IMAGE_BYTES)
    except (jobs.LostClaim, TooMuchStored):
        return False
    return True


def gather(_: str, download_id: UUID) -> int:
    """End the pictures of a download with what they stored; return for how many was room."""
    download = jobs.get(Download, download_id)
    pictures = jobs.pictures_of(download)
    ended = [(picture, {"bytes": IMAGE_BYTES}) for picture in pictures]
    lost = jobs.end_pictures(download, ended, QUOTA_BYTES)
    return sum(picture not in lost for picture in pictures)


def withdraw(_: str, image_id: UUID) -> str | None:
    """Cancel or remove an image; return its state, None if it was gone."""
    try:
        return str(jobs.withdraw(jobs.get(Image, image_id))[0].status)
    except NotFound:
        return None


def cancel(_: str, image_id: UUID) -> bool:
    """Cancel an image; return whether it was us."""
    return bool(jobs.cancel(jobs.get(Image, image_id)))


def settle(_: str, download_id: UUID) -> bool:
    """End a download as its work does; return whether it was still ours."""
    try:
        download = jobs.get(Download, download_id)
        jobs.settle(download)
        jobs.finish(download)
    except (NotFound, jobs.LostClaim):
        return False
    return True


def drop(_: str, download_id: UUID) -> str | None:
    """Cancel or remove a download; return its state, None if it was gone."""
    try:
        return str(jobs.withdraw(jobs.get(Download, download_id))[0].status)
    except NotFound:
        return None


def recover(_: str, __: UUID) -> int:
    """Hand back what the dead left; return how much."""
    return jobs.recover(lambda process: process != "dead", 3)


def answer(_: str, key: UUID) -> bool:
    """Add an image once for a key; return whether it was us."""
    asked = jobs.Asked("", "POST /images", str(key), "same")
    with db.atomic():
        if jobs.first_answer(asked):
            return False
        add_image("https://a/")
        jobs.keep_answer(asked, 202, None, "{}")
        return True


ACTS: dict[str, Callable[[str, UUID], Any]] = {
    each.__name__: each
    for each in (
        *(claim, deliver, finish, store, gather, withdraw),
        *(cancel, settle, drop, recover, answer),
    )
}


def main(url: str, act: str, threads: str) -> None:
    """Do it with each id."""
    use_postgresql(url)
    ids = [UUID(text) for text in json.loads(sys.stdin.readline())]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    with ThreadPoolExecutor(int(threads)) as pool:
        json.dump(list(pool.map(partial(ACTS[act], act), ids)), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
