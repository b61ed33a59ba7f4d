"""README's two pictures of the pages: `make screenshots` keeps them."""

import hashlib
import io
import math
import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from PIL import Image as Pillow
from PIL import ImageDraw
from playwright.sync_api import Browser, Page, expect

from app.database import sqlite
from app.database.connection import db
from app.database.models import Download, Image, Status
from app.storage import FolderStorage, image_key
from tests.service.conftest import Service, serving
from tests.web.conftest import address

FOLDER = os.environ.get("SCREENSHOTS")  # elsewhere than README's, unless it is said
MOST_BYTES = 150_000

NAMES = ["dawn", "ridge", "dunes", "bay", "valley", "harbour", "moor", "summit", "delta", "glade"]
SKIES = ["#f7c59f", "#bcd4e6", "#f2e2c4", "#cfe8e0", "#d9c7e8", "#f6b8a8", "#a9c9f0", "#f4dca0"]
LANDS = ["#264653", "#2a6f6b", "#8a5a44", "#40516e", "#6b4e71", "#3d5a40", "#7a4b3a", "#2f4858"]


def landscape(number: int, size: tuple[int, int] = (960, 720)) -> bytes:
    """Draw hills before a sky, in few colours."""
    chance = random.Random(number)
    width, height = size
    picture = Pillow.new("RGB", size, chance.choice(SKIES))
    draw = ImageDraw.Draw(picture)
    x, y, radius = chance.randrange(200, 760), chance.randrange(120, 300), chance.randrange(45, 90)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill="#fff7e6")
    land = chance.choice(LANDS)
    for layer in range(4):
        base, waves = height * (0.45 + 0.13 * layer), chance.uniform(1, 3)
        phase, steep = chance.uniform(0, 6), chance.uniform(30, 90)
        line = [
            (x, base + steep * math.sin(waves * x / width * math.tau + phase))
            for x in range(0, width + 8, 8)
        ]
        layered = Pillow.blend(
            Pillow.new("RGB", (1, 1), picture.getpixel((0, 0))),
            Pillow.new("RGB", (1, 1), land),
            0.4 + 0.2 * layer,
        )
        draw.polygon([*line, (width, height), (0, height)], fill=layered.getpixel((0, 0)))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85)
    return file.getvalue()


def hang(service: Service) -> Download:
    """Store a download of landscapes, as a service would have done; return it."""
    storage = FolderStorage(Path(service.environment["DOWNLOADER_STORAGE_DIR"]))
    page = "https://example.com/journal/"
    began = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    when = {"added_at": began, "started_at": began, "finished_at": began + timedelta(seconds=9)}
    done = {"status": Status.FINISHED, "attempts": 1, **when}
    sqlite.use(storage.database)
    with db.atomic():
        title = "Journal of a walk through the hills"
        download = Download.create(url=page, title=title, limit=50, found=18, **done)
        for number in range(18):
            body, name = landscape(number), f"{NAMES[number % 10]}-{number + 1}.jpg"
            facts = {"content_type": "image/jpeg", "width": 960, "height": 720, "bytes": len(body)}
            image = Image.create(
                download=download,
                position=number + 1,
                source_url=f"{page}{name}",
                found_in="img",
                file=f"{number + 1:03}-{name}",
                sha256=hashlib.sha256(body).hexdigest(),
                **facts,
                **done,
            )
            path = storage.root / image_key(image.id, 1)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
    db.close()
    return download


@pytest.fixture
def exhibition(tmp_path: Path) -> Iterator[Service]:
    """A service of its own, on which nothing else is to be seen."""
    with serving(tmp_path) as service:
        yield service


def shoot(page: Page, path: Path) -> None:
    """Take a screenshot when all pictures are there, in as many colours as a palette has."""
    images = page.locator("main img")
    expect(images).not_to_have_count(0)
    for img in images.all():
        img.scroll_into_view_if_needed()
        expect(img).to_have_js_property("naturalWidth", 320)
    page.evaluate("scrollTo(0, 0)")
    with Pillow.open(io.BytesIO(page.screenshot(animations="disabled"))) as taken:
        taken.convert("RGB").quantize(256).save(path, optimize=True)


def test_the_screenshots_of_readme_can_be_made(
    browser: Browser, exhibition: Service, tmp_path: Path
) -> None:
    folder = Path(FOLDER or tmp_path)
    download = hang(exhibition)
    schemes: list[tuple[str, str, Literal["light", "dark"]]] = [
        ("download", f"/downloads/{download.id}", "light"),
        ("gallery", "/gallery", "dark"),
    ]
    for name, path, scheme in schemes:
        size = {"width": 1120, "height": 760}
        page = browser.new_page(viewport=size, color_scheme=scheme)
        page.goto(address(exhibition) + path)
        shoot(page, folder / f"{name}.png")
        page.close()

    for name, _, _ in schemes:
        assert 5_000 < (folder / f"{name}.png").stat().st_size < MOST_BYTES
