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


REFUSALS = (
    ProblemType(
        "bad-request", "Bad request", 400, "The request is not HTTP, or its body not JSON."
    ),
    ProblemType(
        "unauthorized", "Unauthorized", 401, "A key is needed: `Authorization: Bearer <key>`."
    ),
    ProblemType(
        "foreign-origin",
        "Foreign origin",
        403,
        "What a browser sends with a cookie, or from a form, has to come from a page of ours.",
    ),
    _reason(NotFound),
    ProblemType(
        "method-not-allowed",
        "Method not allowed",
        405,
        "What is at this address takes other methods; `Allow` names them.",
    ),
    ProblemType(
        "not-acceptable", "Not acceptable", 406, "`Accept` excludes everything that could be sent."
    ),
    ProblemType(
        "precondition-failed",
        "Precondition failed",
        412,
        "What is stored is not as `If-Match` or `If-Unmodified-Since` wants it.",
    ),
    ProblemType(
        "request-entity-too-large",
        "Request entity too large",
        413,
        "The body is larger than 4 MiB; split the list.",
    ),
    ProblemType("uri-too-long", "URI too long", 414, "The address is too long."),
    ProblemType(
        "unsupported-media-type",
        "Unsupported media type",
        415,
        "Bodies are JSON: `Content-Type: application/json`, without a `Content-Encoding`.",
    ),
    ProblemType(
        "requested-range-not-satisfiable",
        "Requested range not satisfiable",
        416,
        "The file ends before the range begins; `Content-Range` tells its size.",
    ),
    ProblemType(
        "expectation-failed", "Expectation failed", 417, "`Expect` knows `100-continue` alone."
    ),
    ProblemType(
        "misdirected-request",
        "Misdirected request",
        421,
        "`Host` is none of the names by which this service may be asked.",
    ),
    ProblemType(
        "invalid-input",
        "Invalid input",
        422,
        "The request is not valid; `errors` says by field what to change.",
    ),
    ProblemType(
        "too-many-requests",
        "Too many requests",
        429,
        "More requests than one client may send; `Retry-After` tells when to go on.",
    ),
    ProblemType(
        "request-header-fields-too-large",
        "Request header fields too large",
        431,
        "The header is too long.",
    ),
    ProblemType(
        "internal-server-error",
        "Internal server error",
        500,
        "A fault of this service; its log has the details, under `X-Request-ID`.",
    ),
    ProblemType(
        "not-implemented", "Not implemented", 501, "`Transfer-Encoding` knows `chunked` alone."
    ),
    ProblemType("busy", "Busy", 503, "The database is busy; try again after `Retry-After`."),
    ProblemType(
        "not-ready", "Not ready", 503, "The service cannot do its work; `errors` tells why."
    ),
    ProblemType(
        "service-unavailable",
        "Service unavailable",
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
