"""Matrix products by oneDNN are as exact as MKL's, or are left alone."""

import pytest
import torch

from models.matmul import fast_matmul
from tests.small_models import generator

SHAPES = [
    (100, 784, 200),
    (100, 200, 784),
    (784, 100, 200),
    (256, 4096, 256),
    (7, 300, 5),
    (1, 9, 9),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_products_keep_single_precision(shape: tuple[int, int, int]) -> None:
    """Rounded to bfloat16 they would be off by a thousandth."""
    rows, inner, columns = shape
    one = torch.randn(rows, inner, generator=generator(0))
    other = torch.randn(inner, columns, generator=generator(1))
    with fast_matmul():
        seen = one @ other
    exact = one.double() @ other.double()
    assert (seen - exact).abs().max() < 2e-6 * inner**0.5 * exact.abs().max()


def test_gradients_keep_single_precision() -> None:
    layer = torch.nn.Linear(784, 200)
    x = torch.randn(100, 784, generator=generator(2))

    def gradient() -> torch.Tensor:
        layer.zero_grad()
        layer(x).square().sum().backward()
        assert layer.weight.grad is not None
        return layer.weight.grad.clone()

    plain = gradient()
    with fast_matmul():
        torch.testing.assert_close(gradient(), plain, rtol=1e-4, atol=1e-3)


def test_what_was_chosen_before_is_chosen_again() -> None:
    matmul = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]  # not in torch's stubs
    before = matmul.fp32_precision
    with pytest.raises(ZeroDivisionError), fast_matmul():
        raise ZeroDivisionError
    assert matmul.fp32_precision == before


def test_blocks_of_two_threads_leave_what_was_there_before() -> None:
    """Each puts back what it found; the second of two that overlap found the first one's choice."""
    matmul = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]  # not in torch's stubs
    before = matmul.fp32_precision
    one, other = fast_matmul(), fast_matmul()
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    other.__exit__(None, None, None)
    assert matmul.fp32_precision == before


@pytest.mark.parametrize(
    ("known", "chosen"), [({"amx_bf16": True}, False), ({}, False), ({"amx_bf16": False}, True)]
)
def test_onednn_is_chosen_only_where_its_products_are_not_rounded(
    known: dict[str, bool], chosen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: known, raising=False)
    matmul = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]  # not in torch's stubs
    before = matmul.fp32_precision
    assert before != "bf16"
    with fast_matmul():
        assert matmul.fp32_precision == ("bf16" if chosen else before)
