"""2-D slices of latent space: project, lift, and keep what lies off the plane."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
PlaneKind = Literal["axes", "principal", "handles", "selections", "classes", "random"]
PLANE_KINDS: tuple[PlaneKind, ...] = get_args(PlaneKind)

_MOST_NUMBERS = 4_000_000  # of the data looked at: a person waits for a million points of K = 512
_THIN = 1e-4  # of the longest side: a triangle that is flatter has no plane that rounding leaves
_SHRINKAGE = 1e-3  # of the mean variance within classes: a dead dimension separates nothing
_NOTHING = 1e-9  # of the whole: what is less is rounding


@dataclass(frozen=True)
class Plane:
    """The affine plane origin + span(basis): `origin` [K], orthonormal `basis` [2, K].

    The origin is the point of the plane nearest 0, so that 0 stands at (0, 0) on every map.
    `across` and `up` say in words what the two directions are.

    For K = 1 the "plane" is a line: the second basis row is zero, so the vertical coordinate
    of the map means nothing and is dropped by `lift`.
    """

    origin: Floats
    basis: Floats
    name: str
    kind: PlaneKind = "axes"
    across: str = ""
    up: str = ""

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
        return replace(self, origin=self.residual(z) + self.origin)

    def is_at(self, other: "Plane") -> bool:
        """Whether two parallel planes are the same one, but for rounding."""
        one, another = self.origin, other.origin
        return one.shape == another.shape and np.allclose(one, another, atol=1e-5)

    def bring(self, z: Floats) -> Floats:
        """The points of the plane nearest to latents [..., K]."""
        return self.lift(self.project(z))

    def ellipse(self, stddev: Floats) -> tuple[float, float, float]:
        """The marginal in the plane of N(., diag(stddev^2)), `stddev` [K], at 1 sigma.

        Its longer and shorter half axes, and the angle of the longer one from across to up, in
        radians.
        """
        (a, b), (_, c) = ((self.basis * np.square(stddev)) @ self.basis.T).tolist()
        middle, reach = (a + c) / 2, float(np.hypot((a - c) / 2, b))
        angle = 0.5 * float(np.arctan2(2 * b, a - c))
        return float(np.sqrt(middle + reach)), float(np.sqrt(max(middle - reach, 0.0))), angle


def axis_plane(latent_size: int, i: int = 0, j: int = 1) -> Plane:
    """The plane of dimensions `i` (across) and `j` (up) through 0.

    Raises:
        ValueError: a dimension does not exist, or both are the same.
    """
    basis = np.zeros((2, latent_size), np.float32)
    if latent_size == 1:
        basis[0, 0] = 1.0
        return Plane(np.zeros(1, np.float32), basis, "z0", across="z0")
    if i == j or not (0 <= i < latent_size and 0 <= j < latent_size):
        raise ValueError(f"no plane of dimensions {i} and {j} in {latent_size}")
    basis[0, i] = basis[1, j] = 1.0
    origin = np.zeros(latent_size, np.float32)
    return Plane(origin, basis, f"z{i} × z{j}", across=f"z{i}", up=f"z{j}")


def principal_directions(mean: Floats) -> tuple[Doubles, Doubles]:
    """Orthonormal rows [K, K] along which data [N, K] varies, most first, and their shares [K].

    A share is a direction's part of the whole variance; together they are 1.

    Raises:
        ValueError: there are fewer than three points, or they all lie on one spot.
    """
    rows = _some(mean)[0]
    if len(rows) < 3:
        raise ValueError("principal directions need at least three points of data")
    directions, variances = _leading(_covariance(rows))
    total = float(variances.sum())
    if not total > _NOTHING * float(np.square(rows).sum(1).mean()):
        raise ValueError("all points of the data lie on one spot: it varies in no direction")
    return directions, variances / total


def principal_plane(mean: Floats) -> Plane:
    """The two leading principal directions of data [N, K], through its mean.

    Raises:
        ValueError: as `principal_directions`; or K is 1.
    """
    _needs_two(mean.shape[1])
    directions, shares = principal_directions(mean)
    first, second = (percent(share) for share in shares[:2].tolist())
    return _plane(
        directions[:2],
        _some(mean)[0].mean(0),
        f"PC {first} × {second}",
        "principal",
        (f"PC 1, {first} of the variance", f"PC 2, {second} of the variance"),
    )


def handle_plane(z: Floats, names: Sequence[str]) -> Plane:
    """The plane that holds three points [3, K]; from the first to the second runs across.

    Raises:
        ValueError: they are not three, lie on one line, or K is 1.
    """
    _needs_two(z.shape[-1])
    if z.shape[0] != 3 or len(names) != 3:
        raise ValueError("a plane through handles needs three of them")
    corners = np.asarray(z, np.float64)
    across, other = corners[1] - corners[0], corners[2] - corners[0]
    sides = [float(np.linalg.norm(side)) for side in (across, other, other - across)]
    off = other - across * (other @ across) / max(sides[0] ** 2, np.finfo(np.float64).tiny)
    noise = 16 * float(np.finfo(np.float32).eps) * float(np.abs(corners).max())
    thinnest = max(_THIN * max(sides), noise)
    first, second, third = names
    if sides[0] <= thinnest or float(np.linalg.norm(off)) <= thinnest:
        raise ValueError(
            f"{first}, {second} and {third} lie on one line, which many planes hold; move one "
            "of them off it"
        )
    return _plane(
        np.stack([across, off]),
        corners[0],
        ", ".join(names),
        "handles",
        (f"from {first} to {second}", f"at a right angle to that, toward {third}"),
    )


def selection_plane(first: Floats, second: Floats, everything: Floats) -> Plane:
    """The plane that holds the means [K] of two selections of the data, and of all the data.

    From the first selection's mean to the second's runs across.

    Raises:
        ValueError: the three lie on one line, or K is 1.
    """
    names = ("selection 1", "selection 2", "the mean of all data")
    _needs_two(len(first))
    try:
        plane = handle_plane(np.stack([first, second, everything]), names)
    except ValueError as error:
        raise ValueError(
            "The means of the two selections and of all data lie on one line, which many planes "
            "hold; select other points"
        ) from error
    return replace(plane, name="selection 1 → 2", kind="selections")


def class_plane(mean: Floats, label: Labels) -> Plane:
    """The two directions that best separate the classes of data [N, K]; `label` [N], none: -1.

    Fisher's discriminants (the eigenvectors of W^-1 B; Bishop 2006, eq. 4.40-4.46), the second
    turned at a right angle to the first within their plane. Two classes, or means on one line,
    have one discriminant only: beside it stands the principal direction orthogonal to it.

    Raises:
        ValueError: there are fewer than two classes, nothing separates them, or K is 1.
    """
    _needs_two(mean.shape[1])
    known = label >= 0
    rows, members = _some(mean[known], label[known])
    classes, members = np.unique(members, return_inverse=True)
    if len(classes) < 2:
        raise ValueError("at least two classes are needed to separate them")
    within, between = _scatter(rows, members, len(classes))
    if not np.trace(between) > _NOTHING * (np.trace(within) + np.square(rows).sum(1).mean()):
        raise ValueError("the classes have the same mean: no direction separates them")
    directions, ratios = _discriminants(within, between)
    count, shares = len(classes), ratios / ratios.sum()
    first, second = percent(float(shares[0])), percent(float(shares[1]))
    if count > 2 and shares[1] > 1e-6:
        return _plane(
            directions[:2],
            rows.mean(0),
            f"LDA {first} × {second}",
            "classes",
            (
                f"LDA 1, {first} of the separation of {count} classes",
                f"LDA 2, {second} of the separation, at a right angle to LDA 1",
            ),
        )
    across = directions[0] / np.linalg.norm(directions[0])
    up, share = _leading_beside(_covariance(rows), across)
    return _plane(
        np.stack([across, up]),
        rows.mean(0),
        f"LDA × PC {percent(share)}",
        "classes",
        (
            f"LDA, the one direction that separates the {count} classes",
            f"the principal direction at a right angle to it, {percent(share)} of the variance",
        ),
    )


def random_plane(centre: Floats, random: np.random.Generator) -> Plane:
    """A plane in any direction (all are as likely) through `centre` [K].

    Raises:
        ValueError: K is 1.
    """
    _needs_two(len(centre))
    directions = random.standard_normal((2, len(centre)))
    words = ("a random direction", "a random direction, at a right angle to the other")
    return _plane(directions, centre, "random", "random", words)


def percent(share: float) -> str:
    """A share from 0 to 1 in words."""
    return f"{100 * share:.0f} %" if share >= 0.005 else "under 1 %"


def is_plane(origin: Floats, basis: Floats, tolerance: float = 1e-4) -> bool:
    """Whether `basis` [2, K] is orthonormal and `origin` [K] the point of the plane nearest 0."""
    with np.errstate(over="ignore", invalid="ignore"):
        square = basis @ basis.T
        foot = np.abs(basis @ origin).max()
        right = bool(np.abs(square - np.eye(2)).max() <= tolerance)
        return right and bool(foot <= tolerance * (1.0 + np.abs(origin).max()))


def _needs_two(latent_size: int) -> None:
    if latent_size < 2:
        raise ValueError("a latent space of one dimension holds no plane")


def _plane(
    directions: Doubles, through: npt.ArrayLike, name: str, kind: PlaneKind, words: tuple[str, str]
) -> Plane:
    """The plane of two independent directions [2, K] through a point; the first runs across."""
    across = directions[0] / np.linalg.norm(directions[0])
    up = directions[1] / np.linalg.norm(directions[1])
    for _ in range(2):  # once more: the first time rounding leaves a part of nearly equal ones
        up = up - across * (up @ across)
        up = up / np.linalg.norm(up)
    basis = np.stack([across, up])
    point = np.asarray(through, np.float64)
    origin = point - (point @ basis.T) @ basis
    return Plane(origin.astype(np.float32), basis.astype(np.float32), name, kind, *words)


def _some(mean: Floats, label: Labels | None = None) -> tuple[Doubles, Labels]:
    """Finite rows [M, K] of data and their labels, by chance where there are very many."""
    most = max(_MOST_NUMBERS // max(mean.shape[1], 1), 3)
    chosen = np.arange(len(mean))
    if len(mean) > most:  # not every so many: classes may follow one another in a circle
        chosen = np.sort(np.random.default_rng(0).choice(len(mean), most, replace=False))
    rows = mean[chosen].astype(np.float64)
    finite = np.isfinite(rows).all(1)
    labels = np.zeros(len(chosen), np.int64) if label is None else label[chosen]
    return rows[finite], labels[finite]


def _covariance(rows: Doubles) -> Doubles:
    off = rows - rows.mean(0)
    return np.asarray(off.T @ off / len(rows), np.float64)


def _leading(covariance: Doubles) -> tuple[Doubles, Doubles]:
    """Eigenvectors as rows, largest eigenvalue first; each points to where it is largest."""
    values, vectors = np.linalg.eigh(covariance)
    rows = vectors.T[::-1]
    largest = np.take_along_axis(rows, np.abs(rows).argmax(1)[:, None], 1)
    signs = np.where(largest < 0, -1.0, 1.0)
    return np.asarray(rows * signs, np.float64), np.maximum(values[::-1], 0.0)


def _leading_beside(covariance: Doubles, direction: Doubles) -> tuple[Doubles, float]:
    """The leading principal direction orthogonal to a unit one, and its share of the variance."""
    size = len(direction)
    beside = np.linalg.qr(np.column_stack([direction, np.eye(size)]))[0][:, 1:size]
    found, values = _leading(beside.T @ covariance @ beside)
    total = float(np.trace(covariance))
    return beside @ found[0], float(values[0]) / total if total > 0 else 0.0


def _scatter(rows: Doubles, members: Labels, count: int) -> tuple[Doubles, Doubles]:
    """Covariances [K, K] within `count` classes, and between their means."""
    sizes = np.bincount(members, minlength=count).astype(np.float64)
    sums = np.zeros((count, rows.shape[1]))
    np.add.at(sums, members, rows)
    means = sums / sizes[:, None]
    off, apart = rows - means[members], means - rows.mean(0)
    within = off.T @ off / len(rows)
    return within, (apart * sizes[:, None]).T @ apart / len(rows)


def _discriminants(within: Doubles, between: Doubles) -> tuple[Doubles, Doubles]:
    """Fisher's discriminants as rows, best first, and how well each separates."""
    size = len(within)
    floor = _SHRINKAGE * np.trace(within) + _NOTHING * np.trace(between)
    lower = np.linalg.cholesky(within + floor / size * np.eye(size))
    half = np.linalg.solve(lower, between)
    found, ratios = _leading(np.linalg.solve(lower, half.T))
    return np.asarray(np.linalg.solve(lower.T, found.T).T, np.float64), ratios
