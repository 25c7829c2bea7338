"""How the data is embedded: the method, its one setting, a button to compute; how far that is."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from explorer import theme

_PROGRESS_PX, _ROW_PX = 230, 22


@dataclass(frozen=True)
class MethodChoice:
    """A method to choose: its name, and the setting that says how many neighbours count."""

    title: str
    tip: str
    neighbours: str
    neighbours_tip: str
    default: int
    least: int
    most: int


class EmbeddingBar(QWidget):
    """Two rows: controls, and what is shown or how far it is."""

    back_clicked = Signal()
    method_chosen = Signal(str)
    compute_clicked = Signal()
    cancel_clicked = Signal()
    zoom_clicked = Signal(float)
    fit_clicked = Signal()

    def __init__(
        self, methods: Mapping[str, MethodChoice], status: QLabel, parent: QWidget | None = None
    ) -> None:
        """`status`, a label that needs little room, says what is shown."""
        super().__init__(parent)
        self._methods = dict(methods)
        self._neighbours_by_method = {name: way.default for name, way in methods.items()}
        self._status = status
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(4)
        rows.addLayout(self._controls())
        rows.addWidget(self._report())
        self._show_method()
        self.show_choice(again=False)
        self.show_idle()

    def _controls(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self._button("← Map", "embeddingBack", "Back to the map (Esc)"))
        row.addSpacing(6)
        self._method = QComboBox(self)
        self._method.setObjectName("embeddingMethod")
        self._method.setAccessibleName("Method of the embedding")
        for name, way in self._methods.items():
            self._method.addItem(way.title, name)
        self._method.activated.connect(self._on_method_activated)
        row.addWidget(self._method)
        self._name = QLabel(self)
        self._name.setProperty("role", "muted")
        row.addWidget(self._name)
        self._spin = QSpinBox(self)
        self._spin.setObjectName("embeddingNeighbours")
        self._spin.valueChanged.connect(self._on_neighbours_changed)
        row.addWidget(self._spin)
        self._go = self._button("Compute", "embeddingCompute", "")
        row.addWidget(self._go)
        row.addStretch(1)
        for text, name, tip in (
            ("−", "embeddingZoomOut", "Zoom out (−)"),
            ("+", "embeddingZoomIn", "Zoom in (+)"),
            ("Fit", "embeddingFit", "Show all points (Home)"),
        ):
            row.addWidget(self._button(text, name, tip))
        return row

    def _report(self) -> QWidget:
        report = QWidget(self)
        report.setProperty("compact", True)
        report.setFixedHeight(_ROW_PX)  # so that nothing moves when the bar comes
        row = QHBoxLayout(report)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self._status.setObjectName("embeddingStatus")
        self._status.setProperty("role", "muted")
        row.addWidget(self._status, 1)
        self._progress = QProgressBar(self)
        self._progress.setObjectName("embeddingProgress")
        self._progress.setAccessibleName("Progress of the embedding")
        self._progress.setFixedSize(_PROGRESS_PX, _ROW_PX)
        row.addWidget(self._progress)
        self._cancel = self._button(
            "Cancel", "embeddingCancel", "Stop computing; the points that are shown stay"
        )
        row.addWidget(self._cancel)
        return report

    def _button(self, text: str, name: str, tip: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setToolTip(tip)
        button.setAccessibleName(tip.split(" (")[0] or text)
        clicked = {
            "embeddingBack": self.back_clicked.emit,
            "embeddingCompute": self.compute_clicked.emit,
            "embeddingCancel": self.cancel_clicked.emit,
            "embeddingZoomOut": partial(self.zoom_clicked.emit, 0.8),
            "embeddingZoomIn": partial(self.zoom_clicked.emit, 1.25),
            "embeddingFit": self.fit_clicked.emit,
        }
        button.clicked.connect(clicked[name])
        return button

    # -- what it shows ---------------------------------------------------------------------

    @property
    def method(self) -> str:
        """The method that is chosen."""
        return str(self._method.currentData())

    @property
    def neighbours(self) -> int:
        """Its setting."""
        return self._spin.value()

    def show_choice(self, *, again: bool, reason: str = "", instead: str = "") -> None:
        """What the button does for the method that is chosen.

        `reason` says why it can do nothing, `instead` names what is being computed.
        """
        words = "Compute again" if again else "Compute"
        tip = "Compute the embedding in the background; the map stays alive meanwhile"
        tip += f". It takes the place of {instead}, which is being computed" if instead else ""
        if self._go.text() != words:
            self._go.setText(words)
            self._go.setAccessibleName(f"{words} the embedding")
        self._go.setToolTip(theme.as_tip(reason or tip))
        if reason and self._go.hasFocus() and self._cancel.isVisible():
            self._cancel.setFocus()
        self._go.setEnabled(not reason)

    def show_idle(self) -> None:
        """Nothing is being computed."""
        had_focus = self._cancel.hasFocus()
        self._progress.hide()
        self._cancel.hide()
        if had_focus:
            (self._go if self._go.isEnabled() else self._method).setFocus()

    def show_working(self, title: str, what: str, done: int, total: int) -> None:
        """How far the computation by that method is; a total of 0 is unknown."""
        # Without a total a bar would run to and fro, and then styles leave its words out.
        self._progress.setRange(0, max(total, 1))
        self._progress.setValue(done)
        told = f"{title}: {what[:1].lower()}{what[1:]}"
        self._progress.setFormat(f"{told}, {done} of {total}" if done else told)
        self._progress.setToolTip(f"Steps of {title} done, of all steps")
        self._cancel.setToolTip(f"Stop computing {title}; the points that are shown stay")
        self._cancel.setAccessibleName(f"Cancel {title}")
        self._progress.show()
        self._cancel.show()

    def _show_method(self) -> None:
        way = self._methods[self.method]
        self._method.setToolTip(theme.as_tip(way.tip))
        self._name.setText(way.neighbours)
        self._spin.blockSignals(True)
        self._spin.setRange(way.least, way.most)
        self._spin.setValue(self._neighbours_by_method[self.method])
        self._spin.blockSignals(False)
        for widget in (self._name, self._spin):
            widget.setToolTip(theme.as_tip(way.neighbours_tip))
        self._spin.setAccessibleName(f"{way.neighbours} of {way.title}")

    # -- from the person -------------------------------------------------------------------

    def _on_method_activated(self) -> None:
        self._show_method()
        self.method_chosen.emit(self.method)

    def _on_neighbours_changed(self, value: int) -> None:
        self._neighbours_by_method[self.method] = value
