"""Archives that are the same bytes whenever and by whomever they are made: sorted, owned by nobody, of one time."""

import gzip
import io
import os
import stat
import tarfile
import zipfile
from datetime import datetime, timezone

# The oldest time that a zip can hold.
TIME = max(int(os.environ.get("SOURCE_DATE_EPOCH", 0)), 315_532_800)


def mode(path, programs):
    return 0o755 if path in programs else 0o644


def tar_gz(files, programs=()):
    """`files` are contents by path; `programs` may be run."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", filename="", mtime=TIME, compresslevel=6) as stream:
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for path, content in sorted(files.items()):
                entry = tarfile.TarInfo(path)
                entry.size, entry.mtime, entry.mode = len(content), TIME, mode(path, programs)
                archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def zipped(files, programs=(), last=None):
    """`last` is a path that stands at the end, where the format wants one there."""
    when = datetime.fromtimestamp(TIME, timezone.utc).timetuple()[:6]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in sorted(files, key=lambda path: (path == last, path)):
            entry = zipfile.ZipInfo(path, when)
            # Unix, whatever makes it.
            entry.create_system = 3
            entry.external_attr = (stat.S_IFREG | mode(path, programs)) << 16
            archive.writestr(entry, files[path], zipfile.ZIP_DEFLATED, 6)
    return packed.getvalue()
