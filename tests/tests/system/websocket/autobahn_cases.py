"""Runs the cases of the Autobahn test suite against one echo server and prints their verdicts as JSON.

The suite's own programs are Python 2; its cases are plain classes that talk to a protocol object. This runs the
classes as they are published (PyPI autobahntestsuite) on the protocol of the maintained autobahn package. What
was a byte string to them is a str of the characters 0 to 255 here.

usage: autobahn_cases.py URL [--connect HOST:PORT] [--leave-out PREFIX]... [--at-once N]
"""

import argparse
import asyncio
import binascii
import builtins
import importlib.util
import json
import pathlib
import re
import socket
import sys
import types
import urllib.parse

from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol
from autobahn.websocket import utf8validator
from autobahn.websocket.protocol import WebSocketProtocol

# The group of large messages and very many frames.
LIMITS = "9."
# Compression has a negotiation of its own in the suite; the tunnel passes what is negotiated as it is.
UNUSED = ("case12_x_x.py", "case9_9_1.py", "__init__.py")


def to_bytes(text):
    if isinstance(text, (bytes, bytearray)):
        return bytes(text)
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")


def to_text(data):
    return data.decode("latin-1") if isinstance(data, (bytes, bytearray)) else data


class Validator(utf8validator.Utf8Validator):
    def validate(self, data):
        return super().validate(to_bytes(data))


def load_cases():
    """Loads the case classes, with the few things that Python 2 had and Python 3 has not."""
    builtins.xrange = range
    builtins.unichr = chr
    text_binascii = types.ModuleType("binascii")
    text_binascii.a2b_hex = lambda text: to_text(binascii.a2b_hex(text))
    text_binascii.b2a_hex = lambda data: to_text(binascii.b2a_hex(to_bytes(data)))
    text_utf8 = types.ModuleType("autobahn.websocket.utf8validator")
    text_utf8.Utf8Validator = Validator
    folder = pathlib.Path(importlib.util.find_spec("autobahntestsuite").origin).parent / "case"
    found = {}
    kept = {name: sys.modules.get(name) for name in ("binascii", "autobahn.websocket.utf8validator")}
    sys.modules["binascii"] = text_binascii
    sys.modules["autobahn.websocket.utf8validator"] = text_utf8
    files = [path for path in folder.glob("case*.py") if path.name not in UNUSED]
    # A case may build on another one: whoever is imported first loads it.
    sys.meta_path.insert(0, Finder({path.stem: path for path in files}))
    for path in files:
        module = importlib.import_module(path.stem)
        for value in vars(module).values():
            for case in value if isinstance(value, list) else [value]:
                if isinstance(case, type) and case.__name__.startswith("Case") and case.__name__ != "Case":
                    found[case.__name__[len("Case"):].replace("_", ".")] = case
    sys.modules.update({name: module for name, module in kept.items() if module})
    return found


class Finder:
    def __init__(self, files):
        self.files = files

    def find_spec(self, name, _path=None, _target=None):
        path = self.files.get(name)
        return importlib.util.spec_from_loader(name, Loader(path), origin=str(path)) if path else None


class Loader:
    def __init__(self, path):
        self.path = path

    def create_module(self, _spec):
        return None

    def exec_module(self, module):
        source = self.path.read_text(encoding="latin-1").replace("(object, Case, )", "(Case, )")
        source = source.replace("len(self.payload) / ", "len(self.payload) // ")
        # Print statements stand in loops for a person's eye only.
        source = re.sub(r"(?m)^(\s*)print\b.*$", r"\1pass", source)
        exec(compile(source, str(self.path), "exec"), vars(module))


