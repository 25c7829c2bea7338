"""Embeddings: neighbours stay neighbours, the same seed gives the same, and bad data says so."""

import io
import subprocess
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from explorer.embedder_messages import (
    EmbedderBug,
    read_answer,
    read_request,
    request_bytes,
    write_failure,
    write_places,
    write_progress,
)
from explorer.processes import process_command
from models.embedding import (
    FEWEST_POINTS,
    METHODS,
    EmbeddingSettings,
    Floats,
    Method,
    chosen_rows,
    embed,
    installed,
    nearest,
    step,
    usable_neighbours,
)
from models.errors import DataError

SETTINGS = EmbeddingSettings("t-sne", 10)
CLUSTERS = 4


def clusters(size: int = 5, count: int = 160, apart: float = 8.0) -> Floats:
    """Points [N, K] around `CLUSTERS` centres, in turn."""
    random = np.random.default_rng(0)
    centres = apart * random.standard_normal((CLUSTERS, size))
    z = centres[np.arange(count) % CLUSTERS] + random.standard_normal((count, size))
    return z.astype(np.float32)


def neighbours(places: Floats, count: int) -> list[set[int]]:
    """The nearest others of each, by all distances."""
    distance = np.linalg.norm(places[:, None] - places[None], axis=-1)
    np.fill_diagonal(distance, np.inf)
    return [set(row) for row in distance.argsort(1)[:, :count].tolist()]


def kept(z: Floats, xy: Floats, count: int = 10) -> float:
    """The share of the nearest others that are among the nearest in the embedding."""
    pairs = zip(neighbours(z, count), neighbours(xy, count), strict=True)
    return float(np.mean([len(before & after) / count for before, after in pairs]))


@pytest.mark.parametrize("size", [1, 2, 5, 64])
def test_neighbours_stay_neighbours(size: int) -> None:
    z = clusters(size)
    xy = embed(z, SETTINGS)
    assert xy.shape == (len(z), 2)
    assert xy.dtype == np.float32
    assert np.isfinite(xy).all()
    by_chance = 10 / len(z)
    assert kept(z, xy) > 6 * by_chance


def test_clusters_stay_together() -> None:
    """The nearest of nearly every point belong to its own cluster."""
    xy, cluster = embed(clusters(), SETTINGS), np.arange(160) % CLUSTERS
    near = np.array([list(found) for found in neighbours(xy, 5)])
    same = cluster[near] == cluster[:, None]
    assert np.mean(same) > 0.95


def test_the_same_seed_gives_the_same() -> None:
    z = clusters()
    first = embed(z, SETTINGS)
    np.testing.assert_array_equal(first, embed(z, SETTINGS))
    assert not np.array_equal(first, embed(z, replace(SETTINGS, seed=1)))


def test_scale_and_place_of_the_data_change_nothing_of_its_neighbours() -> None:
    z = clusters()
    far = (z * 1e6 + 3e7).astype(np.float32)
    assert kept(far, embed(far, SETTINGS)) > 0.4


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("count", [FEWEST_POINTS, 5, 12])
def test_few_points_are_embedded_with_fewer_neighbours(count: int, method: Method) -> None:
    settings = EmbeddingSettings(method, 30)
    xy = embed(clusters(count=count), settings)
    assert xy.shape == (count, 2)
    assert np.isfinite(xy).all()
    most = (count - 1) // 3 if method == "t-sne" else count - 1
    assert usable_neighbours(settings, count) == max(1, most)


@pytest.mark.parametrize("method", METHODS)
def test_many_equal_points_are_embedded(method: Method) -> None:
    z = clusters()
    z[20:120] = z[20]
    assert np.isfinite(embed(z, EmbeddingSettings(method, 10))).all()


def not_finite(count: int) -> Floats:
    z = clusters()
    z[:count, 2] = np.nan
    z[count, 0] = np.inf
    return z


@pytest.mark.parametrize(
    ("z", "message"),
    [
        (not_finite(2), "3 of 160 posterior means are not finite"),
        (np.ones((50, 3), np.float32), "same posterior mean"),
        (clusters(count=FEWEST_POINTS - 1), "there are 3"),
        (np.zeros((0, 3), np.float32), "there are 0"),
    ],
    ids=["not finite", "all equal", "too few", "none"],
)
def test_what_cannot_be_embedded_is_told(z: Floats, message: str) -> None:
    with pytest.raises(DataError, match=message):
        embed(z, SETTINGS)


