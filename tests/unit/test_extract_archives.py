import contextlib
import errno
import json
import os
import struct
import tarfile
import unicodedata
import zipfile

import pytest

from catalog.archive_members import Limits
from catalog.archives import Extraction
from catalog_folder import CFG, PACK, command, competition, make_archive, make_tar, make_zip, photo
from extract_archives import atomic_folder, unpack_competition
from zest.errors import UserError


def files(folder, prefix=""):
    """Return every file below a folder: its path to its bytes."""
    return {
        prefix + str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def unpack(root, out, limits=None, **settings):
    extraction = Extraction(limits or Limits())
    with atomic_folder(out) as part:
        unpack_competition({**CFG, **settings}, root, part, extraction)
    return files(out)


@pytest.fixture
def contest(tmp_path):
    return competition(tmp_path / "contest")


def outside(folder):
    """Return what lies in a folder, without what a fixture puts there."""
    return sorted(path.name for path in folder.iterdir() if path.name != "contest")


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("wrapping", ["", "lemon/", "./lemon/"])
def test_an_archive_of_the_whole_gives_the_plain_files(tmp_path, contest, suffix, wrapping):
    archive = make_archive(tmp_path / f"whole.{suffix}", files(contest, wrapping).items())
    assert unpack(archive, tmp_path / "out") == files(contest)


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("wrapping", ["", "train_images/"])
@pytest.mark.parametrize("named_by_archive", [True, False])
def test_a_folder_with_photos_in_archives_gives_the_plain_files(
    tmp_path, contest, suffix, wrapping, named_by_archive
):
    root = tmp_path / "handed_out"
    root.mkdir()
    for name in ("train_images.csv", "sample_submit.csv"):
        (root / name).write_bytes((contest / name).read_bytes())
    photos = files(contest / "train_images", wrapping)
    make_archive(root / f"train_images.{suffix}", photos.items())
    for path in (contest / "test_images").iterdir():
        photo(root / "test_images" / path.name)
    setting = f"train_images.{suffix}" if named_by_archive else "train_images"
    assert unpack(root, tmp_path / "out", train_images=setting) == files(contest)


@pytest.mark.parametrize("whole", ["whole.zip", "whole.tar", "whole.tar.gz"])
def test_an_archive_may_hold_the_archives_of_the_photos(tmp_path, contest, whole):
    train = make_zip(tmp_path / "a.zip", files(contest / "train_images").items())
    test = make_zip(tmp_path / "b.zip", files(contest / "test_images", "test_images/").items())
    members = [(f"x/{path.name}", path.read_bytes()) for path in sorted(contest.glob("*.csv"))]
    members.append(("x/train_images.zip", train.read_bytes()))
    members.append(("x/test_images.zip", test.read_bytes()))
    archive = make_archive(tmp_path / whole, members)
    assert unpack(archive, tmp_path / "out") == files(contest)


def test_a_single_folder_that_the_config_names_is_no_wrapping(tmp_path):
    members = [(f"train_images/{name}.jpg", b"1") for name in ("0/a", "1/b")]
    archive = make_zip(tmp_path / "whole.zip", members)
    found = unpack(archive, tmp_path / "out", kind="folders", test_images=None)
    assert list(found) == ["train_images/0/a.jpg", "train_images/1/b.jpg"]


def test_a_class_file_is_copied_and_files_without_a_use_are_not(tmp_path, contest):
    (contest / "classes.csv").write_text("class_num,name\n0,a\n1,b\n")
    (contest / "readme.pdf").write_text("rules")
    assert "classes.csv" in unpack(contest, tmp_path / "out", classes="classes.csv")
    found = unpack(contest, tmp_path / "out", kind="folders", test_images=None)
    assert {name.split("/")[0] for name in found} == {"train_images"}


def test_all_lists_are_copied(tmp_path, contest):
    lists = ["train_list.txt", "val_list.txt"]
    for name in lists:
        (contest / name).write_text("train_0.jpg 0\n")
    assert {*lists} < unpack(contest, tmp_path / "out", kind="lists", labels=lists).keys()


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_hidden_and_system_files_are_left_out(tmp_path, contest, make):
    junk = ["__MACOSX/train_images/._a.jpg", ".DS_Store", "train_images/._a.jpg", "Thumbs.db"]
    members = [*files(contest, "lemon/").items(), *((name, b"junk") for name in junk)]
    assert unpack(make(tmp_path / "whole.zip", members), tmp_path / "out") == files(contest)
    plain = files(contest)
    (contest / "train_images" / "._a.jpg").write_bytes(b"junk")
    assert unpack(contest, tmp_path / "out") == plain


@pytest.mark.parametrize("make", [make_zip, make_tar])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../evil.jpg", "leads out of the folder"),
        ("a/../../evil.jpg", "leads out of the folder"),
        ("/tmp/evil.jpg", "is an absolute path"),
        ("C:evil.jpg", "starts with a drive letter"),
        ("a\\evil.jpg", "holds a backslash"),
        ("e\nvil.jpg", "holds a control character"),
        ("x" * 300 + ".jpg", "too long for this computer"),
    ],
)
def test_an_unsafe_name_is_refused_and_nothing_is_written(tmp_path, make, name, message):
    archive = make(tmp_path / "whole.zip", [("good.jpg", b"1"), (name, b"2")])
    with pytest.raises(UserError, match=f"whole.zip, member .*{message}"):
        unpack(archive, tmp_path / "out")
    assert outside(tmp_path) == ["whole.zip"]


