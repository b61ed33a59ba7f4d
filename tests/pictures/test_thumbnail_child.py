"""The process that decodes: how it is bound, ends, and is replaced."""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from app.errors import Interrupted, NoThumbnail
from app.pictures import formats, thumbnail
from app.pictures.thumbnail import Thumbnailer
from tests.pictures.conftest import Shrink
from tests.pictures.encoding import RED, encode


@pytest.fixture
def child(
    tmp_path: Path, thumbnailer: Thumbnailer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], None]]:
    """Put another program in the place of the decoder."""

    def replace(program: str) -> None:
        path = tmp_path / "child.py"
        path.write_text(program)
        monkeypatch.setattr(thumbnail, "CHILD", path)

    thumbnailer.close()
    yield replace
    thumbnailer.close()


Child = Callable[[str], None]


def die_of(number: int) -> str:
    return f"import os; os.kill(os.getpid(), {number})"


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (signal.SIGSEGV, "its decoder crashed"),
        (signal.SIGABRT, "its decoder crashed"),
        (signal.SIGXCPU, "too long"),
        (signal.SIGKILL, "too much memory"),
    ],
)
def test_a_decoder_that_dies_takes_nobody_along(
    shrink: Shrink, child: Child, number: int, reason: str
) -> None:
    child(die_of(number))

    with pytest.raises(NoThumbnail, match=reason):
        shrink(b"", "png")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_decoder_that_is_ended_from_outside_is_interrupted(
    shrink: Shrink, child: Child, number: int
) -> None:
    child(f"import signal; signal.signal({number}, signal.SIG_DFL); {die_of(number)}")

    with pytest.raises(Interrupted):
        shrink(b"", "png")


@pytest.mark.parametrize("program", ["import nothing_of_that_name", "raise SystemExit"])
def test_a_decoder_that_is_broken_itself_is_a_fault_of_ours(
    shrink: Shrink, child: Child, program: str
) -> None:
    child(program)

    with pytest.raises(RuntimeError, match=r"nothing_of_that_name|did not answer"):
        shrink(b"", "png")


def test_a_decoder_is_cut_when_the_process_stops(
    tmp_path: Path, child: Child, thumbnailer: Thumbnailer
) -> None:
    path = tmp_path / "pid"
    child(
        "import os, signal, pathlib;"
        f"pathlib.Path({str(path)!r}).write_text(str(os.getpid()));"
        "signal.pause()"
    )

    with pytest.raises(Interrupted), Path(os.devnull).open("rb") as file:
        thumbnailer.make(file, formats.PNG, cut=lambda: path.exists() and bool(path.read_text()))

    assert not Path("/proc", path.read_text()).exists()


def test_a_picture_is_not_to_blame_for_a_decoder_that_dies_while_the_process_stops(
    child: Child, thumbnailer: Thumbnailer
) -> None:
    child(die_of(signal.SIGKILL))

    with pytest.raises(Interrupted), Path(os.devnull).open("rb") as file:
        thumbnailer.make(file, formats.PNG, cut=lambda: True)


# The real program, but what is no PNG is an order to misbehave. Its socket is file 0.
MISBEHAVING = f"""
import os, resource, signal
from importlib.machinery import SourceFileLoader
child = SourceFileLoader("child", {str(thumbnail.CHILD)!r}).load_module()
shrink = child.shrink

def obey(decoder, file):
    order = file.read()
    if order.startswith(bytes([0x89]) + b"PNG"):
        return shrink(decoder, file)
    exec(order, globals())
    raise ValueError

def say(*values):
    os.write(0, child.HEADER.pack(child.NONE, len(repr(values))) + repr(values).encode())
    os._exit(0)

child.shrink = obey
child.main()
"""


CRASH = b"os.kill(os.getpid(), signal.SIGSEGV)"
SOUND = encode(Image.new("RGB", (400, 200), RED), formats.PNG)


@pytest.fixture
def misbehaving(child: Child) -> None:
    child(MISBEHAVING)


def resident() -> int:
    """Return how many bytes of memory this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def children() -> list[str]:
    """Return the numbers of the processes that this one has started."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


LATE = "within 1 seconds"