@pytest.mark.parametrize("method", METHODS)
def test_a_missing_package_is_told(method: Method, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.embedding.find_spec", lambda name: None)
    assert not installed(method)
    with pytest.raises(DataError, match=METHODS[method].package):
        embed(clusters(), EmbeddingSettings(method))


def test_progress_counts_up_to_the_end() -> None:
    told: list[tuple[str, int, int]] = []
    embed(clusters(), SETTINGS, lambda *words: told.append(words))
    done = [done for _, done, total in told if total]
    assert done == sorted(done)
    assert done[-1] == told[-1][2]
    assert len(told) > 20


def test_what_a_report_raises_ends_it() -> None:
    """Whoever calls it from a thread of his own cancels it so."""

    def stop(what: str, done: int, total: int) -> None:
        if done > 50:
            raise KeyError

    with pytest.raises(KeyError):
        embed(clusters(), SETTINGS, stop)


def by_process(z: Floats, settings: EmbeddingSettings) -> tuple[Floats, list[tuple[str, int, int]]]:
    """Places from the process that the window asks, and what it told on the way."""
    told: list[tuple[str, int, int]] = []
    command = process_command("explorer.embedder_process")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(request_bytes(z, settings))
        process.stdin.flush()
        return read_answer(process.stdout, lambda *words: told.append(words)), told


@pytest.mark.slow
def test_umap_keeps_neighbours_too() -> None:
    z, settings = clusters(), EmbeddingSettings("umap", 10)
    xy, told = by_process(z, settings)
    assert xy.shape == (len(z), 2)
    assert kept(z, xy) > 6 * 10 / len(z)
    np.testing.assert_array_equal(xy, embed(z, settings))
    assert not np.array_equal(xy, embed(z, replace(settings, seed=1)))
    assert [what for what, _, _ in told[:3]] == [
        "Loading UMAP",
        "Finding neighbours",
        "Compiling its code",
    ]
    done = [done for _, done, total in told if total]
    assert done == sorted(done)
    assert done[-1] == told[-1][2] > 0


@pytest.mark.slow
def test_umap_keeps_clusters_together() -> None:
    """The nearest of nearly every point belong to its own cluster."""
    xy, cluster = embed(clusters(), EmbeddingSettings("umap", 10)), np.arange(160) % CLUSTERS
    near = np.array([list(found) for found in neighbours(xy, 5)])
    assert np.mean(cluster[near] == cluster[:, None]) > 0.95


# Which points of many.


def test_of_few_points_all_are_chosen() -> None:
    np.testing.assert_array_equal(chosen_rows(5, most=5), np.arange(5))


def test_of_many_points_some_are_chosen_each_once() -> None:
    rows = chosen_rows(1000, most=100)
    assert len(set(rows.tolist())) == 100
    assert (np.diff(rows) > 0).all()
    assert rows.max() < 1000
    np.testing.assert_array_equal(rows, chosen_rows(1000, most=100))
    assert not np.array_equal(rows, chosen_rows(1000, most=100, seed=1))


# Picking, against brute force.

PLACES = arrays(
    np.float32, st.tuples(st.integers(1, 40), st.just(2)), elements=st.integers(-9, 9).map(float)
)


@given(xy=PLACES, x=st.integers(-12, 12), y=st.integers(-12, 12))
def test_the_nearest_is_the_nearest(xy: Floats, x: int, y: int) -> None:
    distances = [np.hypot(px - x, py - y) for px, py in xy.tolist()]
    assert distances[nearest(xy, (x, y))] == min(distances)


@given(xy=PLACES, direction=st.sampled_from([(1, 0), (-1, 0), (0, 1), (0, -1)]), data=st.data())
def test_a_step_goes_to_the_nearest_ahead(
    xy: Floats, direction: tuple[int, int], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(xy) - 1))
    found = step(xy, place, direction)
    ahead = {}
    for other, (x, y) in enumerate((xy - xy[place]).tolist()):
        along = x * direction[0] + y * direction[1]
        across = abs(x * direction[1]) + abs(y * direction[0])
        if along > 0 and along >= across:
            ahead[other] = x * x + y * y
    if ahead:
        assert ahead[found] == min(ahead.values())
    else:
        assert found == place


def test_steps_reach_every_point_of_a_row() -> None:
    xy = np.stack([np.arange(6), np.zeros(6)], 1).astype(np.float32)
    place, seen = 0, [0]
    while (after := step(xy, place, (1, 0))) != place:
        place = after
        seen.append(place)
    assert seen == list(range(6))


# What goes through the pipes.


def test_a_request_comes_back_as_it_was() -> None:
    z, settings = clusters(3, 7), EmbeddingSettings("umap", 12, seed=3)
    found, read = read_request(io.BytesIO(request_bytes(z, settings)))
    np.testing.assert_array_equal(found, z)
    assert read == settings


def test_an_answer_comes_back_after_its_progress() -> None:
    stream, told = io.BytesIO(), []
    write_progress(stream, "Laying out", 5, 750)
    write_places(stream, clusters(2, 9))
    stream.seek(0)
    xy = read_answer(stream, lambda *words: told.append(words))
    np.testing.assert_array_equal(xy, clusters(2, 9))
    assert told == [("Laying out", 5, 750)]


def written(write: Callable[[io.BytesIO], None]) -> io.BytesIO:
    stream = io.BytesIO()
    write(stream)
    return io.BytesIO(stream.getvalue())


def test_a_failure_is_raised_at_the_other_end() -> None:
    with pytest.raises(DataError, match="too few"):
        read_answer(written(lambda stream: write_failure(stream, "too few")), print)
    with pytest.raises(EmbedderBug, match="by a mistake") as caught:
        read_answer(written(lambda s: write_failure(s, "oh", "Traceback of it")), print)
    assert caught.value.__notes__ == ["Traceback of it"]


@pytest.mark.parametrize("left", [0, 1, 20, -1])
def test_an_answer_that_breaks_off_is_no_answer(left: int) -> None:
    whole = written(lambda stream: write_places(stream, clusters(2, 9))).getvalue()
    with pytest.raises(EOFError):
        read_answer(io.BytesIO(whole[:left]), print)