class Peer(WebSocketClientProtocol):
    """What a case talks to."""

    connectionWasOpen = False
    createWirelog = False

    def __init__(self, case):
        super().__init__()
        self.runCase = case(self)
        self.txFrameStats, self.rxFrameStats = {}, {}
        self.ended = asyncio.get_running_loop().create_future()

    def onOpen(self):
        self.connectionWasOpen = True
        self.runCase.onOpen()

    def onMessage(self, payload, isBinary):
        self.runCase.onMessage(to_text(payload), isBinary)

    def onPong(self, payload):
        self.runCase.onPong(to_text(payload))

    def onClose(self, wasClean, code, reason):
        self.runCase.onClose(wasClean, code, reason)

    def connection_lost(self, exc):
        super().connection_lost(exc)
        self.runCase.onConnectionLost(self.failedByMe)
        if not self.ended.done():
            self.ended.set_result(None)

    def logRxFrame(self, frameHeader, payload):
        self.rxFrameStats[frameHeader.opcode] = self.rxFrameStats.get(frameHeader.opcode, 0) + 1

    def logTxFrame(self, frameHeader, payload, repeatLength, chopsize, sync):
        self.txFrameStats[frameHeader.opcode] = self.txFrameStats.get(frameHeader.opcode, 0) + 1

    def enableWirelog(self, enable):
        self.createWirelog = enable

    def continueLater(self, delay, fun, tag=None):
        self.later(delay, fun)

    # A case that passes ends by itself; how fast is no part of its verdict.

    def killAfter(self, delay):
        self.later(10 * delay, lambda: self._fail_connection())

    # Many cases say nothing more until they close.

    def closeAfter(self, delay):
        self.later(3 * delay, lambda: self.sendClose())

    def later(self, delay, fun):
        unless_closed = lambda: None if self.state == WebSocketProtocol.STATE_CLOSED else fun()
        asyncio.get_running_loop().call_later(delay, unless_closed)

    # The sending ends of the protocol take bytes.

    def sendFrame(self, opcode, payload=b"", **more):
        super().sendFrame(opcode, to_bytes(payload), **more)

    def sendMessage(self, payload, isBinary=False, **more):
        super().sendMessage(to_bytes(payload), isBinary, **more)

    def sendMessageFrameData(self, payload, sync=False):
        return super().sendMessageFrameData(to_bytes(payload), sync)

    def sendCloseFrame(self, code=None, reasonUtf8=None, isReply=False):
        super().sendCloseFrame(code, to_bytes(reasonUtf8) if reasonUtf8 else None, isReply)


def compare(_case, one, other):
    return plain(one) == plain(other)


def plain(value):
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return to_bytes(value) if isinstance(value, (str, bytes, bytearray)) else value


async def run(case, url, connect):
    factory = WebSocketClientFactory(url)
    factory.logFrames = True
    deadlines = {"openHandshakeTimeout": 30, "closeHandshakeTimeout": 30, "serverConnectionDropTimeout": 30}
    factory.setProtocolOptions(failByDrop=False, **deadlines)
    peer = Peer(case)
    peer.factory = factory
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: peer, sock=await open_socket(url, connect))
    await asyncio.wait_for(peer.ended, 120)
    return [peer.runCase.behavior, peer.runCase.behaviorClose, peer.remoteCloseCode]


async def open_socket(url, connect):
    parts = urllib.parse.urlsplit(url)
    target = (parts.hostname, parts.port or 80)
    loop = asyncio.get_running_loop()
    stream = socket.socket()
    stream.setblocking(False)
    await loop.sock_connect(stream, connect or target)
    if connect:
        await loop.sock_sendall(stream, "CONNECT {0}:{1} HTTP/1.1\r\nHost: {0}:{1}\r\n\r\n".format(*target).encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            part = await loop.sock_recv(stream, 1)
            if not part:
                raise ConnectionError("the proxy closed the connection")
            answer += part
        if b" 200 " not in answer:
            raise ConnectionError(answer.decode("latin-1"))
    return stream


def order(number):
    return [int(part) for part in number.split(".")]


async def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("url")
    arguments.add_argument("--connect")
    arguments.add_argument("--leave-out", action="append", default=[])
    arguments.add_argument("--at-once", type=int, default=8)
    arguments = arguments.parse_args()
    connect = None
    if arguments.connect:
        host, port = arguments.connect.rsplit(":", 1)
        connect = (host, int(port))
    cases = load_cases()
    sys.modules["case"].Case.compare = compare
    left_out = lambda number: any((number + ".").startswith(prefix + ".") for prefix in arguments.leave_out)
    numbers = sorted((number for number in cases if not left_out(number)), key=order)
    places = asyncio.Semaphore(arguments.at_once)

    async def verdict(number):
        try:
            return await run(cases[number], arguments.url, connect)
        except Exception as error:
            return ["ERROR", type(error).__name__, str(error)]

    async def place(number):
        async with places:
            return await verdict(number)

    # The limits take megabytes and have deadlines, and so have cases beside them: each of them gets a turn of its own.
    beside = [number for number in numbers if not number.startswith(LIMITS)]
    verdicts = dict(zip(beside, await asyncio.gather(*map(place, beside))))
    for number in numbers:
        if number.startswith(LIMITS):
            verdicts[number] = await verdict(number)
    print(json.dumps(verdicts))


asyncio.run(main())
