"""A saved session comes back as it was, beside its model, and nothing else gets in."""

import base64
import io
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from explorer.arrangement import MOST_HANDLES, Arrangement, EncodedImage, Handle
from explorer.map_look import MapLook
from explorer.selection import Selection
from explorer.session import Layers
from explorer.session_file import SavedSession, read_session, write_session
from explorer.viewport import Viewport
from models.errors import DataError
from models.planes import Plane, is_plane, random_plane
from tests.fakes import info


def image(size: int = 3, channels: int = 1) -> EncodedImage:
    random = np.random.default_rng(0)
    shape = (8, 6, channels)
    return EncodedImage(
        name="my digit.png",
        pixels=random.integers(0, 256, shape, dtype=np.uint8),
        reconstruction=random.integers(0, 256, shape, dtype=np.uint8),
        mean=random.normal(size=size).astype(np.float32),
        stddev=random.uniform(0.1, 1, size).astype(np.float32),
        terms={"elbo": -91.25, "reconstruction": 87.75, "kl": 3.5, "importance_bound": -90.5},
        kl=random.uniform(0, 2, size).astype(np.float32),
        notes=("inverted (light background)",),
        epoch=7,
    )


def arrangement(channels: int = 1) -> Arrangement:
    z = np.random.default_rng(1).normal(size=(3, 3)).astype(np.float32)
    return Arrangement(
        (
            Handle(4, "A", 0, z[0]),
            Handle(2, "zwölf ✓", 7, z[1], label=2),
            Handle(9, "C", 3, z[2], image=image(channels=channels)),
        ),
        "spherical",
        33,
    )


def saved(path: Path, found: Arrangement | None = None) -> SavedSession:
    return SavedSession(path, found or arrangement(), (2, 0), Viewport(0.5, -1.25, 80.0))


@pytest.mark.parametrize("channels", [1, 3])
def test_everything_comes_back_exactly(tmp_path: Path, channels: int) -> None:
    model = tmp_path / "model.safetensors"
    model.touch()
    path, before = tmp_path / "x.latent.json", arrangement(channels)
    write_session(path, info(), saved(model, before))
    read = read_session(path)
    after = read.arrangement
    assert (read.model, read.axes) == (model, (2, 0))
    assert read.view is not None
    assert (read.view.x, read.view.y, read.view.scale) == (0.5, -1.25, 80.0)
    assert (after.path_kind, after.frames) == ("spherical", 33)
    for old, new in zip(before.handles, after.handles, strict=True):
        assert (new.name, new.colour, new.label) == (old.name, old.colour, old.label)
        np.testing.assert_array_equal(new.z, old.z)
    old_image, new_image = before.handles[2].image, after.handles[2].image
    assert old_image is not None
    assert new_image is not None
    for name in ("pixels", "reconstruction", "mean", "stddev", "kl"):
        np.testing.assert_array_equal(getattr(new_image, name), getattr(old_image, name))
    for name in ("name", "terms", "notes", "epoch"):
        assert getattr(new_image, name) == getattr(old_image, name)
    assert len({handle.key for handle in after.handles}) == 3


def test_a_session_and_its_model_move_together(tmp_path: Path) -> None:
    path, elsewhere = tmp_path / "x.latent.json", Path("/nowhere/model.safetensors")
    write_session(path, info(), saved(elsewhere))
    assert read_session(path).model == elsewhere
    (tmp_path / "model.safetensors").touch()
    assert read_session(path).model == tmp_path / "model.safetensors"


def test_no_handles_and_no_view_are_a_session_too(tmp_path: Path) -> None:
    path = tmp_path / "x.latent.json"
    write_session(path, info(), replace(saved(path, Arrangement()), view=None))
    read = read_session(path)
    assert not read.arrangement.handles
    assert read.view is None


def test_the_file_says_its_version(tmp_path: Path) -> None:
    path = tmp_path / "x.latent.json"
    write_session(path, info(), saved(path))
    assert json.loads(path.read_text("utf-8"))["latent_explorer_session"] == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
FIELDS = ["look", "model", "data", "latent_size", "axes", "plane", "view", "path", "handles"]
PLANE_FIELDS = ["kind", "name", "across", "up", "origin", "basis"]
HANDLE_FIELDS = ["name", "colour", "z", "label", "image"]
LOOK_FIELDS = [
    *("layers", "hidden_classes", "colour_by", "tile_px", "opacity", "active", "label", "points"),
    *("selection", "first_selection"),
]
IMAGE_FIELDS = ["pixels", "reconstruction", "mean", "stddev", "terms", "kl", "notes"]
PLACES = (
    [(field,) for field in FIELDS]
    + [("plane", field) for field in PLANE_FIELDS]
    + [("look", field) for field in LOOK_FIELDS]
    + [("handles", 2, field) for field in HANDLE_FIELDS]
    + [("handles", 2, "image", field) for field in IMAGE_FIELDS]
)


