"""Colours, spacing and style sheet, dark and light, following the system."""

from dataclasses import dataclass
from html import escape
from pathlib import Path

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QGuiApplication, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QWidget

SPACING_PX = 8
RADIUS_PX = 5


@dataclass(frozen=True)
class Colours:
    """One scheme; all as `#rrggbb`."""

    dark: bool
    window: str
    panel: str
    control: str
    border: str
    selected: str
    map: str
    text: str
    muted: str
    accent: str
    accent_text: str
    danger: str


DARK = Colours(
    dark=True,
    window="#14171c",
    panel="#1c1f26",
    control="#23272f",
    border="#323844",
    selected="#22384f",
    map="#0b0d11",
    text="#dde1e7",
    muted="#8d96a5",
    accent="#5aaaff",
    accent_text="#ffffff",
    danger="#ff7b72",
)
LIGHT = Colours(
    dark=False,
    window="#e9ecf1",
    panel="#f8f9fb",
    control="#ffffff",
    border="#c8ced8",
    selected="#d5e6fa",
    map="#eef0f4",
    text="#1d222b",
    muted="#5d6675",
    accent="#1f6fd0",
    accent_text="#0d3c75",
    danger="#b3261e",
)

# Handles: the path's letters. Distinct for most eyes, and always with a letter beside them.
HANDLE_COLOURS = (
    "#ff8c5a",
    "#5fd4a0",
    "#d59cff",
    "#ffd166",
    "#5ac8fa",
    "#ff7eb6",
    "#b8e986",
    "#a0a8ff",
)

# Classes: told apart on dark and on light ground, by eyes without red or green cones too: at least
# 18 apart in CIELAB as such an eye sees them (Machado et al. 2009), from each other and the ground.
CLASS_COLOURS = (
    "#e87fc0",
    "#8757ff",
    "#d55e00",
    "#ff9f1a",
    "#ffee66",
    "#4f9cf0",
    "#009e73",
    "#7fd0ff",
    "#8c6239",
    "#707a86",
    "#dc8c50",
    "#8c0ab4",
    "#dcf0c8",
    "#505a50",
    "#e6f0a0",
    "#5a00fa",
    "#a0c88c",
    "#5a5078",
    "#bebeb4",
    "#9650b4",
)  # of more classes every twentieth has the same
UNLABELLED_COLOUR = "#6fa8dc"

# Values, low to high: from viridis (van der Walt and Smith 2015), whose lightness grows evenly,
# without its darkest quarter, which is lost on dark ground.
VALUE_COLOURS = ("#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725")

_active = DARK


def assets_folder() -> Path:
    """Where the shipped models and icons are: beside the package, or in it when installed."""
    package = Path(__file__).parent
    installed = package / "assets"
    return installed if installed.is_dir() else package.parent / "assets"


def colours() -> Colours:
    """The scheme in use."""
    return _active


def handle_colour(index: int) -> QColor:
    """The colour of the handle with that colour index."""
    return QColor(HANDLE_COLOURS[index % len(HANDLE_COLOURS)])


def class_colour(label: int) -> QColor:
    """The colour of a class; -1 is none."""
    return QColor(CLASS_COLOURS[label % len(CLASS_COLOURS)] if label >= 0 else UNLABELLED_COLOUR)


def readable(colour: str, dark: bool) -> str:
    """A colour made for lines on dark ground, darkened for a light one."""
    return colour if dark else QColor(colour).darker(145).name()


def is_dark(chosen: str) -> bool:
    """Whether `dark`, `light` or `system` is chosen; dark where the system does not say."""
    if chosen != "system":
        return chosen == "dark"
    return QGuiApplication.styleHints().colorScheme() != Qt.ColorScheme.Light


def apply(app: QApplication, dark: bool) -> None:
    """Dress the whole application."""
    global _active  # one application, one scheme; widgets read it when they paint
    _active = DARK if dark else LIGHT
    app.setStyle("Fusion")
    app.setPalette(_palette(_active))
    app.setStyleSheet(_style_sheet(_active))


def set_role(widget: QWidget, role: str) -> None:
    """Give a widget another part of the style sheet."""
    if widget.property("role") != role:
        widget.setProperty("role", role)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def _palette(c: Colours) -> QPalette:
    roles = QPalette.ColorRole
    palette = QPalette()
    for role, colour in {
        roles.Window: c.panel,
        roles.WindowText: c.text,
        roles.Base: c.control,
        roles.AlternateBase: c.panel,
        roles.Text: c.text,
        roles.PlaceholderText: c.muted,
        roles.Button: c.control,
        roles.ButtonText: c.text,
        roles.BrightText: c.danger,
        roles.ToolTipBase: c.control,
        roles.ToolTipText: c.text,
        roles.Highlight: c.accent,
        roles.HighlightedText: "#ffffff" if not c.dark else "#0b0d11",
        roles.Link: c.accent,
        roles.Mid: c.border,
        roles.Midlight: c.border,
        roles.Dark: c.border,
        roles.Shadow: c.window,
        roles.Light: c.border,
    }.items():
        palette.setColor(role, QColor(colour))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(c.muted))
    return palette


