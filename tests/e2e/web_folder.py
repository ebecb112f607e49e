"""A folder of the web page with a small network, and the photos it grades."""

import io
import struct
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper
from PIL import Image

from build_web_demo import build
from deployment import graph, web_page
from deployment.running import open_session, probabilities_of
from zest.images import ORIENTATION

SCRIPTS = Path(__file__).parents[2] / "scripts"
SIZE = 64  # of the network's images, in pixels
CLASSES = [
    {"class_num": str(number), "name": name}
    for number, name in enumerate(["excellent", "good, but <small>", "加工品", "reject"])
]
TOLD = {
    "architecture": "small",
    "classes": CLASSES,
    "preprocessing": {"fit": "crop", "image_size": SIZE, "colour": "RGB"},
}
SCORE = {"value": 0.9, "low": 0.82, "high": 0.95, "n": 120}
SCORES = {"confidence": 0.95, "folds": 1, "scores": {"accuracy": SCORE, "macro_f1": SCORE}}
PARITY = {
    "is_scored": True,
    "paths": [
        {"path": "ONNX Runtime", "max_difference": 1e-7, "agreement": 1.0, "photos": 120},
        {"path": "ONNX Runtime INT8", "max_difference": 0.02, "agreement": 0.99, "photos": 120},
    ],
}
CFG = {"competition": "lemons", "metric": "macro_f1"}


def write_network(path: Path, how: str = "crop") -> Path:
    """Write an ONNX model of two convolutions that tells `picture`s apart."""
    images = np.stack([np.asarray(picture(number, SIZE, SIZE)) for number in range(32)])
    plain = _network(how, 1.0, np.zeros(len(CLASSES)))
    logits = np.log(probabilities_of(open_session(plain.SerializeToString()), images))
    logits -= logits.mean(axis=1, keepdims=True)
    scale = 2 / logits.std()  # sure of some, in doubt about others
    onnx.save(_network(how, scale, -scale * logits.mean(axis=0)), str(path))
    return path


def _network(how: str, scale: float, bias: np.ndarray) -> onnx.ModelProto:
    draw = np.random.default_rng(4)
    weights = {
        "scale": np.float32(255),
        "first": draw.normal(0, 0.6, (8, 3, 5, 5)),
        "second": draw.normal(0, 0.5, (16, 8, 3, 3)),
        "linear": scale * draw.normal(0, 0.25, (16, len(CLASSES))),
        "bias": bias,
    }
    nodes = [
        helper.make_node("Cast", ["x"], ["float"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Div", ["float", "scale"], ["unit"]),
        helper.make_node("Transpose", ["unit"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "first"], ["a"], strides=[4, 4], name="one"),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "second"], ["c"], strides=[2, 2], name="two"),
        helper.make_node("Relu", ["c"], ["maps"]),
        helper.make_node("GlobalAveragePool", ["maps"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["features"]),
        helper.make_node("Gemm", ["features", "linear", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["y"]),
    ]
    tensor = helper.make_tensor_value_info
    made = helper.make_graph(
        nodes,
        "small",
        [tensor("x", onnx.TensorProto.UINT8, [1, SIZE, SIZE, 3])],
        [tensor("y", onnx.TensorProto.FLOAT, [1, len(CLASSES)])],
        [numpy_helper.from_array(np.float32(value), name) for name, value in weights.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    told = {**TOLD, "preprocessing": {**TOLD["preprocessing"], "fit": how}}
    assert graph.name_and_describe(model, told)
    return model


def build_folder(
    out: Path, runtime: Path, model: Path, scripts: Path = SCRIPTS / "web_demo", **told
) -> Path:
    """Build the page as build_web_demo.py does, for a model that was scored; `told` replaces."""
    about = web_page.describe(model, "small", "float32", SCORES, PARITY, CFG) | told
    build(out, sorted(scripts.iterdir()), SCRIPTS / "zest/page/page.css", model, runtime, about)
    return out


def picture(number: int, width: int, height: int) -> Image.Image:
    """Return a picture with colours, edges and noise of its own."""
    draw = np.random.default_rng(number)
    coarse = Image.fromarray(draw.integers(0, 256, (5, 6, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)).astype(int)
    y, x = np.mgrid[:height, :width]
    smooth[np.hypot(x - width * 0.4, y - height * 0.6) < min(width, height) * 0.3] //= 2
    noisy = smooth + draw.integers(-12, 13, smooth.shape)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def with_zeros(photo: Image.Image) -> bytes:
    """Return a JPEG with zero bytes behind its first segment, which decoders pass over."""
    file = io.BytesIO()
    photo.save(file, "JPEG")
    whole = file.getvalue()
    end = 4 + int.from_bytes(whole[4:6], "big")
    return whole[:end] + b"\0" * 3 + whole[end:]


def write_photos(folder: Path) -> list[Path]:
    """Write photos of all the kinds that are decoded as for training."""
    folder.mkdir()
    for orientation in range(1, 9):  # decoded at a half of its size
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        photo = picture(orientation, 211, 158)
        photo.save(folder / f"orientation_{orientation}.jpg", exif=exif, quality=90)
    turned = Image.Exif()
    turned[ORIENTATION] = 6
    # Of type LONG and with the high bytes first, as some programs write it: TIFF 6.0, page 15.
    entry = struct.pack(">HHIII", ORIENTATION, 4, 1, 6, 0)
    long = b"Exif\0\0" + struct.pack(">2sHIH", b"MM", 42, 8, 1) + entry
    picture(23, 90, 127).save(folder / "long_orientation.jpg", exif=long)
    (folder / "zeros.jpg").write_bytes(with_zeros(picture(24, 211, 158)))
    picture(10, 90, 127).save(folder / "whole.jpg", quality=85)
    picture(11, 120, 71).save(folder / "whole_turned.jpg", exif=turned)
    picture(12, 300, 407).save(folder / "quarter_portrait.jpg", quality=92)
    picture(13, 1031, 777).save(folder / "eighth.jpg", quality=92, progressive=True)
    picture(14, 4000, 3000).save(folder / "twelve_megapixels.jpg", exif=turned)
    picture(15, 40, 33).save(folder / "small.jpg")
    picture(16, 66, 640).save(folder / "narrow.jpg", subsampling=0, quality=95)
    picture(17, 400, 300).convert("L").save(folder / "grey.jpg")
    picture(18, 400, 300).save(folder / "plain.png", exif=turned)
    picture(19, 400, 300).quantize(32).save(folder / "palette.png")
    clear = picture(20, 300, 200).convert("RGBA")
    clear.putalpha(picture(21, 300, 200).convert("L"))
    clear.save(folder / "transparent.png")
    picture(22, 300, 200).save(folder / "photo.webp", quality=80)
    clear.save(folder / "transparent.webp", lossless=True, exif=turned)
    return sorted(folder.iterdir())


def model_of(folder: Path) -> Path:
    """Return the model of a page."""
    (model,) = folder.glob("model-*.onnx")
    return model


def page_of(folder: Path) -> Path:
    """Return the folder with a page's scripts and descriptions."""
    (page,) = folder.glob("page-*")
    return page
