"""Some of the broken twins, the quick ones: the oracle catches each, and finds nothing wrong with the code as it is."""

import pytest

from tests.chaos.kernel.twins import TWINS, Twin, pair

QUICK = [twin for twin in TWINS if not twin.kafka]


@pytest.mark.parametrize("twin", QUICK, ids=[twin.name for twin in QUICK])
async def test_the_oracle_catches_this_twin_and_finds_the_sound_code_sound(stack, twin: Twin) -> None:
    both = await pair(twin)
    assert both.sound.sound, both.sound.examples
    assert not both.broken.sound, f"nobody saw: {twin.broken}"
