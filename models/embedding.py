"""Two-dimensional embeddings of the data (t-SNE, UMAP): neighbours stay near, nothing decodes."""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

import numpy as np
import numpy.typing as npt

from models.errors import DataError

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Report = Callable[[str, int, int], None]
Method = Literal["t-sne", "umap"]

MOST_POINTS = 10_000  # half a minute of one core; of more a part is drawn at random
FEWEST_POINTS = 4

# Kobak & Berens 2019 (Nature Communications 10, 5416): start from principal components of that
# spread, exaggerate by 12 at first, then go on with a learning rate of the number of points.
_EXAGGERATED, _PLAIN, _EXAGGERATION = 250, 500, 12.0
_FIRST_SPREAD = 1e-4
_REPORT_EVERY = 5
_FFT_FROM = 6000  # points from which interpolation is faster than Barnes and Hut's tree


@dataclass(frozen=True)
class MethodWords:
    """A method's name, the packages it comes in, and its `neighbours`: name, default, range."""

    title: str
    module: str
    package: str
    neighbours: str
    default: int
    least: int
    most: int


METHODS: dict[Method, MethodWords] = {
    "t-sne": MethodWords("t-SNE", "openTSNE", "openTSNE", "Perplexity", 30, 2, 200),
    "umap": MethodWords("UMAP", "umap", "umap-learn", "Neighbours", 15, 2, 200),
}


@dataclass(frozen=True)
class EmbeddingSettings:
    """What is computed: `neighbours` is t-SNE's perplexity, UMAP's number of neighbours."""

    method: Method = "t-sne"
    neighbours: int = METHODS["t-sne"].default
    seed: int = 0


def installed(method: Method) -> bool:
    """Whether the package of a method is there; it is not loaded."""
    return find_spec(METHODS[method].module) is not None


def chosen_rows(count: int, most: int = MOST_POINTS, seed: int = 0) -> Rows:
    """Which of `count` points are embedded [n], in order: all, or `most` of them at random."""
    if count <= most:
        return np.arange(count, dtype=np.int64)
    rows = np.random.default_rng(seed).choice(count, most, replace=False)
    return np.sort(rows).astype(np.int64)


def usable_neighbours(settings: EmbeddingSettings, count: int) -> int:
    """What `neighbours` can be with so few points: t-SNE looks at three times as many."""
    most = (count - 1) // 3 if settings.method == "t-sne" else count - 1
    return max(1, min(settings.neighbours, most))


def embed(z: Floats, settings: EmbeddingSettings, report: Report | None = None) -> Floats:
    """Places [N, 2] of posterior means [N, K] such that near ones stay near.

    The same data, settings and versions give the same places. Distances between groups, and how
    wide a group is, mean little. `report` is told (what, done, total), a total of 0 being
    unknown. It takes N log N time and one core.

    t-SNE: van der Maaten & Hinton 2008, its gradient after van der Maaten 2014 or Linderman et
    al. 2019; UMAP: McInnes, Healy & Melville 2018.

    Raises:
        DataError: the points cannot be embedded, or the package is not installed.
    """
    words = METHODS[settings.method]
    if not installed(settings.method):
        raise DataError(f"{words.title} needs the package {words.package}, which is not installed")
    _check(z)
    from threadpoolctl import threadpool_limits

    neighbours = usable_neighbours(settings, len(z))
    with threadpool_limits(1), redirect_stdout(io.StringIO()):
        how = _t_sne if settings.method == "t-sne" else _umap
        xy = how(_standard(z), neighbours, settings.seed, report or _say_nothing)
    return np.asarray(xy, np.float32)


def _say_nothing(what: str, done: int, total: int) -> None:
    """Nobody asked."""


def _check(z: Floats) -> None:
    if len(z) < FEWEST_POINTS:
        raise DataError(f"An embedding needs {FEWEST_POINTS} images or more; there are {len(z)}")
    broken = int((~np.isfinite(z).all(1)).sum())
    if broken:
        raise DataError(
            f"{broken:,} of {len(z):,} posterior means are not finite numbers; the model's "
            "weights may be damaged"
        )
    if not (z != z[0]).any():
        raise DataError(
            "All images have the same posterior mean (the posterior has collapsed), so there are "
            "no neighbours to lay out"
        )


def _standard(z: Floats) -> Doubles:
    """Centred, with a spread of 1 over all dimensions together: distances keep their ratios."""
    centred = z.astype(np.float64) - z.mean(0, dtype=np.float64)
    return np.asarray(centred / centred.std())


def _first_places(z: Doubles, spread: float, seed: int) -> Doubles:
    """The first two principal components [N, 2], and a little noise to part what coincides."""
    _, axes = np.linalg.eigh(z.T @ z)
    axes = axes[:, ::-1][:, :2]
    axes = axes * np.where(axes.sum(0) < 0, -1.0, 1.0)  # a sign that is always the same
    xy = np.zeros((len(z), 2))
    xy[:, : axes.shape[1]] = z @ axes
    xy *= spread / xy[:, 0].std()
    return xy + np.random.default_rng(seed).normal(0.0, 0.01 * spread, xy.shape)


