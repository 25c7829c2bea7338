"""What a session file keeps of the map beside plane and view: layers, tiles, selections."""

import base64
import zlib
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from explorer.selection import Selection
from explorer.session import Layers

_SWITCHES = tuple(item.name for item in fields(Layers) if item.type is bool)
_COLOURS = ("class", "kl", "elbo", "reconstruction")
_MOST_POINTS = 10**8
_TILE_PX = (8.0, 400.0)


@dataclass(frozen=True, eq=False)
class MapLook:
    """How a map looks, and who is chosen on it.

    `active` is the place of the active handle in the order, `label` the class of a map without
    handles; tiles are about `tile_px` pixels wide, `opacity` is 0 to 1. The selections are among
    `count` points; `kept` is the first of two.
    """

    layers: Layers
    tile_px: float
    opacity: float
    active: int | None = None
    label: int | None = None
    count: int = 0
    selection: Selection = field(default_factory=Selection)
    kept: Selection | None = None


def look_values(look: MapLook) -> dict[str, Any]:
    """What stands in the file."""
    layers = look.layers
    return {
        "layers": [name for name in _SWITCHES if getattr(layers, name)],
        "hidden_classes": sorted(layers.hidden_classes),
        "colour_by": layers.colour_by,
        "tile_px": look.tile_px,
        "opacity": look.opacity,
        "active": look.active,
        "label": look.label,
        "points": look.count,
        "selection": _packed(look.selection, look.count),
        "first_selection": None if look.kept is None else _packed(look.kept, look.count),
    }


def read_look(values: object, size: int) -> MapLook | None:
    """What `look_values` wrote, for K = `size`; none for None.

    Raises:
        KeyError, TypeError, ValueError: it is damaged.
    """
    if values is None:
        return None
    if not isinstance(values, dict):
        raise ValueError("the look of the map is no table")
    count, first = whole(values["points"], 0, _MOST_POINTS), values["first_selection"]
    return MapLook(
        _layers(values, size),
        _number(values["tile_px"], *_TILE_PX),
        _number(values["opacity"], 0.0, 1.0),
        None if values["active"] is None else whole(values["active"], 0, 999),
        None if values["label"] is None else whole(values["label"], 0, 999),
        count,
        _unpacked(values["selection"], count),
        None if first is None else _unpacked(first, count),
    )


def _layers(values: dict[str, Any], size: int) -> Layers:
    shown, hidden, by = values["layers"], values["hidden_classes"], values["colour_by"]
    if not isinstance(shown, list) or not isinstance(hidden, list):
        raise ValueError("layers or hidden classes are no list")
    if by not in (*_COLOURS, *(f"z{number}" for number in range(size))):
        raise ValueError(f"points cannot be coloured by {str(by)[:40]!r}")
    switches: dict[str, Any] = {name: name in shown for name in _SWITCHES}
    classes = frozenset(whole(label, 0, 999) for label in hidden)
    return Layers(**switches, hidden_classes=classes, colour_by=by)


def whole(value: object, low: int, high: int) -> int:
    """A whole number from `low` to `high`.

    Raises:
        ValueError: it is none.
    """
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{value!r} is not a whole number from {low} to {high}")
    return value


def _number(value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{value!r} is not a number from {low:g} to {high:g}")
    return float(value)


def _packed(selection: Selection, count: int) -> str:
    """One bit a point: of a million points a few kilobytes, as a rule."""
    bits = np.packbits(selection.mask(count)).tobytes()
    return base64.b64encode(zlib.compress(bits)).decode("ascii")


def _unpacked(text: object, count: int) -> Selection:
    length = (count + 7) // 8
    try:
        packed = zlib.decompressobj().decompress(base64.b64decode(str(text)), length + 1)
    except zlib.error as error:
        raise ValueError(f"a selection ({error})") from error
    if len(packed) != length:
        raise ValueError("a selection is of another number of points")
    chosen = np.unpackbits(np.frombuffer(packed, np.uint8), count=count)
    return Selection(np.flatnonzero(chosen).astype(np.int64))