@pytest.mark.parametrize("make", [make_zip, make_tar])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.jpg", "a.jpg"),
        ("a.jpg", "A.JPG"),
        ("é.jpg", unicodedata.normalize("NFD", "é.jpg")),
        ("a", "a/b.jpg"),
        ("a/b.jpg", "A"),
        ("a.jpg", "./a.jpg"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_would_overwrite_each_other_are_refused(tmp_path, make, one, other):
    archive = make(tmp_path / "whole.zip", [(one, b"1"), (other, b"2")])
    with pytest.raises(UserError, match="is in the archive, too"):
        unpack(archive, tmp_path / "out")


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
)
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind):
    info = tarfile.TarInfo("a.jpg")
    info.type, info.linkname = kind, "good.jpg"
    archive = make_tar(tmp_path / "whole.tar", [("good.jpg", b"1"), (info, b"")])
    with pytest.raises(UserError, match=r"whole.tar, member 'a.jpg': it is a link or a device"):
        unpack(archive, tmp_path / "out")


def test_a_tar_is_read_and_an_unsafe_name_refused_where_python_has_no_filter(tmp_path, monkeypatch):
    for name in ("data_filter", "FilterError"):  # Python 3.11.2, as on Debian 12
        monkeypatch.delattr(tarfile, name)
    whole = make_tar(tmp_path / "whole.tar", [("good.jpg", b"1")])
    unsafe = make_tar(tmp_path / "unsafe.tar", [("../a.jpg", b"1")])
    Extraction().extract(whole, tmp_path, "whole.tar")
    assert (tmp_path / "good.jpg").read_bytes() == b"1"
    with pytest.raises(UserError, match="its name"):
        Extraction().extract(unsafe, tmp_path, "unsafe.tar")


def test_links_in_a_zip_are_refused(tmp_path):
    info = zipfile.ZipInfo("a.jpg")
    info.external_attr = 0o120777 << 16
    archive = make_zip(tmp_path / "whole.zip", [(info, b"/etc/passwd")])
    with pytest.raises(UserError, match=r"whole.zip, member 'a.jpg': it is a link or a device"):
        unpack(archive, tmp_path / "out")


