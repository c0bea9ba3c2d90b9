"""Judges payloads by what Slack documents and the libraries leave out: counts, what must be there once, mentions, tables, windows, texts
with nothing to see, and what Slack counts of all blocks of a message together (msg_blocks_too_long, which it documents nowhere)."""
import json
import re

import payloads

NOTHING = re.compile(r"^[\s\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\u3164]*$")
MENTION = re.compile(r"<!(channel|here|everyone)|<@[UW]|<!subteam")
ALLOWED = re.compile(r"<@U0ONCALL>|<!subteam\^S0ONCALL>|<@U0CLEO>")  # who is configured in the scenes, or acts there
MOST_WEIGHT = 12000  # Slack refuses from some 13,000 on


def text(raw, most, at, plain=False):
    words = raw["text"]
    if not 1 <= len(words) <= most:
        yield f"{at}: {len(words)} characters of {most}"
    if NOTHING.match(words):
        yield f"{at}: nothing to see"
    if plain and raw["type"] != "plain_text":
        yield f"{at}: {raw['type']}"
    if raw["type"] == "mrkdwn":
        if MENTION.search(ALLOWED.sub("", words)):
            yield f"{at}: a mention"
        if words.count("```") % 2:
            yield f"{at}: a fence is not closed"


def button(raw):
    yield from text(raw["text"], 75, "button", True)
    for key, most in (("value", 2000), ("action_id", 255), ("accessibility_label", 75)):
        if len(raw.get(key, "")) > most:
            yield f"button: {key} of {len(raw[key])} characters"
    confirm = raw.get("confirm")
    if confirm:
        for key, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
            yield from text(confirm[key], most, "confirm " + key, True)


def count(all, most, at):
    if not 1 <= len(all) <= most:
        yield f"{at}: {len(all)} of at most {most}"


def cell(raw):
    """A table cell's text."""
    if raw["type"] == "raw_text":
        return raw["text"]
    return "".join(x.get("text") or x.get("fallback") or "" for part in raw["elements"] for x in part["elements"])


def table(raw):
    yield from count(raw["rows"], 100, "rows")
    if len({len(row) for row in raw["rows"]}) > 1:
        yield "table: rows of different lengths"
    for row in raw["rows"]:
        yield from count(row, 20, "columns")
    cells = [cell(c) for row in raw["rows"] for c in row]
    if any(NOTHING.match(c) for c in cells):
        yield "table: a cell with nothing to see"
    if sum(map(len, cells)) > 10000:
        yield f"table: {sum(map(len, cells))} characters"


def section(raw):
    if "text" not in raw and "fields" not in raw:
        yield "section: neither text nor fields"
    if "text" in raw:
        yield from text(raw["text"], 3000, "section")
    if "fields" in raw:
        yield from count(raw["fields"], 10, "fields")
        for field in raw["fields"]:
            yield from text(field, 2000, "field")


def entry(raw):
    yield from text(raw["label"], 2000, "label", True)
    if raw.get("hint"):
        yield from text(raw["hint"], 2000, "hint", True)
    most = raw["element"].get("max_length", 3000)
    if not 1 <= most <= 3000:
        yield f"input: max_length {most}"
    if len(raw["element"].get("initial_value", "")) > most:
        yield "input: initial_value is longer than max_length"


def block(raw):
    kind = raw["type"]
    if kind == "header":
        yield from text(raw["text"], 150, "header", True)
    elif kind == "section":
        yield from section(raw)
    elif kind == "context":
        yield from count(raw["elements"], 10, "context")
        for element in raw["elements"]:
            yield from text(element, 3000, "context")
    elif kind == "actions":
        yield from count(raw["elements"], 25, "actions")
        for element in raw["elements"]:
            yield from button(element)
    elif kind == "input":
        yield from entry(raw)
    elif kind == "table":
        yield from table(raw)


def twice(names, what):
    names = [n for n in names if n]
    if len(names) != len(set(names)):
        yield f"{what} twice"


def together(blocks, most):
    if len(blocks) > most:
        yield f"{len(blocks)} blocks"
    yield from twice([b.get("block_id") for b in blocks], "a block_id")
    if any(len(b.get("block_id", "")) > 255 for b in blocks):
        yield "a block_id of more than 255 characters"
    buttons = [e for b in blocks if b["type"] == "actions" for e in b["elements"]]
    yield from twice([b.get("action_id") for b in buttons], "an action_id")
    if sum(b.get("style") == "primary" for b in buttons) > 1:
        yield "several primary buttons"
    if sum(b["type"] == "table" for b in blocks) > 1:
        yield "several tables"


def weight(raw):
    """The characters of all texts in a block."""
    if isinstance(raw, list):
        return sum(map(weight, raw))
    if isinstance(raw, dict):
        return sum(len(v) if k in ("text", "format", "fallback") and isinstance(v, str) else weight(v) for k, v in raw.items())
    return 0


def message(payload, blocks):
    weighs = weight(blocks) + 125 * (len(blocks) - 1)
    if blocks and weighs > MOST_WEIGHT:
        yield f"all blocks together weigh {weighs}"
    words = payload.get("text", "")
    if NOTHING.match(words):
        yield "no text for notifications"
    if len(words.encode()) > 4000:
        yield "a text for notifications of more than 4,000 bytes"
    if MENTION.search(words):
        yield "a mention in the text for notifications"


def window(view, blocks):
    home = view.get("type") == "home"
    if home and any(view.get(key) for key in ("title", "submit", "close")):
        yield "a Home with a title, or with buttons of a window"
    if not home and not view.get("title"):
        yield "a window without a title"
    for key in ("title", "submit", "close"):
        if view.get(key):
            yield from text(view[key], 24, key, True)
    if len(view.get("private_metadata", "")) > 3000:
        yield "private_metadata of more than 3,000 characters"
    if not blocks:
        yield "a window without blocks"
    if any(b["type"] == "input" for b in blocks) and not home and not view.get("submit"):
        yield "inputs, and nothing to submit them"
    if any(b["type"] in ("table", "markdown") for b in blocks):
        yield "a block that no window shows"
    if len(json.dumps(view, ensure_ascii=False).encode()) > 250_000:
        yield "a view of more than 250 kB"


def judge(payload):
    view, blocks = payloads.view_of(payload), payloads.blocks_of(payload)
    for raw in blocks:
        yield from block(raw)
    yield from together(blocks, 100 if view else 50)
    if view:
        yield from window(view, blocks)
    elif payload["kind"] != "view":
        yield from message(payload["payload"], blocks)
    if payload["kind"] in ("ack", "view") and len(json.dumps(payload["payload"], ensure_ascii=False).encode()) > 20480 - 200:
        yield "an answer that is too long for its envelope"


payloads.each(judge)
