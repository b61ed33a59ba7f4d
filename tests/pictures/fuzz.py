"""Fuzz the readers of headers, guided by what the bytes reach in them: make fuzz-headers.

Every file that got further is then read again, without what the fuzzer adds to the code, within
the bounds of the tests.
"""

import os
import subprocess
import sys
import tempfile
from functools import partial
from importlib import import_module
from pathlib import Path

SEED_BYTES = 1 << 17


def fuzz(corpus: Path, duration: str) -> None:
    """Begin with the files of the tests; the last byte may name another reader than the first."""
    import atheris

    with atheris.instrument_imports(include=["app.pictures"]):
        bounds = import_module("tests.pictures.test_bounds")

    def read(content: bytes) -> None:
        bounds.judge(content)
        if content:
            bounds.measure(content, bounds.FORMATS[content[-1] % len(bounds.FORMATS)])

    for number, case in enumerate(bounds.CASES):
        (corpus / f"{number}").write_bytes(case.content[:SEED_BYTES])
    bounded = f"-max_total_time={duration}", f"-max_len={bounds.MEGABYTE}", "-timeout=5"
    atheris.Setup([sys.argv[0], *bounded, str(corpus)], read)
    atheris.Fuzz()


def replay(corpus: Path) -> bool:
    """Print how long the slowest takes, and the memory of the largest; tell whether all is well."""
    bounds = import_module("tests.pictures.test_bounds")
    works = [partial(bounds.judge, file.read_bytes()) for file in corpus.iterdir()]
    slowest = max(bounds.seconds(work, bounds.SECONDS / 4) for work in works)
    largest = max(map(bounds.peak, works))
    print(f"{len(works)} files: at most {1000 * slowest:.1f} ms, {largest / 1e6:.2f} MB each")
    return slowest < bounds.SECONDS and largest < bounds.MEMORY


def main() -> int:
    """Fuzz in a process of its own, which the fuzzer ends itself."""
    if len(sys.argv) > 1:
        fuzz(Path(sys.argv[1]), sys.argv[2])
    with tempfile.TemporaryDirectory() as corpus:
        command = [sys.executable, "-m", "tests.pictures.fuzz", corpus]
        ended = subprocess.run([*command, os.environ.get("FUZZ_SECONDS", "300")], check=False)
        return ended.returncode or int(not replay(Path(corpus)))


if __name__ == "__main__":
    sys.exit(main())
