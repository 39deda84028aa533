"""What a login can do at Kafka, found out by asking for it: whole requests on a connection of its own, with no client in between
that would know better. Nothing is changed where it is allowed: what is written has no partition, who joins is no member.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kafka.admin import KafkaAdminClient
from kafka.protocol.admin import (
    AlterUserScramCredentialsRequest,
    CreateAclsRequest,
    CreateTopicsRequest,
    DeleteRecordsRequest,
    DeleteTopicsRequest,
    DescribeAclsRequest,
    DescribeClientQuotasRequest,
    DescribeConfigsRequest,
    DescribeGroupsRequest,
    DescribeUserScramCredentialsRequest,
    ListGroupsRequest,
)
from kafka.protocol.consumer import FetchRequest, JoinGroupRequest, OffsetCommitRequest, OffsetFetchRequest
from kafka.protocol.metadata import FindCoordinatorRequest, MetadataRequest
from kafka.protocol.producer import InitProducerIdRequest, ProduceRequest
from kafka.record.memory_records import MemoryRecordsBuilder

from shared.kafka_client import MECHANISM
from shared.kafka_logins import Entrance, Login

TOPIC, GROUP, CLUSTER, TRANSACTIONAL_ID = 29, 30, 31, 53  # Kafka's codes for: not allowed, of this kind
NOBODY, NO_PARTITION = "nobody-has-this-name", 9_999
Did = tuple[str, str]  # what, and to which topic, group or transactional id; the cluster is ""


@dataclass(frozen=True, slots=True)
class Things:
    topics: tuple[str, ...]
    groups: tuple[str, ...]
    transactional_ids: tuple[str, ...]


@contextmanager
def signed_in(entrance: Entrance, login: Login | None) -> Iterator["Asking"]:
    """Without a login: as whoever does not sign in, where that is possible."""
    sasl = {"security_protocol": entrance.protocol, "sasl_mechanism": MECHANISM, "sasl_plain_username": login.user,
            "sasl_plain_password": login.password} if login else {}  # fmt: skip
    client = KafkaAdminClient(bootstrap_servers=entrance.brokers, bootstrap_timeout_ms=5_000, request_timeout_ms=10_000, **sasl)
    try:
        yield Asking(client)
    finally:
        client.close()


class Asking:
    def __init__(self, client: KafkaAdminClient) -> None:
        self._client = client

    def everything(self, things: Things) -> set[Did]:
        """All that it may do, of all that there is to do."""
        found = {("see", topic) for topic in self._seen()} | {("see", group) for group in self._groups(things)}
        for what, way in OF_TOPICS.items():
            found |= {(what, topic) for topic in things.topics if self._may(way(topic), TOPIC)}
        for what, way in OF_GROUPS.items():
            found |= {(what, group) for group in things.groups if self._may(way(group), GROUP)}
        found |= {("transact", id) for id in things.transactional_ids if self._may(_transact(id), TRANSACTIONAL_ID)}
        return found | {(what, "") for what, way in OF_CLUSTER.items() if self._may(way(), CLUSTER, TOPIC)}

    def woken(self) -> set[str]:
        """All topics that are to be seen, once Kafka has been asked for what makes those of its own: where a group's places and a
        transaction's end are kept."""
        for kind in (0, 1):  # a group, a transaction
            self._send(FindCoordinatorRequest(key=NOBODY, key_type=kind, max_version=2))
        return set(self._seen())

    def _may(self, request: Any, *denied: int) -> bool:
        codes = list(_codes(self._send(request)))
        assert codes, f"{request} says nothing of errors"
        return not set(denied) & set(codes)

    def _seen(self) -> list[str]:
        return [topic.name for topic in self._send(MetadataRequest(topics=None, max_version=9)).topics]

    def _groups(self, things: Things) -> list[str]:
        """That it should not know of; one that nobody has used yet is in no list."""
        known = [group for group in things.groups if self._may(_members(group), GROUP)]
        return [group.group_id for group in self._send(ListGroupsRequest(max_version=2)).groups if group.group_id not in known]

    def _send(self, request: Any) -> Any:
        return self._client._manager.run(self._client._manager.send, request)


def _codes(answer: Any) -> Iterator[int]:
    """Every error code of an answer, however deep."""
    if isinstance(answer, dict):
        for name, value in answer.items():
            if name == "error_code":
                yield value
            else:
                yield from _codes(value)
    elif isinstance(answer, list | tuple):
        for one in answer:
            yield from _codes(one)
    elif hasattr(answer, "to_dict"):
        yield from _codes(answer.to_dict())


def _read(topic: str) -> Any:
    of = FetchRequest.FetchTopic
    partition = of.FetchPartition(partition=0, fetch_offset=0, partition_max_bytes=1_000, current_leader_epoch=-1)
    return FetchRequest(max_wait_ms=0, min_bytes=0, max_bytes=1_000, isolation_level=0, session_id=0, session_epoch=-1,
                        topics=[of(topic=topic, partitions=[partition])], forgotten_topics_data=[], rack_id="",
                        max_version=11)  # fmt: skip


