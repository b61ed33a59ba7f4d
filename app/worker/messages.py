"""The engine for more than one machine: dramatiq on Redis wakes the seats of all workers.

The rows are the truth. A message says only that there is work; which job is next is asked of the
database by the seat that it wakes, so that clients and sites take turns over all machines. A
message that is lost, late or doubled does no harm: each worker looks once a second, and sends
messages when there is work and none waits.
"""

import logging
import threading
import time
from contextlib import suppress
from queue import Full, Queue

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker

from app.errors import ConfigurationError
from app.fetch import Report, unreported
from app.settings import Settings
from app.storage import Storage
from app.worker.pool import PoolEngine

log = logging.getLogger(__name__)

QUEUE = "jobs"
ENOUGH = 100  # messages that wait, in Redis or for it; more of them would say nothing new
ENOUGH_SECONDS = 0.1  # between two looks whether so many wait
CONNECT_SECONDS, ANSWER_SECONDS, PROBE_SECONDS = 1, 5, 1
PAUSE_SECONDS = 1.0  # from a message that was not taken to the next
JOBS_SECONDS, LOOK_SECONDS = 15.0, 0.05  # that jobs have to be cut, and between two looks
STOP_MILLISECONDS = 2000  # then; dramatiq would wait for a Redis that is away to take receipts
IDLE_MILLISECONDS = 200  # between two looks at an empty queue, at most
HEARTBEAT_MILLISECONDS = 5000  # without which the messages of a worker are given to others
CERTAIN = 1_000_000  # dramatiq looks after dead workers by chance; it may as well each time


class MessageEngine(PoolEngine):
    """What tells the workers that there is work, and with `works` is one of them."""

    def __init__(
        self,
        settings: Settings,
        storage: Storage,
        report: Report = unreported,
        *,
        works: bool = False,
    ) -> None:
        super().__init__(settings, storage, report=report)
        self._works = works
        self._redis = _client(settings.queue_url, CONNECT_SECONDS, ANSWER_SECONDS)
        self._prober = _client(settings.queue_url, PROBE_SECONDS, PROBE_SECONDS)
        self._broker = RedisBroker(
            client=self._redis,
            middleware=[],  # neither time limits nor retries: ends and attempts are ours
            heartbeat_timeout=HEARTBEAT_MILLISECONDS,
            maintenance_chance=CERTAIN,
        )
        declare = dramatiq.actor(actor_name="work", queue_name=QUEUE, broker=self._broker)
        self._message = declare(self.sit)
        self._outbox: Queue[bool] = Queue(ENOUGH)
        self._sender = threading.Thread(target=self._send, name="send", daemon=True)
        self._worker: dramatiq.Worker | None = None

    def _begin(self) -> None:
        self._sender.start()
        if self._works:
            super()._begin()
            seats = self.settings.job_threads
            self._worker = dramatiq.Worker(
                self._broker, worker_timeout=IDLE_MILLISECONDS, worker_threads=seats
            )
            self._worker.queue_prefetch = seats  # more would wait here while others are idle
            self._worker.start()

    def _end(self) -> None:
        if self._worker:
            until = self._clock() + JOBS_SECONDS
            while self._tasks.seats.busy() and self._clock() < until:
                time.sleep(LOOK_SECONDS)
            self._worker.stop(STOP_MILLISECONDS)
            super()._end()

    def turning(self) -> bool:
        """Tell whether the watch has done a turn lately; where nothing is watched, all is well."""
        return super().turning() or not self._works

    def queue(self) -> str | None:
        """Return whether Redis takes messages; if not, jobs wait: no reason to take none."""
        try:
            self._prober.set(f"{self._broker.namespace}:probe", "", ex=1)
        except redis.ResponseError:
            return "cannot be written"  # it is full, or has become a replica
        except redis.RedisError:
            return "away"
        return "ok"

    def submit(self) -> None:
        """Say that there is work, to a worker that has a free seat; nobody waits for Redis."""
        self.start()
        with suppress(Full):
            self._outbox.put_nowait(True)

    def fill_seats(self) -> None:
        """Say that there is work if no message waits that says so."""
        try:
            waiting = self._waiting()
        except redis.RedisError as error:
            log.warning("queue not reached", extra={"error": str(error)})
            return
        if not waiting:
            super().fill_seats()

    def _waiting(self) -> int:
        """Return how many messages no worker has taken yet."""
        return int(self._redis.llen(f"{self._broker.namespace}:{QUEUE}"))

    def _send(self) -> None:
        look_at = 0.0
        while True:
            self._outbox.get()
            try:
                if self._clock() >= look_at:
                    while self._waiting() >= ENOUGH and not self._stopped.wait(ENOUGH_SECONDS):
                        pass  # they wake all seats; one more costs a third of a request's CPU
                    look_at = self._clock() + ENOUGH_SECONDS
                self._message.send()
            except (redis.RedisError, dramatiq.DramatiqError) as error:
                log.warning("queue not reached", extra={"error": str(error)})
                self._stopped.wait(PAUSE_SECONDS)
                while not self._outbox.empty():  # the workers look by themselves
                    self._outbox.get()


def _client(url: str, connect_seconds: float, answer_seconds: float) -> redis.Redis:
    try:
        client = redis.Redis.from_url(
            url, socket_connect_timeout=connect_seconds, socket_timeout=answer_seconds
        )
        pool = client.connection_pool
        pool.connection_class(**pool.connection_kwargs)  # knows the options, and connects later
    except (ValueError, TypeError, redis.RedisError):  # which may repeat a part of the password
        raise ConfigurationError(
            '"DOWNLOADER_QUEUE_URL" cannot be read: write redis://:password@host:6379/0, with'
            " characters such as # / ? in the password percent-encoded, # as %23, and behind a ?"
            " only what redis-py knows"
        ) from None
    return client
