"""The command line: the window by default, headless commands that never import Qt."""

import argparse
import math
import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import NoReturn, get_args

from explorer import __version__
from explorer.importing import first_import, import_qt
from explorer.settings_file import SWITCH, read_settings
from models.downloads import BUILT_IN
from models.errors import CheckpointError, DataError, TrainingError
from models.methods import METHODS, SETTINGS, LikelihoodName, meaning_of, settings_names
from models.plans import PROGRAM, Plan
from models.presets import ENOUGH_STEPS, MOST_EPOCHS, PRESETS

DONE, OUR_FAULT, USERS_INPUT, INTERRUPTED = 0, 1, 2, 130

_EXAMPLES = """\
examples:
  %(prog)s                                      open the window on a shipped model
  %(prog)s my-model.safetensors digit.png       open a model and encode a picture
  %(prog)s train --data digits --latent 2 --epochs 20 --out digits.safetensors
  %(prog)s train --data photos/ --latent 16 --network conv --epochs 50 --out photos.safetensors
  %(prog)s train --preset tight-bound --data mnist --allow-download --out mnist.safetensors
  %(prog)s train --resume mnist.safetensors --more 10
  %(prog)s evaluate digits.safetensors --data digits --importance-samples 100
  %(prog)s interpolate digits.safetensors a.png b.png --frames 60 --out path.gif
  %(prog)s decode digits.safetensors --z -0.5,1.2 --out picture.png

%(prog)s COMMAND --help explains a command. Exit status: 0 done, 2 something was wrong
with what was given (one line says what), 1 a fault of the program (details in its log).
"""


class InputError(ValueError):
    """What the user gave on the command line cannot be used."""


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, and leaves the exit to `main`."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}{self._meant(message)}; see {self.prog} --help")

    def _meant(self, message: str) -> str:
        """The option whose name is near the one that is not known."""
        _, unknown, words = message.partition("unrecognized arguments: ")
        word = words.split(" ")[0].split("=")[0]
        if not unknown or not word.startswith("--"):
            return ""
        near = get_close_matches(word, self._option_string_actions, 1)
        return f" (did you mean {near[0]}?)" if near else ""


Command = Callable[[argparse.Namespace], None]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program with the given words (those of the process if None): the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        status = _run(words)
        if sys.stdout:  # a program without a console has none
            sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough. Python would complain again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except (InputError, CheckpointError, DataError, TrainingError) as error:
        print(_one_line(f"{PROGRAM}: {error}"), file=sys.stderr)
        return USERS_INPUT
    except Exception:  # a bug: a report and a status of its own
        print(_report_fault(traceback.format_exc()), file=sys.stderr)
        return OUR_FAULT


def _run(words: list[str]) -> int:
    if words and words[0] in COMMANDS:
        return _run_command(words[0], words[1:])
    try:
        arguments = _window_parser().parse_args(words)
    except SystemExit as exit_:  # --help and --version
        return int(exit_.code or 0)
    return run_window(arguments.paths, arguments.screenshot)


def _run_command(name: str, words: list[str]) -> int:
    # A word such as -0.1,0.2 is a latent, not an option: argparse takes what starts with a
    # space for a value.
    words = [f" {word}" if re.match(r"-[\d.]", word) else word for word in words]
    try:
        arguments = with_settings(name, words)
    except SystemExit as exit_:
        return int(exit_.code or 0)
    # Only now: they import torch, which costs a second that --help need not wait for.
    from explorer import headless, headless_training

    commands: dict[str, Command] = {
        "train": headless_training.train,
        "evaluate": headless.evaluate,
        "encode": headless.encode,
        "decode": headless.decode,
        "interpolate": headless.interpolate,
        "traverse": headless.traverse,
        "info": headless.info,
    }
    commands[name](arguments)
    return DONE


def with_settings(name: str, words: list[str]) -> argparse.Namespace:
    """What words say behind a command's name; a file of settings stands before them.

    Raises:
        InputError: they cannot be used.
        DataError: the file of settings cannot be.
    """
    parser = command_parser(name)
    typed = parser.parse_args(words)
    file = getattr(typed, "settings", None)
    if file is None:
        return typed
    options = {word: _taken(action) for action in parser._actions for word in action.option_strings}
    known = read_settings(file, options)
    try:
        parser.parse_args(known)
    except InputError as error:
        raise InputError(f"{file}: {error}") from error
    return parser.parse_args([*known, *words])


