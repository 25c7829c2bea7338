"""The embedding view: the data by t-SNE or UMAP, to look at and to pick from."""

import sys
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QMouseEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from explorer import painting, theme
from explorer.crowd_image import unchosen_grey
from explorer.data_look import DataLook, lies_on
from explorer.embedding import Embedding, Layout
from explorer.painting import Marker, to_image
from explorer.point_words import card_lines
from explorer.session import Session
from explorer.widgets.class_legend import ClassLegend
from explorer.widgets.elided_label import ElidedLabel
from explorer.widgets.embedding_bar import EmbeddingBar, MethodChoice
from explorer.widgets.map_view import MapView
from explorer.widgets.point_card import PointCard
from explorer.widgets.readout import Readout
from models.embedding import METHODS, EmbeddingSettings, Method, installed, nearest, step

NOTE = (
    "For looking and picking: places between points have no exact decode; a click takes the "
    "nearest image of the data."
)
_NOTE_TIP = (
    f"{NOTE} Only neighbours are kept: distances between groups, and how wide a group is, mean "
    "little (van der Maaten & Hinton 2008; Wattenberg et al. 2016). A handle is shown where it "
    "stands exactly on the posterior mean of an image; drag it on the map."
)
_TIPS: dict[Method, tuple[str, str]] = {
    "t-sne": (
        "t-distributed stochastic neighbour embedding of the posterior means (van der Maaten & "
        "Hinton 2008; computed by openTSNE). Images near each other in the latent space stay "
        "near; distances between groups mean little",
        "About how many neighbours of each image count: few show small groups, many the whole. "
        "5 to 50 are usual, and never more than a third of the images",
    ),
    "umap": (
        "Uniform manifold approximation and projection of the posterior means (McInnes et al. "
        "2018; computed by umap-learn). Images near each other in the latent space stay near; "
        "distances between groups mean little",
        "How many neighbours of each image count: few show small groups, many the whole. 5 to "
        "50 are usual",
    ),
}
_READOUT_PX, _LEAST_READOUT_PX = 210, 105
_CLICK_PX = 4  # a press that moves further pans
_FIT_MARGIN = 0.03
_NEAR = 0.01  # of 1 + |z|: what lies farther off in one dimension is not the same
_REST_MS = 25  # the pointer rests on a point before its picture is asked for


