"""Every change of a job's state, each one transaction, and the questions asked of jobs.

asked       what clients ask for: add, get, list, retry, withdraw
claims      what the work does: claim, record, finish, fail, hand back
recovery    what becomes of the jobs of dead processes
"""

from app.jobs.asked import add_download, add_image, ended_before, get, page, retry, withdraw
from app.jobs.claims import (
    Found,
    LostClaim,
    add_found,
    any_waiting,
    claim,
    fail,
    finish,
    hand_back,
    holds,
    settle,
)
from app.jobs.recovery import recover

__all__ = [
    "Found",
    "LostClaim",
    "add_download",
    "add_found",
    "add_image",
    "any_waiting",
    "claim",
    "ended_before",
    "fail",
    "finish",
    "get",
    "hand_back",
    "holds",
    "page",
    "recover",
    "retry",
    "settle",
    "withdraw",
]
