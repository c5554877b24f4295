# SPDX-License-Identifier: LGPL-2.1-or-later
"""What dm-log-writes wrote down of a disk: its writes, in the order in which the disk could no longer forget them. Those before a flush come
with that flush, those that ask for their own safety (FUA) when they have it; so a mark stands before every write that the disk could
still have forgotten when it was made. The format is in the kernel's drivers/md/dm-log-writes.c."""

import collections
import struct

MAGIC, VERSION = 0x6A736677736872, 1
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
SUPER = struct.Struct("<QQQI")
ENTRY = struct.Struct("<QQQQ")

Entry = collections.namedtuple("Entry", "flags offset data mark")


def read(path):
    """The entries of the log in @path; offsets in bytes."""
    entries = []
    with open(path, "rb") as file:
        magic, version, count, size = SUPER.unpack(file.read(SUPER.size))
        assert (magic, version) == (MAGIC, VERSION), f"{path} is not a log of dm-log-writes"
        file.seek(size)
        for _ in range(count):
            head = file.read(size)
            sector, sectors, flags, length = ENTRY.unpack_from(head)
            data = b"" if flags & (DISCARD | MARK) else file.read(sectors * size)
            mark = head[ENTRY.size : ENTRY.size + length].decode() if flags & MARK else None
            entries.append(Entry(flags, sector * size, data, mark))
    return entries


def replay(content, entries):
    """@content after those writes."""
    content = bytearray(content)
    for entry in entries:
        content[entry.offset : entry.offset + len(entry.data)] = entry.data
    return content


def cuts(content, entries):
    """What a power cut may leave of a disk that had @content: (its content, the marks made by then). Of the writes between two flushes any may
    have reached it: none of them, all, either half."""
    marks, batch = [], []
    yield content, marks
    for entry in entries:
        if not entry.flags & (FLUSH | FUA | MARK):
            batch.append(entry)
            continue
        half = len(batch) // 2
        for some in filter(None, (batch[half:], batch[:half])):
            yield replay(content, some), marks
        content = replay(content, [*batch, entry])
        batch = []
        if entry.mark:
            marks = [*marks, entry.mark]
        if entry.data or entry.mark:
            yield content, marks
