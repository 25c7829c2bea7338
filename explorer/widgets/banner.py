"""A message that does not fit a status bar: over the top of what it belongs to, until closed."""

from PySide6.QtCore import QElapsedTimer, QEvent, QObject, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from explorer import theme

_MARGIN_PX, _TOP_PX = 12, 52
_WIDEST_PX, _LOWEST_PX = 620, 44
_TOGETHER_MS, _MOST_LINES = 3000, 8


class Banner(QFrame):
    """Floats over `host`, so that nothing moves when it comes and goes."""

    closed = Signal()
    moved = Signal()  # it has come, gone, or another place or size

    def __init__(self, host: QWidget) -> None:
        super().__init__(host)
        self.setObjectName("banner")
        self._text = QLabel(self)
        self._text.setWordWrap(True)
        self._text.setAccessibleName("Message")
        close = QPushButton("✕", self)
        close.setObjectName("bannerClose")
        close.setAccessibleName("Close the message")
        close.setToolTip("Close the message")
        close.setFixedWidth(30)
        close.clicked.connect(self.hide)
        self._host, self._close = host, close
        self._shown = QElapsedTimer()
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(12, 8, 8, 8)
        self._layout.addWidget(self._text, 1)
        self._layout.addWidget(close)
        host.installEventFilter(self)
        self.hide()

    def add(self, text: str) -> None:
        """Show a message, under those of the last moments: one drop may bring several."""
        fresh = not self.isVisible() or self._shown.hasExpired(_TOGETHER_MS)
        lines = [] if fresh else self._text.text().split("\n")
        lines += [line for line in text.split("\n") if line not in lines]
        self._shown.start()
        colours = theme.colours()
        self.setStyleSheet(
            f"#banner {{ background: {colours.panel}; border: 1px solid {colours.danger}; "
            f"border-radius: {theme.RADIUS_PX}px; }}"
        )
        self._text.setText("\n".join(lines[-_MOST_LINES:]))
        self.show()
        self.ensurePolished()
        self._text.ensurePolished()
        self._place()
        self.raise_()

    def showEvent(self, event: QShowEvent) -> None:
        self.moved.emit()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self.closed.emit()
        self.moved.emit()
        super().hideEvent(event)

    def text(self) -> str:
        """What it says; nothing while it is closed."""
        return self._text.text() if self.isVisible() else ""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def _place(self) -> None:
        width = min(_WIDEST_PX, self._host.width() - 2 * _MARGIN_PX)
        self._layout.invalidate()
        text_width = width - self._close.width() - 40
        height = max(self._text.heightForWidth(text_width) + 20, _LOWEST_PX)
        self.setGeometry((self._host.width() - width) // 2, _TOP_PX, width, height)
        self.moved.emit()