class EmbeddingPanel(QWidget):
    """Points in colours: the nearest to the pointer is picked, a click puts a handle there."""

    back_wished = Signal()
    near_wished = Signal(int)  # the data nearest the image of that row
    said = Signal(str)

    def __init__(
        self,
        session: Session,
        look: DataLook,
        embedding: Embedding,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("embeddingPanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._session, self._look, self._embedding = session, look, embedding
        self._layout: Layout | None = None
        self._pointed: int | None = None  # the class that is pointed at in the legend
        self._shown = np.zeros(0, np.int64)  # places of the layout whose class is shown
        self._pick: int | None = None  # a place of the layout
        self._placing: int | None = None  # the row of the data that a handle is made for
        self._failure = ""
        self._pressed: QPointF | None = None
        self._card = PointCard(upright=True)
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self._on_rest)
        self._build()
        self._connect()

    # -- building --------------------------------------------------------------------------

    def _build(self) -> None:
        self.view = MapView(self)
        self.view.setObjectName("embedding")
        self.view.setAccessibleName("Embedding of the data")
        self.view.show_axes = False
        self.view.under_handles.append(self._card.ring)
        self.view.over_handles.append(self._card)
        self.view.installEventFilter(self)
        choices: dict[str, MethodChoice] = {
            name: MethodChoice(
                words.title,
                _TIPS[name][0],
                words.neighbours,
                _TIPS[name][1],
                words.default,
                words.least,
                words.most,
            )
            for name, words in METHODS.items()
        }
        self._bar = EmbeddingBar(choices, ElidedLabel(self), self)
        self._status = self._bar.findChild(QLabel, "embeddingStatus")
        self._message = QLabel(self)
        self._message.setObjectName("embeddingMessage")
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._message.setWordWrap(True)
        self._message.setMargin(30)
        self._message.setTextFormat(Qt.TextFormat.PlainText)
        self._message.setAccessibleName("About the embedding")
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self._message)
        self._pages.addWidget(self.view)
        note = QLabel(NOTE, self)
        note.setObjectName("embeddingNote")
        note.setProperty("role", "muted")
        note.setWordWrap(True)
        note.setToolTip(theme.as_tip(_NOTE_TIP))
        self._legend = ClassLegend(self)
        self._readout = Readout(_READOUT_PX, _LEAST_READOUT_PX, self)
        bottom = QHBoxLayout()
        bottom.setSpacing(4)
        bottom.addWidget(self._legend, 1)
        bottom.addWidget(self._readout)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 6)
        layout.setSpacing(theme.SPACING_PX)
        layout.addWidget(self._bar)
        layout.addWidget(self._pages, 1)
        layout.addWidget(note)
        layout.addLayout(bottom)

    def _connect(self) -> None:
        bar, view, session, embedding = self._bar, self.view, self._session, self._embedding
        bar.back_clicked.connect(self.back_wished)
        bar.method_chosen.connect(self._on_method_chosen)
        bar.compute_clicked.connect(self.compute)
        bar.cancel_clicked.connect(self._on_cancel_clicked)
        bar.zoom_clicked.connect(self.zoom)
        bar.fit_clicked.connect(self.fit)
        view.pointer_moved.connect(self._on_pointer_moved)
        view.nudged.connect(self._on_nudged)
        view.handle_pressed.connect(self._on_handle_pressed)
        view.handle_released.connect(self._on_handle_released)
        self._legend.toggled.connect(self._on_class_toggled)
        self._legend.hidden_wished.connect(self._on_classes_hidden)
        self._legend.pointed.connect(self._on_class_pointed)
        embedding.changed.connect(self._on_layout_changed)
        embedding.working_changed.connect(self._show_state)
        embedding.failed.connect(self._on_failed)
        session.model_changed.connect(self._on_model_changed)
        session.layers_changed.connect(self._draw_points)
        session.arrangement_changed.connect(self._draw_handles)
        session.latent_changed.connect(self._draw_handles)
        session.active_changed.connect(self._draw_handles)
        self._look.card_changed.connect(self._show_card)
        self._look.placed.connect(self._on_placed)

    # -- commands --------------------------------------------------------------------------

    def begin(self) -> None:
        """The view is opened: compute unless that was done, or did not work."""
        (self.view if self._layout is not None else self._bar).setFocus()
        idle = self._embedding.working is None and not self._failure
        if self._layout is None and idle and not self._reason_against():
            self.compute()

    def compute(self) -> None:
        """Compute with the settings on screen."""
        self._failure = ""
        self.said.emit("")  # that an earlier one was cancelled
        self._embedding.compute(EmbeddingSettings(self._method, self._bar.neighbours))

    def fit(self) -> None:
        """Show all points."""
        if self._layout is not None:
            low, high = self._layout.xy.min(0), self._layout.xy.max(0)
            self.view.fit(low.tolist(), high.tolist(), margin=_FIT_MARGIN)

    def zoom(self, factor: float) -> None:
        """Zoom around the middle."""
        self.view.zoom(factor)

    def add_handle(self) -> None:
        """A handle on the posterior mean of the image that is picked, or the one there already."""
        row = self.picked_row()
        if row is None:
            self.said.emit("Point at an image first: a handle goes on its posterior mean")
            return
        there = [key for key, place in self._standing().items() if place == self._pick]
        if there:
            self._session.set_scrub(None)
            self._session.set_active(there[0])
            self._say_where(row)
        elif row != self._placing:
            self._placing = row
            self._look.place(row)

    def look_near(self) -> None:
        """Wish for the data nearest the image that is picked."""
        row = self.picked_row()
        if row is None:
            self.said.emit("Point at an image first: no decode belongs to the empty places here")
        else:
            self.near_wished.emit(row)

    def _on_placed(self, row: int) -> None:
        """A point became a handle; perhaps one of the map."""
        if row == self._placing:
            self._placing = None
            self._say_where(row)

    def _say_where(self, row: int) -> None:
        handle = self._session.active
        if handle is not None:
            self.said.emit(f"Handle {handle.name} stands on {self._look.name_of(row)}")

    # -- what is picked --------------------------------------------------------------------

    def picked_row(self) -> int | None:
        """The row of the data that is picked."""
        if self._layout is None or self._pick is None:
            return None
        return int(self._layout.rows[self._pick])

    def _words(self) -> str:
        """What the picked image is."""
        row = self.picked_row()
        return "" if row is None else self._look.name_of(row)

    def _set_pick(self, place: int | None) -> None:
        if place == self._pick:
            return
        self._pick, self._placing = place, None
        self._readout.set_text(self._words())
        self.view.setAccessibleDescription(self._words() or "Nothing is picked")
        self._show_card()

    def _on_rest(self) -> None:
        if self.isVisible():
            self._look.hover(self.picked_row())

    def _show_card(self) -> None:
        """The picked image, as far as it is known; the pictures of others are not its own."""
        row, look, model, card = self.picked_row(), self._look, self._session.model, self._card
        if row is None or model is None or model.points is None or self._layout is None:
            card.at = card.picture = None
        else:
            x, y = self._layout.xy[self._pick].tolist()
            picture = look.picture if look.row == row else None
            card.at = x, y
            card.picture = None if picture is None else to_image(picture.image)
            card.lines = card_lines(model, row, look.name_of(row), picture, {}, "")
            if picture is None and self.isVisible() and not self._rest.isActive():
                self._rest.start()  # another is looked at, or the map has let go of this one
        self.view.update()

    # -- what is shown ---------------------------------------------------------------------

    @property
    def _method(self) -> Method:
        return "umap" if self._bar.method == "umap" else "t-sne"

    def _on_method_chosen(self) -> None:
        self._failure = ""
        self._on_layout_changed()

    def _on_model_changed(self) -> None:
        self._failure = ""
        model = self._session.model
        if model is not None:
            labelled = model.points is not None and model.points.label is not None
            self._legend.set_classes(model.class_names if labelled else ())

    def _on_layout_changed(self) -> None:
        found = self._embedding.layout(self._method)
        if found is not self._layout:
            self._set_pick(None)
            self._layout = found
            self._draw_points()
            self.fit()
        self._show_state()
        self._draw_handles()

    def _show_state(self) -> None:
        if not self.isVisible():
            return  # shown when it is
        working, layout = self._embedding.working, self._layout
        computed = "" if working is None else METHODS[working.settings.method].title
        if working is not None:
            self._bar.show_working(computed, working.what, working.done, working.total)
        reason = why = self._reason_against()
        if working is not None and working.settings.method == self._method:
            why = f"{computed} is being computed"
        self._bar.show_choice(again=layout is not None, reason=why, instead=computed)
        if working is None:
            self._bar.show_idle()
        self._pages.setCurrentIndex(0 if layout is None else 1)
        if self._status is not None:
            self._status.setText("" if layout is None else self._status_words(layout))
        self._show_message(reason, self._message_words(reason))

    def _reason_against(self) -> str:
        """Why nothing can be computed; nothing if it can."""
        words, model = METHODS[self._method], self._session.model
        if model is None or model.points is None or not len(model.points):
            return "No data lies on the map of this model, so there is nothing to embed."
        if not installed(self._method):
            return (
                f"{words.title} needs the package {words.package}, which is not installed. One "
                f"command installs it:\n\n{sys.executable} -m pip install {words.package}"
            )
        return ""

    def _show_message(self, reason: str, words: str) -> None:
        """A command to copy can be marked with the mouse; other words look like no field."""
        flags = Qt.TextInteractionFlag
        marked = flags.TextSelectableByMouse | flags.TextSelectableByKeyboard
        self._message.setTextInteractionFlags(marked if reason else flags.NoTextInteraction)
        self._message.setText(words)

    def _message_words(self, reason: str) -> str:
        working = self._embedding.working
        computed = "" if working is None else METHODS[working.settings.method].title
        if reason:
            aside = f"Meanwhile {computed} is being computed." if computed else ""
            return f"{reason}\n\n{aside}".rstrip()
        if computed:
            return f"{computed} is being computed. The map can be used meanwhile (Esc)."
        return self._failure or "No embedding of this model yet: press Compute."

    def _status_words(self, layout: Layout) -> str:
        settings, words = layout.settings, METHODS[layout.settings.method]
        count = f"{len(layout.xy):,} images"
        if len(layout.xy) < layout.total:
            count = f"{len(layout.xy):,} of {layout.total:,} images, drawn at random"
        name = words.neighbours.lower()
        told = f"{words.title} of {count}  ·  {name} {layout.neighbours}"
        if layout.neighbours < settings.neighbours:
            told += f" ({settings.neighbours} are too many for so few)"
        if not self._embedding.is_current(layout):
            epoch = "other weights" if layout.epoch is None else f"epoch {layout.epoch}"
            told = f"Of {epoch}, no longer of those on the map: compute again  ·  {told}"
        return told

    def _draw_points(self) -> None:
        model, layout = self._session.model, self._layout
        self.view.ground_dark = theme.colours().dark
        self._legend.set_hidden(self._session.layers.hidden_classes)
        if layout is None or model is None or model.points is None:
            self.view.set_points(np.zeros((0, 2), np.float32), np.zeros((0, 3), np.uint8))
            return
        label = None if model.points.label is None else model.points.label[layout.rows]
        shown = np.ones(len(layout.xy), bool)
        if label is not None:
            shown = ~np.isin(label, sorted(self._session.layers.hidden_classes))
        self._shown = np.flatnonzero(shown)
        colours = painting.class_colour_rows(label, len(layout.xy))
        order = self._shown
        if label is not None and self._pointed is not None and shown[label == self._pointed].any():
            alone = label == self._pointed
            colours[~alone] = unchosen_grey(self.view.ground_dark)
            order = order[np.argsort(alone[order], kind="stable")]  # drawn over the others
        self.view.set_points(layout.xy[order], colours[order])
        if self._pick is not None and not shown[self._pick]:
            self._set_pick(None)

    def _draw_handles(self, key: int = 0) -> None:
        if self.isVisible():
            self.view.set_markers(self._markers())

    def _standing(self) -> dict[int, int]:
        """Handles that stand on an image: the place of the layout that each has, by its key."""
        session, layout, model = self._session, self._layout, self._session.model
        if layout is None or model is None or model.points is None:
            return {}
        found, points = {}, model.points
        first = points.mean[layout.rows, 0]
        for handle in session.arrangement.handles:
            reach = _NEAR * (1 + np.abs(handle.z).max())
            places = np.flatnonzero(np.abs(first - handle.z[0]) <= reach)  # a few of all
            means = points.mean[layout.rows[places]]
            on = lies_on(means, handle.z)
            if model.conditional and points.label is not None:
                on &= points.label[layout.rows[places]] == handle.label
            if on.any():  # the nearest of them
                gaps = np.abs(means - handle.z).max(1)
                found[handle.key] = int(places[np.where(on, gaps, np.inf).argmin()])
        return found

    def _markers(self) -> list[Marker]:
        """The handles that stand on an image."""
        session, found = self._session, []
        for key, place in self._standing().items():
            handle = session.arrangement.get(key)
            assert handle is not None
            assert self._layout is not None
            x, y = self._layout.xy[place].tolist()
            active = key == session.active_key
            found.append(Marker(key, handle.name, handle.colour, x, y, active))
        return found

    def refresh_theme(self) -> None:
        """The scheme is another one."""
        self._legend.refresh_theme()
        self._draw_points()

    # -- from the person -------------------------------------------------------------------

    def _on_cancel_clicked(self) -> None:
        self._embedding.cancel()
        self.said.emit("The embedding was cancelled")

    def _on_failed(self, message: str) -> None:
        self._failure = message
        self._show_state()

    def _on_pointer_moved(self, x: float, y: float) -> None:
        if self._layout is not None and len(self._shown):
            place = nearest(self._layout.xy[self._shown], (x, y))
            self._set_pick(int(self._shown[place]))

    def _on_nudged(self, dx: float, dy: float) -> None:
        """An arrow key: the next image that way, from the one that is picked or the middle."""
        if self._layout is None or not len(self._shown):
            return
        xy = self._layout.xy[self._shown]
        if self._pick is None:
            place = nearest(xy, (self.view.view.x, self.view.view.y))
        else:
            at = int(np.searchsorted(self._shown, self._pick))
            place = step(xy, at, (int(np.sign(dx)), int(np.sign(dy))))
        self._set_pick(int(self._shown[place]))
        self._keep_in_sight(*xy[place].tolist())

    def _keep_in_sight(self, x: float, y: float) -> None:
        left, bottom, right, top = self.view.view.box
        if not (left < x < right and bottom < y < top):
            px, py = self.view.view.pixel(x, y)
            middle = self.view.view.width / 2, self.view.view.height / 2
            self.view.set_view(self.view.view.panned(middle[0] - px, middle[1] - py))

    def _on_handle_pressed(self, key: int) -> None:
        self._pressed = None
        self._session.set_scrub(None)
        self._session.set_active(key)

    def _on_handle_released(self, key: int) -> None:
        handle = self._session.arrangement.get(key)
        if handle is not None:
            self.said.emit(f"{handle.name} stands on an image here; drag it on the map (Esc)")

    def _on_class_toggled(self, label: int, shown: bool) -> None:
        layers = self._session.layers
        self._session.set_layers(layers.with_class(label, shown))

    def _on_classes_hidden(self, labels: frozenset[int]) -> None:
        self._session.set_layers(replace(self._session.layers, hidden_classes=labels))

    def _on_class_pointed(self, label: int | None) -> None:
        self._pointed = label
        self._draw_points()

    def _clicked(self, at: QPointF) -> None:
        if self._layout is not None and self.view.ground.contains(at):
            x, y = self.view.view.place(*(at - self.view.ground.topLeft()).toTuple())
            self._on_pointer_moved(x, y)
            self.add_handle()

    # -- Qt --------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A press and a release at one place are a click; the view itself pans and drags."""
        if isinstance(event, QMouseEvent):
            left = Qt.MouseButton.LeftButton
            if event.type() == QEvent.Type.MouseButtonPress and event.button() == left:
                self._pressed = event.position()
            elif self._pressed is not None:
                moved = event.position() - self._pressed
                if max(abs(moved.x()), abs(moved.y())) > _CLICK_PX:
                    self._pressed = None
                elif event.type() == QEvent.Type.MouseButtonRelease and event.button() == left:
                    self._pressed = None
                    self._clicked(event.position())
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.view.hasFocus():
            self.add_handle()
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_state()
        self._draw_handles()
        self._rest.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._rest.stop()
        self._look.hover(None)
