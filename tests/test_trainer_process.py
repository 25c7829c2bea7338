"""The trainer process from the inside, and as a process that is paused, orphaned and killed."""

import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from queue import Queue
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import psutil
import pytest

from explorer.processes import trainer_command
from explorer.trainer_messages import (
    Adjustment,
    Advanced,
    CurvePoint,
    Failed,
    Finished,
    Finishing,
    GoneOn,
    Job,
    Loaded,
    Message,
    Order,
    Paused,
    Pictures,
    Planned,
    Position,
    Preparing,
    Stopped,
    read_message,
    read_order,
    write_message,
)
from explorer.trainer_process import Orders, Pace, Reporter, work
from models.methods import METHODS, MethodName
from models.plans import Plan
from tests.priorities import PRELUDE
from tests.trainings import of_kind, small_plan, write_data

if TYPE_CHECKING:
    from models.data import DataSet
    from models.training import Progress

only_posix = pytest.mark.skipif(sys.platform == "win32", reason="about POSIX signals")


@pytest.fixture
def data_file(tmp_path: Path, tiny_data: "DataSet") -> Path:
    return write_data(tmp_path / "bars.npz", tiny_data)


@pytest.fixture
def plan(tmp_path: Path, data_file: Path) -> Plan:
    return small_plan(data_file, tmp_path / "bars.safetensors")


