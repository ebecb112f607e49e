"""Reading zip and tar archives member by member, with one face for both formats."""

import bz2
import contextlib
import functools
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple

from catalog.names import path_fault
from zest.errors import UserError

TAR_BLOCK = 512


@dataclass(frozen=True)
class Limits:
    """What an archive may unpack to.

    Attributes:
        total_bytes: of all files, over an archive and the archives in it.
        members: number of files and folders, over an archive and the archives in it.
        ratio: unpacked to packed bytes, of a member of a zip and of a whole archive.
        ratio_from: bytes from which the ratio counts; a small and empty image may pack very well.
    """

    total_bytes: int = 50 * 10**9
    members: int = 5_000_000
    ratio: int = 200
    ratio_from: int = 10**6

    def check_ratio(self, where: str, unpacked: int, packed: int) -> None:
        """Raise a UserError if so many unpacked bytes cannot honestly come from the packed ones."""
        if unpacked > self.ratio_from and unpacked > self.ratio * max(packed, 1):
            raise UserError(
                f"{where}: it unpacks to more than {self.ratio} times its size, as only a "
                f"decompression bomb does. {TRUST}"
            )


TRUST = "If the archive can be trusted, unpack it by hand and name the folder in data.root."


class Member(NamedTuple):
    """A file or folder in an archive.

    Attributes:
        name: as stored; checked to be safe, a folder without the "/" at its end.
        is_folder: or else a regular file; there is no third kind.
        packed: bytes in the archive, as it says; all of it where a member has no size of its own.
        open: gives the content; valid until the next member is asked for.
    """

    name: str
    is_folder: bool
    packed: int
    open: Callable[[], IO[bytes]]


def members(archive: Path, name: str, limits: Limits) -> Generator[Member, None, None]:
    """Yield the members of a zip or tar archive in order; the format is told by the content.

    Args:
        archive: the file to read.
        name: what messages call it.
        limits: for the stream of a tar; the caller checks what it writes.

    Raises:
        UserError: an encrypted member, an unsafe name, a link or a device, a tar without its end.
        Exception: whatever zipfile, tarfile and the decompressors raise for a damaged archive.
    """
    # Not zipfile.is_zipfile: it looks at the end, and takes a tar for the zip it holds last.
    with open(archive, "rb") as file:
        is_zip = file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    if is_zip:
        yield from _zip_members(archive, name)
    else:
        yield from _tar_members(archive, name, limits)


def _zip_members(archive: Path, archive_name: str) -> Generator[Member, None, None]:
    with zipfile.ZipFile(archive) as file:
        for info in file.infolist():
            name = _zip_name(info)
            if info.flag_bits & 0x1:
                raise UserError(
                    f"{archive_name}, member {name!r}: it is encrypted. Unpack it by hand with "
                    "its password and name the folder in data.root."
                )
            kind = stat.S_IFMT(info.external_attr >> 16)
            is_folder = name.endswith("/")
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                _refuse(archive_name, name, "it is a link or a device")
            name = _checked(archive_name, name, is_folder)
            yield Member(name, is_folder, info.compress_size, functools.partial(file.open, info))


def _zip_name(info: zipfile.ZipInfo) -> str:
    """Return the name as its maker meant it.

    Bit 11 says UTF-8; without it zipfile decodes as CP437, but macOS and others store UTF-8 without
    the bit (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.4.4 and appendix D).
    """
    if info.flag_bits & 0x800:
        return info.orig_filename
    try:
        return info.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.orig_filename


def _tar_members(archive: Path, archive_name: str, limits: Limits) -> Generator[Member, None, None]:
    size = archive.stat().st_size
    with (
        open(archive, "rb") as packed,
        contextlib.closing(_Metered(_unpacked(packed), size, archive_name, limits)) as stream,
    ):
        with tarfile.open(fileobj=stream, mode="r|") as file:
            for info in file:
                name = _checked(archive_name, info.name, info.isdir())
                if not info.isreg() and not info.isdir():
                    _refuse(archive_name, name, "it is a link or a device")
                _check_with_filter(archive, archive_name, info)
                opener = functools.partial(_open_tar_member, file, info)
                yield Member(name, info.isdir(), size, opener)
        stream.read_to_end()


def _open_tar_member(file: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    content = file.extractfile(info)
    if content is None:
        raise tarfile.ReadError(f"{info.name} has no content")
    return content


def _unpacked(packed: BinaryIO) -> BinaryIO | io.BufferedIOBase:
    start = packed.read(6)
    packed.seek(0)
    if start.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=packed)
    if start.startswith(b"BZh"):
        return bz2.BZ2File(packed)
    if start.startswith(b"\xfd7zXZ\x00"):
        return lzma.LZMAFile(packed)
    return packed


class _Metered(io.RawIOBase):
    """The unpacked stream of a tar: what is only skipped over counts for the limits, too."""

    def __init__(
        self, stream: BinaryIO | io.BufferedIOBase, packed: int, name: str, limits: Limits
    ):
        self._stream = stream
        self._packed = packed
        self._name = name
        self._limits = limits
        self._count = 0
        self._tail = b""

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._count += len(data)
        self._tail = (self._tail + data)[-TAR_BLOCK:]
        self._limits.check_ratio(self._name, self._count, self._packed)
        if self._count > 2 * self._limits.total_bytes:
            raise UserError(f"{self._name}: its headers fill more than the files may. {TRUST}")
        return data

    def read_to_end(self) -> None:
        """Read what follows the last member: the decompressor checks its sum there.

        Raises:
            UserError: the block of zeros that ends a tar is missing, so members may be, too.
        """
        while self.read(1 << 20):
            pass
        if self._tail != bytes(TAR_BLOCK):
            raise UserError(
                f"{self._name}: the end of the archive is missing. Download or copy it again."
            )


def _check_with_filter(archive: Path, archive_name: str, info: tarfile.TarInfo) -> None:
    """Ask Python's own filter for foreign archives as well (PEP 706), where it has one."""
    if not hasattr(tarfile, "data_filter"):  # before 3.11.4, as on Debian 12
        return
    try:
        tarfile.data_filter(info, str(archive))  # a folder that has no links in it
    except tarfile.FilterError as error:
        _refuse(archive_name, info.name, f"Python's data filter refuses it ({error})")


def _checked(archive_name: str, name: str, is_folder: bool) -> str:
    name = name.rstrip("/") if is_folder and name.strip("/") else name
    fault = path_fault(name)
    if fault:
        _refuse(archive_name, name, f"its name {fault}")
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        _refuse(archive_name, name, "its name is not UTF-8")
    return name


def _refuse(archive_name: str, name: str, reason: str) -> None:
    raise UserError(
        f"{archive_name}, member {name!r}: {reason}. Make the archive again without it."
    )
