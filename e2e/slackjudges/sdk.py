"""Judges payloads by PyPI's slack_sdk: most lengths, styles, keys that it does not know. Blind to fields over 2,000 characters and to
the number of blocks."""
import logging

from slack_sdk.models.blocks import Block
from slack_sdk.models.metadata import Metadata
from slack_sdk.models.views import View

import payloads

warnings = []


class Noted(logging.Handler):
    def emit(self, record):
        warnings.append(record.getMessage())


def parts(block):
    """A block and what is in it, as far as it can validate itself."""
    yield block
    for name in ("text", "title", "label", "hint", "element"):
        yield getattr(block, name, None)
    for name in ("elements", "fields"):
        for part in getattr(block, name, None) or []:
            yield part
            confirm = getattr(part, "confirm", None)
            yield confirm
            for text in ("title", "text", "confirm", "deny"):
                yield getattr(confirm, text, None)


def of_block(raw):
    try:
        block = Block.parse(raw)
        if block is None:
            yield f"there is no block {raw.get('type')}"
            return
        for part in parts(block):
            if hasattr(part, "validate_json"):
                part.validate_json()
        differ = sorted(set(raw) ^ set(block.to_dict()))
        if differ:
            yield f"{raw['type']}: unknown, or lost: {differ}"
    except Exception as wrong:  # whatever it says
        yield f"{raw.get('type')}: {type(wrong).__name__}: {wrong}"


def judge(payload):
    warnings.clear()
    view = payloads.view_of(payload)
    try:
        if view:
            View(**view).validate_json()
        metadata = payload["payload"].get("metadata")
        if metadata:
            Metadata(**metadata).validate_json()
    except Exception as wrong:
        yield f"{type(wrong).__name__}: {wrong}"
    for raw in payloads.blocks_of(payload):
        yield from of_block(raw)
    yield from warnings


logging.getLogger().addHandler(Noted())
logging.getLogger().setLevel(logging.WARNING)
payloads.each(judge)