def progress(step: int, steps: int = 40, epochs: int = 4, ends_epoch: bool = False) -> "Progress":
    from models.training import Progress, Snapshot

    per_epoch = steps // epochs
    terms = MappingProxyType({"reconstruction": 30.0, "kl": 2.0, "elbo": -32.0})
    return Progress(
        epoch=step // per_epoch,
        epochs=epochs,
        step=step,
        steps=steps,
        train=terms,
        held_out=terms if ends_epoch else None,
        seconds=float(step),
        images_per_second=100.0,
        snapshot=Snapshot(step // per_epoch, {}) if ends_epoch else None,
    )


# -- messages ------------------------------------------------------------------------------


def test_messages_and_jobs_arrive_as_they_were_sent() -> None:
    plan = Plan("digits", "x.safetensors", image_shape=(1, 8, 8))
    assert Job.from_line(Job("train", plan).to_line()) == Job("train", plan)
    assert Job.from_line(Job("resume", path="a b.run").to_line()) == Job("resume", path="a b.run")
    point = CurvePoint(0.5, {"kl": 1.0}, held_out=True)
    sent: list[Message] = [Preparing("Loading", 1, 2), Planned(plan, Position(0, 3, 0.0), (point,))]
    stream = io.BytesIO()
    for message in sent:
        write_message(stream, message)
    stream.seek(0)
    assert [read_message(stream), read_message(stream)] == sent
    assert read_message(stream) is None


@pytest.mark.parametrize("cut", [1, 7, 9, 20])
def test_a_message_cut_off_is_the_end(cut: int) -> None:
    stream = io.BytesIO()
    write_message(stream, Finished("x.safetensors", 3))
    assert read_message(io.BytesIO(stream.getvalue()[:cut])) is None
    assert read_message(io.BytesIO(b"printed by mistake")) is None


# -- orders --------------------------------------------------------------------------------


def test_who_waits_in_a_pause_goes_on_when_told() -> None:
    orders, passed = Orders(), threading.Event()
    orders.receive(Order.PAUSE)
    assert orders.paused

    def wait() -> None:
        orders.wait_while_paused({})
        passed.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert not passed.is_set()
    orders.receive(Order.GO_ON)
    waiting.join()
    assert passed.is_set()


@pytest.mark.parametrize("order", [Order.STOP, Order.FINISH])
def test_an_end_wakes_who_is_paused(order: Order) -> None:
    orders = Orders()
    orders.receive(Order.PAUSE)
    orders.receive(order)
    orders.receive(Order.PAUSE)
    orders.wait_while_paused({})
    assert orders.ending is order


def test_a_stop_outranks_a_finish() -> None:
    orders = Orders()
    for order in (Order.FINISH, Order.STOP, Order.FINISH):
        orders.receive(order)
    assert orders.ending is Order.STOP


def test_settings_to_change_are_taken_once() -> None:
    orders = Orders()
    assert orders.take_adjustments() == {}
    for line in (b"adjust beta 2.0\n", b"adjust beta 4.5\n", b"adjust learning_rate 0.01\n"):
        orders.receive(read_order(line))
    assert orders.take_adjustments() == {"beta": 4.5, "learning_rate": 0.01}
    assert orders.take_adjustments() == {}


def test_orders_arrive_as_they_were_sent() -> None:
    for order in (*Order, Adjustment("beta", 0.1 + 0.2)):
        assert read_order(order.to_line()) == order
    with pytest.raises(ValueError, match="nonsense"):
        read_order(b"nonsense\n")


# -- reports -------------------------------------------------------------------------------


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def no_pictures(epoch: int, weights: object) -> Pictures:
    nothing = np.zeros((0, 8, 8, 1), np.uint8)
    return Pictures(epoch, nothing, nothing, nothing)


def test_reports_are_gathered_and_no_point_is_lost(clock: Clock, tmp_path: Path) -> None:
    told: list[Message] = []
    reporter = Reporter(told.append, no_pictures, tmp_path, clock)
    for step in range(1, 40):
        reporter.progress(progress(step), Position(0, 4, step / 40))
        clock.now += 0.01
    reporter.flush()
    messages = of_kind(told, Advanced)
    assert len(messages) <= 6
    points = [point for message in messages for point in message.points]
    assert [point.epoch for point in points] == pytest.approx([step / 10 for step in range(1, 40)])
    assert messages[-1].position.fraction == 39 / 40


def test_nothing_new_is_not_told_twice(clock: Clock, tmp_path: Path) -> None:
    told: list[Message] = []
    reporter = Reporter(told.append, no_pictures, tmp_path, clock)
    reporter.progress(progress(1), Position(0, 4, 0.025))
    reporter.flush()
    reporter.flush()
    assert len(told) == 1


def test_an_epoch_too_short_to_report_within_has_its_mean_in_its_middle(
    clock: Clock, tmp_path: Path
) -> None:
    told: list[Message] = []
    reporter = Reporter(told.append, no_pictures, tmp_path, clock)
    reporter.progress(progress(10, ends_epoch=True), Position(1, 4, 0.25))
    (message,) = of_kind(told, Advanced)
    assert [(point.epoch, point.held_out) for point in message.points] == [(0.5, False), (1, True)]


def test_pictures_are_made_now_and_then_and_of_the_last_epoch(clock: Clock, tmp_path: Path) -> None:
    told: list[Message] = []
    reporter = Reporter(told.append, no_pictures, tmp_path, clock)
    for epoch in range(1, 5):
        reporter.progress(progress(10 * epoch, ends_epoch=True), Position(epoch, 4, epoch / 4))
        clock.now += 0.2
    reporter.flush()
    pictures = [message.pictures for message in of_kind(told, Advanced) if message.pictures]
    assert [picture.epoch for picture in pictures] == [1, 4]


def test_the_pace_leaves_pauses_out(clock: Clock) -> None:
    pace = Pace(images=100, clock=clock)
    assert pace.advance(progress(1)).seconds_left is None
    clock.now = 9.0
    before = pace.advance(progress(10))
    assert before.seconds_left == pytest.approx(30.0)
    assert before.images_per_second == pytest.approx(10.0)
    clock.now += 1000.0
    pace.leave_out(1000.0)
    clock.now += 1.0
    after = pace.advance(progress(11))
    assert after.seconds_left == pytest.approx(29.0)
    assert after.seconds == pytest.approx(progress(11).seconds - 1000.0)


# -- the work ------------------------------------------------------------------------------


def do(job: Job, orders: Orders | None = None) -> list[Message]:
    told: list[Message] = []
    work(job, told.append, orders or Orders())
    return told


def test_a_batch_that_takes_all_images_is_told(plan: Plan) -> None:
    told = do(Job("train", replace(plan, batch_size=5000, epochs=1)))
    (loaded,) = of_kind(told, Loaded)
    assert loaded.notes == ("a batch of 5,000 takes all 135 images",)


def test_a_training_tells_its_data_curves_pictures_and_file(plan: Plan) -> None:
    told = do(Job("train", plan))
    (loaded,) = of_kind(told, Loaded)
    assert (loaded.images, loaded.held_out, loaded.image_shape) == (135, 15, (1, 8, 8))
    assert loaded.likelihood == "bernoulli"
    points = [point for message in of_kind(told, Advanced) for point in message.points]
    assert [point.epoch for point in points if point.held_out] == [1, 2, 3]
    assert set(points[-1].terms) == {"elbo", "reconstruction", "kl"}
    pictures = [message.pictures for message in of_kind(told, Advanced) if message.pictures]
    assert pictures[-1].epoch == 3
    assert pictures[-1].images.shape == pictures[-1].reconstructions.shape == (6, 8, 8, 1)
    assert pictures[-1].samples.shape == (12, 8, 8, 1)
    assert [type(message) for message in told[-2:]] == [Finishing, Finished]
    assert told[-1] == Finished(plan.out, 3)
    (planned,) = of_kind(do(Job("resume", path=str(plan.folder), more=1)), Planned)
    assert planned.pictures is not None
    assert planned.pictures.epoch == 3
    assert np.array_equal(planned.pictures.samples, pictures[-1].samples)
    assert Path(plan.out).is_file()


def test_pictures_show_the_same_images_in_every_epoch(plan: Plan, tiny_data: "DataSet") -> None:
    import torch

    from explorer.trainer_pictures import PictureMaker
    from models.autoencoder import Autoencoder, Config

    config = Config(image_shape=(1, 8, 8), width=16, depth=1)
    maker = PictureMaker(config, tiny_data.held_out)
    torch.manual_seed(0)
    one = maker.make(1, Autoencoder(config).state_dict())
    other = maker.make(2, Autoencoder(config).state_dict())
    again = PictureMaker(config, tiny_data.held_out).make(3, Autoencoder(config).state_dict())
    assert np.array_equal(one.images, other.images)
    assert np.array_equal(one.images, again.images)
    assert not np.array_equal(one.samples, other.samples)


EVERY_METHOD = [{"method": method} for method in METHODS] + [
    {"method": "flow-vae", "flow": "coupling", "latent_size": 3}
]


@pytest.mark.parametrize("told", EVERY_METHOD, ids=lambda told: "-".join(map(str, told.values())))
def test_every_method_trains_to_its_end_with_pictures(
    tmp_path: Path, data_file: Path, told: dict[str, Any]
) -> None:
    from explorer.epochs import read_epoch
    from explorer.workers import TaskContext

    small = small_plan(data_file, tmp_path / "bars.safetensors", 2)
    plan = replace(small, batch_size=100, **told)
    heard = do(Job("train", plan))
    assert heard[-1] == Finished(plan.out, 2), heard[-1]
    pictures = [message.pictures for message in of_kind(heard, Advanced) if message.pictures]
    assert pictures[-1].epoch == 2
    assert len(np.unique(pictures[-1].reconstructions)) > 1
    assert len(pictures[-1].samples) == (
        12 if METHODS[cast(MethodName, plan.method)].has_prior else 0
    )
    context, like = cast(TaskContext, None), None
    for epoch in (0, 1, 2, None):  # each of which the map shows
        shown = read_epoch(plan.folder, epoch, context, like)
        assert shown.info.latent_size == plan.latent_size
        assert shown.info.points is not None
        like = shown.model


def test_pictures_are_those_of_the_weights_of_an_epoch(tmp_path: Path, data_file: Path) -> None:
    """Whatever a step of a flow keeps beside its weights, which no snapshot holds."""
    import torch

    from explorer.trainer_pictures import PictureMaker
    from models.autoencoder import Autoencoder
    from models.runs import config_of, data_of

    plan = small_plan(data_file, tmp_path / "bars.safetensors")
    plan = replace(plan, method="flow-vae", latent_size=3)
    data = data_of(plan)
    config = config_of(plan, data)
    torch.manual_seed(0)
    model = Autoencoder(config).eval().requires_grad_(False)
    weights = dict(model.named_parameters())
    pictures = PictureMaker(config, data.held_out).make(1, weights)
    x = torch.from_numpy(pictures.images).permute(0, 3, 1, 2) / 255
    expected = model.decode(model.encode(x).mean).mean.permute(0, 2, 3, 1) * 255
    assert np.abs(pictures.reconstructions - expected.numpy()).max() <= 1


def test_large_pictures_are_sent_small(tiny_data: "DataSet") -> None:
    from explorer.trainer_pictures import PictureMaker
    from models.autoencoder import Autoencoder, Config
    from models.data import ImageSet

    images = np.zeros((2, 3, 120, 240), np.uint8)
    config = Config(image_shape=(3, 120, 240), width=4, network="conv", likelihood="gaussian")
    pictures = PictureMaker(config, ImageSet(images)).make(1, Autoencoder(config).state_dict())
    assert pictures.images.shape == (2, 48, 96, 3)


def test_a_plain_autoencoder_says_why_it_has_no_samples(tmp_path: Path, data_file: Path) -> None:
    told = do(Job("train", small_plan(data_file, tmp_path / "ae.safetensors", 1, "ae")))
    (pictures,) = [message.pictures for message in of_kind(told, Advanced) if message.pictures]
    assert len(pictures.samples) == 0
    assert "no prior" in pictures.no_samples


def test_a_conditional_vae_without_labels_fails_in_words(
    tmp_path: Path, tiny_data: "DataSet"
) -> None:
    data = write_data(tmp_path / "plain.npz", tiny_data, labelled=False)
    told = do(Job("train", small_plan(data, tmp_path / "c.safetensors", 1, "cvae")))
    (failed,) = of_kind(told, Failed)
    assert "conditional VAE needs" in failed.message
    assert not failed.details


def test_a_mistake_of_the_program_brings_its_traceback(plan: Plan) -> None:
    def tell(message: Message) -> None:
        told.append(message)
        if isinstance(message, Loaded):
            raise ZeroDivisionError("ours")

    told: list[Message] = []
    assert work(Job("train", plan), tell, Orders()) == 1
    (failed,) = of_kind(told, Failed)
    assert "ZeroDivisionError" in failed.details


def test_a_window_that_is_gone_ends_the_work_quietly(plan: Plan) -> None:
    def tell(message: Message) -> None:
        raise BrokenPipeError

    assert work(Job("train", plan), tell, Orders()) == 0


def test_a_stop_while_data_is_loaded_leaves_nothing(plan: Plan) -> None:
    orders = Orders()
    orders.receive(Order.FINISH)
    told = do(Job("train", plan), orders)
    assert told[-1] == Stopped()
    assert not plan.folder.exists()
    assert not Path(plan.out).exists()


def when(
    kind: type[Message], act: Callable[[], None], told: list[Message]
) -> Callable[[Message], None]:
    """A listener that acts the first time it hears a kind of message with a finished epoch."""

    def tell(message: Message) -> None:
        first = not of_kind(told, kind)
        told.append(message)
        if isinstance(message, kind) and first:
            act()

    return tell


def test_finish_makes_a_model_of_the_epochs_there_are(tmp_path: Path, data_file: Path) -> None:
    from models.checkpoint import load

    plan = small_plan(data_file, tmp_path / "bars.safetensors", epochs=1000)
    orders, told = Orders(), list[Message]()

    def tell(message: Message) -> None:
        told.append(message)
        if isinstance(message, Advanced) and message.position.epoch >= 1:
            orders.receive(Order.FINISH)

    work(Job("train", plan), tell, orders)
    finished = told[-1]
    assert isinstance(finished, Finished)
    assert 1 <= finished.epoch < 1000
    assert len(load(plan.out).record["history"]) == finished.epoch
    assert plan.finished_file.is_file()
    assert plan.last_epoch_file.is_file(), "it can be trained on"


def test_a_changed_setting_is_told_with_the_epoch_and_kept(tmp_path: Path, data_file: Path) -> None:
    from explorer.recorded_runs import read_recorded

    plan = small_plan(data_file, tmp_path / "bars.safetensors", 4, "beta-vae")
    orders, told = Orders(), list[Message]()

    def tell(message: Message) -> None:
        told.append(message)
        if isinstance(message, Advanced) and len(of_kind(told, Advanced)) == 1:
            orders.receive(Adjustment("beta", 9.0))

    work(Job("train", plan), tell, orders)
    ((change,),) = {message.adjusted for message in of_kind(told, Advanced) if message.adjusted}
    assert (change.name, change.value) == ("beta", 9.0)
    assert 0 < change.epoch < 4
    known = read_recorded(plan.folder)
    assert known.adjusted == (change,)
    held_out = [point for point in known.points if point.held_out]
    assert [len(point.kl) for point in held_out] == [2] * 4
    assert all(point.gradient_norm for point in known.points if not point.held_out)


def test_a_setting_changed_in_a_pause_outlives_a_kill(tmp_path: Path, data_file: Path) -> None:
    from explorer.recorded_runs import read_recorded

    class Killed(BaseException):
        pass

    plan = small_plan(data_file, tmp_path / "bars.safetensors", 4, "beta-vae")
    orders, reached = Orders(), list[Position]()

    def tell(message: Message) -> None:
        if isinstance(message, Advanced) and message.position.epoch >= 1:
            reached.append(message.position)
            orders.receive(Order.PAUSE)
            orders.receive(Adjustment("beta", 9.0))
        if isinstance(message, Paused):
            threading.Thread(target=when_kept).start()
        if isinstance(message, GoneOn):
            raise Killed

    def when_kept() -> None:
        while not plan.changes_file.is_file():
            pass
        orders.receive(Order.GO_ON)

    with pytest.raises(Killed):
        work(Job("train", plan), tell, orders)
    (change,) = read_recorded(plan.folder).adjusted
    assert (change.name, change.value) == ("beta", 9.0)
    assert change.epoch == pytest.approx(4 * reached[0].fraction)
    told = do(Job("resume", path=str(plan.folder)))
    assert of_kind(told, Planned)[0].adjusted == (change,)
    assert read_recorded(plan.folder).adjusted == (change,)


def test_a_finished_training_goes_on_for_more_epochs(plan: Plan) -> None:
    do(Job("train", plan))
    told = do(Job("resume", path=str(plan.folder), more=2))
    assert of_kind(told, Planned)[0].position == Position(3, 5, 0.6)
    assert told[-1] == Finished(plan.out, 5)
    points = [point for message in of_kind(told, Advanced) for point in message.points]
    assert [point.epoch for point in points if point.held_out] == [4, 5]


def test_no_step_is_taken_in_a_pause(plan: Plan) -> None:
    orders, told = Orders(), Queue[Message]()
    at_pause = list[Advanced]()

    def tell(message: Message) -> None:
        if isinstance(message, Advanced) and not at_pause:
            at_pause.append(message)
            orders.receive(Order.PAUSE)
        told.put(message)

    trainer = threading.Thread(target=work, args=(Job("train", plan), tell, orders))
    trainer.start()
    heard = list(iter(told.get, Paused()))
    position = of_kind(heard, Advanced)[-1].position
    assert told.empty()
    orders.receive(Order.GO_ON)
    trainer.join()
    rest = [told.get() for _ in range(told.qsize())]
    assert rest[0] == GoneOn()
    assert of_kind(rest, Advanced)[0].position.fraction > position.fraction
    assert rest[-1] == Finished(plan.out, 3)


# -- the process ---------------------------------------------------------------------------


@contextmanager
def process_of(command: list[str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A trainer that is killed at the end, if it still lives."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    yield process
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        assert stream is not None
        stream.close()


@pytest.fixture
def trainer() -> Iterator["subprocess.Popen[bytes]"]:
    with process_of(trainer_command()) as process:
        yield process


def hear(process: "subprocess.Popen[bytes]") -> Message | None:
    assert process.stdout is not None
    return read_message(process.stdout)


def say(process: "subprocess.Popen[bytes]", line: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(line)
    process.stdin.flush()


def hear_until(process: "subprocess.Popen[bytes]", kind: type[Message]) -> Message:
    while not isinstance(message := hear(process), kind):
        assert message is not None, "the trainer ended"
    return message


@only_posix
def test_the_process_leaves_the_processor_to_others(plan: Plan) -> None:
    command = [word.removeprefix(PRELUDE) for word in trainer_command()]
    with process_of(command) as trainer:
        say(trainer, Job("train", plan).to_line())
        hear_until(trainer, Preparing)
        assert psutil.Process(trainer.pid).nice() == 19
        if sys.platform == "linux":
            assert os.sched_getscheduler(trainer.pid) == os.SCHED_IDLE


@only_posix
def test_an_interrupt_does_not_reach_it(trainer: "subprocess.Popen[bytes]", plan: Plan) -> None:
    say(trainer, Job("train", plan).to_line())
    hear_until(trainer, Preparing)
    trainer.send_signal(signal.SIGINT)
    hear_until(trainer, Finished)
    assert trainer.wait() == 0
    assert trainer.stderr is not None
    assert trainer.stderr.read() == b""


@pytest.mark.parametrize("moment", [Preparing, Loaded, Advanced, Paused])
def test_it_ends_when_the_window_is_gone(
    trainer: "subprocess.Popen[bytes]",
    tmp_path: Path,
    data_file: Path,
    moment: type[Message],
) -> None:
    plan = small_plan(data_file, tmp_path / "bars.safetensors", epochs=100_000)
    say(trainer, Job("train", plan).to_line())
    if moment is Paused:
        say(trainer, f"{Order.PAUSE}\n".encode())
    hear_until(trainer, moment)
    assert trainer.stdin is not None
    assert trainer.stdout is not None
    trainer.stdin.close()
    trainer.stdout.close()
    assert trainer.wait() == 0
    assert not Path(plan.out).exists()


def test_it_ends_when_no_job_comes(trainer: "subprocess.Popen[bytes]") -> None:
    assert trainer.stdin is not None
    trainer.stdin.close()
    assert trainer.wait() == 0


def test_what_libraries_print_does_not_mix_with_messages() -> None:
    program = """
import os, sys
from explorer.trainer_messages import Finishing, write_message
from explorer.trainer_process import take_streams
lines, messages = take_streams()
print("printed"); sys.stdout.flush(); os.write(1, b"written")
write_message(messages, Finishing())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parent.parent, capture_output=True
    )
    stream = io.BytesIO(done.stdout)
    assert read_message(stream) == Finishing()
    assert not stream.read()
    assert b"printed" in done.stderr
    assert b"written" in done.stderr
