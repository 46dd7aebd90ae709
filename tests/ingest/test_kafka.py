"""Topics are read from the last committed offsets to the end there is; each message is taken or set aside with its offset."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml

from deploy.kafka import server
from graph.errors import InputError, UnavailableError
from ingest.manifest import read_manifest
from ingest.readers import Connections
from tests.ingest.kill_child import load
from tests.ingest.world import Inbox, counts

confluent_kafka = pytest.importorskip("confluent_kafka", reason="the extra `kafka` is not installed")
pytestmark = pytest.mark.kafka

_FIRM = {"entity": "Firm", "key": "firm.no", "properties": {"name": "firm.name"}}


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if reason := server.why_unavailable():
        pytest.skip(f"no Kafka: {reason}")
    with server.running(server.ServerOptions(tmp_path_factory.mktemp("kafka"))) as running:
        yield running.servers


class Topic:
    """A topic of the test's own."""

    def __init__(self, servers: str, partitions: int = 1) -> None:
        from confluent_kafka.admin import AdminClient
        from confluent_kafka.cimpl import NewTopic

        self.servers, self.name = servers, f"payments-{uuid4().hex[:8]}"
        self.admin = AdminClient({"bootstrap.servers": servers})
        for done in self.admin.create_topics([NewTopic(self.name, partitions, 1)]).values():
            done.result()

    def send(self, *values: Any, partition: int = 0, transaction: str = "") -> None:
        settings = {"bootstrap.servers": self.servers, **({"transactional.id": self.name} if transaction else {})}
        producer = confluent_kafka.Producer(settings)
        if transaction:
            producer.init_transactions()
            producer.begin_transaction()
        for value in values:
            raw = value if isinstance(value, bytes | None) else json.dumps(value, ensure_ascii=False).encode()
            producer.produce(self.name, raw, partition=partition)
        producer.flush()
        if transaction:
            producer.commit_transaction() if transaction == "commit" else producer.abort_transaction()

    def drop_before(self, offset: int) -> None:
        parts = [confluent_kafka.TopicPartition(self.name, 0, offset)]
        for done in self.admin.delete_records(parts).values():
            done.result()

    def manifest(self, **changes: Any) -> str:
        source = {"servers": self.servers, "topic": self.name, **changes.pop("kafka", {})}
        file = {"kafka": source, "yields": [_FIRM], **changes}
        return yaml.safe_dump(
            {"name": "pay", "defaults": {"source": "core"}, "max_bad_share": 1, "files": [file]}, allow_unicode=True
        )


@pytest.fixture
def topic(broker: str) -> Topic:
    return Topic(broker)


def firm(no: str, name: str = "青禾") -> dict[str, Any]:
    return {"firm": {"no": no, "name": name}}


def test_messages_are_loaded_with_partition_and_offset_and_read_on_from_there(inbox: Inbox, broker: str) -> None:
    topic = Topic(broker, partitions=2)
    topic.send(firm("1"), firm("2"), partition=0)
    topic.send(firm("3"), partition=1)
    first = inbox.load(topic.manifest())
    assert counts(first) == (3, 3, 0, 0)
    p0, p1 = f"kafka:{topic.name}/0", f"kafka:{topic.name}/1"
    assert inbox.rows("Firm", "file", "line", "key") == [(p0, 1, "1"), (p0, 2, "2"), (p1, 1, "3")]
    assert first.read_to == {p0: {"offset": 2}, p1: {"offset": 1}}
    assert counts(inbox.load()) == (0, 0, 0, 0)
    topic.send(firm("4"), partition=1)
    assert counts(inbox.load()) == (1, 1, 0, 0)
    assert (p1, 2, "4") in inbox.rows("Firm", "file", "line", "key")


