"""A rate that all web processes share, in a real Redis."""

from pathlib import Path

import pytest
from limits import parse

from app.http.shared_rate_limit import AWAY_SECONDS, SharedRateLimit
from tests.queue_server import RedisServer

pytestmark = pytest.mark.cluster
RATE = parse("3/minute")


def test_processes_count_together_and_alone_while_redis_is_away(tmp_path: Path) -> None:
    time = [0.0]
    with RedisServer(tmp_path / "redis") as server:
        here, there = (SharedRateLimit(RATE, server.url, lambda: time[0]) for _ in range(2))
        hits = [limit._hit("somebody") for limit in (here, there, here, there)]
        assert [count for count, _ in hits] == [1, 2, 3, 4]
        assert all(1 <= seconds <= 60 for _, seconds in hits)
        assert here._hit("somebody else")[0] == 1

        assert here._hit("who renders", 9)[0] == 9
        assert there._hit("who renders")[0] == 10

        server.kill()
        assert [here._hit("somebody")[0], here._hit("somebody")[0]] == [1, 2]
        server.start()
        assert here._hit("somebody")[0] == 3
        time[0] += AWAY_SECONDS
        assert here._hit("somebody")[0] == 1
