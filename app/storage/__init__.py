"""Bytes by key, such as `images/7f/<id>.<attempt>`; callers know no folders and no paths.

A `Storage` is a folder, or a bucket where there is more than one machine. Both have new_file (whole
or never), new_part, link and store (several at once), open, read, stat, exists, remove, walk and
make_copy. How a stored file is sent is decided by `app.http.files`.
"""

from app.settings import Settings
from app.storage.archive import Member, write_archive
from app.storage.keys import Entry, archive_key, image_key, no_thumbnail_key, thumbnail_key
from app.storage.local import FolderStorage
from app.storage.objects import ObjectStorage
from app.storage.parts import Part, Stat

Storage = FolderStorage | ObjectStorage


def open_storage(settings: Settings) -> Storage:
    """Open the storage that the settings choose.

    Raises:
        ConfigurationError: it is no address of a bucket.
    """
    url = settings.storage_url
    return ObjectStorage(url) if url else FolderStorage(settings.storage_dir)
