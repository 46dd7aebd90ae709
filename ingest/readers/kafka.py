"""A Kafka topic as rows: each partition from the last committed offset to the end it has when the load begins.

The offsets are kept with the committed batch, never in a consumer group, so a killed load reads the same messages again.
"""

import time
from collections.abc import Iterator

from graph.errors import InputError, UnavailableError
from ingest.manifest import KafkaSource, Severity, SourceFile
from ingest.readers.chunk import Chunk
from ingest.readers.json_rows import JsonRows
from ingest.readers.origin import Mark, Surroundings

try:
    from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
except ModuleNotFoundError:
    raise InputError("kafka: confluent-kafka is not installed.", "pip install 'yujing[kafka]'.", "kafka") from None

_MESSAGES = 20_000
_PATIENCE_SECONDS = 30.0
_NONE_AT_ONCE = 0.5
_PASSING = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE)


class PartitionInput:
    """The messages of one partition from `start` up to, not including, `end`. A message's line is its offset plus one."""

    def __init__(self, spec: SourceFile, broker: "_Broker", partition: int, start: int, end: int) -> None:
        self._spec, self._broker, self._partition = spec, broker, partition
        self._start, self._end, self._next = start, end, start
        self.name = broker.name(partition)
        self.sheet, self.size, self.file = "", end - start, None
        self.remarks: list[str] = []

    def __str__(self) -> str:
        return self.name

    def mark(self) -> Mark | None:
        """The offset of the first message that was not read."""
        return {"offset": self._next}

    def chunks(self) -> Iterator[Chunk]:
        """The declared fields alone, then the messages. UnavailableError where the broker stops answering."""
        rows, read = JsonRows(self._spec), 0
        self._next = self._start
        yield rows.chunk([])
        if self._start == self._end:
            return
        consumer = self._broker.consumer()
        try:
            consumer.assign([TopicPartition(self._broker.topic, self._partition, self._start)])
            for messages in self._batches(consumer):
                chunk = rows.chunk([(_offset(m) + 1, m.value() or b"") for m in messages], self._next - self._start)
                read += chunk.rows
                yield chunk
        finally:
            consumer.close()
        if read and (gone := rows.unseen):
            self.remarks.append(f"{self}: no message has {', '.join(gone)}.")

    def _batches(self, consumer: Consumer) -> Iterator[list[Message]]:
        heard = time.monotonic()
        while self._next < self._end:
            some = consumer.consume(_MESSAGES, _NONE_AT_ONCE)
            if some:
                heard = time.monotonic()
            elif time.monotonic() - heard > _PATIENCE_SECONDS:
                raise self._broken_off("no answer" + self._broker.told())
            told = [message for message in some if message.error() is None and _offset(message) < self._end]
            for message in some:
                self._move(message)
            if told:
                yield told

    def _move(self, message: Message) -> None:
        """Up to the end of the log: its last offsets may hold no message (ends of transactions, what compaction took)."""
        error, offset = message.error(), _offset(message)
        if error is None:
            self._next = min(offset + 1, self._end)
        elif error.code() != KafkaError._PARTITION_EOF:
            raise self._broken_off(error.str())
        elif offset >= 0:  # short of the end that the load began with where a transaction is open: it is read next time
            self._next = self._end = min(offset, self._end)

    def _broken_off(self, said: str) -> UnavailableError:
        return UnavailableError(
            f"{self}: the broker broke off before offset {self._next}: {said}.",
            "Nothing was loaded; run it again once the broker answers.",
            "kafka",
        )


def _offset(message: Message) -> int:
    """Its offset; negative where an error has none."""
    offset = message.offset()
    return -1 if offset is None else offset


