"""Faults of the messaging kernel, judged to the last effect: named failpoints, broken twins, frozen and stopped processes."""
