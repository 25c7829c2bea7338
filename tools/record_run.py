"""Write down a training: `assets/runs/NAME.json` and its curves as `NAME.svg`.

    python tools/record_run.py MODEL.safetensors [EVALUATION.json ...]

An evaluation is what `main.py evaluate` has printed for the model.
"""

import json
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RUNS = ROOT / "assets" / "runs"
sys.path.insert(0, str(ROOT))

WIDTH, HEIGHT, MARGIN = 640, 260, 46
SETTLED = 0.05  # of the epochs, which do not stretch the axis
MOST_EPOCHS = 150  # that are written down, evenly spread
COLOURS = {"train": "#3b82d0", "held out": "#d0703b"}

Curve = list[tuple[float, float]]


def main(words: Sequence[str]) -> None:
    """Record the model named first with the evaluations named after it."""
    from models import load

    file, *evaluations = words
    model = load(file)
    record = dict(model.record)
    history = record.pop("history")
    RUNS.mkdir(parents=True, exist_ok=True)
    name = Path(file).stem
    told = {
        "command": record["command"],
        "seconds": record["seconds"],
        "processor_seconds": record.get("processor_seconds"),
        "settings": record["settings"],
        "changes": record.get("changes", []),
        "beside_the_command": record.get("beside_the_command", []),
        "metrics": dict(model.metrics),
        "evaluations": [json.loads(Path(path).read_text()) for path in evaluations],
        "history": [short(entry) for entry in thinned(history)],
    }
    (RUNS / f"{name}.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    (RUNS / f"{name}.svg").write_text(drawn(name, curves(history)), encoding="utf-8")


def thinned(history: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most about `MOST_EPOCHS` entries, the last among them."""
    step = -(-len(history) // MOST_EPOCHS)
    return [*history[:-1:step], history[-1]]


def short(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry without the KL of each dimension."""
    return {name: value for name, value in entry.items() if name != "kl"}


def curves(history: Sequence[dict[str, Any]]) -> dict[str, Curve]:
    """What is minimised, by epoch: -ELBO, or the reconstruction of a plain autoencoder."""

    def loss(terms: dict[str, float]) -> float:
        return -terms["elbo"] if "elbo" in terms else terms["reconstruction"]

    return {
        "train": [(entry["epoch"] - 0.5, loss(entry["train"])) for entry in history],
        "held out": [(float(entry["epoch"]), loss(entry["held_out"])) for entry in history],
    }


def drawn(name: str, lines: dict[str, Curve]) -> str:
    """An SVG of curves over epochs, in nats an image."""
    last = max(epoch for line in lines.values() for epoch, _ in line)
    settled = [value for line in lines.values() for at, value in line if at >= SETTLED * last]
    low, high = min(settled), max(settled)
    room = (high - low) * 0.05 or 1.0
    low, high = low - room, high + room

    def across(epoch: float) -> float:
        return MARGIN + (WIDTH - MARGIN - 10) * epoch / last

    def down(value: float) -> float:
        return HEIGHT - 34 - (HEIGHT - 64) * (min(value, high) - low) / (high - low)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="11">',
        f"<title>{escape(name)}: -ELBO in nats an image, by epoch</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{MARGIN}" y="16" fill="#333">{escape(name)}: −ELBO, nats an image</text>',
    ]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        value, epoch = low + share * (high - low), share * last
        y, x = down(value), across(epoch)
        parts.append(f'<path d="M{MARGIN} {y:.1f}H{WIDTH - 10}" stroke="#ddd"/>')
        parts.append(
            f'<text x="{MARGIN - 5}" y="{y + 4:.1f}" text-anchor="end" fill="#555">'
            f"{value:.1f}</text>"
        )
        parts.append(
            f'<text x="{x:.1f}" y="{HEIGHT - 16}" text-anchor="middle" fill="#555">'
            f"{epoch:.0f}</text>"
        )
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 3}" fill="#555">epoch</text>')
    for place, (kind, line) in enumerate(lines.items()):
        points = " ".join(f"{across(at):.1f},{down(value):.1f}" for at, value in line)
        colour = COLOURS[kind]
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        )
        parts.append(f'<text x="{WIDTH - 150 + 60 * place}" y="16" fill="{colour}">{kind}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
