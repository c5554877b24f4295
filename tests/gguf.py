# SPDX-License-Identifier: LGPL-2.1-or-later
"""GGUF files as github.com/ggml-org/ggml, docs/gguf.md has them, and wrong ones."""

import struct

UINT32, FLOAT32, STRING, ARRAY, UINT64 = 4, 6, 8, 9, 10
LLAMA = {"block_count": 2, "embedding_length": 64, "attention.head_count": 4, "attention.head_count_kv": 2, "context_length": 2048}


def text(value):
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(data)) + data


def value(value):
    if isinstance(value, str):
        return struct.pack("<I", STRING) + text(value)
    if isinstance(value, float):
        return struct.pack("<If", FLOAT32, value)
    if isinstance(value, list):
        inner = b"".join(text(each) if isinstance(each, str) else struct.pack("<I", each) for each in value)
        return struct.pack("<IIQ", ARRAY, STRING if value and isinstance(value[0], str) else UINT32, len(value)) + inner
    return struct.pack("<II", UINT32, value) if value < 1 << 32 else struct.pack("<IQ", UINT64, value)


def gguf(architecture="llama", *, file_type=15, version=3, tensors=None, data=None, counts=None, keys=None, **more):
    """The bytes of one. @tensors: (name, dimensions, type, offset); @data: what follows; @counts: what the head claims instead."""
    pairs = {"general.architecture": architecture, "general.file_type": file_type}
    pairs.update({f"{architecture}.{key}": number for key, number in LLAMA.items()})
    pairs.update({"tokenizer.ggml.tokens": [f"t{i}" for i in range(300)], "tokenizer.ggml.scores": [0] * 300, "rope.freq": 1.5})
    pairs.update({key.replace("__", "."): number for key, number in more.items()})
    pairs.update(keys or {})
    tensors = [("token_embd.weight", (64, 16), 0, 0), ("blk.0.attn_q.weight", (256, 2), 12, 4096)] if tensors is None else tensors
    data = bytes(4096 + 2 * 144) if data is None else data
    head = b"GGUF" + struct.pack("<IQQ", version, *(counts or (len(tensors), len(pairs))))
    head += b"".join(text(key) + value(number) for key, number in pairs.items())
    for name, dimensions, kind, offset in tensors:
        head += text(name) + struct.pack(f"<I{len(dimensions)}QIQ", len(dimensions), *dimensions, kind, offset)
    return head + bytes(-len(head) % 32) + data


def split(parts, **keys):
    """The files of one model: all tensors but the first part's are its own, as llama-gguf-split makes them."""
    return [gguf(**keys, split__no=i, split__count=parts) for i in range(parts)]
