"""One photo of the demo competition, from its plan to its bytes."""

import io

import cv2
import numpy as np
from PIL import Image

from demo.camera import develop, draw_exposure
from demo.colour import blend
from demo.defects import add_defects, draw_severity
from demo.noise import stream
from demo.peel import Peel, draw_peel
from demo.plan import Photo
from demo.shading import Light, draw_light, shade
from demo.shape import Shape, draw_shape, see
from demo.table import paint_table
from demo.turntable import Pose, add_shadow, add_turntable, draw_pose, draw_turntable

_ORIENTATION = 0x0112  # EXIF tag
_SHORTCUT = 0.85  # with the shortcut: share of photos on the table that goes with their grade


def encode_photo(photo: Photo, cfg: dict) -> bytes:
    """Render a photo and store it as the camera would: the content of a JPEG file."""
    image = Image.fromarray(render_photo(photo, cfg))
    exif = Image.Exif()
    if photo.orientation == 6:
        image = image.transpose(Image.Transpose.ROTATE_90)
        exif[_ORIENTATION] = 6
    if photo.greyscale:
        image = image.convert("L")
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90, exif=exif)
    return buffer.getvalue()


def render_photo(photo: Photo, cfg: dict) -> np.ndarray:
    """Render a photo upright: uint8, (size, size, 3), sRGB.

    The scene is drawn from streams of (seed, photo.scene) and is the same at every size; the turn,
    the drift of the exposure and the noise are the photo's own.
    """

    def own(part: str) -> np.random.Generator:
        return stream(cfg["seed"], photo.scene, part)

    size = cfg["size"]
    light = draw_light(own("light"))
    turntable = draw_turntable(own("turntable"))
    pose = draw_pose(own("pose"), turntable, photo.turn)
    shape, peel = draw_shape(own("shape")), draw_peel(own("peel"))
    defects = own("defects")
    add_defects(peel, defects, draw_severity(defects, photo.grade))

    white = _on_white(own("table"), photo.grade, cfg["background_shortcut"])
    scene = paint_table(own("clutter"), white)
    add_turntable(own("dust"), scene, turntable, light)
    add_shadow(scene, pose, shape.girth, light, _mean_colour(peel))
    scene = _resized(scene, size)
    _add_lemon(scene, pose, shape, peel, light)
    return develop(scene, draw_exposure(own("exposure")), stream(cfg["seed"], photo.name, "camera"))


def _on_white(rng: np.random.Generator, grade: int, shortcut: bool) -> bool:
    """Choose the table: by chance or, with the shortcut, mostly white for excellent lemons only."""
    if shortcut:
        return bool((rng.random() < _SHORTCUT) == (grade == 0))
    return bool(rng.random() < 0.5)


def _mean_colour(peel: Peel) -> np.ndarray:
    return peel.colour[:, ::8, ::8].mean(axis=(1, 2), keepdims=True)


def _resized(planes: np.ndarray, size: int) -> np.ndarray:
    how = cv2.INTER_AREA if size < planes.shape[1] else cv2.INTER_CUBIC
    return np.stack([cv2.resize(plane, (size, size), interpolation=how) for plane in planes])


def _add_lemon(scene: np.ndarray, pose: Pose, shape: Shape, peel: Peel, light: Light) -> None:
    """Draw the lemon over the scene (float32, (3, size, size)), in place."""
    size = scene.shape[1]
    half_length = pose.half_length * size
    cos, sin = np.cos(pose.angle), np.sin(pose.angle)
    reach = np.hypot([1.32 * cos, 1.32 * sin], [0.95 * sin, 0.95 * cos]) * half_length + 2
    middle = np.array([pose.x, pose.y]) * size
    left, top = np.maximum(middle - reach, 0).astype(int)
    right, bottom = np.minimum(middle + reach + 1, size).astype(int)

    px = (np.arange(left, right) + 0.5 - middle[0]) / half_length
    py = ((np.arange(top, bottom) + 0.5 - middle[1]) / half_length)[:, None]
    x, y = (px * cos + py * sin).astype(np.float32), (py * cos - px * sin).astype(np.float32)
    surface = see(shape, x, y, 1 / half_length)
    lemon = shade(shape, surface, peel, light, pose.angle, half_length)
    under = scene[:, top:bottom, left:right]
    blend(under, lemon, surface.alpha)
