"""Service: what the epoch on the map makes of the images that its training kept pictures of."""

from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from explorer.recorded_runs import out_file
from explorer.rendering import compute_alone
from explorer.session import Session
from explorer.trainer_messages import Pictures
from explorer.training import Training
from explorer.workers import Callbacks, Lane, ModelShelf, TaskContext

if TYPE_CHECKING:
    from models.model import Model

_MOST = 32  # epochs whose pictures are kept: half a MiB each at most


class EpochPictures(QObject):
    """The newest pictures of a training or, where an earlier epoch is on the map, those of it.

    `other` is the epoch on the map where `pictures` are not, and cannot be made, of that one.
    """

    changed = Signal()

    def __init__(
        self, session: Session, shelf: ModelShelf, training: Training, lane: Lane, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._session, self._shelf, self._lane = session, shelf, lane
        self._training = training
        self.pictures = self._kept = training.pictures
        self.other: int | None = None
        self._made: OrderedDict[int, Pictures] = OrderedDict()
        self._making = self._cannot = False
        session.model_changed.connect(self._look)
        session.weights_changed.connect(self._look)
        training.pictures_changed.connect(self._look)

    def _look(self) -> None:
        kept, epoch, model = self._training.pictures, self._epoch(), self._session.model
        if not _same_images(kept, self._kept):
            self._made.clear()
            self._cannot = False
        self._kept = kept
        if kept is None or model is None or epoch is None:
            self._tell(kept, None)
        elif epoch in self._made:
            self._tell(self._made[epoch], None)
        elif self._cannot:
            self._tell(kept, epoch)
        elif not self._making:
            self._making = True
            task = partial(make_again, kept, self._shelf.get(model.key), epoch)
            done = partial(self._on_made, kept, epoch)
            self._lane.submit(task, Callbacks(done, partial(self._on_failed, kept)))

    def _epoch(self) -> int | None:
        """The epoch of the training that is on the map, unless the newest pictures are of it."""
        model, kept, plan = self._session.model, self._training.pictures, self._training.state.plan
        if model is None or kept is None or plan is None or model.path != out_file(plan.folder):
            return None
        past = self._session.replaying and model.epoch != kept.epoch
        return model.epoch if past else None

    def _tell(self, pictures: Pictures | None, other: int | None) -> None:
        if pictures is not self.pictures or other != self.other:
            self.pictures, self.other = pictures, other
            self.changed.emit()

    def _on_made(self, kept: Pictures, epoch: int, made: Pictures | None) -> None:
        self._making = False
        if _same_images(kept, self._training.pictures):
            self._cannot = made is None
            if made is not None:
                self._made[epoch] = made
                if len(self._made) > _MOST:
                    self._made.popitem(last=False)
                if self._epoch() is not None:  # while they play, the one before stands for it
                    self._tell(made, None)
        self._look()

    def _on_failed(self, kept: Pictures, message: str) -> None:
        self._on_made(kept, 0, None)


def make_again(
    kept: Pictures, model: "Model | None", epoch: int, context: TaskContext
) -> Pictures | None:
    """What a training's model after `epoch` makes of the images and the noise of those kept.

    None where the images are not all there is to know: kept smaller than they are, or of a model
    that is given their classes.
    """
    if model is None:
        return None
    compute_alone()
    import torch

    from explorer.trainer_pictures import PictureMaker
    from models.data import ImageSet

    config = model.autoencoder.config
    images = np.ascontiguousarray(kept.images.transpose(0, 3, 1, 2))
    if config.classes or images.shape[1:] != tuple(config.image_shape):
        return None
    with torch.no_grad():  # 0 and 1 are drawn as they are, and the noise after them is the same
        maker = PictureMaker(config, ImageSet(images))
        return maker.make(epoch, dict(model.autoencoder.named_parameters()))


def _same_images(one: Pictures | None, other: Pictures | None) -> bool:
    if one is None or other is None:
        return one is other
    return one is other or np.array_equal(one.images, other.images)