def test_what_is_no_json_object_is_set_aside_with_its_offset_and_not_read_again(inbox: Inbox, topic: Topic) -> None:
    topic.send(firm("1"), b"{", None, b'{"firm": {"no": "\xff"}}', firm("2"), {"firm": {"no": ["5"]}})
    assert inbox.quarantined(inbox.load(topic.manifest())) == [
        (2, "", "{", "not_json"),
        (3, "", "", "not_json"),
        (4, "", '{"firm": {"no": "�"}}', "not_json"),
        (6, "firm.no", '{"firm": {"no": ["5"]}}', "nested_value"),
    ]
    topic.send(b"[1]")
    assert counts(inbox.load()) == (1, 0, 0, 1)  # nothing new for the ledger, yet the offset moves on
    assert counts(inbox.load()) == (0, 0, 0, 0)


def test_a_new_field_is_refused_and_a_field_that_none_has_is_remarked_on(inbox: Inbox, topic: Topic) -> None:
    topic.send({**firm("1"), "channel": "app"})
    with pytest.raises(InputError, match=f"kafka:{topic.name}/0: new column channel"):
        inbox.load(topic.manifest())
    result = inbox.load(
        topic.manifest(ignore=["channel"], yields=[{**_FIRM, "properties": {"name": "firm.title"}}], on_new_column="warn")
    )
    assert any("no message has firm.title" in warning for warning in result.warnings)


def test_only_what_was_committed_is_read_and_the_ends_of_transactions_are_passed_by(inbox: Inbox, topic: Topic) -> None:
    topic.send(firm("1"), transaction="commit")
    topic.send(firm("2"), transaction="abort")
    topic.send(firm("3"))
    assert counts(inbox.load(topic.manifest())) == (2, 2, 0, 0)
    topic.send(firm("4"), transaction="commit")
    assert counts(inbox.load()) == (1, 1, 0, 0)
    assert counts(inbox.load()) == (0, 0, 0, 0)
    assert [key for (key,) in inbox.rows("Firm", "key")] == ["1", "3", "4"]


def test_of_an_open_transaction_nothing_is_read_before_it_ends(inbox: Inbox, topic: Topic) -> None:
    topic.send(firm("1"))
    producer = confluent_kafka.Producer({"bootstrap.servers": topic.servers, "transactional.id": topic.name})
    producer.init_transactions()
    producer.begin_transaction()
    producer.produce(topic.name, json.dumps(firm("2")).encode(), partition=0)
    producer.flush()
    assert counts(inbox.load(topic.manifest())) == (1, 1, 0, 0)
    producer.commit_transaction()
    assert counts(inbox.load()) == (1, 1, 0, 0)


def test_messages_that_were_gone_before_they_were_read_are_refused_or_warned_of(inbox: Inbox, topic: Topic) -> None:
    topic.send(firm("1"))
    inbox.load(topic.manifest())
    topic.send(firm("2"), firm("3"), firm("4"))
    topic.drop_before(3)
    with pytest.raises(InputError, match="messages 1 to 2 were gone before they were read"):
        inbox.load()
    result = inbox.load(topic.manifest(kafka={"on_gap": "warn"}))
    assert counts(result) == (1, 1, 0, 0)
    assert any("messages 1 to 2" in warning for warning in result.warnings)


def test_an_array_is_exploded_and_its_elements_keep_the_offset(inbox: Inbox, topic: Topic) -> None:
    topic.send({"day": "d", "firms": [{"no": "1"}, {"no": "2"}]}, {"day": "d", "firms": [{"no": ""}, {"no": "3"}]})
    yields = [{"entity": "Firm", "key": "firms.no", "properties": {"name": "day"}}]
    result = inbox.load(topic.manifest(explode="firms", yields=yields))
    assert counts(result) == (2, 1, 0, 1)
    assert inbox.quarantined(result) == [(2, "firms.no", "", "missing_value")]
    assert inbox.rows("Firm", "line", "key") == [(1, "1"), (1, "2")]


