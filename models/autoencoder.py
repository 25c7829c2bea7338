"""The latent-variable model: a `Config` and the `Autoencoder` it describes."""

from dataclasses import asdict, dataclass
from typing import Any, get_args

import torch
from torch import Tensor, nn

from models.flows import CONTEXT_SIZE, FlowSteps
from models.likelihoods import (
    Bernoulli,
    ContinuousBernoulli,
    DiscretisedLogistic,
    Gaussian,
    Likelihood,
)
from models.methods import METHODS, SETTINGS, FlowName, LikelihoodName, MethodName
from models.networks import NETWORKS, Network, decoder_body, encoder_body, one_hot
from models.posteriors import DiagonalGaussian, Flow, Point, Posterior

IMAGE_SIDE = (8, 256)
LATENT_SIZE = (1, 512)


@dataclass(frozen=True)
class Config:
    """What it takes to build an `Autoencoder`.

    `image_shape` is (channels, height, width): 1 or 3 channels, sides of 8 to 256 pixels.
    `width` counts hidden units (mlp, plain-mlp) or channels of the first level (conv, resnet);
    `depth` counts residual blocks (of each level in a resnet), or the layers of a plain-mlp.
    `flow` and `transforms` describe the posterior of a flow-vae. `classes` is 0 or the number of
    classes a conditional model is given. With `binarise` the model is one of binary images:
    every use of a grey image draws one (protocols: random binarisation).
    """

    method: MethodName = "vae"
    image_shape: tuple[int, int, int] = (1, 28, 28)
    latent_size: int = 2
    network: Network = "mlp"
    width: int = 256
    depth: int = 2
    likelihood: LikelihoodName = "bernoulli"
    classes: int = 0
    binarise: bool = False
    flow: FlowName = "iaf"
    transforms: int = 0

    def __post_init__(self) -> None:
        problem = _problem(self)
        if problem:
            raise ValueError(f"configuration: {problem}")

    @property
    def has_prior(self) -> bool:
        """Whether latents have the prior N(0, I): not those of a plain autoencoder."""
        return METHODS[self.method].has_prior

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Config":
        """The inverse of `to_dict`.

        Raises:
            ValueError: a value is missing, unknown, of the wrong type or out of range.
        """
        try:
            shape = values["image_shape"]
            return cls(**{**values, "image_shape": tuple(shape)})
        except (TypeError, KeyError) as error:
            raise ValueError(f"configuration: {error}") from error


def _problem(config: Config) -> str:
    """What is wrong with a configuration, or nothing."""
    shape, low, high = config.image_shape, *IMAGE_SIDE
    sizes = (config.latent_size, config.width, config.depth, config.classes, config.transforms)
    if len(shape) != 3 or not all(type(number) is int for number in (*shape, *sizes)):
        return "sizes must be whole numbers and image_shape three of them"
    if shape[0] not in (1, 3) or not all(low <= side <= high for side in shape[1:]):
        return f"images must have 1 or 3 channels and sides of {low} to {high} pixels, not {shape}"
    if not LATENT_SIZE[0] <= config.latent_size <= LATENT_SIZE[1]:
        return f"the latent size must be {LATENT_SIZE[0]} to {LATENT_SIZE[1]}"
    if config.network not in NETWORKS or config.likelihood not in get_args(LikelihoodName):
        return f"unknown network {config.network!r} or likelihood {config.likelihood!r}"
    if config.method not in METHODS:
        return f"unknown method {config.method!r}"
    flows = (1, int(SETTINGS["transforms"].high)) if config.method == "flow-vae" else (0, 0)
    if config.flow not in get_args(FlowName) or not flows[0] <= config.transforms <= flows[1]:
        return "a flow-vae needs a flow (iaf or coupling) of 1 to 16 transforms, and no other does"
    if not 1 <= config.width <= 4096 or not 0 <= config.depth <= 16:
        return "the width must be 1 to 4096 and the depth 0 to 16"
    if not 0 <= config.classes <= 1000 or METHODS[config.method].conditional != (
        config.classes > 1
    ):
        return "a conditional VAE needs 2 to 1000 classes and no other method takes any"
    if type(config.binarise) is not bool or (config.binarise and config.likelihood != "bernoulli"):
        return "only a Bernoulli likelihood goes with binary images"
    return ""


class Autoencoder(nn.Module):
    """Encoder q(z|x) and decoder p(x|z), conditional on a class if the configuration says so."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        body = (config.width, config.depth, config.classes)
        self.encoder = encoder_body(config.network, config.image_shape, *body)
        heads = 2 if config.has_prior else 1
        self.head = nn.Linear(self.encoder.out_features, heads * config.latent_size)
        if config.transforms:
            self.context = nn.Linear(self.encoder.out_features, CONTEXT_SIZE)
            self.flow = FlowSteps(config.flow, config.latent_size, config.transforms)
        self.decoder = decoder_body(config.network, config.latent_size, config.image_shape, *body)
        if config.likelihood == "gaussian":
            self.log_sigma = nn.Parameter(torch.zeros(()))
        elif config.likelihood == "discretised-logistic":
            self.log_scale = nn.Parameter(torch.full((), -2.0))

    def encode(self, x: Tensor, label: Tensor | None = None) -> Posterior:
        """q(z|x) of images `x` [N, C, H, W] in [0, 1], `label` [N] for a conditional model."""
        features = self.encoder(x, self.condition(label, len(x)))
        parameters: Tensor = self.head(features)
        if not self.config.has_prior:
            return Point(parameters)
        mean, log_variance = parameters.chunk(2, dim=-1)
        base = DiagonalGaussian(mean, log_variance)
        if not self.config.transforms:
            return base
        return Flow(base, self.flow(torch.nn.functional.silu(self.context(features))))

    def decode(self, z: Tensor, label: Tensor | None = None) -> Likelihood:
        """p(x|z) of latents `z` [N, K], `label` [N] for a conditional model."""
        return self._likelihood(z, self.condition(label, len(z)))

    def mean_image(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """Mean image [N, C, H, W] in [0, 1] of `z` [N, K] under what `condition` has given."""
        return self._likelihood(z, condition).mean

    def _likelihood(self, z: Tensor, condition: Tensor | None) -> Likelihood:
        logits: Tensor = self.decoder(z, condition)
        match self.config.likelihood:
            case "gaussian":
                return Gaussian(logits, self.log_sigma)
            case "discretised-logistic":
                return DiscretisedLogistic(logits, self.log_scale)
            case "continuous-bernoulli":
                return ContinuousBernoulli(logits)
        return Bernoulli(logits)

    def condition(self, label: Tensor | None, count: int) -> Tensor | None:
        """What the networks are told of `label` [count]: one-hot [count, classes], or nothing.

        Raises:
            ValueError: the labels are missing or unknown.
        """
        classes = self.config.classes
        if not classes:
            return None
        if label is None or label.shape != (count,):
            raise ValueError(f"this conditional model needs label= of shape [{count}]")
        if count and not 0 <= int(label.min()) <= int(label.max()) < classes:
            raise ValueError(f"labels must be 0 to {classes - 1}")
        return one_hot(label, classes).to(next(self.parameters()))
