"""A list of things with a picture, a title and a line of detail each."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QImage, QPixmap
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from explorer import theme

_ICON_PX = 34
_ROW_PX = 44


@dataclass(frozen=True, eq=False)
class Entry:
    """One thing; `key` names it when it is chosen."""

    key: str
    title: str
    detail: str
    picture: QImage | None = None


class PictureList(QListWidget):
    """As high as its entries; Enter or a click chooses one."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setIconSize(QSize(_ICON_PX, _ICON_PX))
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.itemClicked.connect(self._on_item)
        self.itemActivated.connect(self._on_item)

    def set_entries(self, entries: Sequence[Entry], current: str) -> None:
        """Show other entries, one of them as the current."""
        self.clear()
        for entry in entries:
            item = QListWidgetItem(f"{entry.title}\n{entry.detail}")
            item.setData(Qt.ItemDataRole.UserRole, entry.key)
            item.setToolTip(f"{entry.title}: {entry.detail}\n{entry.key}")
            item.setSizeHint(QSize(100, _ROW_PX + 4))
            item.setIcon(_icon(entry.picture))
            self.addItem(item)
            if entry.key == current:
                self.setCurrentItem(item)
        self.setFixedHeight(len(entries) * (_ROW_PX + 4) + 2)

    def sizeHint(self) -> QSize:
        return QSize(120, self.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(90, 0)

    def _on_item(self, item: QListWidgetItem) -> None:
        self.chosen.emit(str(item.data(Qt.ItemDataRole.UserRole)))


def _icon(picture: QImage | None) -> QIcon:
    if picture is None or picture.isNull():
        blank = QPixmap(_ICON_PX, _ICON_PX)
        blank.fill(QColor(theme.colours().map))
        return QIcon(blank)
    pixmap = QPixmap.fromImage(picture).scaled(
        2 * _ICON_PX,
        2 * _ICON_PX,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )
    icon = QIcon(pixmap)
    icon.addPixmap(pixmap, QIcon.Mode.Selected)
    return icon
