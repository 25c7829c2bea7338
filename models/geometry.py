"""How a decoder bends latent space: magnification of a plane, and where re-encoding pulls."""

import torch
from torch import Tensor

from models.autoencoder import Autoencoder


def push_forward(
    model: Autoencoder, z: Tensor, directions: Tensor, label: Tensor | None = None
) -> Tensor:
    """Derivatives [D, N, pixels] of the decoder's mean image at `z` [N, K] along `directions`.

    `directions` is [D, K]; `label` [N] for a conditional model. These are forward-mode products
    J v, taken as the derivative by u of the reverse-mode product J^T u, which is linear in u
    (Townsend 2017). `torch.func.jvp` finds the same numbers in the same time, but loads
    torch._dynamo at its first use, for one to three seconds in which no handle is decoded.
    """
    with torch.enable_grad():
        moved = z.new_zeros(len(z), len(directions), requires_grad=True)
        mean = model.decode(z + moved @ directions, label).mean.flatten(1)
        u = torch.zeros_like(mean, requires_grad=True)
        (pulled,) = torch.autograd.grad(mean, moved, u, create_graph=True)
        pushed = [
            torch.autograd.grad(along.sum(), u, retain_graph=True)[0] for along in pulled.unbind(1)
        ]
    return torch.stack(pushed)


def magnification(
    model: Autoencoder, z: Tensor, directions: Tensor, label: Tensor | None = None
) -> Tensor:
    """Magnification factor [N] at `z` [N, K] of the plane (or line) of `directions` [D, K].

    sqrt(det G), where G = J^T J is the metric that the decoder's mean pulls back from image space
    (Bishop et al. 1997, eq. 3; Arvanitidis et al. 2018, eq. 3), restricted to D = 1 or 2
    directions: how much area (or length) of image space a unit of the plane covers, pixels
    counting 0 to 1. Every likelihood here has one sigma for all latents, whose part in G is 0.
    """
    pushed = push_forward(model, z, directions, label)
    first = pushed[0]
    length: Tensor = torch.linalg.vector_norm(first, dim=-1)
    if len(directions) == 1:
        return length
    # Length times height, for the difference g11 g22 - g12^2 is lost in rounding where the
    # decoder is nearly flat across.
    unit = first / length.clamp_min(torch.finfo(first.dtype).tiny)[:, None]
    height = pushed[1] - unit * (unit * pushed[1]).sum(-1, keepdim=True)
    area: Tensor = length * torch.linalg.vector_norm(height, dim=-1)
    return area


@torch.no_grad()
def re_encoding(model: Autoencoder, z: Tensor, label: Tensor | None = None) -> Tensor:
    """Where the model pulls: encode(decode(z)) - z [N, K], means on the way there and back."""
    return model.encode(model.decode(z, label).mean, label).mean - z


def in_plane(steps: Tensor, directions: Tensor) -> tuple[Tensor, Tensor]:
    """Parts [N, D] of `steps` [N, K] along orthonormal `directions`, and lengths [N] off them."""
    along = steps @ directions.T
    return along, torch.linalg.vector_norm(steps - along @ directions, dim=-1)
