"""Training steps of torch for training_speed.py, at torch's best in float32: channels last.

Run by an interpreter that has torch: torch_step.py architecture pixels processes
"""

import sys

import torch
import torch.distributed as dist
from torch import nn
from training_speed import BATCH, CLASSES, LEARNING_RATE, MOMENTUM, serve

from zest.engine.launching import launch, launched_as

# Inverted residuals: expansion, channels, blocks, stride of the first, size of the kernel.
# Sandler et al. 2018, arXiv:1801.04381, table 2; the EfficientNet-Lite of tensorflow/tpu.
STAGES = {
    "mobilenet_v2": [
        *((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 32, 3, 2, 3), (6, 64, 4, 2, 3)),
        *((6, 96, 3, 1, 3), (6, 160, 3, 2, 3), (6, 320, 1, 1, 3)),
    ],
    "efficientnet_lite0": [
        *((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3)),
        *((6, 112, 3, 1, 5), (6, 192, 4, 2, 5), (6, 320, 1, 1, 3)),
    ],
}


def convolution(
    inputs: int,
    outputs: int,
    kernel: int,
    stride: int = 1,
    groups: int = 1,
    activation: type[nn.Module] | None = None,
) -> nn.Sequential:
    """Return a convolution with batch normalisation."""
    layers = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, *([activation(inplace=True)] if activation else []))


class Residual(nn.Module):
    """The sum of a body and of its input, which a shortcut may project."""

    def __init__(self, body: nn.Module, shortcut: nn.Module, activation: nn.Module):
        super().__init__()
        self.body, self.shortcut, self.activation = body, shortcut, activation

    def forward(self, x):
        """(batch, channels, height, width) to what the body makes of it."""
        return self.activation(self.shortcut(x) + self.body(x))


def inverted_residual(inputs, outputs, stride, expansion, kernel) -> nn.Module:
    """Return a block of the MobileNets: widen, filter each channel, narrow."""
    wide = inputs * expansion
    body = nn.Sequential(
        *([convolution(inputs, wide, 1, activation=nn.ReLU6)] if expansion > 1 else []),
        convolution(wide, wide, kernel, stride, groups=wide, activation=nn.ReLU6),
        convolution(wide, outputs, 1),
    )
    same = stride == 1 and inputs == outputs
    return Residual(body, nn.Identity(), nn.Identity()) if same else body


def mobile(architecture: str) -> nn.Module:
    """Return one of the networks of `STAGES`."""
    layers, channels = [convolution(3, 32, 3, 2, activation=nn.ReLU6)], 32
    for expansion, outputs, blocks, stride, kernel in STAGES[architecture]:
        for block in range(blocks):
            first = stride if block == 0 else 1
            layers.append(inverted_residual(channels, outputs, first, expansion, kernel))
            channels = outputs
    layers.append(convolution(channels, 1280, 1, activation=nn.ReLU6))
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(1280, CLASSES)]
    return nn.Sequential(*layers, *head)


def resnet18() -> nn.Module:
    """Return the network of He et al. 2015, arXiv:1512.03385, table 1."""
    layers = [convolution(3, 64, 7, 2, activation=nn.ReLU), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for outputs in (64, 64, 128, 128, 256, 256, 512, 512):
        stride = outputs // channels
        body = nn.Sequential(
            convolution(channels, outputs, 3, stride, activation=nn.ReLU),
            convolution(outputs, outputs, 3),
        )
        shortcut = nn.Identity() if stride == 1 else convolution(channels, outputs, 1, stride)
        layers.append(Residual(body, shortcut, nn.ReLU(inplace=True)))
        channels = outputs
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, CLASSES)]
    return nn.Sequential(*layers, *head)


def average_gradients(parameters: list[nn.Parameter], world: int) -> None:
    """Replace all gradients by their means over the processes, in one message."""
    # In the order in which they lie in memory, the same in all processes.
    gradients = [one.grad.as_strided([one.grad.numel()], [1]) for one in parameters]
    flat = torch.cat(gradients)
    dist.all_reduce(flat)
    flat /= world
    torch._foreach_copy_(gradients, flat.split([one.numel() for one in gradients]))


def main() -> None:
    """Start the processes, or be one of them."""
    architecture, pixels, world = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if world > 1 and launched_as() is None:
        sys.exit(launch([sys.executable, *sys.orig_argv[1:]], world))
    rank, world, endpoint = launched_as() or (0, 1, "")
    torch.set_num_threads(2 // world)
    if world > 1:
        dist.init_process_group("gloo", f"tcp://{endpoint}", rank=rank, world_size=world)
    net = resnet18() if architecture == "resnet18" else mobile(architecture)
    net = net.to(memory_format=torch.channels_last)
    parameters = list(net.parameters())
    optimizer = torch.optim.SGD(parameters, LEARNING_RATE, MOMENTUM)
    images = torch.rand(BATCH // world, 3, pixels, pixels)
    images = images.to(memory_format=torch.channels_last)
    labels = torch.randint(0, CLASSES, [BATCH // world])

    def step() -> None:
        nn.functional.cross_entropy(net(images), labels).backward()
        if world > 1:
            average_gradients(parameters, world)
        optimizer.step()
        optimizer.zero_grad()

    def agree(steps: int) -> int:
        number = torch.tensor([steps])
        if world > 1:
            dist.all_reduce(number)
        return int(number)

    serve(step, rank, agree)


if __name__ == "__main__":
    main()
