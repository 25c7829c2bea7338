"""The row of buttons that show and hide the layers of the map, bound to a session."""

from functools import partial

from PySide6.QtWidgets import QPushButton, QWidget

from explorer import theme
from explorer.map_overlays import (
    FIELD_TIP,
    MAGNIFICATION_TIP,
    density_tip,
)
from explorer.session import Session
from explorer.widgets.overflow_row import OverflowRow

_LAYER_BUTTONS = {
    "mosaic": ("Mosaic", "Decoded images as the ground of the map: what the decoder would draw"),
    "points": ("Points", "Posterior means of the data, coloured by class where classes are known"),
    "posterior": (
        "Posterior",
        "q(z|x), where the encoder puts an image: that from which a handle was encoded, or of the "
        "point under the pointer. Ellipses at 1 and 2 standard deviations, to the scale of the "
        "axes: the marginal of that Gaussian in the plane shown, of covariance B diag(σ²) Bᵀ, "
        "where σ are the encoder's K standard deviations and B (2 × K) the plane's directions. "
        "They hold 39 and 86 % of it",
    ),
    "prior": ("Prior σ", "Circles of 1, 2 and 3 standard deviations of the prior N(0, I)"),
    "density": ("Density", density_tip(has_prior=True, line=False)),
    "magnification": ("Magnification", MAGNIFICATION_TIP),
    "field": ("Field", FIELD_TIP),
}

_ON_A_LINE = {
    "points": f"{_LAYER_BUTTONS['points'][1]}; their height is spread at random, only so that they "
    "do not hide one another",
    "prior": "Lines at 1, 2 and 3 standard deviations of the prior N(0, 1)",
}

_NO_CIRCLES = "This model has no prior, so there are no circles to draw"
_NO_POSTERIORS = "Without a prior there are no posteriors: an image is encoded as one point"
_NO_POINTS = "The model's file holds no data points"


class LayerButtons(OverflowRow):
    """One button a layer; one that the model on the map cannot have is closed and says why."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__("layers", parent)
        self._session = session
        self._toggles = {name: self._button(name) for name in _LAYER_BUTTONS}
        self.set_buttons(list(self._toggles.values()))
        session.model_changed.connect(self._on_model_changed)
        session.layers_changed.connect(self._on_layers_changed)

    def _button(self, name: str) -> QPushButton:
        text, tip = _LAYER_BUTTONS[name]
        button = QPushButton(text, self)
        button.setObjectName(f"layer-{name}")
        button.setAccessibleName(text)
        button.setToolTip(theme.as_tip(tip))
        button.setProperty("slim", True)
        button.setCheckable(True)
        button.setEnabled(False)  # until there is a model
        button.clicked.connect(partial(self._on_clicked, name, button))
        return button

    def _on_clicked(self, name: str, button: QPushButton) -> None:
        # PySide does not hand `clicked`'s own argument to a partial.
        self._session.set_layers(self._session.layers.with_layer(name, button.isChecked()))

    def _on_model_changed(self) -> None:
        model = self._session.model
        if model is None:
            return
        prior, some = model.has_prior, model.points is not None
        line = model.latent_size == 1
        closed = {} if prior else {"prior": _NO_CIRCLES, "posterior": _NO_POSTERIORS}
        if not some:
            closed["density"] = _NO_POINTS
        words = {name: tip for name, (_, tip) in _LAYER_BUTTONS.items()}
        words |= (_ON_A_LINE if line else {}) | {"density": density_tip(prior, line)}
        for name in self._toggles:
            self._open(name, closed.get(name, ""), words[name])

    def _open(self, name: str, reason: str, tip: str) -> None:
        """Let a button be pressed, unless there is a reason against it."""
        self._toggles[name].setEnabled(not reason)
        self._toggles[name].setToolTip(theme.as_tip(reason or tip))

    def _on_layers_changed(self) -> None:
        for name, button in self._toggles.items():
            button.setChecked(getattr(self._session.layers, name) and button.isEnabled())
