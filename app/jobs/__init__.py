"""Every change of a job's state, each one transaction, and the questions asked of jobs.

submissions     what clients ask for: add, get, retry, repeat, cancel, withdraw
lists           what there is, page by page
idempotency     the answers to requests that may be sent again
queue           what waits for its turn
progress        where jobs stand, for those who wait for their end
pictures        what downloads have found, and what of it is stored
claims          what the work does: claim, record, finish, fail, hand back, pause, recover
deliveries      the callbacks at the end of jobs
receivers       whom they are for, and who of them is next
quotas          what each client has
counts          how many have ended, and how

Beside these, for those who import them by name: what may be added (capacity), what is removed
(cleanup), the files of jobs (files), who waits for a job (watch), and jobs as JSON (documents).
"""

from app.jobs.claims import (
    LostClaim,
    add_found,
    claim,
    claimed_by,
    end_pictures,
    fail,
    finish,
    finish_image,
    hand_back,
    is_ours,
    name_members,
    pause,
    postpone,
    recover,
    settle,
)
from app.jobs.counts import ended
from app.jobs.deliveries import delivery_of, forget, redeliver
from app.jobs.idempotency import Asked, first_answer, forget_answers, keep_answer
from app.jobs.lists import ended_before, page, search
from app.jobs.pictures import ended_pictures, pages_of, pictures_of, stored_pictures
from app.jobs.progress import Standing, standings
from app.jobs.queue import (
    Turn,
    any_claimable,
    count_queued,
    count_running,
    end_pauses,
    first_claimable,
    least_rank,
    newest,
    queued_since,
)
from app.jobs.submissions import (
    add_archive,
    add_download,
    add_downloads,
    add_images,
    cancel,
    get,
    repeat,
    retry,
    withdraw,
)
