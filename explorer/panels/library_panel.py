"""Models at hand: those that ship with the program, and those opened lately."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from explorer import theme
from explorer.library import Card
from explorer.painting import to_image
from explorer.session import Session
from explorer.widgets.picture_list import Entry, PictureList

_NARROWEST_PX = 158  # for a name like those of the models that ship


class LibraryPanel(QWidget):
    """Choosing a model is a wish; the window fulfils it."""

    model_chosen = Signal(object)  # Path
    open_requested = Signal()
    train_requested = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._shipped: list[Path] = []
        self._recent: list[Path] = []
        self._cards: dict[Path, Card] = {}
        self._lists = {"shipped": PictureList(self), "recent": PictureList(self)}
        self._build()
        session.model_changed.connect(self._show)

    def _build(self) -> None:
        holder = QWidget(self)
        column = QVBoxLayout(holder)
        column.setContentsMargins(6, 4, 6, 8)
        column.setSpacing(6)
        self._recent_title = self._title("Opened lately")
        column.addWidget(self._title("Models"))
        column.addWidget(self._list("shipped", "Models that come with the program"))
        column.addWidget(self._recent_title)
        column.addWidget(self._list("recent", "Models opened lately"))
        open_button = self._button("Open …", "openModel", "Open a model, session or image")
        open_button.clicked.connect(self.open_requested)
        train = self._button("Train a model …", "trainModelButton", "Train a model of your own")
        train.setProperty("primary", True)
        train.clicked.connect(self.train_requested)
        column.addWidget(open_button)
        column.addWidget(train)
        column.addStretch(1)
        hint = QLabel("Drop an image, a model or a folder anywhere", self)
        hint.setWordWrap(True)
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        hint.setProperty("role", "muted")
        hint.setMinimumHeight(76)
        self._hint = hint
        column.addWidget(hint)
        self.setMinimumWidth(_NARROWEST_PX)
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what is in it is scrolled to by Tab
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(holder)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)
        self.refresh_theme()

    def _title(self, text: str) -> QLabel:
        label = QLabel(text, self)
        label.setProperty("role", "title")
        return label

    def _list(self, name: str, tip: str) -> PictureList:
        found = self._lists[name]
        found.setObjectName(f"models-{name}")
        found.setAccessibleName(tip)
        found.setToolTip(f"{tip}; click one, or press Enter, to open it")
        found.chosen.connect(self._on_chosen)
        return found

    def _button(self, text: str, name: str, tip: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        return button

    def refresh_theme(self) -> None:
        """The scheme is another one."""
        self._hint.setStyleSheet(
            f"border: 1px dashed {theme.colours().border}; border-radius: {theme.RADIUS_PX}px;"
        )
        self._show()

    def set_models(self, shipped: Sequence[Path], recent: Sequence[Path]) -> None:
        """The models to list; recent ones that ship are not listed twice."""
        self._shipped = list(shipped)
        self._recent = [path for path in recent if path not in self._shipped][:5]
        self._show()

    def missing_cards(self) -> list[Path]:
        """Models listed without a picture so far."""
        return [path for path in [*self._shipped, *self._recent] if path not in self._cards]

    def add_card(self, card: Card) -> None:
        """What a model looks like."""
        self._cards[card.path] = card
        self._show()

    def _show(self) -> None:
        model = self._session.model
        current = "" if model is None else str(model.path)
        for name, paths in (("shipped", self._shipped), ("recent", self._recent)):
            self._lists[name].set_entries([self._entry(path) for path in paths], current)
            self._lists[name].setVisible(bool(paths))
        self._recent_title.setVisible(bool(self._recent))

    def _entry(self, path: Path) -> Entry:
        card = self._cards.get(path)
        if card is None:
            return Entry(str(path), path.stem, "", None)
        picture: QImage | None = None if card.picture is None else to_image(card.picture)
        return Entry(str(path), card.title, card.detail, picture)

    def _on_chosen(self, key: str) -> None:
        self.model_chosen.emit(Path(key))

    def sizeHint(self) -> QSize:
        return QSize(168, 600)