@settings(max_examples=150)
@given(st.sampled_from(PLACES), JSON)
def test_whatever_stands_in_a_field_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, place: tuple[str | int, ...], value: object
) -> None:
    path = tmp_path_factory.getbasetemp() / "spoilt.latent.json"
    write_session(path, info(), replace(saved(path), plane=tilted(), look=look()))
    values = json.loads(path.read_text("utf-8"))
    inside = values
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = value
    path.write_text(json.dumps(values), "utf-8")
    read, message = read_or_told(path)
    if read is None:
        assert message.startswith(str(path))
        assert "\n" not in message
        assert len(message) < 500
    else:
        assert all(np.isfinite(handle.z).all() for handle in read.arrangement.handles)
        assert read.plane is None or is_plane(read.plane.origin, read.plane.basis)
        assert read.look is None or 0 <= read.look.opacity <= 1
        assert read.look is None or (read.look.selection.rows < read.look.count).all()


def look() -> MapLook:
    layers = Layers(
        mosaic=False, field=True, hidden_classes=frozenset({0, 2}), colour_by="z2", density=True
    )
    first, second = (Selection(np.array(rows, np.int64)) for rows in ([0, 1, 19], [3, 4]))
    return MapLook(layers, 84.0, 0.25, 2, 1, 20, second, first)


@pytest.mark.parametrize("selected", [True, False])
def test_the_look_of_the_map_comes_back_exactly(tmp_path: Path, selected: bool) -> None:
    path, before = tmp_path / "x.latent.json", look()
    if not selected:
        before = replace(before, selection=Selection(), kept=None, active=None, label=None)
    write_session(path, info(), replace(saved(path), look=before))
    after = read_session(path).look
    assert after is not None
    for name in ("layers", "tile_px", "opacity", "active", "label", "count"):
        assert getattr(after, name) == getattr(before, name)
    np.testing.assert_array_equal(after.selection.rows, before.selection.rows)
    assert (after.kept is None) == (before.kept is None)
    if after.kept is not None and before.kept is not None:
        np.testing.assert_array_equal(after.kept.rows, before.kept.rows)


def test_a_selection_among_very_many_points_takes_little_room(tmp_path: Path) -> None:
    path, rows = tmp_path / "x.latent.json", np.arange(200_000, 600_000)
    many = replace(look(), count=1_000_000, selection=Selection(rows), kept=None)
    write_session(path, info(), replace(saved(path), look=many))
    assert path.stat().st_size < 100_000
    found = read_session(path).look
    assert found is not None
    np.testing.assert_array_equal(found.selection.rows, rows)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("colour_by", value) for value in ("z3", "z-1", "label", None)),
        *(("opacity", value) for value in (1.5, -0.1, float("nan"), True)),
        *(("tile_px", value) for value in (0, 1e9, "42")),
        *(("points", value) for value in (10**9, -1, 7, 100)),
        *(("selection", value) for value in ("!", "eJwDAAAAAAE=", None)),
        ("hidden_classes", [-1]),
        ("active", -1),
    ],
)
def test_what_is_no_look_is_refused(tmp_path: Path, field: str, value: object) -> None:
    path = tmp_path / "x.latent.json"
    write_session(path, info(), replace(saved(path), look=look()))
    values = json.loads(path.read_text("utf-8"))
    values["look"][field] = value
    path.write_text(json.dumps(values), "utf-8")
    with pytest.raises(DataError, match="is damaged"):
        read_session(path)


def tilted(size: int = 3) -> Plane:
    return random_plane(np.ones(size, np.float32), np.random.default_rng(3))


def test_a_plane_comes_back_exactly(tmp_path: Path) -> None:
    path, plane = tmp_path / "x.latent.json", replace(tilted(), name="A, <b>, C", kind="handles")
    write_session(path, info(), replace(saved(path), plane=plane))
    read = read_session(path)
    assert read.plane is not None
    np.testing.assert_array_equal(read.plane.basis, plane.basis)
    np.testing.assert_array_equal(read.plane.origin, plane.origin)
    for name in ("name", "kind", "across", "up"):
        assert getattr(read.plane, name) == getattr(plane, name)
    assert read.axes == (2, 0)  # those to go back to


def test_a_file_from_before_there_were_planes_opens_on_its_axes(tmp_path: Path) -> None:
    path = tmp_path / "x.latent.json"
    write_session(path, info(), saved(path))
    values = json.loads(path.read_text("utf-8"))
    assert values.pop("plane") is None
    path.write_text(json.dumps(values), "utf-8")
    read = read_session(path)
    assert (read.plane, read.axes) == (None, (2, 0))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "axes"),
        ("kind", "curved"),
        ("basis", [[1, 0, 0], [1, 0, 0]]),
        ("basis", [[2, 0, 0], [0, 1, 0]]),
        ("basis", [[1, 0, 0], [0, 0.9, 0]]),
        ("basis", [[1, 0], [0, 1]]),
        ("basis", [[1, 0, 0, 0], [0, 1, 0, 0]]),
        ("basis", [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        ("basis", [[1, 0, 0], [0, float("nan"), 0]]),
        ("basis", [[1, 0, 0], [0, 1e39, 0]]),
        ("basis", [[1, 0, 0], [0, 3e38, 0]]),
        ("origin", [0, 0]),
        ("origin", [float("inf"), 0, 0]),
        ("origin", [1, 1, 1]),  # not the point nearest 0
    ],
)
def test_what_is_no_plane_is_refused(tmp_path: Path, field: str, value: object) -> None:
    path = tmp_path / "x.latent.json"
    write_session(path, info(), replace(saved(path), plane=tilted()))
    values = json.loads(path.read_text("utf-8"))
    values["plane"] |= {"origin": [0, 0, 1], "basis": [[1, 0, 0], [0, 1, 0]]}
    path.write_text(json.dumps(values), "utf-8")
    assert read_session(path).plane is not None
    values["plane"][field] = value
    path.write_text(json.dumps(values), "utf-8")
    with pytest.raises(DataError, match="is damaged"):
        read_session(path)


