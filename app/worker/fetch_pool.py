"""Pictures of a download, fetched side by side in threads of their own."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue
from threading import Condition

from app.database.models import Image
from app.errors import Failure, Interrupted
from app.fetch import Fetcher
from app.worker.cut import Cut
from app.worker.images import Fetched

Result = Fetched | Failure
Get = Callable[[Image, Fetcher], Fetched]


class FetchPool:
    """Fetches pictures by `get`; the thread of the job waits for groups and takes what has come."""

    def __init__(
        self, threads: ThreadPoolExecutor, fetchers: list[Fetcher], get: Get, cut: Cut, group: int
    ) -> None:
        self.running = 0  # pictures whose result has not been taken
        self._threads = threads
        self._fetchers = fetchers  # one for each thread
        self._get = get
        self._cut = cut
        self._group = group
        self._results: SimpleQueue[tuple[Image, Fetched | BaseException]] = SimpleQueue()
        self._due = Condition()  # notified of a group, or of an error that ends the run
        self._broken = False  # whether such an error has come

    def start(self, picture: Image) -> None:
        """Have a picture fetched."""
        self.running += 1
        self._threads.submit(self._fetch, picture)

    def wait(self, seconds: float) -> None:
        """Wait until a group of results or such an error has come, but no longer than this."""
        with self._due:
            self._due.wait_for(lambda: self._broken or self._are_enough(), seconds)

    def results(self) -> Iterator[tuple[Image, Result]]:
        """Take what has come; an error that ends the run is raised."""
        while not self._results.empty():
            picture, result = self._results.get()
            self.running -= 1
            if not isinstance(result, Fetched | Failure):
                raise result
            yield picture, result

    def end(self) -> list[tuple[Image, Fetched]]:
        """End what is being fetched; return the pictures that have come meanwhile."""
        self._cut.end()
        self._threads.shutdown(cancel_futures=True)
        left = [self._results.get() for _ in range(self._results.qsize())]
        return [(picture, result) for picture, result in left if isinstance(result, Fetched)]

    def _fetch(self, picture: Image) -> None:
        if self._broken:
            return
        result: Fetched | BaseException
        fetcher = self._fetchers.pop()
        try:
            if self._cut():  # what has room is asked before each: little may become large
                raise Interrupted  # noqa: TRY301
            result = self._get(picture, fetcher)
        except BaseException as error:
            result = error
        self._fetchers.append(fetcher)
        self._results.put((picture, result))
        self._broken |= not isinstance(result, Fetched | Failure)
        if self._broken or self._are_enough():
            with self._due:
                self._due.notify()

    def _are_enough(self) -> bool:
        return self._results.qsize() >= min(self._group, self.running)


@contextmanager
def fetching(fetcher: Fetcher, at_once: int, get: Get, cut: Cut, group: int) -> Iterator[FetchPool]:
    """Provide threads, each with connections of its own."""
    with ExitStack() as stack, ThreadPoolExecutor(at_once, "fetch") as threads:
        siblings = [stack.enter_context(fetcher.sibling()) for _ in range(1, at_once)]
        yield FetchPool(threads, [*siblings, fetcher], get, cut, group)
