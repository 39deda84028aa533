"""Reading record batches that stop aiokafka for ever: a header's name that is no UTF-8, and one that unpacks to gigabytes.

Any publisher can write either, and all partitions of the group would stand still, or the process end, at it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cramjam
from aiokafka.consumer import fetcher
from aiokafka.record._crecords import default_records
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords, _MemoryRecordsPy

from shared.messaging.message import UNREADABLE

LARGEST = 8 * 1024 * 1024  # of an unpacked batch; Kafka counts the packed bytes, and a thousand of those fit into one
USUAL = 20  # times smaller, packed


class TooLarge(Exception):
    """A batch that unpacks to more than LARGEST."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """One record in place of a batch that was not unpacked; at its last offset, so that reading goes on behind it."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None = None
    value: bytes = b""
    headers: tuple[tuple[str, bytes], ...] = ((UNREADABLE, b"too_large"),)
    checksum: int | None = None


def read_whatever_comes() -> None:
    """From here on aiokafka's consumers of this process read so."""
    fetcher.MemoryRecords = _Records
    for name in ("gzip", "lz4", "zstd"):  # snappy packs twenty to one at most
        setattr(default_records, f"{name}_decode", _limited(getattr(cramjam, name).decompress_into))


def _limited(unpack: Callable[[Any, bytearray], int]) -> Callable[[Any], bytes]:
    def decode(packed: Any) -> bytes:
        for size in (min(LARGEST, USUAL * len(packed)), LARGEST):
            buffer = bytearray(size)
            try:
                return bytes(memoryview(buffer)[: unpack(packed, buffer)])
            except cramjam.DecompressionError:
                continue  # Kafka has checked that it unpacks: it did not fit
        raise TooLarge

    return decode


class _Names(bytearray):
    """Bytes whose slices decode as text whatever they are."""

    def __getitem__(self, index: Any) -> Any:
        part = super().__getitem__(index)
        return _Names(part) if isinstance(index, slice) else part

    def decode(self, *_: Any, **__: Any) -> str:
        return super().decode("utf-8", "surrogateescape")


class _Batch:
    """A record batch as aiokafka reads it; read again, slowly, where a header's name is not UTF-8."""

    def __init__(self, batch: Any, data: Any, number: int) -> None:
        self._batch, self._data, self._number = batch, data, number

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except TooLarge:
            return iter([Unpacked(self._batch.next_offset - 1, self._batch.max_timestamp, self._batch.timestamp_type)])
        except UnicodeDecodeError:
            return iter(self._slowly())

    def _slowly(self) -> list[Any]:
        records = _MemoryRecordsPy(self._data)
        for _ in range(self._number):
            records.next_batch()
        batch = _DefaultRecordBatchPy(records._next_slice)
        batch._maybe_uncompress()
        batch._buffer = _Names(batch._buffer)
        return list(batch)


class _Records:
    """aiokafka's MemoryRecords, whose batches are read whatever is in them."""

    def __init__(self, data: Any) -> None:
        self._records, self._data, self._read = MemoryRecords(data), data, 0

    def size_in_bytes(self) -> int:
        return int(self._records.size_in_bytes())

    def has_next(self) -> bool:
        return bool(self._records.has_next())

    def next_batch(self) -> _Batch:
        self._read += 1
        return _Batch(self._records.next_batch(), self._data, self._read - 1)