def test_a_load_of_a_topic_killed_at_any_step_reads_the_same_messages_again(inbox: Inbox, topic: Topic, tmp_path: Path) -> None:
    topic.send(firm("1"), firm("2"))
    path = inbox.manifest(topic.manifest())
    _, steps = load(tmp_path / "unharmed", path)
    for step in sorted({1, steps // 2, *range(steps - 5, steps + 1)}):
        home = tmp_path / f"killed-{step}"
        load(home, path, step)
        assert load(home, path)[0] == 0
        again = Inbox(tmp_path / f"look-{step}")
        again.ledger = again.ledger.open(home / "ledger")
        assert [key for (key,) in again.rows("Firm", "key")] == ["1", "2"]


def test_a_broker_or_topic_that_is_not_there_is_named(
    inbox: Inbox, topic: Topic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="kafka:gone: the broker has no such topic"):
        inbox.load(topic.manifest(kafka={"topic": "gone"}))
    with pytest.raises(InputError, match="no cluster 'core' among none"):
        inbox.load(topic.manifest(kafka={"cluster": "core", "servers": ""}))
    inbox.connections = Connections(clusters={"core": {"bootstrap.serverz": "x"}})
    with pytest.raises(InputError, match="settings are refused"):
        inbox.load(topic.manifest(kafka={"cluster": "core", "servers": ""}))
    monkeypatch.setattr("ingest.readers.kafka._PATIENCE_SECONDS", 1.0)
    with pytest.raises(UnavailableError, match="the broker does not answer"):
        inbox.load(topic.manifest(kafka={"servers": "127.0.0.1:9"}))


def test_a_broker_that_stops_half_way_loses_nothing(inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = server.ServerOptions(tmp_path / "own")
    if reason := server.why_unavailable():
        pytest.skip(f"no Kafka: {reason}")
    from ingest.readers.kafka import PartitionInput

    with server.running(options) as own:
        topic = Topic(own.servers)
        topic.send(*(firm(str(n)) for n in range(5000)))
        inbox.manifest(topic.manifest())
        monkeypatch.setattr("ingest.readers.kafka._MESSAGES", 100)
        monkeypatch.setattr("ingest.readers.kafka._PATIENCE_SECONDS", 2.0)
        batches = PartitionInput._batches

        def until_it_stops(self: PartitionInput, consumer: Any) -> Any:
            consumer.pause(consumer.assignment())  # what was fetched already does not count
            server.stop(own)
            consumer.resume(consumer.assignment())
            yield from batches(self, consumer)

        with monkeypatch.context() as patched:
            patched.setattr(PartitionInput, "_batches", until_it_stops)
            with pytest.raises(UnavailableError, match="the broker broke off before offset"):
                inbox.load()
    assert inbox.ledger.latest_seq == 0
    with server.running(server.ServerOptions(tmp_path / "own", port=int(own.servers.rsplit(":")[-1]))):
        assert counts(inbox.load()) == (5000, 5000, 0, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kafka": {"servers": "h:1", "cluster": "c", "topic": "t"}}, "exactly one of cluster, servers"),
        ({"kafka": {"servers": "h:1", "topic": "t", "format": "avro"}}, "kafka.format"),
        ({"kafka": {"servers": "h:1", "topic": "t"}, "feed": "full"}, "kafka reads what is new, so feed must be delta"),
        ({"kafka": {"servers": "h:1", "topic": "t"}, "sheet": "a"}, "sheet is for files, not for kafka"),
        ({"kafka": {"servers": "h:1", "topic": "t"}, "watermark": "a"}, "watermark is for sql"),
    ],
)
def test_a_topic_that_is_declared_wrongly_is_refused(inbox: Inbox, change: dict[str, Any], message: str) -> None:
    told = {"name": "pay", "files": [{"yields": [_FIRM], **change}]}
    with pytest.raises(InputError, match=message):
        read_manifest(inbox.manifest(yaml.safe_dump(told)))
