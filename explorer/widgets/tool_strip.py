"""What a press on the map does: a column of small buttons, one of them down."""

from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import QButtonGroup, QToolButton, QVBoxLayout, QWidget

from explorer import theme

_ICON_PX = 16


class ToolStrip(QWidget):
    """Buttons for tools that `tools` names, each with its tooltip."""

    chosen = Signal(str)

    def __init__(self, tools: Mapping[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buttons: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        for name, tip in tools.items():
            button = QToolButton(self)
            button.setObjectName(f"tool-{name}")
            button.setProperty("slim", True)
            button.setCheckable(True)
            button.setIconSize(QSize(_ICON_PX, _ICON_PX))
            button.setFixedSize(28, 26)
            button.setStyleSheet("padding: 0")
            button.setToolTip(theme.as_tip(tip))
            button.setAccessibleName(tip.split(":")[0])
            button.clicked.connect(self._on_clicked)
            self._buttons[name] = button
            self._group.addButton(button)
            column.addWidget(button)
        column.addStretch(1)
        self.refresh_theme()

    def set_tool(self, name: str) -> None:
        """Show which tool is in the hand."""
        self._buttons[name].setChecked(True)

    def _on_clicked(self) -> None:
        for name, button in self._buttons.items():
            if button.isChecked():
                self.chosen.emit(name)

    def refresh_theme(self) -> None:
        """The scheme is another one."""
        for name, button in self._buttons.items():
            button.setIcon(_icon(name, self.devicePixelRatioF()))


def _icon(name: str, ratio: float) -> QIcon:
    pixmap = QPixmap(QSize(_ICON_PX, _ICON_PX) * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(QColor(theme.colours().text), 1.5)
    if name in ("rectangle", "lasso"):
        pen.setDashPattern([2.0, 1.6])
    painter.setPen(pen)
    if name == "rectangle":
        painter.drawRect(QRectF(2, 3.5, 12, 9))
    elif name == "lasso":
        path = QPainterPath(QPointF(4, 13))
        path.cubicTo(QPointF(-1, 5), QPointF(5, 1), QPointF(9, 3))
        path.cubicTo(QPointF(17, 4), QPointF(16, 13), QPointF(9, 11))
        path.lineTo(QPointF(4, 13))
        painter.drawPath(path)
    elif name == "nearest":
        _draw_neighbours(painter)
    else:
        _draw_arrows(painter)
    painter.end()
    return QIcon(pixmap)


def _draw_neighbours(painter: QPainter) -> None:
    """A ring for the place, and points around it."""
    painter.drawEllipse(QPointF(8, 8), 3.0, 3.0)
    painter.setBrush(painter.pen().color())
    for x, y in ((2.5, 5.5), (8.5, 1.8), (13.8, 6.5), (12.0, 13.2), (4.0, 13.0)):
        painter.drawEllipse(QPointF(x, y), 0.9, 0.9)


def _draw_arrows(painter: QPainter) -> None:
    """A cross with four heads: whatever is under the pointer moves with it."""
    for dx, dy in ((0, -1), (0, 1), (-1, 0), (1, 0)):
        tip = QPointF(8 + 6.5 * dx, 8 + 6.5 * dy)
        painter.drawLine(QPointF(8, 8), tip)
        for side in (-1, 1):
            back = QPointF(-2.4 * dx + 2.4 * side * dy, -2.4 * dy + 2.4 * side * dx)
            painter.drawLine(tip, tip + back)
