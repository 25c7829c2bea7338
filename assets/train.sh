#!/bin/sh
# Trains the shipped models again and measures them; with `record`, the recorded runs instead.
# Hours on two cores.
#
# MNIST is a folder of IDX files, or the name `mnist`, which is downloaded.
set -eu
cd "$(dirname "$0")/.."
PYTHON="${PYTHON:-.venv/bin/python}"
MNIST="${MNIST:-${DATA:-}}"
if [ -z "$MNIST" ]; then
    MNIST=../shared/data/mnist
    [ -d "$MNIST" ] || MNIST=mnist
fi

# train FOLDER/NAME DATA OPTIONS...
train() {
    model="$1.safetensors"
    data="$2"
    shift 2
    DOWNLOAD=""
    [ "$data" = mnist ] && DOWNLOAD=--allow-download
    # An unfinished training of that name is gone on with; what is finished is trained anew.
    if [ -d "$model.run" ] && [ ! -e "$model.run/finished.json" ]; then
        "$PYTHON" main.py train --resume "$model" --threads 1
    else
        # shellcheck disable=SC2086 # no word where nothing is downloaded
        "$PYTHON" main.py train --data "$data" --out "$model" --threads 1 --overwrite $DOWNLOAD "$@"
    fi
}

# shipped NAME DATA OPTIONS...
shipped() {
    name="$1"
    shift
    train "assets/$name" "$@" --seed 1 --half
    # shellcheck disable=SC2086
    "$PYTHON" main.py evaluate "$model" --data "$data" $DOWNLOAD
}

# recorded NAME OPTIONS...: measured with 5,000 importance samples, written to assets/runs
recorded() {
    name="$1"
    shift
    mkdir -p build/runs
    train "build/runs/$name" "$MNIST" "$@"
    # shellcheck disable=SC2086
    "$PYTHON" main.py evaluate "$model" --data "$data" $DOWNLOAD --importance-samples 5000 \
        > "build/runs/$name.json"
    "$PYTHON" tools/record_run.py "$model" "build/runs/$name.json"
}

case "${1:-ship}" in
record)
    recorded burda-vae --method vae --network plain-mlp --width 200 --depth 2 --latent 50 \
        --batch 100 --warmup 10 --epochs 700
    recorded burda-iwae --method iwae --samples 5 --network plain-mlp --width 200 --depth 2 \
        --latent 50 --batch 100 --warmup 10 --epochs 350
    recorded tight-bound --preset tight-bound --seed 1
    ;;
ship)
    shipped mnist-2d "$MNIST" --method vae --latent 2 --width 320 --depth 2 --batch 256 --epochs 60
    shipped mnist-10d "$MNIST" --method vae --latent 10 --width 480 --depth 2 --epochs 120
    shipped digits-by-class "$MNIST" --method cvae --latent 4 --width 320 --depth 2 --batch 256 \
        --epochs 40
    shipped rooms rooms --method vae --latent 10 --network conv --width 16 --batch 64 \
        --learning-rate 0.002 --epoch-images 20000 --epochs 25
    shipped sprites sprites --method beta-tcvae --beta 20 --latent 10 --width 256 --depth 2 \
        --warmup 0 --epoch-images 60000 --epochs 100
    ;;
*)
    echo "usage: $0 [ship|record]" >&2
    exit 2
    ;;
esac
