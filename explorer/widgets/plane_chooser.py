"""Which plane the map shows: its kind, and what belongs to that kind."""

from collections.abc import Mapping, Sequence
from typing import cast

from PySide6.QtCore import QElapsedTimer, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QListView,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

_LEAST_PX = 58  # of a combo box: "z511" and the arrow, where the window is narrow
_ARROW_PX = 36  # beside a combo box's text: the arrow and the frame
_LIST_PX, _SPACING_PX = 180, 4
_AROUND_PX = 36  # an item's text in a list: its padding, the list's own, the frame, some air
_USE = Qt.ItemDataRole.UserRole + 1  # how much a dimension is used, in words
_TIP = "The plane of the latent space that the map shows"


class PlaneChooser(QWidget):
    """The kind of plane, then two dimensions, what the directions are, or a button to roll."""

    kind_chosen = Signal(str)  # chosen again too: the plane is made anew
    axes_chosen = Signal(int, int)
    opening = Signal()  # a list of dimensions: who knows more of them now may say so
    view_chosen = Signal()  # the entry that is no plane

    def __init__(
        self, kinds: Mapping[str, tuple[str, str]], what: QLabel, parent: QWidget | None = None
    ) -> None:
        """`kinds` are a word and a tip for each; the first is the one of two dimensions.

        `what`, a label that shortens its text, will say what the two directions are.
        """
        super().__init__(parent)
        self._kinds, self._axes_kind = dict(kinds), next(iter(kinds))
        self._axes = (0, 1)
        self._shown, self._view = self._axes_kind, -1
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(_SPACING_PX)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._title = self._muted("Plane")
        self._row.addWidget(self._title)
        self._build_kind()
        self._part = QWidget(self)  # as wide for every kind: what stands beside it never slides
        self._parts = QHBoxLayout(self._part)
        self._parts.setContentsMargins(0, 0, 0, 0)
        self._parts.setSpacing(_SPACING_PX)
        self._row.addWidget(self._part)
        self._build_axes()
        self._what = what
        self._what.setObjectName("planeName")
        self._what.setProperty("role", "muted")
        self._what.setTextFormat(Qt.TextFormat.PlainText)
        self._parts.addWidget(self._what, 1)
        self._roll = QPushButton("Roll", self)
        self._roll.setObjectName("planeRoll")
        self._roll.setAccessibleName("Roll another random plane")
        self._roll.setToolTip("Another random plane; all directions are as likely")
        self._roll.clicked.connect(self._on_rolled)
        self._parts.addWidget(self._roll)
        self._parts.addStretch()
        for widget in (self._what, self._roll):
            widget.hide()

    def _build_kind(self) -> None:
        self._kind = QComboBox(self)
        self._kind.setObjectName("planeKind")
        self._kind.setAccessibleName("Plane that the map shows")
        self._kind.setToolTip(_TIP)
        self._kind.setMinimumWidth(_LEAST_PX)
        for name, (text, tip) in self._kinds.items():
            self._kind.addItem(text, name)
            self._kind.setItemData(self._kind.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self._kind.view().setMinimumWidth(_LIST_PX)
        _fit(self._kind, [text for text, _ in self._kinds.values()])
        self._kind.activated.connect(self._on_kind_activated)
        self._row.addWidget(self._kind)

    def _build_axes(self) -> None:
        self._uses: dict[int, tuple[str, str]] = {}
        self._across, self._up = _DimensionBox(self), _DimensionBox(self)
        for combo, name, side in (
            (self._across, "planeAcross", "across"),
            (self._up, "planeUp", "up"),
        ):
            combo.setObjectName(name)
            combo.setAccessibleName(f"Dimension {side} the map")
            combo.setToolTip(
                f"The dimension that runs {side} the map; the other coordinates are kept"
            )
            combo.setMinimumWidth(_LEAST_PX)
            combo.activated.connect(self._on_axes_activated)
            combo.opening.connect(self.opening)
        self._times = self._muted("×")
        for widget in (self._across, self._times, self._up):
            self._parts.addWidget(widget)
        self._fill()

    def _muted(self, text: str) -> QLabel:
        label = QLabel(text, self)
        label.setProperty("role", "muted")
        return label

    # -- what it shows ---------------------------------------------------------------------

    def set_compact(self, compact: bool) -> None:
        """Do without its title, where there is little room."""
        self._title.setHidden(compact)

    def set_dimensions(self, uses: Mapping[int, tuple[str, str]]) -> None:
        """The dimensions there are, in the order of the lists.

        Each has words of how much it is used, and a tip that says what these are.
        """
        if dict(uses) != self._uses:
            self._uses = dict(uses)
            self._fill()

    def _fill(self) -> None:
        names = [f"z{number}" for number in self._uses]
        for combo in (self._across, self._up):
            _fit(combo, [max(names, key=len, default="")])
            combo.set_dimensions(self._uses)
            combo.setEnabled(len(names) > 2)
        self._show_axes()
        widest = self._times.sizeHint().width() + 2 * _SPACING_PX
        widest += self._across.maximumWidth() + self._up.maximumWidth()
        self._part.setFixedWidth(widest)

    def _show_axes(self) -> None:
        for combo, axis in zip((self._across, self._up), self._axes, strict=True):
            combo.setCurrentIndex(combo.findData(axis))

    def add_view(self, text: str, tip: str) -> None:
        """An entry below the planes that leads to another view of the data."""
        self._kind.insertSeparator(self._kind.count())
        self._view = self._kind.count()
        self._kind.addItem(text, "")
        self._kind.setItemData(self._view, tip, Qt.ItemDataRole.ToolTipRole)

    def set_reasons(self, reasons: Mapping[str, str]) -> None:
        """Why a kind cannot be chosen, in its tooltip; nothing for one that can."""
        items = cast("QStandardItemModel", self._kind.model())
        for place, (name, (_, tip)) in enumerate(self._kinds.items()):
            reason = reasons.get(name, "")
            items.item(place).setEnabled(not reason)
            items.item(place).setToolTip(reason or tip)
        others = [reasons.get(name, "") for name in self._kinds if name != self._axes_kind]
        none = bool(others) and all(others)
        same = none and len(set(others)) == 1
        self._kind.setEnabled(not same or self._view >= 0)
        self._kind.setToolTip(f"{_TIP}. {others[0]}" if same else _TIP)

    def show_plane(self, kind: str, axes: tuple[int, int], name: str, tip: str) -> None:
        """The plane that is on the map."""
        self._axes, self._shown = axes, kind
        self._kind.setCurrentIndex(self._kind.findData(kind))
        self._show_axes()
        of_axes, random = kind == self._axes_kind, kind == "random"
        self._across.setVisible(of_axes)
        for widget in (self._times, self._up):
            widget.setVisible(of_axes and self._up.count() > 1)
        self._what.setVisible(not of_axes and not random)
        self._what.setText(name)
        self._what.setToolTip(tip)
        self._what.setAccessibleName(f"Plane of {name}")
        self._roll.setVisible(random)

    # -- from the person -------------------------------------------------------------------

    def _on_kind_activated(self, place: int) -> None:
        if place == self._view:
            self._kind.setCurrentIndex(self._kind.findData(self._shown))
            self.view_chosen.emit()
        else:
            self.kind_chosen.emit(self._kind.itemData(place))

    def _on_rolled(self) -> None:
        self.kind_chosen.emit(self._kind.currentData())

    def _on_axes_activated(self) -> None:
        i, j = self._across.currentData(), self._up.currentData()
        if i == j:  # choosing the other's dimension swaps the two
            i, j = self._axes[1], self._axes[0]
        self.axes_chosen.emit(i, j)


class _DimensionBox(QComboBox):
    """A box of dimensions; its list says beside each how much it is used."""

    opening = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setView(_DimensionList(self))
        self.setItemDelegate(_NameAndUse(self))

    def set_dimensions(self, uses: Mapping[int, tuple[str, str]]) -> None:
        """List them, each with words of its use and a tip; none is chosen."""
        self.clear()
        for place, (number, (use, tip)) in enumerate(uses.items()):
            self.addItem(f"z{number}", number)
            self.setItemData(place, use, _USE)
            self.setItemData(place, tip, Qt.ItemDataRole.ToolTipRole)
        words = (_list_words(f"z{number}", use) for number, (use, _) in uses.items())
        view = self.view()
        widest = max(map(view.fontMetrics().horizontalAdvance, words), default=0)
        bar = view.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent, None, view)
        view.setMinimumWidth(widest + bar + _AROUND_PX)

    def showPopup(self) -> None:
        self.opening.emit()
        super().showPopup()


