"""Drag frames: from the pointer's move to the painted map and preview, idle and while training."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from explorer.training import Position, Status
from explorer.window import MainWindow
from models.plans import Plan
from models.runs import run
from tests.benchmarks import bare
from tests.benchmarks.digits import write_digits
from tests.benchmarks.real_window import Hand, open_window, wait_until
from tests.benchmarks.report import Options, Row, median, percentile, spread_ms

_MOVES = 1800  # a quarter of a minute
_WARM_UP_MOVES = 120
_BARE_TIMES = 500
_POINTS = 10_000
_IMAGES = 20_000
_BUDGET_P50, _BUDGET_P99 = 0.004, 0.0083
_BUDGET_THROUGHPUT = 0.9


def drag_idle(options: Options) -> list[Row]:
    """Nothing trains."""
    with open_window(options.model) as window:
        bare_seconds = _bare(window, _BARE_TIMES)
        frames = _drag(window, options)
        bare_seconds += _bare(window, _BARE_TIMES)
    within = median(frames) <= _BUDGET_P50 and percentile(frames, 99) <= _BUDGET_P99
    budget = "p50 <= 4 ms, p99 <= 8.3 ms"
    return [_frame_row("drag frame, idle", frames, bare_seconds, budget, within)]


def drag_training(options: Options) -> list[Row]:
    """A training runs in its own process as fast as it can."""
    with TemporaryDirectory() as name:
        plan = _plan(Path(name))
        alone = headless_rate(plan, 3.0 if options.quick else 12.0)
        with open_window(options.model) as window:
            bare_seconds = _bare(window, _BARE_TIMES)
            window.training.start(plan)
            wait_until(lambda: _running(window), "the training to start")
            before, at = _position(window), time.perf_counter()
            frames = _drag(window, options)
            after, took = _position(window), time.perf_counter() - at
            status = window.training.state.status
    assert status is Status.RUNNING, "the training ended while it was measured"
    rate = (after.fraction - before.fraction) * plan.epochs * _train_images() / took
    within = percentile(frames, 99) <= _BUDGET_P99
    return [
        _frame_row("drag frame, training", frames, bare_seconds, "p99 <= 8.3 ms", within),
        Row(
            "training while dragging",
            f"{rate:,.0f} images/s",
            f"{alone:,.0f} images/s headless",
            rate / alone,
            "ratio >= 0.9",
            rate / alone >= _BUDGET_THROUGHPUT,
        ),
    ]


def headless_rate(plan: Plan, seconds: float) -> float:
    """Images a second of the same training without a window, its start-up left out."""
    with closing(_steps(plan)) as steps:
        first = next(steps)
        began, at = first, time.monotonic()
        for progress in steps:
            if time.monotonic() - at >= seconds:
                break
    _tidy(plan)
    steps_done = progress.step - began.step
    return steps_done * _train_images() / (progress.steps / plan.epochs) / (time.monotonic() - at)
