"""Drives a daemon through strongSwan's Python module `vici`, the way an operator's script does.

Prints one JSON object: the version, what `list-sas` said before, during and after, the log lines of `initiate`, and the
names of the events that came meanwhile.
"""

import json
import threading

import vici

events = []
listening = threading.Event()


def listen():
    session = vici.Session()
    for name, event in session.listen(["ike-updown", "child-updown"], timeout=0.2):
        listening.set()
        if name is None:
            continue
        name = name.decode() if isinstance(name, bytes) else name
        events.append([name, "up" in event])
        if name == "ike-updown" and "up" not in event:
            return


def text(value):
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, dict):
        return {text(key): text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [text(item) for item in value]
    return value


listener = threading.Thread(target=listen, daemon=True)
listener.start()
listening.wait(5)

session = vici.Session()
result = {"version": text(session.version()), "before": text(list(session.list_sas()))}
result["initiate"] = [line["msg"] for line in text(list(session.initiate({"child": "net", "timeout": "20000"})))]
result["during"] = text(list(session.list_sas()))
result["terminate"] = len(list(session.terminate({"ike": "gw", "timeout": "20000"})))
result["after"] = text(list(session.list_sas()))
listener.join(10)
result["events"] = events
print(json.dumps(result))
