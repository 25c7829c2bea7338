"""Figures as a person reads them, however large what a model computes far outside."""

_LARGE = 99_999.95  # from here a figure of one decimal has no room beside what it belongs to


def figure(value: float, places: int = 1) -> str:
    """A number of one decimal; a large one of two digits and a power of ten, as `5.0e11`.

    With `places` it has as many decimals. Its minus is one, and no zero has it.
    """
    if abs(value) < _LARGE:
        text = f"{round(value, places) + 0.0:.{places}f}"
    else:  # no number (nan) and the infinite ones too
        text = f"{value:.1e}".replace("e+0", "e").replace("e+", "e").replace("inf", "∞")
    return text.replace("-", "−")


def nats(value: float, places: int = 1) -> str:
    """A number of nats with its unit."""
    return f"{figure(value, places)} nats"
