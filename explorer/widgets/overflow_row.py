"""A row of buttons that fits any width: those without room stand in a menu at its end."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QMenu, QPushButton, QSizePolicy, QWidget

_SPACING_PX = 4


class OverflowRow(QWidget):
    """Buttons from left to right, the first ones longest in sight."""

    def __init__(self, what: str, parent: QWidget | None = None) -> None:
        """`what` the buttons are, for the menu's tooltip."""
        super().__init__(parent)
        self._buttons: list[QPushButton] = []
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._more = QPushButton(self)  # as tall as those it stands beside
        self._more.setProperty("slim", True)
        self._more.setObjectName("moreButton")
        self._what = what
        self._say(0)
        self._more.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._menu = QMenu(self._more)
        self._menu.setToolTipsVisible(True)
        self._menu.aboutToShow.connect(self._fill)
        self._more.setMenu(self._menu)
        self._more.hide()

    def set_buttons(self, buttons: Sequence[QPushButton]) -> None:
        """What stands in the row, in order; they become its children."""
        self._buttons = list(buttons)
        for button in self._buttons:
            button.setParent(self)
            button.installEventFilter(self)
            button.toggled.connect(self._arrange)
            button.show()
        self._more.raise_()
        self.updateGeometry()
        self._arrange()

    def beside(self) -> list[QPushButton]:
        """The buttons without room, which stand in the menu."""
        return [button for button in self._buttons if button.isHidden()]

    def sizeHint(self) -> QSize:
        return QSize(self._width_of(self._buttons), self._height())

    def minimumSizeHint(self) -> QSize:
        return QSize(self._more_px(), self._height())

    def _height(self) -> int:
        return max(widget.sizeHint().height() for widget in (*self._buttons, self._more))

    def _width_of(self, widgets: Sequence[QWidget]) -> int:
        return sum(w.sizeHint().width() + _SPACING_PX for w in widgets) - _SPACING_PX

    def _more_px(self) -> int:
        """The room that the menu's button takes, whatever it says."""
        text, widths = self._more.text(), []
        for shown in (0, 1):
            self._say(shown, len(self._buttons))
            widths.append(self._more.sizeHint().width())
        self._more.setText(text)
        return max(widths)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()
        super().resizeEvent(event)

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """A button that says something else needs another width."""
        if event.type() == QEvent.Type.LayoutRequest or event.type() == QEvent.Type.FontChange:
            self.updateGeometry()
            self._arrange()
        return False

    def _arrange(self, *_: object) -> None:
        shown = len(self._buttons)
        if self._width_of(self._buttons) > self.width():
            shown = 0
            room = self.width() - self._more_px() - _SPACING_PX
            while self._width_of(self._buttons[: shown + 1]) <= room:
                shown += 1
        on = [button.text() for button in self._buttons[shown:] if button.isChecked()]
        self._say(shown, len(on))
        said = f"; on: {', '.join(on)}" if on else ""
        self._more.setToolTip(f"The {self._what} that have no room in the row{said}")
        self._more.setAccessibleName(f"More {self._what}{said}")
        x, height = 0, self._height()
        for place, button in enumerate(self._buttons):
            size = button.sizeHint()
            button.setGeometry(x, (height - size.height()) // 2, size.width(), size.height())
            button.setVisible(place < shown)
            x += size.width() + _SPACING_PX if place < shown else 0
        self._more.setVisible(shown < len(self._buttons))
        self._more.setGeometry(x, 0, self._more.sizeHint().width(), height)

    def _say(self, shown: int, on: int = 0) -> None:
        """How many in it are pressed down; where it is alone it says what is in it."""
        what = "More" if shown else self._what.capitalize()
        self._more.setText(f"{what}: {on} on ▾" if on else f"{what} ▾")

    def _fill(self) -> None:
        self._menu.clear()
        for button in self.beside():
            action = self._menu.addAction(button.text())
            action.setToolTip(button.toolTip())
            action.setCheckable(button.isCheckable())
            action.setChecked(button.isChecked())
            action.setEnabled(button.isEnabled())
            action.triggered.connect(button.click)