class _DimensionList(QListView):
    """Typing a number, with or without the z, finds that dimension wherever it is in the list."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._typed, self._since = "", QElapsedTimer()

    def keyboardSearch(self, search: str) -> None:
        pause = QApplication.keyboardInputInterval()
        late = not self._since.isValid() or self._since.hasExpired(pause)
        self._since.start()
        self._typed = (search if late else self._typed + search).lower()
        number = self._typed.removeprefix("z")
        if not number.isdecimal():
            return
        first, exactly = self.model().index(0, 0), Qt.MatchFlag.MatchExactly
        found = self.model().match(first, Qt.ItemDataRole.UserRole, int(number), 1, exactly)
        if found:
            self.setCurrentIndex(found[0])


class _NameAndUse(QStyledItemDelegate):
    """A dimension's name and how much it is used; the box itself shows the name alone."""

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        option.text = _list_words(option.text, index.data(_USE))


def _list_words(name: str, use: str | None) -> str:
    return f"{name}  ·  {use}" if use else name


def _fit(combo: QComboBox, texts: Sequence[str]) -> None:
    """No wider than the longest text and the arrow need: a combo box keeps room for an icon."""
    longest = max((combo.fontMetrics().horizontalAdvance(text) for text in texts), default=0)
    combo.setMaximumWidth(max(_LEAST_PX, longest + _ARROW_PX))
