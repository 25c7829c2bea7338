"""The arrangement as a session file: versioned JSON, read as strictly as a model file."""

import base64
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from explorer.arrangement import MOST_HANDLES, PATH_FRAMES, Arrangement, EncodedImage, Handle
from explorer.map_look import MapLook, look_values, read_look, whole
from explorer.rendering import ModelInfo
from explorer.viewport import Viewport
from models.errors import DataError
from models.files import replacing
from models.paths import PATH_KINDS
from models.planes import PLANE_KINDS, Plane, is_plane

VERSION = 1
SUFFIX = ".latent.json"
_LARGEST_BYTES = 64 * 2**20
_MOST_PIXELS = 256 * 256
_MOST_WORDS = 160  # letters of what a plane or a direction of it is called
_SPOILT = (KeyError, TypeError, ValueError, OSError, OverflowError)
_TERMS = {"elbo", "reconstruction", "kl", "importance_bound"}


@dataclass(frozen=True, eq=False)
class SavedSession:
    """What a session file holds; the model is named by its path, nothing of it is inside.

    The map shows `plane`, or the two `axes`. `data` is what a person named as the model's data,
    `look` is there unless the file is older than that. `plane_chosen`: a person chose the plane,
    so that it stays where it is while the model trains on. Unless `handles_touched`, the handles
    are the first ones of a training, which come along where the map follows it.
    """

    model: Path
    arrangement: Arrangement
    axes: tuple[int, int]
    view: Viewport | None
    plane: Plane | None = None
    data: Path | None = None
    look: MapLook | None = None
    plane_chosen: bool = True
    handles_touched: bool = True


def write_session(path: Path, model: ModelInfo, saved: SavedSession) -> None:
    """Write a session in one step, unless it could not be read again.

    Raises:
        DataError: it cannot be written; an older file of that name is untouched.
    """
    arrangement, view = saved.arrangement, saved.view
    values = {
        "latent_explorer_session": VERSION,
        "model": str(saved.model),
        "data": None if saved.data is None else str(saved.data),
        "latent_size": model.latent_size,
        "axes": list(saved.axes),
        "plane": None if saved.plane is None else _plane_values(saved.plane),
        "plane_chosen": saved.plane_chosen,
        "handles_touched": saved.handles_touched,
        "view": None if view is None else [view.x, view.y, view.scale],
        "look": None if saved.look is None else look_values(saved.look),
        "path": {"kind": arrangement.path_kind, "frames": arrangement.frames},
        "handles": [_handle_values(handle) for handle in arrangement.handles],
    }
    text = _readable(path, values)
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(text)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{path}: cannot be written ({reason}); choose another place") from error


def _readable(path: Path, values: dict[str, Any]) -> bytes:
    """The text of a session file that can be read again.

    Raises:
        DataError: there is none; what stands against it is told.
    """
    try:
        _saved_session(path, values)
    except _SPOILT as error:
        raise DataError(
            f"{path}: is not saved, as it could not be opened again ({error}); delete what is "
            "named there, and save again"
        ) from error
    text = json.dumps(values, indent=1).encode()
    if len(text) > _LARGEST_BYTES:
        raise DataError(
            f"{path}: is not saved, as it would be too large to be opened again "
            f"({len(text) / 2**20:.0f} MB of at most {_LARGEST_BYTES / 2**20:.0f}); delete "
            "handles, those with images first, and save again"
        )
    return text


