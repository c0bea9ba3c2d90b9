"""Judges payloads by PyPI's slackblocks: lengths and counts within a block. Blind to properties that it does not know, to tables, and to
the number of blocks."""
import slackblocks as s
from slackblocks.objects import Text, TextType

import payloads


def text(raw):
    return Text(raw["text"], type_=TextType(raw["type"]))


def confirmation(raw):
    if not raw:
        return None
    return s.ConfirmationDialogue(raw["title"]["text"], text(raw["text"]), raw["confirm"]["text"], raw["deny"]["text"])


def button(raw):
    return s.Button(text=raw["text"]["text"], action_id=raw["action_id"], value=raw.get("value"), style=raw.get("style"),
                    confirm=confirmation(raw.get("confirm")), accessibility_label=raw.get("accessibility_label"))


def entry(raw):
    return s.PlainTextInput(action_id=raw["action_id"], multiline=raw.get("multiline", False), max_length=raw.get("max_length"),
                            initial_value=raw.get("initial_value"))


def made(raw):
    """Makes a block anew, which says what is wrong with it."""
    kind, name = raw["type"], raw.get("block_id")
    if kind == "header":
        s.HeaderBlock(raw["text"]["text"], block_id=name)
    elif kind == "section":
        s.SectionBlock(text=text(raw["text"]) if "text" in raw else None, block_id=name,
                       fields=[text(f) for f in raw["fields"]] if "fields" in raw else None)
    elif kind == "divider":
        s.DividerBlock(block_id=name)
    elif kind == "context":
        s.ContextBlock([text(e) for e in raw["elements"]], block_id=name)
    elif kind == "actions":
        s.ActionsBlock([button(e) for e in raw["elements"]], block_id=name)
    elif kind == "input":
        hint = raw.get("hint")
        s.InputBlock(label=raw["label"]["text"], hint=hint["text"] if hint else None, element=entry(raw["element"]), block_id=name,
                     optional=raw.get("optional", False))


def judge(payload):
    for raw in payloads.blocks_of(payload):
        try:
            made(raw)
        except Exception as wrong:  # whatever it says
            yield f"{raw.get('type')}: {type(wrong).__name__}: {wrong}"


payloads.each(judge)
