"""The Connect protocol by hand, on rig.frames: bare messages in JSON or protobuf, over HTTP/2 with a certificate."""

import base64
import json
import urllib.parse

from google.protobuf import json_format

from rig import contract
from rig.frames import Connection

JSON, PROTO = "application/json", "application/proto"


class Answer:
    def __init__(self, stream):
        stream.wait()
        self.reset, self.headers, self.body = stream.reset, stream.headers, stream.data
        self.http = int(self.headers.get(":status", 0))
        self.trailers = stream.trailers

    def __repr__(self):
        return f"HTTP {self.http} {self.headers} {self.body[:400]!r} reset {self.reset}"

    def json(self):
        assert self.headers["content-type"] == JSON, self
        return json.loads(self.body)

    @property
    def code(self):
        """Connect's name of the error; "ok" of a good answer."""
        return "ok" if self.http == 200 else self.json()["code"]

    def details(self):
        """The details of an error: {"google.rpc.BadRequest": message}, read from their bytes."""
        found = {}
        for detail in self.json().get("details", ()):
            assert "=" not in detail["value"], "base64 without padding"
            value = base64.b64decode(detail["value"] + "==")
            found[detail["type"]] = contract.message(detail["type"]).FromString(value)
            assert json_format.ParseDict(detail["debug"], contract.message(detail["type"])()) == found[detail["type"]]
        return found

    def fields(self):
        bad = self.details().get("google.rpc.BadRequest")
        return [v.field for v in bad.field_violations] if bad else []


class Client(Connection):
    """client.post("GetAsset", {"asset": "IND:1042"}): what is a string or bytes is sent as it is."""

    def post(self, name, body, headers=(), content_type=JSON, method="POST"):
        if isinstance(body, dict):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode("utf-8", "surrogatepass")
        stream = self.open(self.path(name), headers, content_type=content_type, te=None, method=method)
        self.send(stream, body)
        return Answer(stream)

    def get(self, name, message="{}", headers=(), query=None, **parameters):
        if query is None:
            query = urllib.parse.urlencode({"connect": "v1", "encoding": "json", "message": message, **parameters})
        path = self.path(name) + ("?" + query if query else "")
        return Answer(self.open(path, headers, content_type=None, te=None, method="GET", end=True))

    @staticmethod
    def path(name):
        return name if "/" in name else contract.methods()[name].path