def _taken(action: argparse.Action) -> str:
    """What an option takes, in words."""
    if action.nargs == 0:
        return SWITCH
    if action.choices is not None:
        return f"one of {', '.join(str(choice) for choice in action.choices)}"
    kind = action.type.func if isinstance(action.type, partial) else action.type
    if kind in (_positive, _count, _whole):
        return "a whole number"
    return "a number" if kind is _number else "a text"


def run_window(paths: list[str], screenshot: str | None) -> int:
    """Open the window, with what `paths` name in it, until it is closed."""
    with first_import("explorer.application"):
        import_qt()
        from explorer.application import run
    return run(paths, screenshot)


def _one_line(message: str) -> str:
    return " ".join(message.split())


def _report_fault(details: str) -> str:
    """Write a traceback to the log; the line that says where it is, or the traceback itself."""
    import platformdirs

    log = Path(platformdirs.user_log_dir(PROGRAM, appauthor=False)) / f"{PROGRAM}.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as stream:
            stream.write(f"{details}\n")
    except OSError:
        return f"{PROGRAM}: a fault of the program, and its log {log} cannot be written:\n{details}"
    return f"{PROGRAM}: a fault of the program; the details are in {log}"


# --- what can be typed ---


def _window_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=PROGRAM,
        description="See, touch and understand the latent space of a variational autoencoder.",
        usage="%(prog)s [--screenshot X.png] [MODEL|IMAGE|SESSION ...]\n"
        "       %(prog)s COMMAND ...   with COMMAND one of " + ", ".join(COMMANDS),
        epilog="commands (they open no window):\n"
        + "".join(f"  {name:12} {text}\n" for name, (text, _) in COMMANDS.items())
        + "\n"
        + _EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "paths", nargs="*", metavar="MODEL|IMAGE|SESSION", help="what to open in the window"
    )
    parser.add_argument(
        "--screenshot", metavar="X.png", help="write the settled window as a picture, then exit"
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    return parser


def command_parser(name: str) -> argparse.ArgumentParser:
    """What can be typed behind a command's name."""
    text, add_options = COMMANDS[name]
    parser = _Parser(
        prog=f"{PROGRAM} {name}", description=f"{text[0].upper()}{text[1:]}.", allow_abbrev=False
    )
    add_options(parser)
    return parser


def _train_options(parser: argparse.ArgumentParser) -> None:
    """Options named as the fields of `Plan`; one that is not typed is left to its default."""
    parser.argument_default = argparse.SUPPRESS
    add = parser.add_argument
    add("--resume", metavar="FILE", help="go on with the training of FILE")
    add("--more", type=_positive, metavar="N", help=_MORE_HELP)
    add("--overwrite", action="store_true", help="lose the model and the training that OUT has now")
    add(
        "--settings",
        metavar="FILE.toml",
        help="these options from a file, by their names; typed ones come first",
    )
    add(
        "--preset",
        choices=tuple(PRESETS),
        help="settings for a purpose, fitted to the kind of images; for few images of your own "
        f"with smaller batches, and more epochs until there are {ENOUGH_STEPS:,} steps (at most "
        f"{MOST_EPOCHS} epochs); typed ones come first",
    )
    add("--data", help=_DATA_HELP)
    add("--out", metavar="FILE", help="the .safetensors file to write (the ending may be left out)")
    add("--method", choices=tuple(METHODS), help=f"(default {Plan.method})")
    add(
        "--latent",
        type=_positive,
        dest="latent_size",
        metavar="K",
        help=f"latent size (default {Plan.latent_size})",
    )
    add("--epochs", type=_positive, metavar="N", help=f"(default {Plan.epochs})")
    add(
        "--network",
        choices=("mlp", "plain-mlp", "conv", "resnet"),
        help=f"(default {Plan.network})",
    )
    add("--width", type=_positive, help="hidden units, or channels of the first level")
    add("--depth", type=_count, help="residual blocks (of each level in a resnet), or layers")
    add(
        "--likelihood",
        choices=get_args(LikelihoodName),
        help="(default bernoulli for grey images, gaussian for coloured ones)",
    )
    add(
        "--batch",
        type=_positive,
        dest="batch_size",
        metavar="IMAGES",
        help=f"images a step (default {Plan.batch_size})",
    )
    add("--learning-rate", type=_number, help=f"of Adam (default {Plan.learning_rate})")
    add(
        "--warmup",
        type=_number,
        dest="warmup_epochs",
        metavar="EPOCHS",
        help=f"how long the weight of the KL rises (default {Plan.warmup_epochs})",
    )
    add(
        "--warmup-cycles",
        type=_count,
        metavar="N",
        help="raise the weight of the KL that often, each time for half a cycle (default once)",
    )
    add(
        "--epoch-images",
        type=_count,
        metavar="N",
        help="end an epoch after N images (default: all of them)",
    )
    add(
        "--schedule-epochs",
        type=_count,
        metavar="N",
        help="lay cycles and capacity out along N epochs (default: all)",
    )
    add(
        "--weight-decay",
        type=_number,
        metavar="SHARE",
        help=f"of AdamW; narrows the gap to held-out data (default {Plan.weight_decay:g})",
    )
    add("--seed", type=_count, help=f"(default {Plan.seed})")
    add(
        "--points",
        type=_positive,
        metavar="N",
        help=f"keep at most N encoded images as points of the map (default {Plan.points:,})",
    )
    add("--half", action="store_true", help="store weights in half precision")
    add("--image-size", type=_image_size, metavar="HxW", help="resize the images, e.g. 64x64")
    add("--channels", type=int, choices=(1, 3), help=_CHANNELS_HELP)
    add(
        "--fit",
        choices=("crop", "fit"),
        help=f"when resizing, cut what stands over or pad (default {Plan.fit})",
    )
    _download_option(parser)
    _threads_option(parser)
    add("--quiet", action="store_true", help="no progress on standard error")
    _method_options(parser)


def _method_options(parser: argparse.ArgumentParser) -> None:
    """The settings of the methods, with the usual value of each method that takes it."""
    group = parser.add_argument_group("settings of a method")
    for name, setting in SETTINGS.items():
        taking = {
            method: known.defaults.get(name, 0)
            for method, known in METHODS.items()
            if name in settings_names(method)
        }
        usual = ", ".join(f"{method} {value}" for method, value in taking.items())
        if len(set(taking.values())) == 1 and len(taking) > 3:
            usual = f"{next(iter(taking.values()))}"
        meanings = {method: meaning_of(method, name) for method in taking}
        told = "; ".join(f"{method}: {text}" for method, text in meanings.items())
        meaning = told if len(set(meanings.values())) > 1 else setting.meaning
        text = f"{meaning} (default: {usual})".replace("%", "%%")
        whole = partial(_whole, least=int(setting.low), most=int(setting.high))
        kind = str if setting.choices else whole if setting.whole else _number
        group.add_argument(
            setting.option, type=kind, choices=setting.choices or None, metavar=None, help=text
        )


def _evaluate_options(parser: argparse.ArgumentParser) -> None:
    _model_argument(parser)
    parser.add_argument("--data", required=True, help=_DATA_HELP)
    parser.add_argument(
        "--importance-samples",
        type=_count,
        default=0,
        metavar="N",
        help="also the importance-weighted bound of N samples an image",
    )
    parser.add_argument("--seed", type=_count, default=0)
    parser.add_argument("--split", choices=("held-out", "train"), default="held-out")
    _download_option(parser)
    _threads_option(parser)


def _encode_options(parser: argparse.ArgumentParser) -> None:
    _model_argument(parser)
    parser.add_argument("images", nargs="+", metavar="IMAGE")
    _label_option(parser)


def _decode_options(parser: argparse.ArgumentParser) -> None:
    _model_argument(parser)
    parser.add_argument("--z", required=True, metavar="Z0,Z1,...", help="the latent, K numbers")
    _out_option(parser, "X.png")
    _label_option(parser)
    _scale_options(parser)


def _interpolate_options(parser: argparse.ArgumentParser) -> None:
    _model_argument(parser)
    for name, metavar in (("start", "A"), ("end", "B")):
        parser.add_argument(name, metavar=metavar, help="an image, or K numbers z0,z1,...")
    parser.add_argument(
        "--path", choices=("linear", "spherical", "geodesic"), default="linear", dest="path_kind"
    )
    _animation_options(parser, frames=60)
    _out_option(parser, "X.gif|X.apng|X.png")
    _label_option(parser)
    _scale_options(parser)


def _traverse_options(parser: argparse.ArgumentParser) -> None:
    _model_argument(parser)
    parser.add_argument(
        "--dimension", type=_count, metavar="I", help="only this dimension (from 0); else each"
    )
    parser.add_argument(
        "--range", type=_number, default=3.0, metavar="R", help="from -R to R (default 3)"
    )
    _animation_options(parser, frames=11)
    _out_option(parser, "X.gif|X.apng|X.png")
    _label_option(parser)
    _scale_options(parser)


def _info_options(parser: argparse.ArgumentParser) -> None:
    _model_argument(parser)


_MORE_HELP = (
    "with --resume: train N more epochs; the learning rate rises again, to where a training of "
    "that length has it"
)
_CHANNELS_HELP = "1 grey, 3 colour (with --image-size; default as the images are)"
_DATA_HELP = (
    f"{', '.join(BUILT_IN)}, a folder of images (sub-folders are classes), an .npz or .npy file, "
    "or a folder of IDX files"
)


def _model_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a model file")


def _out_option(parser: argparse.ArgumentParser, metavar: str) -> None:
    parser.add_argument("--out", required=True, metavar=metavar)


def _label_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--label", metavar="CLASS", help="class name or number, for a conditional model"
    )


