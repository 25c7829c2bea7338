"""Handles in their order, and the path through them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.arrangement import Arrangement, Handle
from models.paths import PATH_KINDS, PathKind


def handle(key: int, label: int | None = None, name: str = "") -> Handle:
    z = np.array([key, -key], np.float32)
    return Handle(key, name or f"n{key}", key, z, label)


def arrangement(count: int = 3, labels: bool = False) -> Arrangement:
    return Arrangement(tuple(handle(key, key if labels else None) for key in range(1, count + 1)))


def keys(found: Arrangement) -> list[int]:
    return [handle.key for handle in found.handles]


def test_a_handle_takes_its_own_place_or_the_end() -> None:
    one = arrangement().with_handle(handle(2, name="other"))
    assert [h.name for h in one.handles] == ["n1", "other", "n3"]
    assert keys(arrangement().with_handle(handle(9))) == [1, 2, 3, 9]


@given(st.integers(1, 6), st.integers(0, 7), st.integers(-3, 9))
def test_moving_in_the_order_loses_nobody(count: int, key: int, place: int) -> None:
    before = arrangement(count)
    after = before.moved(key, place)
    assert sorted(keys(after)) == keys(before)
    if key in keys(before):
        assert keys(after).index(key) == max(0, min(place, count - 1))
        others = [other for other in keys(after) if other != key]
        assert others == [other for other in keys(before) if other != key]


@pytest.mark.parametrize("kind", PATH_KINDS)
@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_path_begins_and_ends_at_its_handles(kind: PathKind, count: int) -> None:
    found = Arrangement(arrangement(count).handles, kind, 17)
    z = found.path()
    assert z.shape == (17, 2)
    np.testing.assert_array_equal(z[0], found.handles[0].z)
    np.testing.assert_array_equal(z[-1], found.handles[-1].z)
    assert len(found.path(5)) == 5


def test_no_handle_is_no_path() -> None:
    assert Arrangement().path().shape[0] == 0
    assert Arrangement().path_labels() is None


def test_each_frame_has_the_class_of_the_nearer_handle() -> None:
    labels = arrangement(labels=True).path_labels(9)
    assert labels is not None
    assert labels[0] == 1
    assert labels[4] == 2
    assert labels[-1] == 3
    assert np.all(np.diff(labels) >= 0)


def test_one_handle_without_a_class_and_the_path_has_none() -> None:
    mixed = arrangement(labels=True).with_handle(handle(2))
    assert mixed.path_labels() is None


@given(st.lists(st.integers(1, 60), unique=True, max_size=40))
def test_fresh_keys_and_names_are_nobodys(taken: list[int]) -> None:
    found = Arrangement()
    for key in taken:
        found = found.with_handle(Handle(key, chr(64 + key % 26 + 1), 0, np.zeros(1, np.float32)))
    assert found.fresh_key() not in keys(found)
    assert found.fresh_name() not in [handle.name for handle in found.handles]


def test_names_go_on_after_z() -> None:
    found = Arrangement()
    for _ in range(60):
        name = found.fresh_name()
        found = found.with_handle(Handle(found.fresh_key(), name, 0, np.zeros(1, np.float32)))
    names = [handle.name for handle in found.handles]
    assert names[0] == "A"
    assert names[25] == "Z"
    assert len(set(names)) == 60