def read_session(path: Path) -> SavedSession:
    """The session in a file.

    Raises:
        DataError: it is no session file, damaged, or of a later version.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise DataError(f"{path}: is too large for a session file; choose another file")
        if not path.is_file():
            raise DataError(f"{path}: is no ordinary file; choose a session file")
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{path}: cannot be read ({reason}); check name and rights") from error
    except DataError:
        raise
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: is no session file (no JSON); choose another file") from error
    version = values.get("latent_explorer_session") if isinstance(values, dict) else None
    if version is None:
        raise DataError(f"{path}: is JSON but no session of this program; choose another file")
    if version != VERSION:
        raise DataError(
            f"{path}: has version {version!r} and this program reads {VERSION}; "
            "update Latent Explorer"
        )
    try:
        return _saved_session(path, values)
    except _SPOILT as error:
        raise DataError(
            f"{path}: is damaged ({error}); save the session again, or open the model alone"
        ) from error


def _saved_session(path: Path, values: dict[str, Any]) -> SavedSession:
    size = whole(values["latent_size"], 1, 512)
    i, j = (whole(axis, 0, size - 1) for axis in values["axes"])
    if i == j and size > 1:
        raise ValueError("both axes are the same")
    model = _there_or_beside(Path(values["model"]), path)
    data = values.get("data")  # older files have none
    handles = values["handles"]
    if not isinstance(handles, list):
        raise ValueError("the handles are no list")
    if len(handles) > MOST_HANDLES:
        raise ValueError(f"{len(handles):,} handles; {MOST_HANDLES:,} are the most")
    arrangement = Arrangement(
        tuple(_named_handle(key, item, size) for key, item in enumerate(handles, start=1)),
        path_kind=PATH_KINDS[PATH_KINDS.index(values["path"]["kind"])],
        frames=whole(values["path"]["frames"], *PATH_FRAMES),
    )
    plane = _plane(values.get("plane"), size)  # older files have none
    return SavedSession(
        model,
        arrangement,
        (i, j),
        _view(values.get("view")),
        plane,
        None if data is None else _there_or_beside(Path(data), path),
        read_look(values.get("look"), size),
        values.get("plane_chosen") is not False,  # older files do not say
        values.get("handles_touched") is not False,
    )


def _there_or_beside(named: Path, session: Path) -> Path:
    """A file, or that of its name beside the session, with which it was moved."""
    beside = session.parent / named.name
    return beside if not named.exists() and beside.exists() else named


def _plane_values(plane: Plane) -> dict[str, Any]:
    return {
        "kind": plane.kind,
        "name": plane.name,
        "across": plane.across,
        "up": plane.up,
        "origin": plane.origin.tolist(),
        "basis": plane.basis.tolist(),
    }


def _plane(values: object, size: int) -> Plane | None:
    if values is None:
        return None
    if not isinstance(values, dict):
        raise ValueError("the plane is no table")
    kind = PLANE_KINDS[PLANE_KINDS.index(values["kind"])]
    across, up = (_latent(row, size) for row in values["basis"])
    origin, basis = _latent(values["origin"], size), np.stack([across, up])
    if kind == "axes" or size < 3 or not is_plane(origin, basis):
        raise ValueError("the plane is none")
    name, *words = (_words(values[key]) for key in ("name", "across", "up"))
    return Plane(origin, basis, name, kind, *words)


def _words(value: object) -> str:
    return " ".join(str(value)[:_MOST_WORDS].split())


def _view(values: object) -> Viewport | None:
    if values is None:
        return None
    x, y, scale = _latent(values, 3).tolist()
    if not np.isfinite([x, y, scale]).all() or not 1e-4 <= scale <= 1e7:
        raise ValueError("view")
    return Viewport(x, y, scale)


def _latent(values: object, size: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused
        z = np.array(values, np.float32)
    if z.shape != (size,) or not np.isfinite(z).all():
        raise ValueError(f"a latent is not {size} finite numbers")
    return z


def _handle_values(handle: Handle) -> dict[str, Any]:
    return {
        "name": handle.name,
        "colour": handle.colour,
        "z": handle.z.tolist(),
        "label": handle.label,
        "image": None if handle.image is None else _image_values(handle.image),
    }


def _named_handle(key: int, values: dict[str, Any], size: int) -> Handle:
    """A handle; what is wrong with it is told with its name."""
    try:
        return _handle(key, values, size)
    except ValueError as error:
        raise ValueError(f"handle {str(values['name'])[:24]}: {error}") from error


def _handle(key: int, values: dict[str, Any], size: int) -> Handle:
    label, image = values["label"], values["image"]
    return Handle(
        key=key,
        name=str(values["name"])[:24],
        colour=whole(values["colour"], 0, 10**6),
        z=_latent(values["z"], size),
        label=None if label is None else whole(label, 0, 999),
        image=None if image is None else _image(image, size),
    )


def _image_values(image: EncodedImage) -> dict[str, Any]:
    return {
        "name": image.name,
        "pixels": _png(image.pixels),
        "reconstruction": _png(image.reconstruction),
        "mean": image.mean.tolist(),
        "stddev": image.stddev.tolist(),
        "terms": dict(image.terms),
        "kl": image.kl.tolist(),
        "notes": list(image.notes),
        "epoch": image.epoch,
    }


def _image(values: dict[str, Any], size: int) -> EncodedImage:
    pixels, reconstruction = _pixels(values["pixels"]), _pixels(values["reconstruction"])
    if pixels.shape != reconstruction.shape:
        raise ValueError("an image and its reconstruction differ in size")
    return EncodedImage(
        name=str(values["name"])[:200],
        pixels=pixels,
        reconstruction=reconstruction,
        mean=_latent(values["mean"], size),
        stddev=_latent(values["stddev"], size),
        terms=_terms(values["terms"]),
        kl=_latent(values["kl"], size),
        notes=tuple(str(note)[:200] for note in values["notes"])[:20],
        epoch=None if values.get("epoch") is None else whole(values["epoch"], 0, 10**9),
    )


def _terms(values: object) -> dict[str, float]:
    if not isinstance(values, dict):
        raise ValueError("the terms of an image are no table")
    terms = {str(name)[:40]: float(value) for name, value in values.items()}
    if terms and not terms.keys() >= _TERMS:
        raise ValueError(f"an image lacks one of {', '.join(sorted(_TERMS))}")
    return terms


def _png(pixels: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]") -> str:
    stream = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode("ascii")


def _pixels(text: str) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    with Image.open(io.BytesIO(base64.b64decode(text)), formats=("PNG",)) as image:
        if image.width * image.height > _MOST_PIXELS:
            raise ValueError("an image in it is too large")
        pixels = np.asarray(image.convert("L" if image.mode == "L" else "RGB"))
    return pixels[..., None] if pixels.ndim == 2 else pixels
