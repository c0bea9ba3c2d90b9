"""What the judges in Python have in common: reading payloads, and saying what is wrong with them."""
import json
import sys


def each(judge):
    """Calls judge(payload) for each line of the file; every fault that it yields is printed after the payload's name and a tab."""
    with open(sys.argv[1], encoding="utf-8") as lines:
        for line in lines:
            payload = json.loads(line)
            for fault in judge(payload):
                print(payload["name"], str(fault).replace("\n", " "), sep="\t")


def view_of(payload):
    """The modal or the Home tab in a payload, or None."""
    if payload["kind"] in ("modal", "home"):
        return payload["payload"]
    return payload["payload"].get("view") if payload["kind"] == "view" else None


def blocks_of(payload):
    """The blocks of a message or a modal."""
    return (view_of(payload) or payload["payload"]).get("blocks") or []
