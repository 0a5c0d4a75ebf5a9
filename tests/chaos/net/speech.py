"""Something that codecs take for speech: pitch, formants, syllables, pauses. Beeps exercise no FEC."""

import array
import math
import random
import wave
from pathlib import Path

RATE = 16_000
# First three formants of a, i, u, e, o (Hz), roughly those of Mandarin.
_VOWELS = ((850, 1200, 2800), (300, 2300, 3000), (350, 700, 2500), (500, 1900, 2600), (550, 900, 2600))
_BANDWIDTHS = (80.0, 100.0, 140.0)


def write_speech(path: Path, *, seconds: float = 12.0, seed: int = 1) -> Path:
    """Write a WAV file of invented speech and return its path."""
    chance = random.Random(seed)
    samples: list[float] = []
    while len(samples) < seconds * RATE:
        samples += _syllable(chance)
        if chance.random() < 0.15:
            samples += [0.0] * int(RATE * chance.uniform(0.1, 0.3))
    loudest = max(map(abs, samples))
    scaled = array.array("h", (round(sample / loudest * 20_000) for sample in samples))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(scaled.tobytes())
    return path


def _syllable(chance: random.Random) -> list[float]:
    """A burst of breath, then a vowel whose pitch moves as a tone does."""
    length = int(RATE * chance.uniform(0.14, 0.26))
    breath = int(RATE * chance.uniform(0.02, 0.05))
    begins, ends = chance.uniform(110, 180), chance.uniform(90, 200)
    source, phase = [], 0.0
    for number in range(length):
        phase += (begins + (ends - begins) * number / length) / RATE
        pulse = 1.0 if phase >= 1.0 else 0.0
        phase %= 1.0
        noise = chance.uniform(-1, 1) * (0.4 if number < breath else 0.01)
        source.append((pulse + noise) * math.sin(math.pi * number / length))
    for formant, bandwidth in zip(chance.choice(_VOWELS), _BANDWIDTHS, strict=True):
        source = _resonate(source, formant, bandwidth)
    return source


def _resonate(samples: list[float], formant: float, bandwidth: float) -> list[float]:
    radius = math.exp(-math.pi * bandwidth / RATE)
    first, second = 2 * radius * math.cos(2 * math.pi * formant / RATE), -radius * radius
    gain, one, two = 1 - radius, 0.0, 0.0
    sounding = []
    for sample in samples:
        one, two = gain * sample + first * one + second * two, one
        sounding.append(one)
    return sounding
