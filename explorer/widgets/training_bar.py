"""The row of a training's pages and buttons, with its progress beside them."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStyle,
    QStyleOptionButton,
    QToolButton,
    QWidget,
)

from explorer import theme
from explorer.fields import Choice
from explorer.focus import set_enabled

_STEPS = 1000
_GAP_PX, _MARGIN_PX = 4, 26


class _Progress(QProgressBar):
    """Has words while it is busy too, where Qt draws none."""

    def text(self) -> str:
        return super().text() if self.maximum() else self.format()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.maximum():
            painter = QPainter(self)
            painter.setPen(QColor(theme.colours().text))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())


class _Page(QToolButton):
    """Has room for the longest text it may have: whatever it says, nothing beside it moves."""

    longest = ""

    def sizeHint(self) -> QSize:
        hint, width = super().sizeHint(), self.fontMetrics().horizontalAdvance
        return QSize(hint.width() + max(0, width(self.longest) - width(self.text())), hint.height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()


class _Pause(QPushButton):
    """Has room for either of its words, so that Stop stays where it is."""

    def sizeHint(self) -> QSize:
        hint, option = super().sizeHint(), QStyleOptionButton()
        self.initStyleOption(option)
        for option.text in ("Pause", "Resume"):
            text = self.fontMetrics().size(Qt.TextFlag.TextShowMnemonic.value, option.text)
            kind = QStyle.ContentsType.CT_PushButton
            hint = hint.expandedTo(self.style().sizeFromContents(kind, option, text, self))
        return hint

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()


class TrainingBar(QWidget):
    """Pages, start, pause, stop; how far it is, how well it goes, and the model that was made."""

    page_chosen = Signal(str)

    def __init__(self, pages: Sequence[Choice], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pages: dict[str, _Page] = {}
        for choice in pages:
            self._add_page(choice)
        self.start, self.pause = QPushButton("Start", self), _Pause("Pause", self)
        self.stop, self.open = QPushButton("Stop", self), QPushButton("Open model", self)
        self.progress, self.pace = _Progress(self), QLabel(self)
        names = ("trainStart", "trainPause", "trainStop", "trainOpen")
        buttons = (self.start, self.pause, self.stop, self.open)
        for button, name in zip(buttons, names, strict=True):
            button.setObjectName(name)
            button.setAutoDefault(False)
        self.start.setProperty("primary", True)
        self.progress.setObjectName("trainProgress")
        self.progress.setAccessibleName("Training progress")
        self.progress.setMinimumWidth(60)
        self.pace.setProperty("role", "muted")
        self.pace.setMinimumWidth(1)  # or a wide panel could not be made narrow
        self.pace.setObjectName("trainPace")
        self.pace.setToolTip(
            "−ELBO of held-out images in nats an image (pseudo: a Bernoulli on grey images is no "
            "normalised density), and time spent"
        )
        self._texts: tuple[str, ...] = ("",)
        self._lay_out()

    def _add_page(self, choice: Choice) -> None:
        button = _Page(self)
        button.setObjectName(f"page-{choice.value}")
        button.setText(choice.text)
        button.setAccessibleName(choice.text)
        button.setToolTip(choice.tip)
        button.setCheckable(True)
        button.setChecked(not self.pages)
        button.clicked.connect(partial(self._on_page_clicked, choice.value))
        self.pages[choice.value] = button

    def _lay_out(self) -> None:
        bar = QHBoxLayout(self)
        bar.setContentsMargins(0, 0, 0, 0)
        bar.setSpacing(_GAP_PX)
        for page in self.pages.values():
            bar.addWidget(page)
        bar.addSpacing(8)
        for button in (self.start, self.pause, self.stop):
            bar.addWidget(button)
        bar.addSpacing(4)
        bar.addWidget(self.progress, 1)
        bar.addWidget(self.pace)
        bar.addWidget(self.open)

    def _on_page_clicked(self, name: str, checked: bool = False) -> None:
        self.set_page(name)
        self.page_chosen.emit(name)

    def set_page(self, name: str) -> None:
        """Mark a page as the one that is shown."""
        for known, button in self.pages.items():  # a group would leave one of them to Tab
            button.setChecked(known == name)

    def leave_room(self, name: str, text: str) -> None:
        """Keep a page's button as wide as that text needs, which it may have later."""
        self.pages[name].longest = text
        self.pages[name].updateGeometry()

    def set_page_text(self, name: str, text: str) -> None:
        """Write something else on a page's button."""
        if self.pages[name].text() != text:
            self.pages[name].setText(text)
            self.pages[name].setAccessibleName(text)

    def set_progress(self, share: float | None, texts: Sequence[str], tip: str) -> None:
        """Show a share (0 to 1; nothing: how long is not known) with the longest text that fits.

        `texts` begin with the longest.
        """
        self.progress.setRange(0, 0 if share is None else _STEPS)
        self.progress.setValue(round(_STEPS * (share or 0.0)))
        self._texts = tuple(texts)
        self.progress.setAccessibleDescription(texts[0])
        self.progress.setToolTip(tip)
        self._write()

    def set_pace(self, text: str) -> None:
        """Say how well it goes, where there is room for it."""
        self.pace.setText(text)
        self._write()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._write()

    def _write(self) -> None:
        """As much as there is room for: the whole text first, then the pace beside it."""
        buttons = (*self.pages.values(), self.start, self.pause, self.stop, self.open)
        taken = sum(b.sizeHint().width() + _GAP_PX for b in buttons if not b.isHidden())
        room = self.width() - taken - _MARGIN_PX
        width = self.progress.fontMetrics().horizontalAdvance
        pace = self.pace.sizeHint().width() + _GAP_PX
        self.pace.setVisible(bool(self.pace.text()) and room >= width(self._texts[0]) + pace)
        fitting = (text for text in self._texts if width(text) <= room)
        self.progress.setFormat(next(fitting, self._texts[-1]))


def enable(button: QPushButton | QToolButton, tip: str, reason: str) -> None:
    """Enable a button, or disable it for a reason that its tooltip then gives."""
    set_enabled(button, not reason)
    button.setToolTip(reason or tip)
    if isinstance(button, QPushButton):
        button.setAccessibleName(button.text())
