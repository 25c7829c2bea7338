"""Data sets arrive as bytes, divided and described, or as one clear message."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.data import load_data
from models.errors import DataError
from models.preprocessing import Preprocessing
from tests.samples import assert_sound, save_pictures

ROOT = Path(__file__).parent.parent


def test_digits_come_with_the_program() -> None:
    digits = load_data("digits")
    assert_sound(digits, 1797)
    assert len(digits.train) == 1500
    assert digits.preprocessing == Preprocessing(1, 8, 8, "fit", "light border", "ink fills")
    assert digits.class_names == tuple("0123456789")
    assert not digits.binary
    assert np.max(digits.train.images) == 255
    assert digits.held_out.labels is not None
    assert set(digits.held_out.labels) == set(range(10))
    again = load_data("digits")
    np.testing.assert_array_equal(digits.held_out.images, again.held_out.images)


@pytest.mark.parametrize("source", ["", "  ", "no-such-data", "/no/such/folder", "x\0y"])
def test_unknown_source_is_one_message(source: str) -> None:
    with pytest.raises(DataError, match="digits, mnist"):
        load_data(source)


def test_a_single_file_is_no_data_set(tmp_path: Path) -> None:
    save_pictures(tmp_path, 1)
    with pytest.raises(DataError, match="is no data set; use digits"):
        load_data(str(tmp_path / "000.png"))


def test_data_comes_without_torch_qt_or_a_network_library() -> None:
    program = (
        "import sys; import models.data, models.preprocessing, models.images; "
        "late = {'torch', 'PySide6', 'sklearn', 'scipy', 'pooch', 'requests'}; "
        "print(sorted(late & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
