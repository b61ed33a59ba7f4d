"""Threads that fetch the pictures of a download, and the groups that their results come in."""

import threading
from concurrent.futures import ThreadPoolExecutor

from app.database.models import Image
from app.errors import Failure
from app.fetch import Fetcher
from app.settings import Settings
from app.worker.cut import Cut
from app.worker.fetch_pool import FetchPool
from app.worker.images import Fetched

SECONDS = 60  # what a test waits at most for something that should happen at once


def test_a_group_is_waited_for_also_where_its_first_came_before_the_second_was_started() -> None:
    first, second = Image(position=0), Image(position=1)
    late = threading.Event()

    def get(picture: Image, _: Fetcher) -> Fetched:
        if picture is second:
            assert late.wait(SECONDS)
        raise Failure("there is none")

    cut = Cut(first, lambda: False)
    with Fetcher(Settings()) as fetcher, ThreadPoolExecutor(1) as threads:
        pool = FetchPool(threads, [fetcher], get, cut, group=2)
        pool.start(first)
        threads.submit(int).result()  # the first has come
        pool.start(second)
        threading.Timer(0.05, late.set).start()
        pool.wait(SECONDS)
        assert [picture for picture, _ in pool.results()] == [first, second]
