"""Settings: one list, checked values, and a table in the docs that says the same."""

import re
import traceback
from dataclasses import fields
from ipaddress import ip_network
from pathlib import Path

import limits
import pytest

from app import keys, settings
from app.errors import ConfigurationError
from app.setting_values import MiB
from app.settings import Settings, load

TABLE = Path(__file__).parent.parent / "docs" / "settings.md"
ROW = re.compile(r"^\| `DOWNLOADER_(\w+)` \| (.*?) \| (.*?) \|$", re.MULTILINE)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for one in fields(Settings):
        monkeypatch.delenv(f"DOWNLOADER_{one.name.upper()}", raising=False)
        monkeypatch.delenv(f"DOWNLOADER_{one.name.upper()}_FILE", raising=False)


def test_the_docs_list_every_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ROW.findall(TABLE.read_text())

    assert [name for name, _, _ in rows] == [one.name.upper() for one in fields(Settings)]
    assert [told for _, _, told in rows] == [one.metadata["meaning"] for one in fields(Settings)]
    for name, default, _ in rows:
        assert (default == "empty") == (getattr(Settings(), name.lower()) in ((), "", None))
        if default != "empty":
            monkeypatch.setenv(f"DOWNLOADER_{name}", default.strip("`"))
    assert load() == Settings()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("JOB_THREADS", "3", 3),
        ("JOB_THREADS", "+3", 3),
        ("MAX_PAGE_BYTES", "1048576", MiB),
        ("MAX_PAGE_BYTES", "10MiB", 10 * MiB),
        ("MAX_PAGE_BYTES", "10 MiB", 10 * MiB),
        ("MAX_IMAGE_BYTES", "2GiB", 2 << 30),
        ("FETCH_SECONDS", "1.5", 1.5),
        ("ALLOW_NETWORKS", "", ()),
        (
            "ALLOW_NETWORKS",
            "10.0.0.0/8, fd00::/8",
            (ip_network("10.0.0.0/8"), ip_network("fd00::/8")),
        ),
        ("WEBHOOK_SECRET", "", ()),
        ("WEBHOOK_SECRET", f"whsec_{'MTIz' * 8}", (b"123" * 8,)),
        ("WEBHOOK_SECRET", f"whsec_{'YWJj' * 21}, whsec_{'MTIz' * 8}", (b"abc" * 21, b"123" * 8)),
        ("STORAGE_DIR", "/srv/x", Path("/srv/x")),
        ("RATE_LIMIT", "100/minute", limits.parse("100/minute")),
        ("RATE_LIMIT", "1000 per 2 hours", limits.parse("1000/2hours")),
        ("RATE_LIMIT", "", None),
        ("HOSTS", "", ()),
        ("HOSTS", "Images.example.com, .a_b.example", ("images.example.com", ".a_b.example")),
        ("HOSTS", "a.example, b.example,", ("a.example", "b.example")),
        ("ALLOW_NETWORKS", "10.0.0.0/8,", (ip_network("10.0.0.0/8"),)),
        ("WEBHOOK_SECRET", f"whsec_{'MTIz' * 8},", (b"123" * 8,)),
        ("API_KEYS", "a-key-of-sixteen-letters,", (keys.digest("a-key-of-sixteen-letters"),)),
        ("ACCEL", "/stored/", "/stored/"),
        ("LOG_LEVEL", "debug", 10),
    ],
)
def test_a_value_is_read(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: object
) -> None:
    monkeypatch.setenv(settings.PREFIX + name, text)

    assert getattr(load(), name.lower()) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("JOB_THREADS", "many"),
        ("JOB_THREADS", "-1"),
        *[("JOB_THREADS", text) for text in ("1_0", "١٠", "1.0", "1e1", "+ 1")],  # noqa: RUF001
        *[("FETCH_SECONDS", text) for text in ("1_0", "١٠")],  # noqa: RUF001
        ("JOB_THREADS", "257"),
        ("JOB_THREADS", ""),
        ("MAX_PAGE_BYTES", "10MB"),
        ("MAX_PAGE_BYTES", "-1"),
        ("MAX_PAGE_BYTES", "0"),
        ("FETCH_SECONDS", "0"),
        *[("FETCH_SECONDS", text) for text in ("86401", "1e300", "inf", "nan")],
        *[("STORAGE_DIR", text) for text in ("", " ")],
        ("MAX_IMAGES", "10001"),
        ("MAX_IMAGE_PIXELS", "1000000000001"),
        ("JOB_ATTEMPTS", "1001"),
        ("MAX_QUEUED", "1000000001"),
        ("MAX_QUEUED", "9" * 5000),
        ("KEEP_DAYS", "36501"),
        ("MAX_WAITING", "10001"),
        ("TRUSTED_PROXIES", "101"),
        ("MIN_FREE_BYTES", "9999999999999999"),
        ("ALLOW_NETWORKS", "10.0.0.1/8"),
        ("ALLOW_NETWORKS", "localhost"),
        ("USER_AGENT", ""),
        ("RATE_LIMIT", "100"),
        ("RATE_LIMIT", "fast"),
        ("RATE_LIMIT", "0/minute"),
        ("RATE_LIMIT", "1/minute;100/hour"),
        ("TRUSTED_PROXIES", "-1"),
        *[("HOSTS", text) for text in ("localhost:8000", "http://localhost", "a b", "a,,b", ",")],
        *[("HOSTS", text) for text in ("*", ".", "*.example.com", "::1", "[::1]", "ü.example")],
        *[("ACCEL", text) for text in ("stored/", "/stored", "/", "//", "/../", "/a b/", "/ü/")],
        *[("LOG_LEVEL", text) for text in ("loud", "", "15", "-1", "١٠")],  # noqa: RUF001
        ("WEBHOOK_SECRET", "MTIz" * 8),
        ("WEBHOOK_SECRET", f"whsec_{'MTIz' * 7}"),
        ("WEBHOOK_SECRET", f"whsec_{'MTIz' * 22}"),
        ("WEBHOOK_SECRET", f"whsec_{'MTIz' * 8}!"),
        ("WEBHOOK_SECRET", f"whpk_{'MTIz' * 8}"),
    ],
)
def test_a_bad_value_stops_the_start_and_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv(settings.PREFIX + name, text)

    with pytest.raises(ConfigurationError, match=f"DOWNLOADER_{name}"):
        load()