def _style_sheet(c: Colours) -> str:
    icons, scheme = (assets_folder() / "icons").as_posix(), "dark" if c.dark else "light"
    return f"""
    QMainWindow, QMenuBar, QStatusBar {{ background: {c.window}; }}
    QWidget#mapPanel, QWidget#embeddingPanel {{ background: {c.panel}; }}
    QAbstractScrollArea, QAbstractScrollArea > QWidget > QWidget {{ background: {c.panel}; }}
    QMainWindow::separator {{ background: {c.window}; width: 8px; height: 8px; }}
    QMenuBar::item {{ padding: 5px 10px; background: transparent; }}
    QMenuBar::item:selected, QMenu::item:selected {{ background: {c.selected}; }}
    QMenu {{ background: {c.panel}; border: 1px solid {c.border}; padding: 4px; }}
    QMenu::item {{ padding: 5px 24px 5px 12px; }}
    QMenu::item:disabled {{ color: {c.muted}; }}
    QMenu::separator {{ height: 1px; background: {c.border}; margin: 4px 6px; }}
    QToolTip {{ background: {c.control}; color: {c.text}; border: 1px solid {c.border};
        padding: 4px; }}
    QStatusBar {{ color: {c.muted}; min-height: 26px; }}
    QStatusBar::item {{ border: none; }}
    QDockWidget {{ color: {c.muted}; font-weight: 600; border: 1px solid {c.border}; }}
    QDockWidget::title {{ background: {c.panel}; padding: 6px 10px; }}
    QTabBar::tab {{ background: {c.control}; color: {c.muted}; border: 1px solid {c.border};
        border-radius: {RADIUS_PX}px; padding: 4px 16px; margin: 3px 2px; }}
    QTabBar::tab:selected {{ background: {c.selected}; color: {c.text};
        border-color: {c.accent}; }}
    QTabBar::tab:focus {{ border-color: {c.accent}; }}
    QPushButton, QToolButton, QComboBox, QSpinBox, QDoubleSpinBox, QLineEdit {{
        background: {c.control}; color: {c.text}; border: 1px solid {c.border};
        border-radius: {RADIUS_PX}px; padding: 3px 9px; min-height: 18px; }}
    QSpinBox, QDoubleSpinBox, QLineEdit, QComboBox {{ padding: 3px 6px; }}
    QPushButton[slim="true"], QToolButton[slim="true"] {{ padding: 3px 6px; }}
    QPushButton:hover, QToolButton:hover, QComboBox:hover {{ border-color: {c.muted}; }}
    QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus, QLineEdit:focus {{
        border: 1px solid {c.accent}; }}
    QPushButton:checked, QToolButton:checked, QPushButton:default, QPushButton[primary="true"] {{
        background: {c.selected}; border-color: {c.accent}; }}
    QPushButton:pressed, QToolButton:pressed {{ background: {c.selected}; }}
    QPushButton:disabled, QToolButton:disabled, QComboBox:disabled, QSpinBox:disabled,
    QDoubleSpinBox:disabled, QLineEdit:disabled {{ color: {c.muted}; background: {c.panel}; }}
    *[compact="true"] QPushButton, *[compact="true"] QToolButton {{ padding: 1px 6px;
        min-height: 17px; }}
    *[compact="true"] QComboBox, *[compact="true"] QSpinBox, *[compact="true"] QDoubleSpinBox {{
        padding: 0 5px; min-height: 18px; }}
    *[compact="true"] QToolButton[slim="true"] {{ padding: 1px 3px; }}
    QPushButton:focus, QToolButton:focus {{ border: 2px solid {c.text}; padding: 2px 8px;
        outline: none; }}
    QPushButton[slim="true"]:focus, QToolButton[slim="true"]:focus {{ padding: 2px 5px; }}
    *[compact="true"] QPushButton:focus, *[compact="true"] QToolButton:focus {{
        padding: 0 5px; }}
    *[compact="true"] QToolButton[slim="true"]:focus {{ padding: 0 2px; }}
    QToolButton[chip="true"], QToolButton[chip="true"]:focus,
    *[compact="true"] QToolButton[chip="true"], *[compact="true"] QToolButton[chip="true"]:focus {{
        color: {c.text}; padding: 1px; background: transparent; border: 1px solid transparent; }}
    QToolButton[chip="true"]:!checked {{ color: {c.muted}; }}
    QToolButton[chip="true"]:focus, *[compact="true"] QToolButton[chip="true"]:focus {{
        border-color: {c.accent}; }}
    QToolButton::menu-indicator {{ image: none; }}
    QPushButton::menu-indicator {{ image: none; width: 0; }}
    QComboBox::drop-down {{ border: none; width: 18px; }}
    QComboBox::down-arrow {{ image: url({icons}/down-{scheme}.svg); width: 10px; height: 10px; }}
    QAbstractSpinBox QLineEdit, QComboBox QLineEdit {{ border: none; padding: 0; min-height: 0;
        background: transparent; }}
    QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ border: none; width: 16px;
        background: transparent; }}
    QAbstractSpinBox[plain="true"]::up-button, QAbstractSpinBox[plain="true"]::down-button {{
        width: 0; }}
    QAbstractSpinBox::up-arrow {{ image: url({icons}/up-{scheme}.svg); width: 9px; height: 9px; }}
    QAbstractSpinBox::down-arrow {{ image: url({icons}/down-{scheme}.svg); width: 9px;
        height: 9px; }}
    QAbstractSpinBox[plain="true"]::up-arrow, QAbstractSpinBox[plain="true"]::down-arrow {{
        image: none; width: 0; height: 0; }}
    QComboBox QAbstractItemView {{ background: {c.panel}; border: 1px solid {c.border};
        outline: none; padding: 3px; }}
    QComboBox QAbstractItemView::item {{ padding: 3px 8px; color: {c.text}; }}
    QComboBox QAbstractItemView::item:selected {{ background: {c.selected}; }}
    QComboBox QAbstractItemView::item:disabled {{ color: {c.muted}; }}
    QComboBox {{ combobox-popup: 0; }}
    QListWidget, QScrollArea, QTableView {{ background: {c.panel}; border: none; outline: none; }}
    QListWidget::item {{ background: {c.control}; border: 1px solid transparent;
        border-radius: {RADIUS_PX}px; padding: 3px; margin: 0 0 4px 0; color: {c.text}; }}
    QListWidget::item:selected {{ background: {c.selected}; border-color: {c.accent}; }}
    QListWidget::item:hover {{ border-color: {c.border}; }}
    QListWidget::item:selected:focus {{ border-color: {c.text}; }}
    QTreeView {{ background: {c.control}; border: 1px solid {c.border}; outline: none;
        border-radius: {RADIUS_PX}px; }}
    QTreeView:focus {{ border-color: {c.accent}; }}
    QTreeView::item {{ height: 20px; }}
    QTreeView::item:selected {{ background: {c.selected}; color: {c.text}; }}
    QTreeView::indicator {{ width: 11px; height: 11px; border: 1px solid {c.muted};
        border-radius: 3px; background: {c.panel}; }}
    QTreeView::indicator:checked {{ background: {c.accent}; border-color: {c.accent};
        image: url({icons}/check.svg); }}
    QHeaderView, QHeaderView::section {{ background: {c.panel}; color: {c.muted}; border: none; }}
    QHeaderView::section {{ border-bottom: 1px solid {c.border}; padding: 1px 5px; }}
    QHeaderView:focus {{ border-bottom: 1px solid {c.accent}; }}
    QScrollBar {{ background: transparent; width: 9px; height: 9px; margin: 0; }}
    QScrollBar::handle {{ background: {c.border}; border-radius: 4px; min-height: 24px;
        min-width: 24px; }}
    QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
        background: none; border: none; width: 0; height: 0; }}
    QProgressBar {{ background: {c.control}; border: 1px solid {c.border};
        border-radius: {RADIUS_PX}px; text-align: center; min-height: 16px; }}
    QProgressBar::chunk {{ background: {c.selected}; border-radius: {RADIUS_PX}px; }}
    QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
    QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {c.border};
        border-radius: 3px; background: {c.control}; }}
    QCheckBox::indicator:checked {{ background: {c.accent}; border-color: {c.accent};
        image: url({icons}/check.svg); }}
    QCheckBox:focus {{ color: {c.accent}; }}
    QSlider {{ min-height: 16px; }}
    QSlider::groove:horizontal {{ height: 3px; background: {c.border}; border-radius: 1px; }}
    QSlider::sub-page:horizontal {{ background: {c.accent}; border-radius: 1px; }}
    QSlider::handle:horizontal {{ background: {c.text}; width: 12px; height: 12px;
        margin: -5px 0; border-radius: 6px; }}
    QSlider::handle:horizontal:focus {{ background: {c.accent}; }}
    QLabel[role="title"] {{ font-weight: 600; }}
    QLabel[role="section"] {{ font-weight: 600; color: {c.muted}; }}
    QLabel[role="muted"] {{ color: {c.muted}; }}
    QLabel[role="danger"] {{ color: {c.danger}; }}
    """


def fill_waiting(painter: QPainter, box: QRectF) -> None:
    """The place of a picture that has not come: faintly hatched, for black may be a picture."""
    painter.fillRect(box, QColor(colours().control))
    painter.fillRect(box, QBrush(QColor(colours().border), Qt.BrushStyle.BDiagPattern))


def as_tip(text: str) -> str:
    """A tooltip that shows `text` as it is, in lines: what people name things may look like tags.

    An empty one shows nothing.
    """
    return f"<p>{escape(text)}</p>" if text else ""