def _nearest_others(z: Doubles, count: int) -> tuple[Rows, Doubles]:
    """The `count` nearest others of each and how far they are [N, count].

    Exact, by matrix products: 0.3 s for 10,000 points, where a tree takes 1.4 s.
    """
    from sklearn.neighbors import NearestNeighbors

    near = NearestNeighbors(n_neighbors=count, algorithm="brute", n_jobs=1).fit(z)
    distances, rows = near.kneighbors()
    return rows, distances


def _t_sne(z: Doubles, perplexity: int, seed: int, report: Report) -> npt.ArrayLike:
    total = _EXAGGERATED + _PLAIN
    report("Loading openTSNE", 0, 0)
    import openTSNE
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    report("Finding neighbours", 0, total)
    neighbours, distances = _nearest_others(z, min(len(z) - 1, 3 * perplexity))
    affinities = openTSNE.affinity.PerplexityBasedNN(
        knn_index=PrecomputedNeighbors(neighbours, distances), perplexity=perplexity, n_jobs=1
    )
    embedding = openTSNE.TSNEEmbedding(
        _first_places(z, _FIRST_SPREAD, seed),
        affinities,
        negative_gradient_method="fft" if len(z) >= _FFT_FROM else "bh",
        random_state=seed,
        n_jobs=1,
    )
    report("Laying out", 0, total)
    for done, steps, exaggeration, momentum in (
        (0, _EXAGGERATED, _EXAGGERATION, 0.5),
        (_EXAGGERATED, _PLAIN, 1.0, 0.8),
    ):
        embedding.optimize(
            n_iter=steps,
            exaggeration=exaggeration,
            momentum=momentum,
            inplace=True,
            callbacks=_step_reporter(report, done, total),
            callbacks_every_iters=_REPORT_EVERY,
        )
    return np.array(embedding)


def _step_reporter(report: Report, before: int, total: int) -> Callable[[int, float, object], None]:
    def on_steps(step: int, divergence: float, embedding: object) -> None:
        report("Laying out", before + step, total)

    return on_steps


class _Steps(io.TextIOBase):
    """Where UMAP's progress bar is written: `done total` becomes a report."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def write(self, text: str) -> int:
        numbers = text.split()
        if len(numbers) == 2 and all(number.isdigit() for number in numbers):
            self._report("Laying out", int(numbers[0]), int(numbers[1]))
        return len(text)


def _umap(z: Doubles, neighbours: int, seed: int, report: Report) -> npt.ArrayLike:
    report("Loading UMAP", 0, 0)
    with _no_asides():
        import tqdm
        import umap

        tqdm.tqdm.monitor_interval = 0  # no thread that looks after the bar, and outlives it
        report("Finding neighbours", 0, 0)
        count = max(2, neighbours)
        others, distances = _nearest_others(z, count - 1)
        # Each is its own first neighbour. Those umap finds by itself are not exact from 4,096
        # points on, and the code for it takes longer to compile than all else takes.
        rows = np.column_stack([np.arange(len(z)), others]).astype(np.int32)
        distances = np.column_stack([np.zeros(len(z)), distances]).astype(np.float32)
        report("Compiling its code", 0, 0)
        bar = {"file": _Steps(report), "bar_format": "{n} {total}", "mininterval": 0.05}
        model = umap.UMAP(
            n_neighbors=count,
            n_components=2,
            init=_first_places(z, 5.0, seed).astype(np.float32),
            random_state=seed,
            n_jobs=1,
            precomputed_knn=(rows, distances),
            verbose=True,  # or there is no bar
            tqdm_kwds={**bar, "desc": None},
        )
        return np.asarray(model.fit_transform(z.astype(np.float32)))


@contextmanager
def _no_asides() -> Iterator[None]:
    """It warns that tensorflow is missing and that new data cannot be added: neither is used."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Tensorflow not installed", ImportWarning)
        warnings.filterwarnings("ignore", r"precomputed_knn\[2\]", UserWarning)
        yield


def nearest(xy: Floats, at: tuple[float, float]) -> int:
    """Which of the places [N, 2] is nearest to `at`.

    Raises:
        ValueError: there are none.
    """
    offset = xy - np.asarray(at, np.float32)
    return int(np.einsum("nd,nd->n", offset, offset).argmin())


def step(xy: Floats, place: int, direction: tuple[int, int]) -> int:
    """The nearest of the places [N, 2] within 45 degrees of a direction; `place` if none is."""
    offset = xy - xy[place]
    along = offset @ np.asarray(direction, np.float32)
    square = np.einsum("nd,nd->n", offset, offset)
    ahead = np.flatnonzero((along > 0) & (2 * along**2 >= square * (1 - 1e-6)))
    return place if not len(ahead) else int(ahead[square[ahead].argmin()])
