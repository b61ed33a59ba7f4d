"""Clients of the API made from its document: by generators, and by its own samples."""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from base64 import b64decode
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from app.api.samples import JOB_ID, SERVICE
from tests.samples import picture
from tests.service.conftest import SECONDS, Service, serving
from tests.site import Site

UV = Path(sys.executable).with_name("uv")
GENERATOR = ["--with", "openapi-python-client==0.29.1", "openapi-python-client"]
PACKAGES = ["@hey-api/openapi-ts@0.95.0", "typescript@5.9.3", "esbuild@0.28.2"]
# What that generator takes for binary, as docs/api.md says.
BINARY = dict.fromkeys(("application/zip", "image/*", "image/webp"), "application/octet-stream")

EXAMPLE_IDS = re.compile(r"\[[\"'][0-9a-f-]{36}.*?\]")  # of pictures, in a body

PYTHON = """
import sys
from client import Client
from client.api.downloads import create_download, get_download_archive, get_download_status
from client.api.images import list_images
from client.models import NewDownload

client = Client(base_url=sys.argv[1])
added = create_download.sync(client=client, body=NewDownload(url=sys.argv[2]))
status = get_download_status.sync(added.download_id, client=client, prefer="wait=30")
assert status.progress.done == 1, status
file = get_download_archive.sync(added.download_id, client=client)
open("images.zip", "wb").write(file.payload.read())
assert list_images.sync(client=client).images[0].content_type == "image/png"
"""