def test_words_without_end_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "x.latent.json"
    write_session(path, info(), replace(saved(path), plane=replace(tilted(), name="long\n" * 999)))
    read = read_session(path)
    assert read.plane is not None
    assert len(read.plane.name) < 200
    assert "\n" not in read.plane.name


def read_or_told(path: Path) -> tuple[SavedSession | None, str]:
    try:
        return read_session(path), ""
    except DataError as error:
        return None, str(error)


def png(height: int, width: int) -> str:
    stream = io.BytesIO()
    Image.fromarray(np.zeros((height, width), np.uint8)).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode("ascii")


@pytest.mark.parametrize(
    ("side", "reason"), [(600, r"is damaged.*too large"), (4, "differ in size")]
)
def test_an_image_of_another_size_than_it_can_have_is_not_opened(
    tmp_path: Path, side: int, reason: str
) -> None:
    path = tmp_path / "x.latent.json"
    write_session(path, info(), saved(path))
    values = json.loads(path.read_text("utf-8"))
    values["handles"][2]["image"]["pixels"] = png(side, side)
    path.write_text(json.dumps(values), "utf-8")
    with pytest.raises(DataError, match=reason):
        read_session(path)


def test_a_file_of_many_bytes_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.latent.json"
    with path.open("wb") as stream:
        stream.truncate(2**30)
    monkeypatch.setattr(Path, "read_text", None)
    with pytest.raises(DataError, match="too large"):
        read_session(path)


FIGURES = st.floats(width=32) | st.sampled_from([0.0, 3e38, np.inf, np.nan])


@st.composite
def held(draw: st.DrawFn) -> Handle:
    """What a session may hold, sound or not: nobody knows what a model computes."""
    z = np.array(draw(st.lists(FIGURES, min_size=3, max_size=3)), np.float32)
    side, label = draw(st.sampled_from([1, 8, 300])), draw(st.sampled_from([None, 3, 5000]))
    found = image()
    pixels = np.zeros((side, side, 1), np.uint8)
    kl = np.array(draw(st.lists(FIGURES, min_size=3, max_size=3)), np.float32)
    found = replace(found, pixels=pixels, reconstruction=pixels, kl=kl)
    some = draw(st.booleans())
    return Handle(1, draw(st.text(max_size=24)), 0, z, label, found if some else None)


@settings(max_examples=60, deadline=None)
@given(st.lists(held(), max_size=3))
def test_what_is_saved_can_be_opened_and_what_cannot_leaves_the_older_file(
    tmp_path_factory: pytest.TempPathFactory, handles: list[Handle]
) -> None:
    path = tmp_path_factory.mktemp("held") / "x.latent.json"
    path.write_text("older", "utf-8")
    numbered = tuple(replace(handle, key=key) for key, handle in enumerate(handles, 1))
    message = ""
    try:
        write_session(path, info(), saved(path, Arrangement(numbered)))
    except DataError as error:
        message = str(error)
    if message:
        assert "not saved" in message
        assert path.read_text("utf-8") == "older"
        return
    read = read_session(path).arrangement.handles
    assert len(read) == len(numbered)
    for one, other in zip(read, numbered, strict=True):
        np.testing.assert_array_equal(one.z, other.z)


def many(count: int) -> Arrangement:
    z = np.zeros(3, np.float32)
    return Arrangement(tuple(Handle(key, f"H{key}", key % 8, z) for key in range(1, count + 1)))


def test_as_many_handles_as_a_session_can_have_come_back_and_no_more_are_saved(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.latent.json"
    write_session(path, info(), saved(path, many(MOST_HANDLES)))
    assert len(read_session(path).arrangement.handles) == MOST_HANDLES
    with pytest.raises(DataError, match=r"not saved.*10,001 handles; 10,000 are the most"):
        write_session(path, info(), saved(path, many(MOST_HANDLES + 1)))
    assert len(read_session(path).arrangement.handles) == MOST_HANDLES


def test_what_is_larger_than_a_file_may_be_is_not_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.latent.json"
    monkeypatch.setattr("explorer.session_file._LARGEST_BYTES", 1000)
    with pytest.raises(DataError, match=r"not saved.*too large"):
        write_session(path, info(), saved(path))
    assert not path.exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "x.latent.json"
    os.mkfifo(path)
    with pytest.raises(DataError, match="no ordinary file"):
        read_session(path)
