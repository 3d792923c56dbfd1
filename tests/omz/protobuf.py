"""Protobuf's wire format, as much as the generators of models need."""


def field(key: int, content: bytes) -> bytes:
    """A length-delimited field: text, bytes, a message."""
    return varint(key << 3 | 2) + varint(len(content)) + content


def number(key: int, value: int) -> bytes:
    """A field that is a whole number."""
    return varint(key << 3) + varint(value)


def varint(value: int) -> bytes:
    """A whole number in groups of seven bits, the lowest first."""
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)
