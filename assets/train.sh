#!/bin/sh
# Trains the shipped models again and measures them. Hours on two cores.
#
# DATA is MNIST: a folder of IDX files, or the name `mnist`, which is downloaded.
set -eu
cd "$(dirname "$0")/.."
PYTHON="${PYTHON:-.venv/bin/python}"
if [ -z "${DATA:-}" ]; then
    DATA=../shared/data/mnist
    [ -d "$DATA" ] || DATA=mnist
fi
DOWNLOAD=""
[ "$DATA" = mnist ] && DOWNLOAD=--allow-download

train() {
    model="assets/$1.safetensors"
    shift
    # An unfinished training of that name is gone on with.
    if [ -d "$model.run" ] && [ ! -e "$model.run/finished.json" ]; then
        "$PYTHON" main.py train --resume "$model" --threads 1
    else
        # shellcheck disable=SC2086 # no word where nothing is downloaded
        "$PYTHON" main.py train --data "$DATA" --out "$model" --seed 1 --half --threads 1 \
            $DOWNLOAD "$@"
    fi
    # shellcheck disable=SC2086
    "$PYTHON" main.py evaluate "$model" --data "$DATA" $DOWNLOAD
}

train mnist-2d --method vae --latent 2 --width 320 --depth 2 --batch 256 --epochs 60
train mnist-10d --method vae --latent 10 --width 480 --depth 2 --epochs 120
train digits-by-class --method cvae --latent 4 --width 320 --depth 2 --batch 256 --epochs 40
