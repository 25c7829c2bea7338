"""Progress of a headless command, on standard error, and how time and shares are written."""

import math
import sys


class ProgressLine:
    """Progress on standard error: rewritten in place on a terminal, else what is to be kept."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self.live = sys.stderr.isatty() and not quiet
        self.written = False

    def show(self, text: str, keep: bool = False) -> None:
        """Say where things stand; `keep` says it even where nothing can be rewritten."""
        if self.live:
            print(f"\r\x1b[K{text}", end="\n" if keep else "", file=sys.stderr, flush=True)
            self.written = not keep
        elif keep:
            self.say(text)

    def loading(self, what: str, done: int, total: int) -> None:
        """Of data, as `load_data` tells it."""
        self.show(f"{what} {done:,} of {total:,}" if total else what)

    def measuring(self, done: int, total: int) -> None:
        """Of images that are evaluated."""
        self.show(f"measured {done:,} of {total:,} images")

    def say(self, text: str) -> None:
        """A line that stays."""
        self.end()
        if not self.quiet:
            print(text, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Clear a line that was to be rewritten."""
        if self.written:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self.written = False


def bar(share: float, length: int = 16) -> str:
    """A bar of `length` characters, filled to a share of 0 to 1, and the share in percent."""
    eighths = round(8 * length * min(max(share, 0.0), 1.0))
    part = " ▏▎▍▌▋▊▉"[eighths % 8]
    filled = "█" * (eighths // 8) + (part if eighths % 8 else "")
    return f"▕{filled:<{length}}▏{int(100 * share):3d} %"


def clock(seconds: float) -> str:
    """Hours, minutes and seconds as 1:02:03 or 2:03; ? if nobody knows."""
    if not math.isfinite(seconds):
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
