"""A list of things with a picture, a title and a line of detail each."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QFontMetricsF,
    QIcon,
    QImage,
    QPainter,
    QPixmap,
)
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from explorer import theme

_ICON_PX = 34
_ROW_PX = 44
_EDGE_PX, _GAP_PX = 5, 6  # around the icon, and between it and the words
_TITLE_SHARE, _DETAIL_SHARE = 0.95, 0.88  # of the window's letters


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
        self.setItemDelegate(_Rows(self))
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

    def shown(self, row: int) -> tuple[str, str]:
        """What can be read of title and detail in the width there is."""
        item = self.item(row)
        title, detail = _words(item.text(), self.font(), self.visualItemRect(item).width())
        return title[0], detail[0]

    def sizeHint(self) -> QSize:
        return QSize(120, self.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(90, 0)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Some entry is the current one, or nothing would show where the focus is."""
        super().focusInEvent(event)
        reasons = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        if event.reason() in reasons and not self.selectedItems() and self.count():
            self.setCurrentRow(0)

    def _on_item(self, item: QListWidgetItem) -> None:
        self.chosen.emit(str(item.data(Qt.ItemDataRole.UserRole)))


class _Rows(QStyledItemDelegate):
    """Picture, title and detail; where a line has no room its middle goes, not its end."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        plain = QStyleOptionViewItem(option)
        super().paint(painter, plain, index)
        box = QRectF(option.rect)
        self._paint_words(painter, box, str(index.data()))

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        option.text = ""

    def _paint_words(self, painter: QPainter, box: QRectF, text: str) -> None:
        lines = _words(text, painter.font(), box.width())
        heights = [QFontMetricsF(font).height() for _, font in lines]
        left = _EDGE_PX + _ICON_PX + _GAP_PX
        top = box.top() + (_ROW_PX - sum(heights)) / 2
        colours = theme.colours()
        painter.save()
        inks = (colours.text, colours.muted)
        for (words, font), height, ink in zip(lines, heights, inks, strict=True):
            painter.setFont(font)
            painter.setPen(QColor(ink))
            line = QRectF(box.left() + left, top, box.width() - left, height)
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, words)
            top += height
        painter.restore()


def _words(text: str, font: QFont, width_px: float) -> tuple[tuple[str, QFont], tuple[str, QFont]]:
    """Title and detail as they fit into a row so wide, and the letters of each."""
    title, _, detail = text.partition("\n")
    room = width_px - 2 * _EDGE_PX - _ICON_PX - _GAP_PX
    large, small = _sized(font, _TITLE_SHARE), _sized(font, _DETAIL_SHARE)
    return (_fitted(title, large, room), large), (_fitted(detail, small, room), small)


def _sized(font: QFont, share: float) -> QFont:
    found = QFont(font)
    found.setPointSizeF(font.pointSizeF() * share)
    return found


def _fitted(words: str, font: QFont, room_px: float) -> str:
    return QFontMetricsF(font).elidedText(words, Qt.TextElideMode.ElideMiddle, room_px)


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
