"""What the catalog measures of each photo, against values worked out by hand."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from catalog import photo_facts
from catalog.measures import measure
from catalog.photo_facts import read_photo
from zest.images import load_rgb
from zest.perceptual_hash import as_numbers, differing_bits, perceptual_hash, symmetric_hashes


def test_mean_and_spread_of_a_half_black_half_white_photo_are_one_half():
    image = np.zeros((256, 256, 3), np.uint8)
    image[:, 128:] = 255
    found = measure(image)
    assert found.mean == pytest.approx([0.5, 0.5, 0.5])
    assert found.mean_square == pytest.approx([0.5, 0.5, 0.5])
    assert found.brightness == pytest.approx(0.5, abs=1e-6)
    assert found.contrast == pytest.approx(0.5, abs=1e-6)


def test_brightness_is_the_luma_of_bt_601_in_rgb_order():
    found = measure(np.full((256, 256, 3), (200, 100, 50), np.uint8))
    assert found.mean == pytest.approx([200 / 255, 100 / 255, 50 / 255])
    assert found.brightness == pytest.approx(
        (0.299 * 200 + 0.587 * 100 + 0.114 * 50) / 255, abs=1e-5
    )


def test_sharpness_is_the_variance_of_the_laplacian():
    image = np.zeros((256, 256, 3), np.uint8)
    image[100, 100] = 10  # the Laplacian is -40 there and 10 at its four neighbours
    n = 256 * 256
    assert measure(image).sharpness == pytest.approx((40**2 + 4 * 10**2) / n, rel=1e-4)


def test_a_photo_without_detail_has_no_sharpness_and_no_contrast():
    found = measure(np.full((50, 70, 3), 128, np.uint8))
    assert (found.sharpness, found.contrast) == (0, 0)


def test_sharpness_is_compared_on_one_common_size():
    checks = ((np.indices((512, 512)) // 32).sum(axis=0) % 2 * 255).astype(np.uint8)
    large = checks[..., None].repeat(3, 2)
    small = large[::2, ::2]
    assert measure(small).sharpness == pytest.approx(measure(large).sharpness, rel=0.01)


def test_a_grey_photo_is_told_from_a_coloured_one():
    grey = np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], 256, 1).repeat(3, 2)
    coloured = grey.copy()
    coloured[0, 0] = (90, 0, 0)
    assert measure(grey).grey
    assert not measure(coloured).grey


@pytest.mark.parametrize(
    ("shape", "thumbnail"),
    [
        ((300, 400), (112, 149)),
        ((256, 256), (112, 112)),
        ((100, 1000), (34, 336)),
        ((90, 60), (90, 60)),
    ],
)
def test_a_thumbnail_shows_the_whole_photo_in_its_shape(shape, thumbnail):
    image = np.zeros((*shape, 3), np.uint8)
    image[:, : shape[1] // 2] = 255
    found = load_rgb(measure(image).thumbnail)
    assert found.shape[:2] == thumbnail
    assert found[:, : thumbnail[1] // 2 - 4].min() > 180
    assert found[:, thumbnail[1] // 2 + 5 :].max() < 60


def test_a_turned_photo_is_measured_upright(tmp_path):
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:, 20:] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise: what is right comes to the bottom
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    shown = load_rgb(read_photo(tmp_path / "turned.png", 800).measures.thumbnail)
    half = len(shown) // 2
    assert shown[: half - 6].max() < 60
    assert shown[half + 6 :].min() > 190


def test_a_jpeg_is_decoded_no_larger_than_it_is_measured(tmp_path, monkeypatch):
    Image.new("RGB", (640, 480)).save(tmp_path / "a.jpg")
    seen = []
    monkeypatch.setattr(photo_facts, "measure", lambda pixels: seen.append(pixels.shape))
    read_photo(tmp_path / "a.jpg", 640 * 480)
    assert seen == [(240, 320, 3)]


@pytest.mark.parametrize("shape", [(1024, 1024), (900, 700), (601, 333), (257, 256), (4, 1000)])
def test_a_photo_of_any_size_keeps_its_mean_colour(shape):
    image = np.full((*shape, 3), (200, 100, 50), np.uint8)
    image[shape[0] // 2 :] = (0, 40, 250)
    assert measure(image).mean == pytest.approx(image.mean(axis=(0, 1)) / 255, abs=0.01)


def test_the_spread_of_the_channels_is_that_of_all_pixels():
    image = lemon(3)
    expected = (image / 255.0).reshape(-1, 3).std(axis=0)
    found = measure(image)
    spread = np.sqrt(np.array(found.mean_square) - np.square(found.mean))
    assert spread == pytest.approx(expected, rel=0.01)


def test_an_animation_counts_its_pictures(tmp_path):
    pictures = [Image.new("RGB", (6, 6), (shade, 0, 0)) for shade in (0, 90, 200)]
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:])
    assert read_photo(tmp_path / "a.gif", 100).frames == 3
    pictures[0].save(tmp_path / "a.png")
    assert read_photo(tmp_path / "a.png", 100).frames == 1


@pytest.mark.parametrize("suffix", ["gif", "tif"])
def test_a_file_that_ends_within_a_later_picture_is_a_problem_and_no_crash(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 256, (3, 40, 40, 3), np.uint8)
    pictures = [Image.fromarray(one) for one in noise]
    path = tmp_path / f"a.{suffix}"
    pictures[0].save(path, save_all=True, append_images=pictures[1:])
    whole = path.read_bytes()
    reasons = []
    for length in range(len(whole) // 3, len(whole), len(whole) // 40):
        path.write_bytes(whole[:length])
        read = read_photo(path, 10_000)
        reasons += [read] if isinstance(read, str) else []
    assert any(reason.startswith("broken data after the first picture") for reason in reasons)


def lemon(seed: int) -> np.ndarray:
    """A photo with detail at every scale: uint8, (240, 320, 3)."""
    rng = np.random.default_rng(seed)
    layers = [
        cv2.resize(rng.random((side, side, 3), np.float32), (320, 240)) for side in (3, 6, 12, 40)
    ]
    return (sum(layers) / len(layers) * 255).astype(np.uint8)


def hash_of(image: np.ndarray) -> np.ndarray:
    luma = cv2.cvtColor(image.astype(np.float32), cv2.COLOR_RGB2GRAY)
    return np.frombuffer(perceptual_hash(luma), np.uint8)


def bits_apart(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return differing_bits(as_numbers(first), as_numbers(second)).astype(int)


def stored_again(image: np.ndarray) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=30)
    return np.asarray(Image.open(buffer))


@pytest.mark.parametrize(
    "change",
    [
        stored_again,
        lambda image: cv2.resize(image, (150, 120), interpolation=cv2.INTER_AREA),
        lambda image: (image * 0.7 + 20).astype(np.uint8),
    ],
)
def test_a_photo_keeps_its_hash_when_it_is_stored_again_resized_or_darkened(change):
    lemons = [lemon(number) for number in range(9)]
    assert max(bits_apart(hash_of(one), hash_of(change(one))) for one in lemons) <= 4


def test_other_photos_differ_in_about_half_of_the_bits():
    hashes = np.stack([hash_of(lemon(n)) for n in range(20)])
    differ = bits_apart(hashes[:, None], hashes[None])[np.triu_indices(20, 1)]
    assert 26 < differ.mean() < 38
    assert differ.min() > 10


def test_differing_bits_are_counted_in_all_64():
    first, second = np.zeros(3, np.uint64), np.array([0, 2**64 - 1, 2**63 + 5], np.uint64)
    np.testing.assert_array_equal(differing_bits(first, second), [0, 64, 3])


def test_the_hashes_of_the_flipped_and_turned_photo_follow_from_the_hash():
    image = lemon(1)
    positions = [np.rot90(one, k) for one in (image, image[:, ::-1]) for k in range(4)]
    expected = {hash_of(np.ascontiguousarray(one)).tobytes() for one in positions}
    found = symmetric_hashes(hash_of(image)[None])
    assert found[0, 0].tobytes() == hash_of(image).tobytes()
    assert len(expected) == 8
    nearest = [min(bits_apart(found[:, 0], np.frombuffer(one, np.uint8))) for one in expected]
    assert max(nearest) <= 1  # a frequency that is nearly zero may round to the other sign
