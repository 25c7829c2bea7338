"""From one place to another within a moment: where points and the view are on the way."""

from dataclasses import dataclass, replace
from math import exp, log

import numpy as np
import numpy.typing as npt

from explorer.viewport import Viewport

Floats = npt.NDArray[np.float32]

GLIDE_SECONDS = 0.3


@dataclass(frozen=True, eq=False)
class Glide:
    """Points [N, 2] on straight lines from `start` to `end`, each on its own, begun at `began`.

    `began` and `now` are seconds of the same clock.
    """

    start: Floats
    end: Floats
    began: float
    seconds: float = GLIDE_SECONDS

    def share(self, now: float) -> float:
        """How much of the way is done, 0 to 1: never less than before."""
        return min(max((now - self.began) / self.seconds, 0.0), 1.0)

    def at(self, now: float) -> Floats:
        """Where the points are."""
        return between(self.start, self.end, self.share(now))


def between(start: Floats, end: Floats, share: float) -> Floats:
    """The points [N, 2] that are `share` of the way from `start` to `end`, row by row."""
    if share >= 1:
        return end
    return start if share <= 0 else np.asarray(start + np.float32(share) * (end - start))


def view_between(start: Viewport, end: Viewport, share: float) -> Viewport:
    """The viewport that is `share` of the way: centre in a straight line, scale by its ratio."""
    scale = start.scale * exp(share * log(end.scale / start.scale))
    x = start.x + share * (end.x - start.x)
    return replace(end, x=x, y=start.y + share * (end.y - start.y), scale=scale)