def _write(topic: str) -> Any:
    """To a partition that there is none of."""
    batch = MemoryRecordsBuilder(magic=2, compression_type=0, batch_size=1_000)
    batch.append(timestamp=None, key=None, value=b"{}", headers=[])
    batch.close()
    of = ProduceRequest.TopicProduceData
    parts = [of.PartitionProduceData(index=NO_PARTITION, records=batch.buffer())]
    return ProduceRequest(transactional_id=None, acks=1, timeout_ms=1_000, topic_data=[of(name=topic, partition_data=parts)],
                          max_version=8)  # fmt: skip


def _empty(topic: str) -> Any:
    of = DeleteRecordsRequest.DeleteRecordsTopic
    return DeleteRecordsRequest(topics=[of(name=topic, partitions=[of.DeleteRecordsPartition(partition_index=0, offset=0)])],
                                timeout_ms=1_000, max_version=1)  # fmt: skip


def _settings(topic: str) -> Any:
    of = DescribeConfigsRequest.DescribeConfigsResource
    return DescribeConfigsRequest(resources=[of(resource_type=2, resource_name=topic, configuration_keys=None)], max_version=1)


def _join(group: str) -> Any:
    of = JoinGroupRequest.JoinGroupRequestProtocol
    return JoinGroupRequest(group_id=group, session_timeout_ms=6_000, rebalance_timeout_ms=6_000, member_id=NOBODY,
                            group_instance_id=None, protocol_type="consumer", protocols=[of(name="range", metadata=b"")],
                            max_version=5)  # fmt: skip


def _places(group: str) -> Any:
    return OffsetFetchRequest(group_id=group, topics=None, max_version=5)


def _place(group: str) -> Any:
    of = OffsetCommitRequest.OffsetCommitRequestTopic
    part = of.OffsetCommitRequestPartition(partition_index=0, committed_offset=0, committed_leader_epoch=-1)
    return OffsetCommitRequest(group_id=group, generation_id_or_member_epoch=7, member_id=NOBODY, group_instance_id=None,
                               topics=[of(name=NOBODY, partitions=[part])], max_version=7)  # fmt: skip


def _members(group: str) -> Any:
    return DescribeGroupsRequest(groups=[group], include_authorized_operations=False, max_version=4)


def _transact(id: str | None) -> Any:
    return InitProducerIdRequest(transactional_id=id, transaction_timeout_ms=1_000, producer_id=-1, producer_epoch=-1,
                                 max_version=3)  # fmt: skip


def _make_topic() -> Any:
    topic = CreateTopicsRequest.CreatableTopic(name=NOBODY, num_partitions=1, replication_factor=1, assignments=[], configs=[])
    return CreateTopicsRequest(topics=[topic], timeout_ms=1_000, validate_only=True, max_version=4)


def _allow_itself() -> Any:
    rule = CreateAclsRequest.AclCreation(resource_type=2, resource_name=NOBODY, resource_pattern_type=3, host="*", operation=3,
                                         principal=f"User:{NOBODY}", permission_type=3)  # fmt: skip
    return CreateAclsRequest(creations=[rule], max_version=2)


OF_TOPICS: dict[str, Callable[[str], Any]] = {"read": _read, "write": _write, "empty": _empty, "see settings": _settings}
OF_GROUPS: dict[str, Callable[[str], Any]] = {
    "join": _join,
    "see places": _places,
    "set a place": _place,
    "see members": _members,
}
OF_CLUSTER: dict[str, Callable[[], Any]] = {
    "make a topic": _make_topic,
    "delete a topic": lambda: DeleteTopicsRequest(topic_names=[NOBODY], timeout_ms=1_000, max_version=3),
    "allow itself": _allow_itself,
    "see rules": lambda: DescribeAclsRequest(resource_type_filter=1, resource_name_filter=None, pattern_type_filter=1,
                                             principal_filter=None, host_filter=None, operation=1, permission_type=1,
                                             max_version=2),
    "see logins": lambda: DescribeUserScramCredentialsRequest(
        users=[DescribeUserScramCredentialsRequest.UserName(name=NOBODY)]),  # of all: refused, it is never answered
    "end a login": lambda: AlterUserScramCredentialsRequest(
        deletions=[AlterUserScramCredentialsRequest.ScramCredentialDeletion(name=NOBODY, mechanism=2)], upsertions=[]),
    "see quotas": lambda: DescribeClientQuotasRequest(components=[("user", 0, NOBODY)], strict=True),
    "begin to write": lambda: _transact(None),
}  # fmt: skip


def all_of(things: Things) -> set[Did]:
    """What a super user may do."""
    return ({(what, topic) for what in ("see", *OF_TOPICS) for topic in things.topics}
            | {(what, group) for what in OF_GROUPS for group in things.groups}
            | {("transact", id) for id in things.transactional_ids} | {(what, "") for what in OF_CLUSTER})  # fmt: skip
