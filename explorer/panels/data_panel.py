"""The data nearest the active handle or a place, and what is selected of the data on the map."""

from functools import partial

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from explorer import theme
from explorer.arrangement import Handle
from explorer.data_images import DataImages
from explorer.data_look import DataLook, Near
from explorer.legends import latent_unit
from explorer.map_points import MapPoints
from explorer.mean_finding import Mean, MeanFinding, Means
from explorer.neighbours import Place
from explorer.painting import to_image
from explorer.plane_laying import PlaneLaying
from explorer.selection import Selection
from explorer.session import Session
from explorer.widgets.data_button import DataButton
from explorer.widgets.elided_label import ElidedLabel
from explorer.widgets.thumbnails import Thumbnail, Thumbnails
from models.points import Points

_SELECTION_PX = 268
_LONGEST_BACK = 14  # letters
_MOST_COUNTED = 12  # classes told of; the rest are told together


class DataPanel(QWidget):
    """Neighbours on the left; on the right the selection, and what can be made of it."""

    said = Signal(str)
    pointed = Signal(object)  # the number of the point whose picture is pointed at, or none

    def __init__(
        self,
        session: Session,
        points: MapPoints,
        look: DataLook,
        images: DataImages,
        planes: PlaneLaying,
        means: MeanFinding,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._points = session, points
        self._look, self._images = look, images
        self._planes, self._means = planes, means
        self._hidden = session.layers.hidden_classes
        self._build()
        look.near_changed.connect(self._show_near)
        look.place_changed.connect(self._show_near)
        images.changed.connect(self._show_near)
        points.selection_changed.connect(self._show_selection)
        session.layers_changed.connect(self._show_hidden)
        session.model_changed.connect(self._on_model_changed)
        session.active_changed.connect(self._show_near)
        self._on_model_changed()

    # -- building --------------------------------------------------------------------------

    def _build(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 10, 8)
        row.setSpacing(14)
        left = QVBoxLayout()
        left.setSpacing(4)
        self._title = ElidedLabel(self)
        self._title.setProperty("role", "title")
        self._title.setObjectName("nearestTitle")
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._back = QPushButton(self)
        self._back.setObjectName("nearestBack")
        self._back.setProperty("slim", True)
        self._back.clicked.connect(partial(self._look.look_near, None))
        self._back.hide()
        self._source = ElidedLabel(self)
        self._source.setProperty("role", "muted")
        # It has the room that title and buttons leave, and asks for none: neither does the dock.
        self._source.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        head = QHBoxLayout()
        head.addWidget(self._title)
        self._choose = DataButton(self)
        self._choose.chosen.connect(self._images.choose)
        head.addWidget(self._source, 1)
        head.addWidget(self._choose)
        head.addWidget(self._back)
        head.addStrut(self._choose.sizeHint().height())  # buttons come and go: nothing jumps
        self.neighbours = Thumbnails(self)
        self.neighbours.setObjectName("neighbours")
        self.neighbours.chosen.connect(self._look.place)
        self.neighbours.pointed.connect(self._on_pointed)
        left.addLayout(head)
        left.addWidget(self.neighbours, 1)
        row.addLayout(left, 1)
        row.addWidget(self._selection_side())

    def _selection_side(self) -> QWidget:
        side = QWidget(self)
        side.setFixedWidth(_SELECTION_PX)
        side.setProperty("compact", True)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._selected = self._label("", "title")
        self._counts = self._label("", "muted")
        self._counts.setObjectName("selectionCounts")
        self._counts.setWordWrap(True)
        self._counts.setTextFormat(Qt.TextFormat.RichText)
        self._counts.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._counts.setToolTip(theme.as_tip(_COUNTS_TIP))
        self._kept = self._label("", "title")
        self._kept.setObjectName("selectionFirst")
        column.addWidget(self._selected)
        column.addWidget(self._counts, 1)
        column.addWidget(self._kept)
        buttons = QGridLayout()
        buttons.setSpacing(4)
        self._buttons: dict[str, QPushButton] = {}
        for number, (name, (text, tip)) in enumerate(_BUTTONS.items()):
            button = QPushButton(text, side)
            button.setObjectName(name)
            button.setAccessibleName(text)
            button.setToolTip(theme.as_tip(tip))
            self._buttons[name] = button
            buttons.addWidget(button, number // 2, number % 2)
        self._buttons["selectionMean"].clicked.connect(self.place_mean)
        self._buttons["selectionClear"].clicked.connect(self.clear)
        self._buttons["selectionKeep"].clicked.connect(self._points.keep_selection)
        self._buttons["selectionPath"].clicked.connect(self.place_direction)
        self._buttons["selectionPlane"].clicked.connect(self.lay_plane)
        column.addLayout(buttons)
        return side

    def _label(self, text: str, role: str) -> QLabel:
        label = QLabel(text, self)
        label.setProperty("role", role)
        return label

    def sizeHint(self) -> QSize:
        return QSize(800, 230)

    # -- neighbours ------------------------------------------------------------------------

    def _data(self) -> Points | None:
        model = self._session.model
        return None if model is None else model.points

    def _on_model_changed(self) -> None:
        self._show_near()
        self._show_selection()

    def _show_near(self) -> None:
        model, handle, data = self._session.model, self._session.active, self._data()
        images = self._images
        missing = images.known and not images.at_hand and not images.looking
        self._choose.setVisible(missing and data is not None and len(data) > 0)
        if model is None or data is None or not len(data):
            self._title.setText("Nearest data")
            self._source.setText("")
            self.neighbours.set_items([], "The model came without data.")
            return
        place = self._look.near_place
        self._name_near(handle, place)
        dimensions = (
            "the one dimension" if model.latent_size == 1 else f"all {model.latent_size} dimensions"
        )
        self._title.setToolTip(
            theme.as_tip(
                f"The posterior means nearest {_what(place)} by Euclidean distance in "
                f"{dimensions} of the latent space, of {len(data):,} points, whatever the map shows"
            )
        )
        self._source.setText(self._source_words())
        tip = self._source_tip()
        if tip:
            self._source.setToolTip(theme.as_tip(tip))
        near = self._look.near
        if near.count != len(data):  # of another model
            near = Near()
        self.neighbours.set_items(
            [
                self._thumbnail(int(row), float(far))
                for row, far in zip(near.rows, near.distances, strict=True)
            ],
            _NO_HANDLE if handle is None and place is None else "",
        )

    def _name_near(self, handle: Handle | None, place: Place | None) -> None:
        """Whose neighbours they are, in the title and on the button that leads back."""
        name = place.name if place is not None else "" if handle is None else handle.name
        self._title.setText(f"Nearest data to {name}" if name else "Nearest data")
        self.neighbours.setAccessibleName(f"Data nearest {name or 'the active handle'}")
        back = "Back" if handle is None else f"Back to {handle.name}"
        self._back.setText(back.replace("&", "&&") if len(back) <= _LONGEST_BACK else "Back")
        self._back.setAccessibleName(back)
        self._back.setToolTip(theme.as_tip(_BACK_TIP))
        self._back.setVisible(place is not None)

    def _source_words(self) -> str:
        images = self._images
        if images.at_hand:
            return "; ".join(filter(None, [f"images of {images.source}", images.lost]))
        if images.looking:
            return "looking for its images …"
        why = images.lost or "the images are not at hand"
        return f"reconstructions: {why}" if images.known else ""

    def _source_tip(self) -> str:
        """Why there are no original images, and which data was named for them."""
        model, images = self._session.model, self._images
        named = None if model is None else images.named_for(model.path)
        lost = f"{named} was named as its data and {_LOST}" if images.lost and named else ""
        return ". ".join(filter(None, [images.reason, lost]))

    def _thumbnail(self, row: int, distance: float) -> Thumbnail:
        data, picture = self._data(), self._look.near.pictures.get(row)
        label = None if data is None or data.label is None else int(data.label[row])
        hidden = label in self._session.layers.hidden_classes
        unseen = ". Its class is hidden on the map (○)" if hidden else ""
        what = "" if picture is None else " (original)" if picture.original else " (reconstruction)"
        name = self._look.name_of(row)
        model = self._session.model
        prior = model is None or model.has_prior
        far = f"{distance_words(distance)} {latent_unit(prior)}"
        of = " (σ: standard deviations of the prior)" if prior else " of the latent space"
        return Thumbnail(
            row,
            (name.replace("  ·  ", "  "), far),
            f"{name}{what}, at a Euclidean distance of {far}{of}; "
            f"choose it to put a handle on its posterior mean{unseen}",
            "" if label is None else theme.class_colour(label).name(),
            None if picture is None else to_image(picture.image),
            hollow=hidden,
        )

    def _on_pointed(self, row: int) -> None:
        self.pointed.emit(None if row < 0 else row)

    # -- selection -------------------------------------------------------------------------

    def _show_selection(self) -> None:
        selection, kept = self._points.selection, self._points.kept
        count, second = len(selection), kept is not None
        whole = f"{_points(count)} selected"
        self._selected.setText(f"Second: {whole}" if second else whole)
        self._counts.setText(self._counts_text(selection) if count else _NEXT if second else _HOW)
        self._kept.setText(f"First: {_points(len(kept))}" if kept is not None else "")
        self._kept.setToolTip(theme.as_tip(_FIRST_TIP))
        self._kept.setVisible(second)
        model = self._session.model
        one = "" if count else "Needs a selection"
        two = "" if count and second else _NEEDS_TWO
        plane = _NEEDS_MORE if model is None or model.latent_size < 3 else two
        self._open("selectionMean", one)
        self._open("selectionClear", "" if count or second else "Nothing is selected")
        self._open("selectionKeep", one)
        self._open("selectionPath", two)
        self._open("selectionPlane", plane)

    def _open(self, name: str, reason: str) -> None:
        """Let a button be pressed, unless there is a reason against it."""
        tip = _BUTTONS[name][1]
        self._buttons[name].setEnabled(not reason)
        self._buttons[name].setToolTip(theme.as_tip(f"{tip}. {reason}" if reason else tip))

    def _counts_text(self, selection: Selection) -> str:
        model, data = self._session.model, self._data()
        if model is None or data is None or data.label is None or not model.class_names:
            return "The data has no classes."
        counts = selection.counts(data, len(model.class_names))
        order = [int(label) for label in np.argsort(-counts, kind="stable") if counts[label]]
        hidden = self._session.layers.hidden_classes
        parts = [
            f"<span style='color:{theme.class_colour(label).name()}'>"
            f"{'○' if label in hidden else '●'}</span>&nbsp;"
            f"{_plain(model.class_names[label])}&nbsp;<b>{int(counts[label]):,}</b>"
            for label in order[:_MOST_COUNTED]
        ]
        rest = sum(int(counts[label]) for label in order[_MOST_COUNTED:])
        unseen = sum(int(counts[label]) for label in order if label in hidden)
        before = f"<b>{unseen:,}</b>&nbsp;of them hidden (○), and counted:<br>" if unseen else ""
        others = f" &nbsp;others <b>{rest:,}</b>" if rest else ""
        return before + "&nbsp;&nbsp; ".join(parts) + others

    def _show_hidden(self) -> None:
        """Of what is selected, and of what is near, other classes may be hidden now."""
        if self._session.layers.hidden_classes != self._hidden:
            self._hidden = self._session.layers.hidden_classes
            self._show_selection()
            self._show_near()

    def clear(self) -> None:
        """Select nothing, and keep nothing."""
        self._points.forget_selections()

    def _label_of(self, mean: Mean) -> int | None:
        """The class of a handle at a selection's mean, in a conditional model."""
        model = self._session.model
        return (mean.label or 0) if model is not None and model.conditional else None

    def place_mean(self) -> None:
        """A new handle at the mean of what is selected, when it has come."""
        if len(self._points.selection):
            self._means.find((self._points.selection,), self._on_mean)

    def _on_mean(self, means: Means) -> None:
        (mean,) = means
        session = self._session
        session.set_scrub(None)
        key = session.add_handle(mean.z, self._label_of(mean), text="Add mean of selection")
        handle = session.arrangement.get(key)
        if handle is not None:
            self.said.emit(f"{handle.name} is the mean of {mean.count:,} points")

    def place_direction(self) -> None:
        """Two handles, at the means of the first selection and of the present one."""
        if self._points.two:
            self._means.find(self._points.two, self._on_direction)

    def _on_direction(self, means: Means) -> None:
        session, arrangement = self._session, self._session.arrangement
        if not session.has_room(len(means)):
            return
        session.set_scrub(None)
        names = []
        for mean in means:
            handle = Handle(
                arrangement.fresh_key(),
                arrangement.fresh_name(),
                arrangement.fresh_colour(),
                mean.z,
                self._label_of(mean),
            )
            arrangement = arrangement.with_handle(handle)
            names.append(handle.name)
        session.set_arrangement("Add direction", arrangement)
        session.set_active(arrangement.handles[-1].key)
        self.said.emit(
            f"From {names[0]} to {names[1]} is the direction from the first selection to the second"
        )

    def lay_plane(self) -> None:
        """The plane in which the direction between the two selections runs across."""
        self._planes.lay("selections")

    def refresh_theme(self) -> None:
        """The scheme is another one."""
        self._show_near()
        self._show_selection()


def distance_words(distance: float) -> str:
    """Three significant digits, never in powers of ten; less than a thousandth is told as such."""
    if distance < 0.001:
        return "<0.001" if distance > 0 else "0"
    return f"{distance:,.0f}" if distance >= 999.5 else f"{distance:#.3g}".rstrip(".")


def _points(count: int) -> str:
    return f"{count:,} point{'' if count == 1 else 's'}"


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(" ", "&nbsp;")


def _what(place: Place | None) -> str:
    if place is None:
        return "the active handle"
    if place.row is not None:
        return f"that of {place.name}"
    return "the marked place of the map (its z as the decoder draws it there)"


_NO_HANDLE = (
    "No handle. Double-click the map to add one, or see what is nearest a place by the tool beside "
    "the map or Shift+D."
)
_LOST = "is not there any more, or its images are not those of the points"
_BACK_TIP = "Show the data nearest the active handle again (Esc); moving a handle does so too"
_COUNTS_TIP = (
    "How many of the selected points are of each class of the data, the most frequent first; "
    "points of classes that are hidden on the map are not selected with an area"
)
_HOW = (
    "Draw around points with the rectangle (R) or the lasso (L) beside the map; with Shift to "
    "add, with Ctrl to take away. Ctrl+A selects all in view."
)
_NEXT = "Now select the second with the rectangle (R) or the lasso (L) beside the map."
_FIRST_TIP = "The first of two selections; Clear forgets it"
_NEEDS_TWO = "Needs two selections: set one as the first, then select another"
_NEEDS_MORE = "Needs K > 2: with fewer dimensions there is but one plane"
_BUTTONS = {
    "selectionMean": (
        "Mean of selection",
        "A new handle at the mean of the selected points' posterior means, in all dimensions",
    ),
    "selectionClear": ("Clear", "Select nothing, and forget the first selection"),
    "selectionKeep": (
        "Set as first",
        "Remember these points as the first of two selections, then select others: from the first "
        "to the second there is a direction, to go along as a path or to lay a plane along",
    ),
    "selectionPath": (
        "Path from first",
        "Two new handles, at the means of the first selection and of the second: between them the "
        "path runs along the direction from one to the other",
    ),
    "selectionPlane": (
        "Plane from first",
        "A plane for the map: across it the direction from the first selection's mean to the "
        "second's, up toward the mean of all data",
    ),
}
