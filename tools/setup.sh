#!/bin/sh
# Makes .venv with the tested set and the project in it (editable); run by make when that is out of date.
set -eu

say() { printf '%s\n' "$*" >&2; }

good_python() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for candidate in ${PYTHON3:-} python3 python3.13 python3.12 python3.11 python; do
        if command -v "$candidate" >/dev/null 2>&1 && good_python "$candidate"; then
            printf '%s' "$candidate"
            return
        fi
    done
}

if [ ! -x .venv/bin/python ] && [ ! -x .venv/Scripts/python.exe ]; then
    base=$(find_python)
    if [ -z "$base" ]; then
        say "Python 3.11 or newer is needed and none was found."
        say "Install one (Debian, Ubuntu: apt-get install python3 python3-venv), or name it: make setup PYTHON3=/path/to/python3"
        exit 1
    fi
    if ! "$base" -c 'import ensurepip, venv' 2>/dev/null; then
        version=$("$base" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        say "Python's venv module is missing ($base is $version)."
        say "Debian, Ubuntu: apt-get install python3-venv (or python$version-venv)"
        exit 1
    fi
    if [ -L .venv ]; then
        say ".venv is a link to a folder that has no Python in it. Remove it: rm .venv"
        exit 1
    fi
    say "Making .venv with $("$base" --version) ..."
    "$base" -m venv .venv
fi

python=.venv/bin/python
[ -x "$python" ] || python=.venv/Scripts/python.exe

say "Installing the tested set (constraints.txt); the first time this takes some minutes ..."
install() { "$python" -m pip install --quiet --disable-pip-version-check -c constraints.txt "$@"; }
install "$(grep '^torch==' constraints.txt)" hatchling
install --no-build-isolation --editable '.[dev]'
"$python" -m compileall -q explorer models || true # or the first start would do it
: > .venv/.installed
