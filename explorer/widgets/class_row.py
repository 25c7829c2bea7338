"""The class a conditional model is given: a button each, or a list where there is no room.

Long names are cut on buttons before that, and whole in their tips.
"""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

_MOST_BUTTONS = 24
_LEAST_LIST_PX = 90
_LEAST_NAME_PX = 30  # on a button: of a shorter one nothing could be read
_LONGEST_NAME = 18  # letters on a button or in the list; the tip has all of it
_ALL_TIP = (
    "Beside the pointer, and beside a handle that is dragged: what the same z decodes to under "
    "every class"
)


class ClassRow(QWidget):
    """Exactly one class is chosen; arrow keys go along the row."""

    chosen = Signal(int)
    all_toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._keys: dict[int, str] = {}
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._buttons = QButtonGroup(self)
        self._buttons.setExclusive(True)
        self._buttons.idClicked.connect(self.chosen)
        self._word = QLabel("Class", self)
        self._word.setProperty("role", "muted")
        self._bar, self._list = QWidget(self), QComboBox(self)
        self._build_list()
        self._all = QPushButton("All classes", self)
        self._all.setObjectName("allClasses")
        self._all.setCheckable(True)
        self._all.setToolTip(_ALL_TIP)
        self._all.setAccessibleName("All classes beside the pointer")
        self._all.toggled.connect(self.all_toggled)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for widget in (self._word, self._bar, self._list):
            row.addWidget(widget)
        row.addSpacing(6)
        row.addWidget(self._all)
        row.addStretch(1)
        bar = QHBoxLayout(self._bar)
        bar.setContentsMargins(0, 0, 0, 0)
        bar.setSpacing(2)

    def _build_list(self) -> None:
        self._list.setObjectName("mapClass")
        self._list.setAccessibleName("Class on the map")
        self._list.setToolTip(_tip("", ""))
        self._list.setMinimumWidth(_LEAST_LIST_PX)
        self._list.setMaxVisibleItems(20)
        self._list.activated.connect(self.chosen)

    def set_classes(self, names: Sequence[str], keys: dict[int, str]) -> None:
        """The classes there are; `keys` tells which key of the map chooses one."""
        if (tuple(names), keys) == (self._names, self._keys):
            return
        self._names, self._keys = tuple(names), keys
        for button in self._buttons.buttons():
            self._buttons.removeButton(button)
            button.deleteLater()
        self._list.clear()
        self._list.addItems([_short(name) for name in names])
        if len(names) <= _MOST_BUTTONS:
            for label, name in enumerate(names):
                self._add_button(label, name)
        self._choose_form()

    def _add_button(self, label: int, name: str) -> None:
        button = QToolButton(self._bar)
        button.setObjectName(f"mapClass-{label}")
        button.setText(_short(name))
        button.setCheckable(True)
        button.setToolTip(_tip(name, self._keys.get(label, "")))
        button.setAccessibleName(f"Class {name} on the map")
        self._buttons.addButton(button, label)
        row = self._bar.layout()
        assert row is not None
        row.addWidget(button)

    def set_class(self, label: int) -> None:
        """The class that is chosen; nobody is told."""
        self._list.setCurrentIndex(label)
        button = self._buttons.button(label)
        if button is not None:
            button.setChecked(True)

    @property
    def all_classes(self) -> bool:
        """Whether every class is wished for beside the pointer."""
        return self._all.isChecked()

    # -- buttons or list -------------------------------------------------------------------

    def minimumSizeHint(self) -> QSize:
        """Room for the list: the buttons are there where there is more."""
        others = self._word.sizeHint().width() + self._all.sizeHint().width() + 3 * 4 + 6
        return QSize(others + _LEAST_LIST_PX, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._choose_form()
        super().resizeEvent(event)

    def _choose_form(self) -> None:
        self._word.ensurePolished()
        others = self._word.sizeHint().width() + self._all.sizeHint().width() + 3 * 4 + 6
        fits = bool(self._buttons.buttons()) and self._fit_names(self.width() - others)
        had_focus = any(button.hasFocus() for button in self._buttons.buttons())
        self._bar.setVisible(fits)
        self._list.setVisible(not fits)
        if had_focus and not fits:
            self._list.setFocus()

    def _fit_names(self, room_px: int) -> bool:
        """Write on the buttons as much of their names as there is room for, if that is enough."""
        buttons = self._buttons.buttons()
        names = [_short(self._names[self._buttons.id(button)]) for button in buttons]
        metrics = [button.fontMetrics() for button in buttons]
        for button, name in zip(buttons, names, strict=True):
            button.setText(name)
        wide = [of.horizontalAdvance(name) for of, name in zip(metrics, names, strict=True)]
        edges = sum(b.sizeHint().width() + 2 for b in buttons) - sum(wide)
        most = _longest(wide, room_px - edges)
        if most < min(max(wide), _LEAST_NAME_PX):
            return False
        for button, of, px in zip(buttons, metrics, wide, strict=True):
            if px > most:
                cut = of.elidedText(button.text(), Qt.TextElideMode.ElideRight, most)
                button.setText(cut)
        return True


def _longest(lengths: Sequence[int], room: int) -> int:
    """The length to which those above it are cut so that all have room; 0: there is none."""
    tried = range(max(lengths), 0, -1)
    return next((most for most in tried if sum(min(one, most) for one in lengths) <= room), 0)


def class_keys(names: Sequence[str]) -> dict[int, str]:
    """Which digit chooses which class: the one it is the name of, or else 1 the first, 2 ..."""
    by_name = {label: name for label, name in enumerate(names) if name in set("0123456789")}
    if by_name:
        return by_name
    return dict(zip(range(len(names)), "1234567890", strict=False))


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _tip(name: str, key: str) -> str:
    """Plain text: a class may be named like a tag."""
    which = f"Class {name}" if name else "The class"
    what = f"{which} is what the decoder p(x|z, y) of the active handle and the map is given"
    return f"{what}; z is kept{f' ({key} on the map)' if key else ''}"