@pytest.mark.usefixtures("misbehaving")
@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (CRASH, "its decoder crashed"),
        (b"os.kill(os.getpid(), signal.SIGKILL)", "too much memory"),
        (b"bytes(1 << 30)", "too much memory"),
        (b"os.write(0, b'+' + bytes([255] * 4) + bytes(1 << 16))", "too much memory"),
        (b"os.write(0, b'+' + bytes([0, 0, 0, 9] + [60] * 9))", "too much memory"),
        (b"os.write(0, b'+'); signal.pause()", LATE),
        (b"signal.pause()", LATE),
        (b"os.close(0); signal.pause()", "too much memory"),
        (b"os._exit(0)", "did not answer"),
    ],
)  # fmt: skip
def test_what_ends_the_decoder_costs_one_picture(
    shrink: Shrink, order: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrink(SOUND, "png")
    before = resident()
    if reason == LATE:  # another process to try may take longer to start
        monkeypatch.setattr(thumbnail, "SECONDS", 1)
    with pytest.raises(Exception, match=reason):
        shrink(order, "png")
    monkeypatch.undo()
    began = time.monotonic()

    assert shrink(SOUND, "png").size == (320, 160)
    assert time.monotonic() - began < 2
    assert resident() - before < 4 << 20


@pytest.mark.usefixtures("misbehaving")
def test_a_picture_is_not_blamed_for_an_earlier_one(shrink: Shrink) -> None:
    """A decoder that strangers' bytes have broken crashes when it likes."""
    with pytest.raises(NoThumbnail, match="damaged"):
        shrink(b"def shrink(*_): os.kill(os.getpid(), signal.SIGSEGV)", "png")

    assert shrink(SOUND, "png").size == (320, 160)


@pytest.mark.usefixtures("misbehaving")
def test_a_decoder_makes_many_thumbnails(shrink: Shrink) -> None:
    shrink(SOUND, "png")
    before = children()
    for _ in range(10):
        shrink(SOUND, "png")

    assert children() == before


@pytest.mark.parametrize(
    ("bound", "order"),
    [
        ("PICTURES = 1", b""),
        ("LEAK = 1 << 20", b"leak = bytes(1 << 22)"),
        ("LIFETIME = 10", b""),
    ],
)
def test_a_decoder_that_was_used_enough_is_replaced(
    shrink: Shrink, child: Child, bound: str, order: bytes
) -> None:
    child(MISBEHAVING.replace("child.main()", f"child.{bound}; child.main()"))
    shrink(SOUND, "png")
    before = children()
    with pytest.raises(NoThumbnail, match="damaged"):
        shrink(order, "png")

    assert shrink(SOUND, "png").size == (320, 160)
    assert children() != before


def await_end(process: int) -> None:
    """Wait until a process has ended."""
    end = os.pidfd_open(process)
    with selectors.DefaultSelector() as selector:
        selector.register(end, selectors.EVENT_READ)
        assert selector.select(timeout=10)
    os.close(end)


def test_a_decoder_that_nobody_needs_ends(shrink: Shrink, child: Child) -> None:
    before = children()
    child(MISBEHAVING.replace("child.main()", "child.IDLE_SECONDS = 0.01; child.main()"))
    shrink(SOUND, "png")
    for process in set(children()).difference(before):
        await_end(int(process))

    assert shrink(SOUND, "png").size == (320, 160)


def test_a_decoder_that_loops_is_ended(shrink: Shrink, child: Child) -> None:
    child(MISBEHAVING.replace("child.main()", "child.SECONDS = 1; child.main()"))
    shrink(SOUND, "png")

    with pytest.raises(NoThumbnail, match="too long"):
        shrink(b"while True: pass", "png")


@pytest.mark.usefixtures("misbehaving")
def test_the_decoder_is_bounded_and_knows_no_secret(
    shrink: Shrink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOWNLOADER_API_KEYS", "secret")
    limits = "AS", "CORE", "FSIZE", "CPU"
    said = ", ".join(f"resource.getrlimit(resource.RLIMIT_{name})" for name in limits)
    with pytest.raises(NoThumbnail) as refusal:
        shrink(f"say(dict(os.environ), {said})".encode(), "png")

    assert "secret" not in refusal.value.detail
    assert refusal.value.detail.endswith("(536870912, 536870912), (0, 0), (0, 0), (10, 120))")


@pytest.mark.parametrize("order", [b"", b"signal.pause()"], ids=["idle", "busy"])
def test_the_decoder_ends_with_its_service(tmp_path: Path, order: bytes) -> None:
    program, source = tmp_path / "child.py", tmp_path / "order"
    program.write_text(MISBEHAVING)
    source.write_bytes(order)
    code = f"""
from pathlib import Path
from app.pictures import formats, thumbnail
thumbnail.CHILD = Path({str(program)!r})
def cut():
    print(thumbnailer._child.process.pid, flush=True)
thumbnailer = thumbnail.Thumbnailer()
try:
    with open({str(source)!r}, "rb") as file:
        thumbnailer.make(file, formats.PNG, cut)
except thumbnail.NoThumbnail:
    cut()
    input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as service:
        assert service.stdout
        decoder = int(service.stdout.readline())
        service.kill()
    await_end(decoder)


def test_no_decoder_is_loaded_into_the_service(tmp_path: Path) -> None:
    code = "import wsgi, sys; assert not [name for name in sys.modules if name.startswith('PIL')]"
    environment = os.environ | {"DOWNLOADER_STORAGE_DIR": f"{tmp_path}"}
    project = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=project, env=environment)