def test_a_value_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "agent").write_text("curious/1.0\n")
    monkeypatch.setenv("DOWNLOADER_USER_AGENT_FILE", str(tmp_path / "agent"))

    assert load().user_agent == "curious/1.0"


@pytest.mark.parametrize("file", ["/nowhere", "/", "", " ", f"{__file__}/x", "latin"])
def test_a_file_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("latin").write_bytes("Spürnase".encode("latin-1"))
    monkeypatch.setenv("DOWNLOADER_API_KEYS_FILE", file)

    with pytest.raises(ConfigurationError, match="DOWNLOADER_API_KEYS_FILE"):
        load()


@pytest.mark.parametrize("length", [16, 5000])
def test_a_secret_in_the_place_of_its_file_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    monkeypatch.setenv("DOWNLOADER_API_KEYS_FILE", "hush" * (length // 4))

    with pytest.raises(ConfigurationError, match="DOWNLOADER_API_KEYS_FILE") as raised:
        load()
    assert "hush" not in "".join(traceback.format_exception(raised.value))


def test_a_value_and_a_file_for_it_are_one_too_many(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "agent").write_text("curious/1.0")
    monkeypatch.setenv("DOWNLOADER_USER_AGENT", "")
    monkeypatch.setenv("DOWNLOADER_USER_AGENT_FILE", str(tmp_path / "agent"))

    with pytest.raises(ConfigurationError, match="are both set"):
        load()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("API_KEY", "API_KEYS"),
        ("KEYS_FILE", "API_KEYS"),
        ("THREADS", "JOB_THREADS"),
        ("RATELIMIT", "RATE_LIMIT"),
    ],
)
def test_what_is_nearly_a_setting_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, meant: str
) -> None:
    monkeypatch.setenv(f"DOWNLOADER_{name}", "x")

    with pytest.raises(ConfigurationError, match=f'"DOWNLOADER_{name}".*"DOWNLOADER_{meant}"'):
        load()


