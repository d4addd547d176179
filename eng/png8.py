"""Writes a PNG again with at most 256 colours: png8.py from.png to.png. Pages have few colours; the rest are edges of letters."""
import struct
import sys
import zlib
from collections import Counter


def read(path):
    data = open(path, "rb").read()
    place, content = 8, b""
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        body = data[place + 8 : place + 8 + length]
        place += 12 + length
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
        elif kind == b"IDAT":
            content += body
    if depth != 8 or colour not in (2, 6):
        sys.exit(f"{path} is no PNG of 8-bit RGB or RGBA")
    size = 3 if colour == 2 else 4
    return width, height, size, unfilter(zlib.decompress(content), width * size, height, size)


def unfilter(raw, stride, height, size):
    before, rows = bytearray(stride), []
    for y in range(height):
        start = y * (stride + 1)
        kind, row = raw[start], bytearray(raw[start + 1 : start + 1 + stride])
        for i in range(stride if kind else 0):
            left = row[i - size] if i >= size else 0
            up = before[i]
            if kind == 1:
                row[i] = (row[i] + left) & 255
            elif kind == 2:
                row[i] = (row[i] + up) & 255
            elif kind == 3:
                row[i] = (row[i] + (left + up) // 2) & 255
            else:
                corner = before[i - size] if i >= size else 0
                guess = left + up - corner
                a, b, c = abs(guess - left), abs(guess - up), abs(guess - corner)
                row[i] = (row[i] + (left if a <= b and a <= c else up if b <= c else corner)) & 255
        rows.append(row)
        before = row
    return rows


def nearest(colour, palette):
    return min(range(len(palette)), key=lambda i: sum((a - b) ** 2 for a, b in zip(colour, palette[i])))


def write(path, width, height, size, rows):
    pixels = [[bytes(row[i : i + 3]) for i in range(0, len(row), size)] for row in rows]
    count = Counter(p for row in pixels for p in row)

    # The most frequent ones, and no two that nobody could tell apart.
    palette = []
    for colour, _ in count.most_common():
        if len(palette) == 256:
            break
        if all(sum((a - b) ** 2 for a, b in zip(colour, other)) > 30 for other in palette):
            palette.append(colour)
    index = {colour: nearest(colour, palette) for colour in count}
    raw = b"".join(b"\0" + bytes(index[p] for p in row) for row in pixels)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)))
        file.write(chunk(b"PLTE", b"".join(palette)) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b""))


write(sys.argv[2], *read(sys.argv[1]))
