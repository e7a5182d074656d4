#!/usr/bin/env python3
"""Draws the app's icons with ImageMagick: two overlapping rounded sheets for
the joint inspection and a tick. Run it in this folder after a change."""

import subprocess

BLUE, LIGHT, WHITE = "#1b3f7a", "#7fa3dc", "#ffffff"


def draw(size: int, name: str) -> None:
    unit = size / 64

    def at(*numbers: float) -> str:
        return ",".join(f"{n * unit:.2f}" for n in numbers)

    shapes = [
        "-fill", BLUE, "-draw", f"roundrectangle {at(2, 2)} {at(62, 62)} {at(13, 13)}",
        "-fill", LIGHT, "-draw", f"roundrectangle {at(13, 12)} {at(39, 44)} {at(4, 4)}",
        "-fill", WHITE, "-draw", f"roundrectangle {at(24, 20)} {at(51, 53)} {at(4, 4)}",
        "-fill", "none", "-stroke", BLUE, "-strokewidth", f"{5 * unit:.2f}",
        "-draw", f"stroke-linecap round stroke-linejoin round polyline {at(30, 37)} {at(36, 43)} {at(46, 30)}",
    ]
    subprocess.run(
        ["convert", "-size", f"{size}x{size}", "xc:none", *shapes,
         "-define", "png:color-type=6", "-strip", f"PNG32:{name}"],
        check=True,
    )


for size, name in [(32, "32x32.png"), (128, "128x128.png"), (256, "128x128@2x.png"), (512, "icon.png")]:
    draw(size, name)