@pytest.mark.parametrize(
    "name", ["SERVER", "KEY", "SERVICE_HOST", "SERVICE_PORT_HTTP", "PORT", "PORT_8000_TCP_ADDR"]
)
def test_names_of_the_command_and_of_others_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"DOWNLOADER_{name}", "x")

    assert load() == Settings()


SERVERS = {
    "DATABASE_URL": "postgresql://app:hush%23@db:5432,[::1]:5433/app?sslmode=require",
    "QUEUE_URL": "rediss://:hush%23@queue:6379/0",
    "STORAGE_URL": "s3://bucket/prefix?endpoint=http://s3:8333&key=hush",
}


@pytest.mark.parametrize("missing", SERVERS)
def test_what_takes_it_past_one_machine_is_there_as_a_whole_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, missing: str
) -> None:
    for name in SERVERS.keys() - {missing}:
        monkeypatch.setenv(f"DOWNLOADER_{name}", SERVERS[name])
    with pytest.raises(ConfigurationError, match=f'missing: "DOWNLOADER_{missing}"\\.') as raised:
        load()
    assert "hush" not in str(raised.value)

    (tmp_path / "url").write_text(f"{SERVERS[missing]}\n")
    monkeypatch.setenv(f"DOWNLOADER_{missing}_FILE", str(tmp_path / "url"))
    assert [getattr(load(), name.lower()) for name in SERVERS] == list(SERVERS.values())
    assert "hush" not in repr(load())


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize("text", ["http://hush", "s3:/hush", "hush://x", "redis:///hush", "hush"])
def test_servers_of_other_kinds_are_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv(f"DOWNLOADER_{name}", text)

    with pytest.raises(ConfigurationError, match=f'"DOWNLOADER_{name}".*begins with') as raised:
        load()
    assert "hush" not in str(raised.value)


def test_secrets_are_neither_repeated_in_errors_nor_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOWNLOADER_WEBHOOK_SECRET", "whsec_hush")
    with pytest.raises(ConfigurationError) as raised:
        load()
    assert "hush" not in str(raised.value)

    assert "hush" not in repr(Settings(webhook_secret=(b"hush" * 6,)))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *[("QUEUE_URL", f"redis://:hush{mark}1@host/0") for mark in "#/?["],
        *[("QUEUE_URL", f"redis://:12{mark}hush@host/0") for mark in "#/?"],
        ("QUEUE_URL", "redis://host:hush/0"),
        ("DATABASE_URL", "postgresql://app:1@hush@host/app"),
        *[("DATABASE_URL", f"postgresql://app:hush{mark}1@host/app") for mark in "#/?"],
        *[("STORAGE_URL", text) for text in ("s3://[hush", "s3://hush]/", "s3://a:hush#1@b")],
    ],
)
def test_what_has_to_be_encoded_in_a_password_is_told_without_it(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv(f"DOWNLOADER_{name}", text)

    with pytest.raises(ConfigurationError, match=f'"DOWNLOADER_{name}".*percent-encoded') as raised:
        load()
    assert not re.search("hush|12", "".join(traceback.format_exception(raised.value)))


@pytest.mark.parametrize(
    "database", ["zzz", "0/1", "-1", "1.5", "0x1", "\N{ARABIC-INDIC DIGIT ONE}"]
)
def test_a_database_of_redis_has_a_number(monkeypatch: pytest.MonkeyPatch, database: str) -> None:
    monkeypatch.setenv("DOWNLOADER_QUEUE_URL", f"redis://:hush@host/{database}")

    with pytest.raises(ConfigurationError, match="number of a database") as raised:
        load()
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize("database", ["", "/", "/0", "/15", "/3?protocol=3"])
def test_the_first_database_of_redis_needs_no_number(
    monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    for name, text in SERVERS.items():
        monkeypatch.setenv(f"DOWNLOADER_{name}", text)
    monkeypatch.setenv("DOWNLOADER_QUEUE_URL", f"redis://host{database}")

    assert load().queue_url == f"redis://host{database}"
