"""How each call is made with curl, in Python and in JavaScript, for the OpenAPI document."""

import json
import re
import shlex
from dataclasses import dataclass, field
from typing import Any

from app.http.operations import Content, Operation

SERVICE = "http://localhost:8000"
JOB_ID = "01a1f882-94ec-7569-8cff-cd211d2c85f9"
KEY = "$DOWNLOADER_KEY"
WAIT = "wait=30"  # seconds
FILES = {"application/zip": "images.zip", "image/*": "image", "image/webp": "thumbnail.webp"}


@dataclass(frozen=True)
class Call:
    """A request, and what to do with the response."""

    method: str
    url: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str | None = None  # of the response, if it is no JSON


def write(operation: Operation, body: Any, *, keys: bool) -> list[dict[str, str]]:
    """Return the samples of an operation as `x-codeSamples`, which several viewers show."""
    headers = {"Authorization": f"Bearer {KEY}"} if keys else {}
    if operation.waits:
        headers["Prefer"] = WAIT
    url = SERVICE + re.sub(r"{\w+}", JOB_ID, operation.path)
    answer = operation.answer
    media_type = answer.media_type if isinstance(answer, Content) else None
    call = Call(operation.method, url, body, headers, media_type)
    return [
        {"lang": "Shell", "label": "curl", "source": _curl(call)},
        {"lang": "Python", "label": "Python", "source": _python(call)},
        {"lang": "JavaScript", "label": "JavaScript", "source": _javascript(call)},
    ]


def _curl(call: Call) -> str:
    words = ["curl", "--fail-with-body"]
    if call.media_type in FILES:
        words += ["--output", FILES[call.media_type]]
    if call.media_type == "text/event-stream":
        words.append("--no-buffer")
    for name, value in call.headers.items():
        words += ["--header", f'"{name}: {value}"']  # double quotes, for the shell knows the key
    if call.body:
        words += ["--json", shlex.quote(json.dumps(call.body))]
    elif call.method != "GET":
        words += ["--request", call.method]
    return " ".join([*words, call.url])


def _python(call: Call) -> str:
    imports, arguments = ["import requests"], [f'"{call.url}"']
    headers = dict(call.headers)
    values = [f'"{name}": "{value}"' for name, value in headers.items() if KEY not in value]
    if "Authorization" in headers:
        imports.insert(0, "import os\n")
        values.insert(0, """"Authorization": f"Bearer {os.environ['DOWNLOADER_KEY']}\"""")
    if call.body:
        arguments.append(f"json={call.body!r}")
    if values:
        arguments.append(f"headers={{{', '.join(values)}}}")
    read = ["response.raise_for_status()"]
    if call.media_type in FILES:
        read += [f'with open("{FILES[call.media_type]}", "wb") as file:']
        read += ["    file.write(response.content)"]
    elif call.media_type == "text/event-stream":
        arguments.append("stream=True")
        read += ["for line in response.iter_lines(decode_unicode=True):", "    print(line)"]
    elif call.media_type:
        read.append("print(response.text)")
    elif call.method != "DELETE":
        read.append("print(response.json())")
    request = f"response = requests.{call.method.lower()}({', '.join(arguments)})"
    return "\n".join([*imports, "", request, *read])


def _javascript(call: Call) -> str:
    if call.media_type == "text/event-stream" and not call.headers:
        return "\n".join(
            [
                f'const events = new EventSource("{call.url}");',
                'events.addEventListener("progress", ({ data }) => console.log(JSON.parse(data)));',
                'events.addEventListener("end", () => events.close());',
            ]
        )
    headers = {name: f'"{value}"' for name, value in call.headers.items()}
    if "Authorization" in headers:
        headers["Authorization"] = "`Bearer ${key}`"
    if call.body:
        headers["Content-Type"] = '"application/json"'
    options = [f'method: "{call.method}"'] if call.method != "GET" else []
    if headers:
        pairs = (f'"{name}": {value}' for name, value in headers.items())
        options.append(f"headers: {{ {', '.join(pairs)} }}")
    if call.body:
        options.append(f"body: JSON.stringify({json.dumps(call.body)})")
    given = ", {\n" + "".join(f"  {option},\n" for option in options) + "}" if options else ""
    read = "blob" if call.media_type in FILES else "text" if call.media_type else "json"
    lines = [
        f'const response = await fetch("{call.url}"{given});',
        "if (!response.ok) throw new Error(await response.text());",
    ]
    if call.method != "DELETE":
        lines.append(f"console.log(await response.{read}());")
    return "\n".join(lines)