def find_partitions(spec: SourceFile, kafka: KafkaSource, around: Surroundings) -> list[PartitionInput]:
    """The topic's partitions, each from where it was read to. InputError for an unknown topic, or where messages are gone."""
    broker = _Broker(kafka, around)
    consumer = broker.consumer()
    try:
        return [broker.input(spec, partition, consumer) for partition in broker.partitions(consumer)]
    except KafkaException as problem:
        said = f"kafka:{kafka.topic}: the broker does not answer: {problem.args[0].str()}{broker.told()}."
        raise UnavailableError(said, "Check servers and that it runs.", "kafka") from problem
    finally:
        consumer.close()


class _Broker:
    """How one topic is reached, and how far the feed read it."""

    def __init__(self, kafka: KafkaSource, around: Surroundings) -> None:
        self._kafka, self._read_to = kafka, around.read_to
        self.topic = kafka.topic
        self._last_error = ""
        known = around.connections.clusters
        if kafka.cluster and kafka.cluster not in known:
            said = f"kafka: there is no cluster '{kafka.cluster}' among {sorted(known) or 'none'}."
            raise InputError(said, 'Set YUJING_KAFKA to JSON: {"name": {"bootstrap.servers": …}}.', "cluster")
        self._settings = {
            "group.id": f"yujing-{around.feed}",  # librdkafka asks for one; nothing is ever committed to it
            **(known[kafka.cluster] if kafka.cluster else {"bootstrap.servers": kafka.servers}),
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
            "check.crcs": True,
            "log_level": 0,
            "error_cb": self._note,
        }

    def consumer(self) -> Consumer:
        try:
            return Consumer(self._settings)
        except KafkaException as problem:
            said = f"kafka:{self.topic}: the cluster's settings are refused: {problem.args[0].str()}."
            raise InputError(said, "Write them as librdkafka names them.", "kafka") from problem

    def name(self, partition: int) -> str:
        return f"kafka:{self.topic}/{partition}"

    def told(self) -> str:
        """What the client last complained of."""
        return f" ({self._last_error})" if self._last_error else ""

    def partitions(self, consumer: Consumer) -> list[int]:
        found = consumer.list_topics(self.topic, timeout=_PATIENCE_SECONDS).topics[self.topic]
        if found.error is not None:
            said = f"kafka:{self.topic}: the broker has no such topic for us: {found.error.str()}."
            raise InputError(said, "Check the topic's name, and what its user may read.", "topic")
        return sorted(found.partitions)

    def input(self, spec: SourceFile, partition: int, consumer: Consumer) -> PartitionInput:
        low, high = self._bounds(partition, consumer)
        start, remark = self._start(partition, low, high)
        found = PartitionInput(spec, self, partition, start, high)
        found.remarks += [remark] if remark else []
        return found

    def _bounds(self, partition: int, consumer: Consumer) -> tuple[int, int]:
        """Its first offset and its end; a partition whose leader is just being chosen is waited for."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                found: tuple[int, int] = consumer.get_watermark_offsets(
                    TopicPartition(self.topic, partition), timeout=_PATIENCE_SECONDS
                )
                return found
            except KafkaException as problem:
                if problem.args[0].code() not in _PASSING or time.monotonic() > deadline:
                    raise
                time.sleep(_NONE_AT_ONCE)

    def _start(self, partition: int, low: int, high: int) -> tuple[int, str]:
        """Where to begin, and what was lost before it. A partition of a topic that is new to us has lost nothing."""
        name = self.name(partition)
        is_new = not any(known.startswith(f"kafka:{self.topic}/") for known in self._read_to)
        next_ = low if is_new else self._read_to.get(name, {"offset": 0})["offset"]
        if low <= next_ <= high:
            return next_, ""
        said = (
            f"{name}: messages {next_} to {low - 1} were gone before they were read."
            if next_ < low
            else f"{name}: it ends at {high}, yet was read up to {next_}: was the topic made anew?"
        )
        if self._kafka.on_gap is Severity.ERROR:
            raise InputError(said, "Load them from elsewhere, then declare on_gap: warn to go on with what is there.", "on_gap")
        return low, f"{said} Read from {low} on."

    def _note(self, error: KafkaError) -> None:
        self._last_error = error.str()
