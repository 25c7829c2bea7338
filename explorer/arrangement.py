"""What a person has laid out on the map: handles, their order, and the path through them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from models.paths import PathKind, path

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

PATH_FRAMES = (2, 240)
MOST_HANDLES = 10_000  # so many are read from a file; on the map they are slow before that


@dataclass(frozen=True, eq=False)
class EncodedImage:
    """An image a person brought, as the model saw it, and what the model made of it.

    `pixels` and `reconstruction` are bytes [H, W, C]; `mean` and `stddev` are those of
    q(z|x), [K]; `terms` are nats (`elbo`, `reconstruction`, `kl`); `kl` [K] is by dimension.
    `epoch` is there if it was encoded by an epoch of a training and not by the final model.
    """

    name: str
    pixels: Bytes
    reconstruction: Bytes
    mean: Floats
    stddev: Floats
    terms: Mapping[str, float] = field(default_factory=dict)
    kl: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    notes: tuple[str, ...] = ()
    epoch: int | None = None


@dataclass(frozen=True, eq=False)
class Handle:
    """A named, coloured point in latent space: `z` [K], a class for a conditional model."""

    key: int
    name: str
    colour: int
    z: Floats
    label: int | None = None
    image: EncodedImage | None = None


@dataclass(frozen=True, eq=False)
class Arrangement:
    """Handles in the order of the path, and how the path between them runs."""

    handles: tuple[Handle, ...] = ()
    path_kind: PathKind = "linear"
    frames: int = 16

    def get(self, key: int | None) -> Handle | None:
        """The handle with that key, if there is one."""
        return next((handle for handle in self.handles if handle.key == key), None)

    def with_handle(self, handle: Handle) -> "Arrangement":
        """The same with `handle` in the place of the one with its key, or at the end."""
        if self.get(handle.key) is None:
            return replace(self, handles=(*self.handles, handle))
        swapped = (handle if old.key == handle.key else old for old in self.handles)
        return replace(self, handles=tuple(swapped))

    def without(self, key: int) -> "Arrangement":
        """The same without the handle with that key."""
        kept = tuple(handle for handle in self.handles if handle.key != key)
        return replace(self, handles=kept)

    def moved(self, key: int, place: int) -> "Arrangement":
        """The same with the handle with that key at `place` in the order."""
        handle = self.get(key)
        if handle is None:
            return self
        rest = list(self.without(key).handles)
        rest.insert(max(0, min(place, len(rest))), handle)
        return replace(self, handles=tuple(rest))

    def path(self, frames: int | None = None) -> Floats:
        """Latents [frames, K] along the handles; none for no handle."""
        if not self.handles:
            return np.zeros((0, 0), np.float32)
        keyframes = np.stack([handle.z for handle in self.handles])
        return path(keyframes, frames or self.frames, self.path_kind)

    def path_labels(self, frames: int | None = None) -> npt.NDArray[np.int64] | None:
        """The class of each frame [frames]: that of the nearest keyframe; none if there is none."""
        labels = [handle.label for handle in self.handles]
        if not labels or any(label is None for label in labels):
            return None
        nearest = np.linspace(0, len(labels) - 1, frames or self.frames).round().astype(np.int64)
        return np.array(labels, np.int64)[nearest]

    def fresh_key(self) -> int:
        """A key no handle has."""
        return max((handle.key for handle in self.handles), default=0) + 1

    def fresh_colour(self) -> int:
        """The first colour index that no handle has."""
        taken = {handle.colour for handle in self.handles}
        return next(index for index in range(len(taken) + 1) if index not in taken)

    def fresh_name(self) -> str:
        """The first of A, B, ..., Z, A2, ... that no handle has."""
        taken = {handle.name for handle in self.handles}
        number = 0
        while (name := _letter_name(number)) in taken:
            number += 1
        return name


def _letter_name(number: int) -> str:
    cycle, letter = divmod(number, 26)
    return chr(ord("A") + letter) + (str(cycle + 1) if cycle else "")