TYPESCRIPT = """
import { client } from "./client/client.gen";
import { createDownload, getDownloadArchive } from "./client/sdk.gen";
import { getDownloadStatus, listImages } from "./client/sdk.gen";

client.setConfig({ baseUrl: "SERVICE" });
const throwOnError = true;
const { data: { download_id } } = await createDownload({ body: { url: "PAGE" }, throwOnError });
const path = { download_id };
const headers = { Prefer: "wait=30" };
const { data: status } = await getDownloadStatus({ path, headers, throwOnError });
if (status.progress.done !== 1) throw new Error(JSON.stringify(status));
const { data: zip } = await getDownloadArchive({ path, throwOnError });
if (!(zip instanceof Blob)) throw new Error("no file");
const { data: { images } } = await listImages({ throwOnError });
if (images[0]?.content_type !== "image/png") throw new Error(JSON.stringify(images));
console.log(btoa(String.fromCharCode(...new Uint8Array(await zip.arrayBuffer()))));
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("service")) as service:
        yield service


@pytest.fixture
def page(site: Site) -> str:
    site.file("/a.png", picture())
    return site.page("/", "<img src=a.png>")


@pytest.fixture
def document(service: Service, tmp_path: Path) -> Any:
    """The document, which is also in a file."""
    document = service.get("/openapi.json").json()
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    return document


def run(folder: Path, *command: str | Path) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=2 * SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def fetched(folder: Path, *command: str | Path) -> None:
    """Run what needs a registry of packages; skip the test if there is none."""
    try:
        run(folder, *command)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"no packages: {error}")


@pytest.mark.usefixtures("document")
def test_a_generated_python_client_makes_a_zip(service: Service, page: str, tmp_path: Path) -> None:
    uv_run = (UV, "run", "--no-project", "--quiet", "--python", sys.executable)
    fetched(tmp_path, *uv_run, *GENERATOR, "--version")
    (tmp_path / "config.json").write_text(
        json.dumps({"content_type_overrides": BINARY, "post_hooks": []})
    )
    generate = ("generate", "--path", "openapi.json", "--config", "config.json", "--meta", "none")
    done = run(tmp_path, *uv_run, *GENERATOR, *generate, "--output-path", "client")
    assert "WARNING" not in done.stdout, done.stdout
    (tmp_path / "call.py").write_text(PYTHON)

    run(tmp_path, *uv_run, *GENERATOR[:2], "python", "call.py", origin(service), page)

    assert zipfile.ZipFile(tmp_path / "images.zip").namelist() == ["001-a.png"]


@pytest.mark.usefixtures("document")
def test_a_generated_typescript_client_makes_a_zip(
    service: Service, page: str, tmp_path: Path
) -> None:
    if not shutil.which("npx"):
        pytest.skip("npm is not installed")
    kept = Path(sys.prefix) / "npm"  # from one run to the next
    kept.mkdir(exist_ok=True)
    fetched(kept, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", *PACKAGES)
    (tmp_path / "node_modules").symlink_to(kept / "node_modules")
    run(tmp_path, "npx", "openapi-ts", "-i", "openapi.json", "-o", "client", "--silent")
    call = TYPESCRIPT.replace("SERVICE", origin(service)).replace("PAGE", page)
    (tmp_path / "call.ts").write_text(call)
    strict = ("--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom,dom.iterable")
    run(tmp_path, "npx", "tsc", *strict, "--module", "preserve", "call.ts")
    made = ("--bundle", "--format=esm", "--platform=node", "--outfile=call.mjs")
    run(tmp_path, "npx", "esbuild", "call.ts", *made)

    done = run(tmp_path, "node", "call.mjs")

    assert zipfile.ZipFile(BytesIO(b64decode(done.stdout))).namelist() == ["001-a.png"]


def test_every_call_has_a_name_of_its_own(document: Any) -> None:
    names = [call["operationId"] for _, call in calls(document)]

    assert len(set(names)) == len(names)
    assert all(
        re.fullmatch(r"(create|list|get|delete|retry|follow)_[a-z_]+", name) for name in names
    )


@pytest.fixture
def jobs(service: Service, page: str, site: Site) -> dict[str, str]:
    """What to put into the samples: a job that ended, by the word before it in a path."""
    download = service.post("/download", url=page)["download_id"]
    service.end_of(f"/download/{download}")
    [picture] = service.get(f"/download/{download}/status").json()["images"]
    image = service.post("/images", url=site.url("/a.png"))["id"]
    service.end_of(f"/images/{image}/content")
    service.end_of(f"/images/{image}/thumbnail")
    return {
        "download": download,
        "picture": picture["id"],
        "images": image,
        "page": page,
        "image": site.url("/a.png"),
    }


def samples(document: Any, lang: str, service: Service, jobs: dict[str, str]) -> Iterator[str]:
    """Yield the samples that work on a job that finished, last those that remove it."""
    for path, call in sorted(
        calls(document), key=lambda found: "delete" in found[1]["operationId"]
    ):
        if not path.endswith(("/retry", "/callback")):
            [source] = [one["source"] for one in call["x-codeSamples"] if one["lang"] == lang]
            assert SERVICE in source
            source = source.replace(SERVICE, origin(service))
            source = source.replace("https://example.com/sunset.jpg", jobs["image"])
            source = source.replace("https://example.com/", jobs["page"])
            source = EXAMPLE_IDS.sub(f'["{jobs["picture"]}"]', source)
            yield source.replace(JOB_ID, jobs[path.split("/")[1]] if JOB_ID in source else "")


@pytest.mark.parametrize(
    ("lang", "command", "whole"),
    [
        ("Shell", ["bash", "-euc"], "{}\n"),
        ("Python", [sys.executable, "-c"], "{}\n"),
        ("JavaScript", ["node", "--input-type=module", "-e"], "{{\n{}\n}}\n"),
    ],
)
def test_the_samples_of_the_document_work(
    document: Any,
    service: Service,
    jobs: dict[str, str],
    tmp_path: Path,
    lang: str,
    command: list[str],
    whole: str,
) -> None:
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    sources = [
        source
        for source in samples(document, lang, service, jobs)
        if "EventSource" not in source  # browsers alone have it
    ]
    run(tmp_path, *command, "".join(map(whole.format, sources)))

    assert service.get(f"/download/{jobs['download']}").status_code == 404
    if lang != "JavaScript":  # it has the bytes and no file
        assert zipfile.ZipFile(tmp_path / "images.zip").namelist() == ["001-a.png"]


def calls(document: Any) -> Iterator[tuple[str, Any]]:
    for path, methods in document["paths"].items():
        for method in {"get", "post", "delete"} & set(methods):
            yield path, methods[method]


def origin(service: Service) -> str:
    return f"http://127.0.0.1:{service.port}"
