"""Unpacking an archive that may be broken, hostile or made on another operating system.

Nothing in an archive is trusted: names are checked before a file is opened, links and devices are
refused, and sizes are counted while bytes are written, whatever the headers say.
"""

import contextlib
import errno
import lzma
import struct
import tarfile
import time
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from catalog.archive_members import TRUST, Limits, Member, members
from zest.errors import UserError
from zest.inventory import is_junk
from zest.spelling import nfc

CHUNK = 1 << 20  # bytes copied at once
PROGRESS_SECONDS = 2.0
DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    ValueError,
    NotImplementedError,  # a compression that this Python does not know
)


@dataclass
class Extraction:
    """The running count of one extraction, over an archive and the archives in it."""

    limits: Limits = field(default_factory=Limits)
    bytes_written: int = 0
    members: int = 0

    def extract(self, archive: Path, into: Path, name: str) -> None:
        """Write the files of an archive below the empty folder `into`.

        Hidden files and what macOS and Windows add (`__MACOSX`, `._a.jpg`) are left out. Messages
        call the archive by `name`.

        Raises:
            UserError: the archive is damaged or encrypted; a member has an unsafe name, is neither
                a file nor a folder, or has the name of another; the limits are passed.
        """
        task = _Task(self, archive, into, name)
        try:
            task.run()
        except DAMAGE as error:
            raise task.damaged(error) from error
        except OSError as error:
            if error.errno is None:  # bz2 and gzip say so when the data is broken
                raise task.damaged(error) from error
            if error.errno == errno.ENAMETOOLONG:
                raise UserError(
                    f"{name}, member {task.member!r}: its name is too long for this computer. "
                    "Make the archive again with a shorter name."
                ) from error
            raise


class _Task:
    """The extraction of one archive."""

    def __init__(self, extraction: Extraction, archive: Path, into: Path, name: str):
        self.extraction = extraction
        self.archive = archive
        self.into = into
        self.name = name
        self.packed = archive.stat().st_size
        self.unpacked = 0
        self.member = ""
        self.files: dict[str, str] = {}  # as a file system may compare names, to the name itself
        self.folders: dict[str, str] = {}

    def run(self) -> None:
        limits = self.extraction.limits
        told = time.monotonic()
        with contextlib.closing(members(self.archive, self.name, limits)) as found:
            for member in found:
                self.member = member.name
                self.extraction.members += 1
                if self.extraction.members > limits.members:
                    raise UserError(f"{self.name}: more than {limits.members} files. {TRUST}")
                parts = [part for part in member.name.split("/") if part not in ("", ".")]
                if member.is_folder or not parts or any(is_junk(part) for part in parts):
                    continue
                self.claim(parts)
                target = self.into.joinpath(*parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with member.open() as source, open(target, "xb") as file:
                    self.copy(member, source, file)
                if time.monotonic() - told >= PROGRESS_SECONDS:
                    told = time.monotonic()
                    self.tell()
        self.tell()

    def claim(self, parts: list[str]) -> None:
        """Take a name, unless some file system takes it for one that is taken."""
        paths = ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
        keys = [nfc(path).casefold() for path in paths]
        taken = [self.files[key] for key in keys if key in self.files]
        taken += [self.folders[keys[-1]]] if keys[-1] in self.folders else []
        if taken:
            raise UserError(
                f"{self.name}, member {self.member!r}: {taken[0]!r} is in the archive, too, and "
                "one would overwrite the other, here or on another computer. Make the archive "
                "again with one of them."
            )
        self.files[keys[-1]] = paths[-1]
        self.folders.update(zip(keys[:-1], paths[:-1], strict=True))

    def copy(self, member: Member, source: IO[bytes], file: IO[bytes]) -> None:
        limits = self.extraction.limits
        where = f"{self.name}, member {member.name!r}"
        written = 0
        while data := source.read(CHUNK):
            written += len(data)
            self.unpacked += len(data)
            self.extraction.bytes_written += len(data)
            limits.check_ratio(where, written, member.packed)
            limits.check_ratio(where, self.unpacked, self.packed)
            if self.extraction.bytes_written > limits.total_bytes:
                raise UserError(
                    f"{where}: the files grow beyond {limits.total_bytes:,} bytes. {TRUST}"
                )
            file.write(data)

    def tell(self) -> None:
        print(
            f"{self.archive.name}: {len(self.files):,} files, {self.unpacked / 1e6:,.1f} MB",
            flush=True,
        )

    def damaged(self, error: Exception) -> UserError:
        where = f", at or after member {self.member!r}" if self.member else ""
        return UserError(
            f"{self.name}{where}: the archive is damaged or not an archive ({error}). Download or "
            "copy it again."
        )
