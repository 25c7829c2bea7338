"""Encoder and decoder bodies: `mlp` (residual), `plain-mlp`, `conv` and `resnet`.

A condition is an optional vector [N, classes] (one-hot) that enters the first layer.
"""

from itertools import pairwise
from math import gcd
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

Network = Literal["mlp", "plain-mlp", "conv", "resnet"]
NETWORKS: tuple[Network, ...] = get_args(Network)

_SMALLEST_SIDE = 5
_CHANNELS_CAP = 4  # channels grow to this multiple of the first layer's


def _zero(layer: nn.Module) -> None:
    """Make a layer's output 0."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)


class ResidualLinear(nn.Module):
    """h + W2 silu(W1 norm(h)): keeps [N, width]; starts as the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.first = nn.Linear(width, width)
        self.second = nn.Linear(width, width)
        _zero(self.second)

    def forward(self, h: Tensor) -> Tensor:
        added: Tensor = self.second(functional.silu(self.first(self.norm(h))))
        return h + added


class ResidualConv(nn.Module):
    """h + conv(silu(conv(silu(norm(h))))): keeps [N, channels, H, W]; starts as the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(gcd(8, channels), channels)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        _zero(self.second)

    def forward(self, h: Tensor) -> Tensor:
        norm = self.norm  # which when called looks at the size first: that cannot be recorded
        normed = torch.group_norm(h, norm.num_groups, norm.weight, norm.bias, norm.eps)
        added: Tensor = self.second(functional.silu(self.first(functional.silu(normed))))
        return h + added


class Condition(nn.Module):
    """Adds a learned vector a class to features [N, F] or feature maps [N, F, H, W]."""

    def __init__(self, classes: int, features: int) -> None:
        super().__init__()
        self.embed = nn.Linear(classes, features, bias=False) if classes else None

    def forward(self, h: Tensor, condition: Tensor | None) -> Tensor:
        if self.embed is None or condition is None:
            return h
        added: Tensor = self.embed(condition)
        return h + (added[:, :, None, None] if h.ndim == 4 else added)


class MlpEncoder(nn.Module):
    """Flat images to features [N, width]."""

    def __init__(
        self, image_shape: tuple[int, int, int], width: int, depth: int, classes: int
    ) -> None:
        super().__init__()
        channels, height, image_width = image_shape
        self.out_features = width
        self.first = nn.Linear(channels * height * image_width, width)
        self.condition = Condition(classes, width)
        self.blocks = nn.Sequential(*(ResidualLinear(width) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        h = self.condition(self.first(2.0 * x.flatten(1) - 1.0), condition)
        features: Tensor = self.norm(self.blocks(h))
        return functional.silu(features)


class MlpDecoder(nn.Module):
    """Latents [N, K] to logits [N, C, H, W]."""

    def __init__(
        self,
        latent_size: int,
        image_shape: tuple[int, int, int],
        width: int,
        depth: int,
        classes: int,
    ) -> None:
        super().__init__()
        channels, height, image_width = image_shape
        self.image_shape = image_shape
        self.first = nn.Linear(latent_size, width)
        self.condition = Condition(classes, width)
        self.blocks = nn.Sequential(*(ResidualLinear(width) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.last = nn.Linear(width, channels * height * image_width)

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        h = self.blocks(self.condition(self.first(z), condition))
        logits: Tensor = self.last(functional.silu(self.norm(h)))
        images: Tensor = logits.unflatten(1, self.image_shape)
        return images


def _tanh_layers(first: int, width: int, depth: int) -> nn.Sequential:
    """`depth` layers of `width` units, tanh after each."""
    sizes = (first, *[width] * depth)
    layers: list[nn.Module] = []
    for inward, outward in pairwise(sizes):
        layers += [nn.Linear(inward, outward), nn.Tanh()]
    return nn.Sequential(*layers)


class PlainEncoder(nn.Module):
    """Flat images through tanh layers to features [N, width] (Burda et al. 2016, appendix)."""

    def __init__(
        self, image_shape: tuple[int, int, int], width: int, depth: int, classes: int
    ) -> None:
        super().__init__()
        channels, height, image_width = image_shape
        self.out_features = width
        self.condition = Condition(classes, channels * height * image_width)
        self.layers = _tanh_layers(channels * height * image_width, width, max(1, depth))

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        features: Tensor = self.layers(self.condition(x.flatten(1), condition))
        return features


class PlainDecoder(nn.Module):
    """Latents [N, K] through tanh layers to logits [N, C, H, W] (ibid.)."""

    def __init__(
        self,
        latent_size: int,
        image_shape: tuple[int, int, int],
        width: int,
        depth: int,
        classes: int,
    ) -> None:
        super().__init__()
        channels, height, image_width = image_shape
        self.image_shape = image_shape
        self.condition = Condition(classes, latent_size)
        self.layers = _tanh_layers(latent_size, width, max(1, depth))
        self.last = nn.Linear(width, channels * height * image_width)

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        logits: Tensor = self.last(self.layers(self.condition(z, condition)))
        images: Tensor = logits.unflatten(1, self.image_shape)
        return images


def halvings(height: int, width: int) -> list[tuple[int, int]]:
    """Sizes from the image down to about 4 pixels, each the upper half of the one before."""
    sizes = [(height, width)]
    while min(sizes[-1]) > _SMALLEST_SIDE:
        sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
    return sizes


def _channels(width: int, levels: int) -> list[int]:
    """Channels of each level, from the image down."""
    return [width * min(2**level, _CHANNELS_CAP) for level in range(levels)]


class ConvEncoder(nn.Module):
    """Images through 4x4 convolutions of stride 2 to features [N, F]."""

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        width: int,
        depth: int,
        classes: int,
        residual: bool,
    ) -> None:
        super().__init__()
        image_channels, height, image_width = image_shape
        sizes = halvings(height, image_width)
        channels = _channels(width, len(sizes))
        self.first = nn.Conv2d(image_channels, channels[0], 3, padding=1)
        self.condition = Condition(classes, channels[0])
        levels: list[nn.Module] = []
        for inward, outward, size in zip(channels, channels[1:], sizes, strict=False):
            padding = nn.ZeroPad2d((0, size[1] % 2, 0, size[0] % 2))
            levels += [nn.SiLU(), padding, nn.Conv2d(inward, outward, 4, stride=2, padding=1)]
            if residual:
                levels += [ResidualConv(outward) for _ in range(depth)]
        self.levels = nn.Sequential(*levels)
        self.out_features = channels[-1] * sizes[-1][0] * sizes[-1][1]

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        h = self.levels(self.condition(self.first(2.0 * x - 1.0), condition))
        return functional.silu(h.flatten(1))


class ConvDecoder(nn.Module):
    """Latents [N, K] through transposed convolutions to logits [N, C, H, W]."""

    def __init__(
        self,
        latent_size: int,
        image_shape: tuple[int, int, int],
        width: int,
        depth: int,
        classes: int,
        residual: bool,
    ) -> None:
        super().__init__()
        image_channels, height, image_width = image_shape
        self.sizes = halvings(height, image_width)
        channels = _channels(width, len(self.sizes))
        self.start = (channels[-1], *self.sizes[-1])
        features = channels[-1] * self.sizes[-1][0] * self.sizes[-1][1]
        self.first = nn.Linear(latent_size, features)
        self.condition = Condition(classes, features)
        steps: list[nn.Module] = []
        for inward, outward in zip(channels[::-1], channels[-2::-1], strict=False):
            blocks = [ResidualConv(inward) for _ in range(depth)] if residual else []
            up = nn.ConvTranspose2d(inward, outward, 4, stride=2, padding=1)
            steps.append(nn.Sequential(*blocks, nn.SiLU(), up))
        self.steps = nn.ModuleList(steps)
        self.last = nn.Conv2d(channels[0], image_channels, 3, padding=1)

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        h = self.condition(self.first(z), condition).unflatten(1, self.start)
        for step, (height, width) in zip(self.steps, self.sizes[-2::-1], strict=True):
            h = step(h)[..., :height, :width]
        logits: Tensor = self.last(functional.silu(h))
        return logits


def encoder_body(
    network: Network, image_shape: tuple[int, int, int], width: int, depth: int, classes: int
) -> MlpEncoder | PlainEncoder | ConvEncoder:
    """A module from images [N, C, H, W] to features [N, out_features]."""
    if network == "plain-mlp":
        return PlainEncoder(image_shape, width, depth, classes)
    if network == "mlp":
        return MlpEncoder(image_shape, width, depth, classes)
    return ConvEncoder(image_shape, width, depth, classes, residual=network == "resnet")


def decoder_body(
    network: Network,
    latent_size: int,
    image_shape: tuple[int, int, int],
    width: int,
    depth: int,
    classes: int,
) -> MlpDecoder | PlainDecoder | ConvDecoder:
    """A module from latents [N, K] to logits [N, C, H, W]."""
    if network == "plain-mlp":
        return PlainDecoder(latent_size, image_shape, width, depth, classes)
    if network == "mlp":
        return MlpDecoder(latent_size, image_shape, width, depth, classes)
    residual = network == "resnet"
    return ConvDecoder(latent_size, image_shape, width, depth, classes, residual)


def one_hot(label: Tensor, classes: int) -> Tensor:
    """Class numbers [N] as one-hot rows [N, classes] of float32."""
    return functional.one_hot(label.long(), classes).to(torch.float32)
