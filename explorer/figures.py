"""Figures as a person reads them, however large what a model computes far outside."""

_SMALL, _TINY = 0.0995, 1e-4  # what one decimal says too little of; what needs a power of ten
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


def small_nats(value: float) -> str:
    """The same of one decimal, but below 0.1 of two significant digits; 0 is only what is 0."""
    if not 0 < abs(value) < _SMALL:
        return f"{figure(value) if value else '0'} nats"
    text = f"{value:#.2g}" if abs(value) >= _TINY else f"{value:.1e}".replace("e-0", "e-")
    return f"{text.replace('-', '−')} nats"
