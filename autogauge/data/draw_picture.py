"""Draws ``picture.png``, the suite's own picture: a sun over hills, a lake and a house. Run once; the result ships."""

from pathlib import Path

import cv2
import numpy as np

WIDTH, HEIGHT = 320, 240


def draw() -> np.ndarray:
    """The picture as BGR bytes, shape ``(240, 320, 3)``."""
    rows = np.linspace(0, 1, HEIGHT)[:, None, None]
    sky = (1 - rows) * np.array([235, 160, 90]) + rows * np.array([200, 220, 250])
    picture = np.ascontiguousarray(np.broadcast_to(sky, (HEIGHT, WIDTH, 3)).astype(np.uint8))
    cv2.circle(picture, (250, 55), 28, (90, 215, 255), cv2.FILLED, cv2.LINE_AA)
    for offset, height, colour in ((0, 120, (110, 140, 90)), (90, 145, (80, 130, 70)), (200, 165, (60, 110, 50))):
        x = np.arange(WIDTH)
        y = height + 22 * np.sin((x + offset) / 45) + 9 * np.sin((x + 2 * offset) / 13)
        hill = np.vstack([np.column_stack([x, y]), [[WIDTH, HEIGHT], [0, HEIGHT]]]).astype(np.int32)
        cv2.fillPoly(picture, [hill], colour, cv2.LINE_AA)
    cv2.ellipse(picture, (85, 215), (70, 16), 0, 0, 360, (190, 150, 70), cv2.FILLED, cv2.LINE_AA)
    cv2.rectangle(picture, (205, 165), (265, 215), (120, 170, 215), cv2.FILLED)
    cv2.fillPoly(picture, [np.array([[198, 167], [235, 135], [272, 167]], np.int32)], (50, 60, 170), cv2.LINE_AA)
    cv2.rectangle(picture, (228, 188), (243, 215), (50, 70, 100), cv2.FILLED)
    cv2.rectangle(picture, (212, 175), (224, 187), (240, 230, 180), cv2.FILLED)
    return picture


if __name__ == "__main__":
    cv2.imwrite(str(Path(__file__).with_name("picture.png")), draw(), [cv2.IMWRITE_PNG_COMPRESSION, 9])
