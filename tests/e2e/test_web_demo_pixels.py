"""The page's own arithmetic on pixels, in Chromium, beside OpenCV, Pillow and the bundle."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image
from web_folder import SIZE, picture

from deployment.client.predict import fit, load_rgb, resize

pytest_plugins = ["page_fixtures"]


RESIZE = """async ([name, pixels, width, height, ...to]) => {
  const module = await import('./resize.js')
  const image = { width, height, pixels: new Uint8Array(pixels) }
  return Array.from(module[name](image, ...to).pixels)
}"""


@pytest.mark.parametrize(
    ("old", "new", "most"),
    [
        ((61, 47), (30, 30), 1e-3),
        ((90, 40), (45, 20), 0),
        ((90, 60), (30, 20), 1e-3),
        ((20, 17), (64, 64), 0.02),
        ((80, 20), (32, 32), 0.1),  # in whole numbers there, and rare
        ((200, 300), (224, 224), 0.25),  # there too, and some places are whole numbers
    ],
    ids=["area", "half", "third", "cubic", "linear", "whole places"],
)
def test_resizing_is_that_of_the_bundle_and_of_opencv(modules, old, new, most):
    image = np.asarray(picture(60, *old))
    found = modules.evaluate(RESIZE, ["resize", image.ravel().tolist(), *old, *new])
    found = np.array(found, np.uint8).reshape(new[1], new[0], 3)
    np.testing.assert_array_equal(found, resize(image, *new))
    shrinks = new[0] * new[1] < old[0] * old[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    far = np.abs(found.astype(int) - cv2.resize(image, new, interpolation=how))
    assert far.max() <= 1
    assert (far > 0).mean() <= most


@pytest.mark.parametrize("how", ["crop", "stretch", "pad"])
@pytest.mark.parametrize("old", [(101, 64), (50, 97), (64, 64)])
def test_fitting_is_that_of_the_bundle(modules, how, old):
    image = np.asarray(picture(61, *old))
    found = modules.evaluate(RESIZE, ["fit", image.ravel().tolist(), *old, SIZE, how])
    np.testing.assert_array_equal(np.array(found, np.uint8), fit(image, SIZE, how).ravel())


def test_transparency_is_laid_on_white_as_by_pillow(modules):
    values, alphas = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    clear = Image.fromarray(np.dstack([values, values, values, alphas]))
    white = Image.new("RGBA", clear.size, "white")
    expected = np.asarray(Image.alpha_composite(white, clear))[..., 0]
    found = modules.evaluate(
        """async () => {
          const { onWhite } = await import('./decoding.js')
          return Array.from({ length: 65536 }, (_, at) => onWhite(at % 256, Math.floor(at / 256)))
        }"""
    )
    np.testing.assert_array_equal(np.array(found).reshape(256, 256), expected)


def test_a_photo_that_cannot_be_read_leaves_no_pixels_open(modules):
    photo = io.BytesIO()
    picture(62, 40, 30).save(photo, "PNG")
    told = modules.evaluate(
        """async bytes => {
          const { decode } = await import('./decoding.js')
          const canvas = OffscreenCanvasRenderingContext2D.prototype
          const bitmap = ImageBitmap.prototype
          const { getImageData } = canvas
          const { close } = bitmap
          let closed = 0
          bitmap.close = function () { closed += 1; close.call(this) }
          canvas.getImageData = () => { throw new RangeError('no memory') }
          const limits = { pixels: 1e6, longest: 64 }
          const error = await decode(new Uint8Array(bytes), 16, limits).catch(error => error)
          Object.assign(canvas, { getImageData })
          Object.assign(bitmap, { close })
          return { code: error.code, why: error.values.why, closed }
        }""",
        list(photo.getvalue()),
    )
    assert told == {"code": "broken", "why": "no memory", "closed": 1}


@pytest.mark.parametrize(
    ("values", "zone"),
    [([0] * 9, None), ([-1] * 9, None), ([0, 0, 0, 0, 0, 2, -9, 0, 1], 5)],
    ids=["nothing", "all against", "right"],
)
def test_where_nothing_spoke_for_the_class_no_place_is_named(modules, values, zone):
    zone_of = "async values => (await import('./heat.js')).zoneOf({ rows: 3, columns: 3, values })"
    assert modules.evaluate(zone_of, values) == zone


def test_that_no_place_spoke_for_the_class_is_said_in_every_language(modules):
    told = modules.evaluate(
        """async () => {
          const { TEXTS } = await import('./texts.js')
          return Object.values(TEXTS).map(texts => texts.heatNowhere({ grade: 'good' }))
        }"""
    )
    assert len(set(told)) == 3
    assert all("good" in sentence for sentence in told)


def test_a_decoder_without_reduced_sizes_is_helped_by_means_of_blocks(modules):
    photo = io.BytesIO()
    picture(63, 81, 60).save(photo, "JPEG")
    found = modules.evaluate(
        """async bytes => {
          const { decode } = await import('./decoding.js')
          const decoder = self.ImageDecoder
          self.ImageDecoder = class extends decoder {
            constructor({ desiredWidth, desiredHeight, ...settings }) { super(settings) }
          }
          const image = await decode(new Uint8Array(bytes), 15, { pixels: 1e6, longest: 64 })
          self.ImageDecoder = decoder
          return { ...image, pixels: Array.from(image.pixels) }
        }""",
        list(photo.getvalue()),
    )
    expected = load_rgb(photo, 15)
    assert (found["height"], found["width"], 3) == expected.shape == (15, 21, 3)
    assert np.abs(np.array(found["pixels"]).reshape(expected.shape) - expected).mean() < 3
    assert found["path"] == "jpeg opaque reduced bitmap"
