"""The live picture of the active handle; for an encoded image also what became of it."""

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from explorer import theme
from explorer.arrangement import Bytes, EncodedImage
from explorer.encoding import BOUND_SAMPLES
from explorer.figures import nats
from explorer.painting import to_image
from explorer.session import PictureState, Session
from explorer.widgets.picture_view import PictureView
from explorer.widgets.term_bars import Term, TermBars

_SMALL_PX = (40, 58)  # in a low panel and where there is room
_DENSITIES = ("gaussian", "continuous-bernoulli")
_SMALL = ("image", "reconstruction", "difference")
_LEAST_CLASS_PX = 56
_CLASS_TIP = "The class y that the decoder p(x|z, y) is given; z is kept"


class InspectorPanel(QWidget):
    """Shows; its only changes are the class of a conditional model's handle."""

    copied = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.preview = PictureView(120, self)
        self.preview.setObjectName("preview")
        self.preview.setAccessibleName("Decoded picture of the active handle")
        self.preview.set_words("Opening the model …")
        self._bars = TermBars(3, self)
        self._build()
        session.model_changed.connect(self._on_model_changed)
        session.active_changed.connect(self._on_active_changed)
        session.arrangement_changed.connect(self._on_active_changed)
        session.latent_changed.connect(self._show_class)
        session.class_changed.connect(self._show_class)
        session.weights_changed.connect(self._on_weights_changed)
        session.picture_changed.connect(self._show_picture)
        session.picture_state_changed.connect(self._show_label)
        session.strip_changed.connect(self._on_strip_changed)
        session.scrub_changed.connect(self._on_scrub_changed)

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(theme.SPACING_PX)
        layout.addLayout(self._header())
        pictures = QGridLayout()
        pictures.setSpacing(2)
        pictures.setHorizontalSpacing(theme.SPACING_PX)
        pictures.addWidget(self.preview, 0, 0, 7, 1)
        self._small: dict[str, tuple[PictureView, QLabel]] = {}
        for row, name in enumerate(_SMALL):
            view, word = PictureView(_SMALL_PX[0], self), QLabel(name, self)
            view.setFixedWidth(_SMALL_PX[1])
            view.setMaximumHeight(_SMALL_PX[1])
            view.setAccessibleName(name.capitalize())
            view.setToolTip(_SMALL_TIPS[name])
            word.setProperty("role", "muted")
            word.setStyleSheet("font-size: 8pt")
            for widget in (view, word):  # the large picture keeps its size when they go
                policy = widget.sizePolicy()
                policy.setRetainSizeWhenHidden(True)
                widget.setSizePolicy(policy)
            self._small[name] = (view, word)
            pictures.addWidget(view, 2 * row, 1)
            pictures.addWidget(word, 2 * row + 1, 1)
        pictures.setColumnStretch(0, 1)
        pictures.setRowStretch(6, 1)
        layout.addLayout(pictures, 1)
        self._notes = QLabel(self)
        self._notes.setProperty("role", "muted")
        self._notes.setWordWrap(True)
        self._notes.setMinimumHeight(2 * self._notes.fontMetrics().lineSpacing())
        self._notes.setAlignment(Qt.AlignmentFlag.AlignTop)
        policy = self._bars.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._bars.setSizePolicy(policy)
        layout.addWidget(self._notes)
        layout.addWidget(self._bars)
        self._hide_encoded()

    def _header(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        self._name = QLabel(self)
        self._name.setStyleSheet("font-weight: 700; font-size: 11pt")
        self._what = QLabel(self)
        self._what.setObjectName("pictureState")
        self._what.setProperty("role", "muted")
        self._class = QComboBox(self)
        self._class.setObjectName("handleClass")
        self._class.setAccessibleName("Class of the active handle")
        self._class.setToolTip(_CLASS_TIP)
        self._class.setMinimumWidth(_LEAST_CLASS_PX)  # a long name is cut where there is no room
        self._class.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._class.activated.connect(self._on_class_chosen)
        self._class.hide()
        copy = QPushButton("Copy", self)
        copy.setObjectName("copyPicture")
        copy.setToolTip("Copy the picture shown to the clipboard, in the model's own pixels")
        copy.setAccessibleName("Copy picture")
        copy.clicked.connect(self.copy)
        for widget in (self._name, self._what):
            bar.addWidget(widget)
        bar.addStretch(1)
        bar.addWidget(self._class)
        bar.addWidget(copy)
        return bar

    def copy(self) -> None:
        """Put the picture shown on the clipboard."""
        image = self.preview.image()
        if not image.isNull():
            QGuiApplication.clipboard().setImage(image)
            self.copied.emit(f"Copied the picture, {image.width()}×{image.height()} pixels")

    # -- from the session ------------------------------------------------------------------

    def _on_model_changed(self) -> None:
        model = self._session.model
        if model is None:
            return
        self.preview.set_image(QImage())
        self._class.setVisible(model.conditional)
        self._class.clear()
        if model.conditional:
            self._class.addItems(list(model.class_names))

    def _on_active_changed(self, key: int = 0) -> None:
        handle = self._session.active
        image = handle.image if handle is not None else None
        if handle is None:
            self.preview.set_image(QImage())
            self.preview.set_words("No handle. Double-click the map to add one.")
        if image is not None:
            self._show_encoded(image)
        else:
            self._notes.setText(_NO_IMAGE if handle is not None else "")
            self._hide_encoded()
        self._show_label()

    def _show_label(self) -> None:
        handle, frame = self._session.active, self._session.scrub
        if frame is not None:
            total = self._session.arrangement.frames
            self._head("Path", f"frame {frame + 1} of {total}", _FRAME_TIP, theme.colours().text)
            return
        if handle is None:
            self._head("", "", "", theme.colours().text)
            return
        colour = theme.handle_colour(handle.colour)
        shade = colour if theme.colours().dark else colour.darker(170)
        self._head(handle.name, *_STATES[self._session.picture_state], shade.name())
        self._show_class()

    def _head(self, name: str, what: str, tip: str, colour: str) -> None:
        self._name.setText(name)
        self._name.setStyleSheet(f"font-weight: 700; font-size: 11pt; color: {colour}")
        self._what.setText(what)
        self._what.setToolTip(theme.as_tip(tip))

    def _show_class(self, key: int = 0) -> None:
        if self._session.label is not None:
            self._class.setCurrentIndex(self._session.label)
            tip = f"Class {self._class.currentText()}. {_CLASS_TIP}"
            self._class.setToolTip(theme.as_tip(tip))

    def _show_picture(self) -> None:
        picture = self._session.picture
        if picture is not None and self._session.scrub is None:
            self.preview.set_image(to_image(picture))

    def _on_strip_changed(self) -> None:
        if self._session.scrub is not None:
            self._on_scrub_changed()

    def _on_scrub_changed(self) -> None:
        frame = self._session.scrub
        if frame is None:
            self._show_picture()
        elif frame in self._session.strip:
            self.preview.set_image(to_image(self._session.strip[frame]))
        self._show_label()

    def _hide_encoded(self) -> None:
        for view, word in self._small.values():
            view.hide()
            word.hide()
        self._bars.hide()

    def _show_encoded(self, image: EncodedImage) -> None:
        difference = np.abs(image.pixels.astype(np.int16) - image.reconstruction)
        shown: dict[str, Bytes] = {
            "image": image.pixels,
            "reconstruction": image.reconstruction,
            "difference": difference.astype(np.uint8),
        }
        for name, pixels in shown.items():
            view, word = self._small[name]
            view.set_image(to_image(pixels))
            view.show()
            word.show()
        self._show_notes(image)
        self._bars.setVisible(bool(image.terms))
        if image.terms:
            self._bars.set_terms(*self._terms(image))

    def _on_weights_changed(self) -> None:
        handle = self._session.active
        if handle is not None and handle.image is not None:
            self._show_notes(handle.image)

    def _show_notes(self, image: EncodedImage) -> None:
        """What was done to the image, and by which epoch if that is not the one on the map."""
        model, notes = self._session.model, list(image.notes)
        if model is not None and image.epoch != model.epoch:
            by = "the final model" if image.epoch is None else f"epoch {image.epoch}"
            notes.insert(0, f"encoded by {by}, not by the weights on the map (drop it again)")
        self._notes.setText(": ".join([image.name, ", ".join(notes)]).rstrip(": "))

    def _terms(self, image: EncodedImage) -> tuple[str, str, list[Term], str]:
        terms, model = image.terms, self._session.model
        binary = model is not None and model.binarise
        pseudo = model is not None and model.likelihood == "bernoulli" and not binary
        density = model is not None and model.likelihood in _DENSITIES
        word = "Pseudo-ELBO" if pseudo else "ELBO"
        bits = -terms["elbo"] / np.log(2) / image.pixels.size
        kind = "log density" if density else "log probability"
        flow = model is not None and model.has_flow
        how = f"from {BOUND_SAMPLES} sampled z" if flow else "in closed form"
        drawn = "one random binarisation of the image, " if binary else ""
        of = (
            ". It is of one random binarisation of the image, which is what the model was trained "
            "on; a point's card on the map tells the KL of the grey image, so the two differ"
            if binary
            else ""
        )
        head_tip = (
            f"A lower bound on log p(x), estimated from {drawn}{BOUND_SAMPLES} sampled z. "
            f"{bits:.3f} bits per pixel value."
        )
        if pseudo:
            head_tip += " Grey pixels under a Bernoulli: not a normalised density."
        rows = [
            Term(
                "reconstruction",
                -terms["reconstruction"],
                "#5aaaff",
                f"E log p(x|z), the expected {kind} of the image given z, in nats",
            ),
            Term(
                "KL to the prior",
                terms["kl"],
                "#ff8c5a",
                f"KL(q(z|x) || p(z)) {how}, in nats: what the code costs{of}",
            ),
            Term(
                f"bound, k = {BOUND_SAMPLES}",
                terms["importance_bound"],
                "#5fd4a0",
                f"Importance-weighted lower bound on log p(x) with {BOUND_SAMPLES} samples, in "
                "nats (Burda et al. 2016): tighter than the ELBO on average",
            ),
        ]
        return (
            f"{word} of this image",
            nats(terms["elbo"]),
            rows,
            head_tip,
        )

    # -- from the person -------------------------------------------------------------------

    def _on_class_chosen(self, label: int) -> None:
        self._session.choose_class(label)

    def refresh_theme(self) -> None:
        """The scheme is another one."""
        self._show_label()

    def sizeHint(self) -> QSize:
        return QSize(380, 330)


_NO_IMAGE = "Drop an image anywhere to see it encoded, reconstructed and measured here."
_FRAME_TIP = "The decode of this frame of the path"
_STATES: dict[PictureState, tuple[str, str]] = {
    "live": ("decoded, live", "The decode of z where the handle is now"),
    "behind": (
        "decoding …",
        "The picture is that of where the handle was; that of where it is now is on its way",
    ),
    "failed": (
        "not decoded",
        "The picture is that of where the handle was: z where it is now could not be decoded",
    ),
}
_SMALL_TIPS = {
    "image": "x: the image as the model was given it, after fitting",
    "reconstruction": "The decode of the posterior mean of this image",
    "difference": "Absolute difference of image and reconstruction, pixel by pixel",
}