def test_an_encrypted_zip_is_refused(tmp_path):
    archive = make_zip(tmp_path / "whole.zip", [("a.jpg", b"secret")])
    data = bytearray(archive.read_bytes())
    data[6] |= 1  # the flag in the local header and in the central directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    with pytest.raises(UserError, match=r"member 'a.jpg': it is encrypted. .*password"):
        unpack(archive, tmp_path / "out")


@pytest.mark.parametrize("suffix", ["zip", "tar.gz", "tar.bz2", "tar.xz"])
def test_a_decompression_bomb_is_stopped(tmp_path, suffix):
    archive = make_archive(tmp_path / f"bomb.{suffix}", [("a.jpg", bytes(5_000_000))])
    with pytest.raises(UserError, match="more than 200 times its size"):
        unpack(archive, tmp_path / "out")


def test_a_bomb_hides_neither_beside_honest_files_nor_in_many_small_ones(tmp_path):
    members = [("honest.jpg", os.urandom(200_000)), ("bomb.jpg", bytes(5_000_000))]
    with pytest.raises(UserError, match=r"member 'bomb.jpg': .* more than 200 times its size"):
        unpack(make_zip(tmp_path / "one.zip", members), tmp_path / "out")
    members = [(f"{number}.jpg", bytes(900_000)) for number in range(3)]
    with pytest.raises(UserError, match=r"member '1.jpg': .* more than 200 times its size"):
        unpack(make_zip(tmp_path / "many.zip", members), tmp_path / "out")


def test_a_bomb_among_the_files_that_are_left_out_is_stopped(tmp_path):
    archive = make_archive(tmp_path / "bomb.tar.gz", [(".hidden", bytes(5_000_000))])
    with pytest.raises(UserError, match="more than 200 times its size"):
        unpack(archive, tmp_path / "out")


def test_the_sizes_in_the_headers_are_not_trusted(tmp_path):
    archive = make_zip(tmp_path / "bomb.zip", [("a.jpg", bytes(5_000_000))])
    data = bytearray(archive.read_bytes())
    central = data.index(b"PK\x01\x02")
    data[central + 24 : central + 28] = struct.pack("<I", 10)  # uncompressed size
    archive.write_bytes(data)
    with pytest.raises(UserError, match=r"more than 200 times|damaged"):
        unpack(archive, tmp_path / "out")
    data[central + 24 : central + 28] = struct.pack("<I", 5_000_000)
    data[central + 20 : central + 24] = struct.pack("<I", 10**9)  # compressed size
    archive.write_bytes(data)
    with pytest.raises(UserError, match=r"more than 200 times|damaged"):
        unpack(archive, tmp_path / "out")


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_the_limits_count_over_the_archives_in_an_archive(tmp_path, make):
    inner = make(tmp_path / "inner.zip", [(f"{n}.jpg", os.urandom(1000)) for n in range(5)])
    members = [("train_images.zip", inner.read_bytes()), ("l.csv", b"")]
    archive = make(tmp_path / "whole.zip", members)
    size = inner.stat().st_size + 4000
    with pytest.raises(UserError, match=rf"whole.zip/train_images.zip, member '4.*{size:,} bytes"):
        unpack(archive, tmp_path / "out", Limits(total_bytes=size))
    with pytest.raises(UserError, match=r"whole.zip/train_images.zip: more than 6 files"):
        unpack(archive, tmp_path / "out", Limits(members=6))


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.85])
def test_a_cut_archive_is_refused_and_nothing_is_written(tmp_path, suffix, part):
    members = [(f"{n}.jpg", os.urandom(5000)) for n in range(8)]
    archive = make_archive(tmp_path / f"whole.{suffix}", members)
    data = archive.read_bytes()
    archive.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(UserError, match=r"damaged or not an archive|the end of the archive"):
        unpack(archive, tmp_path / "out")
    assert outside(tmp_path) == [archive.name]


