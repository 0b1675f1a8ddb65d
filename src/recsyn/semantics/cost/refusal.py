"""Where no formula is found, and why."""

from __future__ import annotations


class NoClosedForm(Exception):
    """No closed form was found; the message is the reason, in words. It never leaves this package."""
