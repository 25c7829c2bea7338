"""The density of the aggregate posterior in a plane, held against the prior's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log, pi

import numpy as np
import numpy.typing as npt

from models.planes import Plane
from models.points import Points

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

# What circles of 1, 2 and 3 standard deviations hold of N(0, I) in a plane, and on a line.
MASSES = (1 - exp(-0.5), 1 - exp(-2.0), 1 - exp(-4.5))
LINE_MASSES = (0.682689, 0.954500, 0.997300)
MOST_POINTS = 20_000  # posteriors in the mixture; of more data so many are drawn by chance
HOLE_RATIO = 0.25  # a hole has less than this share of the prior's density
HOLE_REACH = 2.0  # standard deviations of the prior within which much of its mass is
_NEIGHBOURS, _COUNTING = 16, 24  # of which reaching each takes; cells along a side to count in
_AT_ONCE = 2_000_000  # numbers
_FAR = 6.0  # standard deviations
_EVEN = 1e-5  # a correlation of less than this is rounding


@dataclass(frozen=True)
class Grid:
    """`columns` x `rows` cells of the box from (left, bottom) to (right, top), plane coordinates.

    On a line (K = 1) there is one row, and heights mean nothing.
    """

    left: float
    bottom: float
    right: float
    top: float
    columns: int
    rows: int

    @property
    def cell(self) -> tuple[float, float]:
        """Width and height of a cell in latent units."""
        return (self.right - self.left) / self.columns, (self.top - self.bottom) / self.rows

    @property
    def centres(self) -> tuple[Doubles, Doubles]:
        """Where the cells are: across [columns], up [rows]."""
        width, height = self.cell
        across = self.left + width * (np.arange(self.columns) + 0.5)
        up = self.bottom + height * (np.arange(self.rows) + 0.5)
        return np.asarray(across, np.float64), np.asarray(up, np.float64)

    def place(self, places: Doubles) -> Doubles:
        """Plane coordinates [..., 2] of (column, row) [..., 2], whole numbers being centres."""
        return np.array([self.left, self.bottom]) + (places + 0.5) * self.cell


@dataclass(frozen=True, eq=False)
class Mixture:
    """Gaussians in a plane, all of the same weight: means [N, 2], covariances [N, 2, 2].

    `of` is how many points of data they stand for, `least` the standard deviation that narrower
    ones were widened to, if any were.
    """

    mean: Doubles
    covariance: Doubles
    of: int
    least: float = 0.0

    def __len__(self) -> int:
        return len(self.mean)


def posteriors_in(plane: Plane, points: Points) -> Mixture:
    """The marginals in the plane of the posteriors of the data: exact Gaussians."""
    mean, log_variance = _some(points)
    variance = np.exp(np.clip(log_variance, -60.0, 30.0).astype(np.float64))
    basis = plane.basis.astype(np.float64)
    covariance = np.einsum("ik,nk,jk->nij", basis, variance, basis, optimize=True)
    return Mixture(plane.project(mean).astype(np.float64), covariance, len(points))


def widened(mixture: Mixture) -> Mixture:
    """The same with no Gaussian narrower than the way to its 16th neighbour, in the median.

    The data at hand are a sample: what lies between posteriors that hardly reach each other is
    not a gap of the aggregate posterior. In a plane the k-th of neighbours of density n p is
    sqrt(k / (pi n p)) away, on a line k / (2 n p); p is counted in cells.
    """
    if len(mixture) <= _NEIGHBOURS:
        return mixture
    line = bool((mixture.covariance[:, 1, 1] == 0).all())
    crowd = _crowding(mixture.mean[:, :1] if line else mixture.mean)
    typical = float(np.median(crowd))
    least = _NEIGHBOURS / (2 * typical) if line else (_NEIGHBOURS / (pi * typical)) ** 0.5
    covariance, changed = mixture.covariance.copy(), False
    for axis in (0,) if line else (0, 1):
        changed |= bool((covariance[:, axis, axis] < least**2).any())
        np.maximum(covariance[:, axis, axis], least**2, out=covariance[:, axis, axis])
    return replace(mixture, covariance=covariance, least=least if changed else 0.0)


def _crowding(mean: Doubles) -> Doubles:
    """About how many of the points [N, D] lie in a unit of area (or length) around each [N]."""
    low, high = np.percentile(mean, [1, 99], axis=0)
    cell = np.maximum(high - low, 1e-9) / _COUNTING
    place = np.clip((mean - low) // cell, -1, _COUNTING).astype(np.int64) + 1
    number = place @ (_COUNTING + 2) ** np.arange(mean.shape[1])
    return np.asarray(np.bincount(number)[number] / np.prod(cell), np.float64)


def kernels_in(plane: Plane, points: Points) -> Mixture:
    """A kernel density estimate of the means in the plane, for codes without a spread.

    Gaussian kernels by Scott's rule: the data's standard deviation in each direction times
    N^(-1/6) (Scott 1992, eq. 6.42); N^(-1/5) on a line.
    """
    mean = plane.project(_some(points)[0]).astype(np.float64)
    dimensions = 1 if plane.basis.shape[1] == 1 else 2
    width = mean.std(0) * len(mean) ** (-1 / (dimensions + 4))
    covariance = np.broadcast_to(np.diag(np.square(np.maximum(width, 1e-6))), (len(mean), 2, 2))
    return Mixture(mean, covariance, len(points))


def _some(points: Points) -> tuple[Floats, Floats]:
    """Means and log-variances of finite points, drawn by chance where there are very many."""
    chosen = np.flatnonzero(
        np.isfinite(points.mean).all(1) & np.isfinite(points.log_variance).all(1)
    )
    if len(chosen) > MOST_POINTS:
        chosen = np.random.default_rng(0).choice(chosen, MOST_POINTS, replace=False)
    return points.mean[chosen], points.log_variance[chosen]


def density(mixture: Mixture, grid: Grid) -> Doubles:
    """The mixture's density at the centres of the cells [rows, columns], per squared latent unit.

    Seen through the grid: half a cell's width is added to each standard deviation (in squares),
    so that none slips through. On a line it is a density per latent unit.
    """
    half = np.diag(np.square(grid.cell)) / 4.0
    covariance = mixture.covariance + half
    across, up = grid.centres
    if grid.rows == 1:
        return _profile(mixture.mean[:, 0], covariance[:, 0, 0], across)[None]
    near = _near(mixture.mean, covariance, grid)
    mean, covariance = mixture.mean[near], covariance[near]
    spread = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    if not len(mean):
        return np.zeros((grid.rows, grid.columns))
    if (np.abs(covariance[:, 0, 1]) <= _EVEN * spread[:, 0] * spread[:, 1]).all():
        heights = _bells(up, mean[:, 1], spread[:, 1]).T
        return np.asarray(heights @ _bells(across, mean[:, 0], spread[:, 0]) / len(mixture))
    return _slanted(mean, covariance, grid) / len(mixture)


def _near(mean: Doubles, covariance: Doubles, grid: Grid) -> npt.NDArray[np.bool_]:
    """Which Gaussians reach the box."""
    reach = _FAR * np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    low, high = np.array([grid.left, grid.bottom]), np.array([grid.right, grid.top])
    return np.asarray(((mean + reach > low) & (mean - reach < high)).all(1))


def _bells(at: Doubles, mean: Doubles, spread: Doubles) -> Floats:
    """Densities [N, places] of N(mean, spread^2) along one direction."""
    off = ((at - mean[:, None]) / spread[:, None]).astype(np.float32)
    scale = (1.0 / (np.sqrt(2 * pi) * spread)).astype(np.float32)
    return np.asarray(scale[:, None] * np.exp(-0.5 * np.square(off)), np.float32)


def _profile(mean: Doubles, variance: Doubles, at: Doubles) -> Doubles:
    return np.asarray(_bells(at, mean, np.sqrt(variance)).mean(0), np.float64)


def _slanted(mean: Doubles, covariance: Doubles, grid: Grid) -> Doubles:
    """The sum of Gaussians of any covariance: the logarithm of each is a quadratic in x and y."""
    across, up = grid.centres
    middle = np.array([across.mean(), up.mean()])
    x, y = np.meshgrid(across - middle[0], up - middle[1])
    powers = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y]).reshape(6, -1)
    weights = _quadratics(mean - middle, covariance)
    total = np.zeros(powers.shape[1])
    step = max(1, _AT_ONCE // powers.shape[1])
    for start in range(0, len(weights), step):
        logs = weights[start : start + step].astype(np.float32) @ powers.astype(np.float32)
        total += np.exp(logs, out=logs).sum(0)
    return total.reshape(x.shape)


def _quadratics(mean: Doubles, covariance: Doubles) -> Doubles:
    """Log densities as factors [N, 6] of 1, x, y, x^2, xy, y^2."""
    a, b, c = covariance[:, 0, 0], covariance[:, 0, 1], covariance[:, 1, 1]
    determinant = np.maximum(a * c - b * b, np.finfo(np.float64).tiny)
    p, q, r = c / determinant, -b / determinant, a / determinant
    x, y = mean.T
    start = -0.5 * (p * x * x + 2 * q * x * y + r * y * y) - 0.5 * np.log(determinant) - log(2 * pi)
    return np.stack([start, p * x + q * y, q * x + r * y, -p / 2, -q, -r / 2], 1)


def log_prior(grid: Grid) -> Doubles:
    """Log density of N(0, I2) at the centres of the cells; of N(0, 1) on a line."""
    across, up = grid.centres
    if grid.rows == 1:
        return np.asarray(-0.5 * (np.square(across) + log(2 * pi))[None])
    return np.asarray(-0.5 * (np.square(across) + np.square(up)[:, None]) - log(2 * pi))


def levels(values: Doubles, masses: Sequence[float]) -> list[float]:
    """Densities above which lie these shares of all that is on the grid, largest share last.

    The regions are those of highest density (Hyndman 1996).
    """
    falling = np.sort(values, axis=None)[::-1]
    held = np.cumsum(falling)
    if not held[-1] > 0:
        return [0.0 for _ in masses]
    places = np.searchsorted(held, np.asarray(masses) * held[-1])
    return [float(falling[min(place, len(falling) - 1)]) for place in places]


def lack(values: Doubles, grid: Grid) -> Doubles:
    """How far each cell is a hole: above 0 where the prior has much mass and the data little.

    log(prior / density) - log(1 / `HOLE_RATIO`), within `HOLE_REACH` standard deviations.
    """
    across, up = grid.centres
    square = np.square(across) + (0.0 if grid.rows == 1 else np.square(up)[:, None])
    with np.errstate(divide="ignore"):
        missing = log_prior(grid) - np.log(values) + log(HOLE_RATIO)
    return np.asarray(np.minimum(missing, HOLE_REACH**2 - square))


def box_of(mixture: Mixture, has_prior: bool) -> tuple[Doubles, Doubles]:
    """Corners [2] of where nearly all of it lies, and the prior's 4 standard deviations."""
    if not len(mixture):
        return np.full(2, -4.0), np.full(2, 4.0)
    spread = np.sqrt(np.median(np.diagonal(mixture.covariance, axis1=1, axis2=2), axis=0))
    low, high = np.percentile(mixture.mean, [0.1, 99.9], axis=0)
    low, high = low - 4 * spread, high + 4 * spread
    if has_prior:
        low, high = np.minimum(low, -4.0), np.maximum(high, 4.0)
    return low, np.maximum(high, low + 1e-6)