@pytest.mark.parametrize("suffix", ["zip", "tar.gz", "tar.bz2", "tar.xz"])
def test_an_archive_with_changed_bytes_is_refused(tmp_path, suffix):
    archive = make_archive(tmp_path / f"whole.{suffix}", [("a.jpg", os.urandom(50_000))])
    data = bytearray(archive.read_bytes())
    data[25_000:25_010] = bytes(10)
    archive.write_bytes(data)
    with pytest.raises(UserError, match="damaged or not an archive"):
        unpack(archive, tmp_path / "out")


def test_a_tar_that_ends_between_two_members_is_refused(tmp_path):
    archive = make_tar(tmp_path / "whole.tar", [("a.jpg", b"1" * 512), ("b.jpg", b"2" * 512)])
    archive.write_bytes(archive.read_bytes()[:1024])
    with pytest.raises(UserError, match="the end of the archive is missing"):
        unpack(archive, tmp_path / "out")


def test_a_web_page_in_place_of_an_archive_is_refused(tmp_path):
    (tmp_path / "whole.zip").write_text("<html>please log in</html>" * 100)
    with pytest.raises(UserError, match=r"whole.zip: the archive is damaged or not an archive"):
        unpack(tmp_path / "whole.zip", tmp_path / "out")


@pytest.mark.parametrize("flag", [True, False])
def test_unicode_names_in_a_zip_are_read_with_and_without_the_utf8_flag(tmp_path, contest, flag):
    photo(contest / "train_images" / "檸檬.jpg")
    archive = make_zip(tmp_path / "whole.zip", files(contest).items())
    if not flag:
        data = archive.read_bytes()
        for signature, at in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
            head, *rest = data.split(signature)
            rest = [part[: at - 4] + bytes([part[at - 4] & ~8]) + part[at - 3 :] for part in rest]
            data = signature.join([head, *rest])
        archive.write_bytes(data)
    assert "train_images/檸檬.jpg" in unpack(archive, tmp_path / "out")


def test_what_is_missing_is_named(tmp_path, contest):
    with pytest.raises(UserError, match=r"nowhere: there is no such folder or archive"):
        unpack(tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(UserError, match=r"gone.csv: there is no such file.*sample_submit.csv"):
        unpack(contest, tmp_path / "out", labels="gone.csv")
    with pytest.raises(UserError, match=r"photos: there is neither such a folder nor"):
        unpack(contest, tmp_path / "out", train_images="photos")
    with pytest.raises(UserError, match=r"train_images.csv: neither a folder nor an archive"):
        unpack(contest / "train_images.csv", tmp_path / "out")
    assert outside(tmp_path) == []


def test_a_failure_leaves_the_earlier_result_and_nothing_else(tmp_path, contest, monkeypatch):
    before = unpack(contest, tmp_path / "out")
    archive = make_zip(tmp_path / "whole.zip", files(contest).items())

    def full(self, member, source, file):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file.name)

    with monkeypatch.context() as patch, contextlib.suppress(OSError):
        patch.setattr("catalog.archives._Task.copy", full)
        unpack(archive, tmp_path / "out")
        pytest.fail("the full disk was not noticed")
    assert files(tmp_path / "out") == before
    assert outside(tmp_path) == ["out", "whole.zip"]
    assert unpack(archive, tmp_path / "out") == before


def test_the_command_ends_with_two_for_a_bad_archive_and_zero_for_a_good_one(tmp_path, contest):
    archive = make_zip(tmp_path / "whole.zip", files(contest).items())
    arguments = ("--root", archive, "--out", tmp_path / "deep" / "out")
    done = command("extract_archives.py", "--cfg", json.dumps({"data": CFG}), *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert files(tmp_path / "deep" / "out") == files(contest)
    make_zip(archive, [("../a.jpg", b"1")])
    done = command("extract_archives.py", "--cfg", json.dumps({"data": CFG}), *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {archive}, member '../a.jpg': its name leads out")
