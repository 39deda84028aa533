"""`value_object`: a dataclass that nobody changes, at a third of the cost of a frozen one.

For mypy it is `dataclasses.dataclass`, and `frozen=True` means what it says. At run time that is left out: Python makes a frozen
instance by one call for each field, which was a fifth of the work of a row that comes due. For what is made once for each event.
"""

from typing import TYPE_CHECKING

__all__ = ["value_object"]

if TYPE_CHECKING:
    from dataclasses import dataclass as value_object
else:
    from dataclasses import dataclass

    def value_object(**options):
        return dataclass(**options | {"frozen": False, "unsafe_hash": True})