def _download_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--allow-download", action="store_true", help="fetch a built-in data set if need be"
    )


def _threads_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--threads", type=_positive, metavar="N", help="threads to compute with")


def _animation_options(parser: argparse.ArgumentParser, frames: int) -> None:
    parser.add_argument(
        "--frames", type=_positive, default=frames, metavar="N", help=f"(default {frames})"
    )
    parser.add_argument(
        "--fps", type=_number, default=25.0, metavar="RATE", help="frames a second (default 25)"
    )
    parser.add_argument(
        "--there-and-back", action="store_true", help="play forth and back without a jump"
    )


def _scale_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--size", type=_positive, metavar="PIXELS", help="longer side of each picture"
    )
    parser.add_argument(
        "--scaling", choices=("smooth", "nearest"), default="smooth", help="how pictures grow"
    )


def _positive(text: str) -> int:
    return _whole(text, least=1)


def _count(text: str) -> int:
    return _whole(text)


def _whole(text: str, least: int = 0, most: int = 10**9 - 1) -> int:
    try:
        number = int(text)
    except ValueError:
        number = None
    if number is not None and least <= number <= most:
        return number
    if least == 1 and number == 0:
        raise argparse.ArgumentTypeError("must be at least 1")
    range_ = f"from {least} up" if most == 10**9 - 1 else f"from {least} to {most}"
    raise argparse.ArgumentTypeError(f"{text.strip()!r} is no whole number {range_}")


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text.strip()!r} is no number") from error
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"must be a finite number, not {text.strip()}")
    return number


def _image_size(text: str) -> tuple[int, int]:
    sides = re.fullmatch(r"(\d{1,4})x(\d{1,4})", f"{text}x{text}" if text.isdigit() else text)
    if not sides:
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 64x48 (height x width)")
    return int(sides[1]), int(sides[2])


COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "train": ("train a model on images", _train_options),
    "evaluate": ("measure a model on images, as JSON", _evaluate_options),
    "encode": ("print the latents of images, as JSON lines", _encode_options),
    "decode": ("write the picture of a latent", _decode_options),
    "interpolate": ("write the path between two images or latents", _interpolate_options),
    "traverse": ("write what each latent dimension does", _traverse_options),
    "info": ("describe a model file, as JSON", _info_options),
}
