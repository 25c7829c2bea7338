"""Measures what was asked for, each in a process of its own, and prints one table."""

import argparse
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path

from tests.benchmarks import (
    animation,
    decoding,
    dragging,
    drawing,
    large_data,
    memory,
    overlays,
    startup,
    training,
    wandering,
)
from tests.benchmarks.report import Options, Row, table
from tests.benchmarks.screen import NoScreenError, own_home, some_screen

_MODEL = Path(__file__).parents[2] / "assets" / "mnist-2d.safetensors"

BENCHMARKS: dict[str, Callable[[Options], list[Row]]] = {
    "drag": dragging.drag_idle,
    "drag-training": dragging.drag_training,
    "drag-following": dragging.drag_following,
    "decode": decoding.round_trip,
    "mosaic": decoding.cold_mosaic,
    "mosaic-conv": decoding.cold_mosaic_conv,
    "training-mlp": training.training_mlp,
    "training-conv": training.training_conv,
    "drawing": drawing.drawing,
    "million-points": wandering.million_points,
    "large-data": large_data.large_data,
    "startup": startup.startup,
    "gif": animation.gif,
    "overlays": overlays.overlays,
    "memory": memory.memory,
}


def main(words: Sequence[str] | None = None) -> int:
    """Run the benchmarks: 0 when all of them could be measured, whatever they found."""
    arguments = _parser().parse_args(words)
    names = arguments.only or list(BENCHMARKS)
    options = Options(arguments.model.absolute(), arguments.quick)
    if not options.model.is_file():
        print(f"{options.model} is not there; name a model with --model", file=sys.stderr)
        return 2
    rows, failed = list[Row](), list[str]()
    with ExitStack() as stack:
        try:
            stack.enter_context(own_home())
            stack.enter_context(some_screen())
        except NoScreenError as error:
            print(error, file=sys.stderr)
            return 2
        for name in names:
            print(f"measuring {name} ...", file=sys.stderr, flush=True)
            try:
                rows += _in_own_process(BENCHMARKS[name], options)
            except Exception as error:  # the others can still be measured
                failed.append(f"{name} could not be measured: {type(error).__name__}: {error}")
    print(table(rows))
    for problem in failed:
        print(problem, file=sys.stderr)
    return 1 if failed else 0


def _in_own_process(benchmark: Callable[[Options], list[Row]], options: Options) -> list[Row]:
    """So that none finds the memory, threads or caches that another has left."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(benchmark, options).result()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        type=_names,
        metavar="A,B",
        help=f"some of {', '.join(BENCHMARKS)}; a name stands for all it begins",
    )
    parser.add_argument("--quick", action="store_true", help="a fifth of the work: rough figures")
    parser.add_argument("--model", type=Path, default=_MODEL, help="the model file to open")
    return parser


def _names(text: str) -> list[str]:
    """The benchmarks whose names begin with one of some words."""
    words = text.split(",")
    unknown = [word for word in words if not any(name.startswith(word) for name in BENCHMARKS)]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}")
    return [name for name in BENCHMARKS if any(name.startswith(word) for word in words)]


if __name__ == "__main__":
    sys.exit(main())
