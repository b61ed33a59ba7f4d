"""Every problem type that clients meet: the named reasons, and what HTTP itself refuses."""

from typing import NamedTuple

from app.errors import Failure, NotFound


class ProblemType(NamedTuple):
    """A problem type (RFC 9457)."""

    code: str
    title: str
    status: int
    meaning: str


def _reason(failure: type[Failure]) -> ProblemType:
    return ProblemType(failure.code, failure.title, failure.status, failure.__doc__ or "")


def _refusal(code: str, status: int, meaning: str, title: str = "") -> ProblemType:
    return ProblemType(code, title or code.replace("-", " ").capitalize(), status, meaning)


REFUSALS = (
    _refusal("bad-request", 400, "The request is not HTTP, or its body not JSON."),
    _refusal("unauthorized", 401, "A key is needed: `Authorization: Bearer <key>`."),
    _refusal(
        "foreign-origin",
        403,
        "What a browser sends with a cookie, or from a form, has to come from a page of ours.",
    ),
    _reason(NotFound),
    _refusal(
        "method-not-allowed",
        405,
        "What is at this address takes other methods; `Allow` names them.",
    ),
    _refusal("not-acceptable", 406, "`Accept` excludes everything that could be sent."),
    _refusal(
        "precondition-failed",
        412,
        "What is stored is not as `If-Match` or `If-Unmodified-Since` wants it.",
    ),
    _refusal("request-entity-too-large", 413, "The body is larger than 4 MiB; split the list."),
    _refusal("uri-too-long", 414, "The address is too long.", title="URI too long"),
    _refusal(
        "unsupported-media-type",
        415,
        "Bodies are JSON: `Content-Type: application/json`, without a `Content-Encoding`.",
    ),
    _refusal(
        "requested-range-not-satisfiable",
        416,
        "The file ends before the range begins; `Content-Range` tells its size.",
    ),
    _refusal("expectation-failed", 417, "`Expect` knows `100-continue` alone."),
    _refusal(
        "misdirected-request",
        421,
        "`Host` is none of the names by which this service may be asked.",
    ),
    _refusal(
        "invalid-input", 422, "The request is not valid; `errors` says by field what to change."
    ),
    _refusal(
        "too-many-requests",
        429,
        "More requests than one client may send; `Retry-After` tells when to go on.",
    ),
    _refusal("request-header-fields-too-large", 431, "The header is too long."),
    _refusal(
        "internal-server-error",
        500,
        "A fault of this service; its log has the details, under `X-Request-ID`.",
    ),
    _refusal("not-implemented", 501, "`Transfer-Encoding` knows `chunked` alone."),
    _refusal("busy", 503, "The database is busy; try again after `Retry-After`."),
    _refusal("not-ready", 503, "The service cannot do its work; `errors` tells why."),
    _refusal(
        "service-unavailable",
        503,
        "The service is starting or overloaded; try again after `Retry-After`.",
    ),
)

REASONS = tuple(_reason(failure) for failure in Failure.by_code.values())

CATALOGUE = {
    problem.code: problem
    for problem in sorted(REFUSALS + REASONS, key=lambda problem: problem.status)
}

# Of what HTTP refuses, each status has one type; Werkzeug raises no 503.
BY_STATUS = {problem.status: problem for problem in REFUSALS if problem.status != 503}
