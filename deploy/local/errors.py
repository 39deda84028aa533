"""The one error of the embedded stack."""


class StackError(Exception):
    """A server of the stack cannot be had; the message says which, why, and what to do."""
