"""2-D slices of latent space: project, lift, and keep what lies off the plane."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Plane:
    """The affine plane origin + span(basis): `origin` [K], orthonormal `basis` [2, K].

    For K = 1 the "plane" is a line: the second basis row is zero, so the vertical coordinate
    of the map means nothing and is dropped by `lift`.
    """

    origin: Floats
    basis: Floats
    name: str

    def project(self, z: Floats) -> Floats:
        """Coordinates [..., 2] in the plane of latents [..., K]."""
        return np.asarray((z - self.origin) @ self.basis.T, np.float32)

    def lift(self, coordinates: Floats) -> Floats:
        """Latents [..., K] of the plane's own points at [..., 2]."""
        return np.asarray(self.origin + coordinates @ self.basis, np.float32)

    def move(self, z: Floats, delta: Floats) -> Floats:
        """`z` + P^T delta: a move inside the plane that keeps what lies off it."""
        return np.asarray(z + delta @ self.basis, np.float32)

    def residual(self, z: Floats) -> Floats:
        """What of `z` [..., K] lies off the plane: [..., K]."""
        return np.asarray(z - self.lift(self.project(z)), np.float32)

    def through(self, z: Floats) -> "Plane":
        """The parallel plane that contains `z` [K]."""
        return Plane(self.residual(z) + self.origin, self.basis, self.name)


def axis_plane(latent_size: int, i: int = 0, j: int = 1) -> Plane:
    """The plane of dimensions `i` (across) and `j` (up) through 0.

    Raises:
        ValueError: a dimension does not exist, or both are the same.
    """
    basis = np.zeros((2, latent_size), np.float32)
    if latent_size == 1:
        basis[0, 0] = 1.0
        return Plane(np.zeros(1, np.float32), basis, "z0")
    if i == j or not (0 <= i < latent_size and 0 <= j < latent_size):
        raise ValueError(f"no plane of dimensions {i} and {j} in {latent_size}")
    basis[0, i] = basis[1, j] = 1.0
    return Plane(np.zeros(latent_size, np.float32), basis, f"z{i} × z{j}")
