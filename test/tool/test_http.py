"""HTTP of serve as clients of all kinds speak it, and of connect as servers of all kinds answer."""
import json
import socket
import ssl
import threading
import time

import tap
from tooling import LIMIT, Serve, certs, connect, connect_json, python_client, read_all, split_answer

_server = None


def server():
    """One for all tests that do not stop it."""
    global _server
    if _server is None or _server.process.poll() is not None:
        _server = Serve()
    return _server


def ask(request, pieces=1):
    """Sends a request in so many pieces; returns all that comes until close_notify."""
    connection = python_client(server().port)
    size = max(1, (len(request) + pieces - 1) // pieces)
    for at in range(0, len(request), size):
        connection.sendall(request[at:at + size])
    return read_all(connection)


def one_answer(request, pieces=1):
    status, headers, body, rest = split_answer(ask(request, pieces))
    tap.equal(rest, b"")
    return status, headers, body


def variant(request, pieces=1):
    status, headers, body = one_answer(request, pieces)
    tap.equal((status, headers["connection"]), (200, "close"))
    tap.contains(body.decode(), "TLS 1.3")


CRLF = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
for title, request_ in [
    ("HTTP/1.1", CRLF),
    ("HTTP/1.1 with bare line feeds", CRLF.replace(b"\r", b"")),
    ("HTTP/1.1 with both line ends", b"GET / HTTP/1.1\nHost: x\r\nConnection: close\n\r\n"),
    ("HTTP/1.0", b"GET / HTTP/1.0\r\n\r\n"),
    ("HTTP/1.0 with bare line feeds", b"GET / HTTP/1.0\n\n"),
    ("HTTP/0.9 in form", b"GET /\n\n"),
    ("empty lines before the request", b"\r\n\r\n" + CRLF),
    ("a POST with a body", b"POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello"),
    ("a POST in chunks", b"POST / HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                         b"5\r\nhello\r\n0\r\n\r\n"),
    ("an offer to upgrade is ignored", b"GET / HTTP/1.1\r\nConnection: close, Upgrade\r\nUpgrade: h2c\r\n\r\n"),
]:
    tap.case(title, variant, request_)
    tap.case(f"{title}, a record for each byte", variant, request_, len(request_))


@tap.test("the answer is one record")
def one_record():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context(cafile=certs().ca)
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    # Without tickets, which would be records too.
    with socket.create_connection(("127.0.0.1", Serve("--tickets", "0").port), LIMIT) as raw:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                raw.sendall(outgoing.read())
                incoming.write(raw.recv(65536))
        tls.write(CRLF)
        raw.sendall(outgoing.read())
        stream = b""
        while True:
            part = raw.recv(65536)
            if not part:
                break
            stream += part
    lengths = []
    at = 0
    while at < len(stream):
        lengths.append(int.from_bytes(stream[at + 3:at + 5], "big"))
        at += 5 + lengths[-1]
    tap.equal(len(lengths), 2, "the page and close_notify")
    tap.equal(lengths[1], 2 + 1 + 16)
    incoming.write(stream)
    tap.equal(split_answer(tls.read(65536))[0], 200)


@tap.test("keep-alive: many requests on one connection")
def keep_alive():
    connection = python_client(server().port)
    for number in range(20):
        connection.sendall(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number)
        status, headers, _, rest = split_answer(connection.recv(65536))
        tap.equal((status, headers["connection"], rest), (200, "keep-alive", b""))
    connection.sendall(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    tap.equal(split_answer(connection.recv(65536))[1]["connection"], "keep-alive")
    connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
    tap.equal(split_answer(read_all(connection))[1]["connection"], "close")


@tap.test("pipelined requests, in one record and byte by byte")
def pipelined():
    for pieces in (1, 200):
        data = ask(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n" * 30 + b"GET /b HTTP/1.1\nHost: x\nConnection: close\n\n"
                   + b"GET /after HTTP/1.1\r\n\r\n", pieces)
        count = 0
        while data:
            status, _, _, data = split_answer(data)
            tap.equal(status, 200)
            count += 1
        tap.equal(count, 31, "nothing is answered after the last")


@tap.test("a client that asks and does not read is held, not buffered")
def unread():
    connection = python_client(server().port)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(1)
    sent = 0
    request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 500
    try:
        while sent < 64 * 1024 * 1024:
            sent += connection.send(request)
    except (TimeoutError, ssl.SSLWantWriteError):
        pass
    tap.true(sent < 32 * 1024 * 1024, f"the server took {sent} bytes of requests")
    with open(f"/proc/{server().process.pid}/status", encoding="ascii") as status:
        resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    tap.true(resident < 64 * 1024, f"the server holds {resident} kB")
    connection.close()


def refused(request, status):
    got, headers, body = one_answer(request)
    tap.equal((got, headers["connection"]), (status, "close"))
    tap.true(body)


for title, request_, status_ in [
    ("a header that never ends", b"GET / HTTP/1.1\r\nX: " + b"a" * 20000 + b"\r\n\r\n", 431),
    ("a path that never ends", b"GET /" + b"a" * 20000, 431),
    ("an unknown method", b"BREW / HTTP/1.1\r\n\r\n", 400),
    ("another method", b"DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", 405),
    ("CONNECT", b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    ("another version", b"GET / HTTP/2.0\r\n\r\n", 505),
    ("noise", b"\x16\x03\x01\x02\x00\x01", 400),
    ("a body without end", b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", 413),
    ("a preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
]:
    tap.case(f"refused: {title}", refused, request_, status_)


@tap.test("HEAD has no body")
def head():
    data = ask(b"HEAD / HTTP/1.0\r\n\r\n")
    tap.true(data.endswith(b"\r\n\r\n") and b"Content-Length: 0" not in data, data)


@tap.test("Expect: 100-continue")
def expect():
    connection = python_client(server().port)
    connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
                       b"Connection: close\r\n\r\n")
    tap.equal(connection.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
    connection.sendall(b"ok")
    tap.equal(split_answer(read_all(connection))[0], 200)


@tap.test("the page as HTML, text and JSON, with foreign names inert")
def forms():
    for accept, kind in (("text/html,*/*", "text/html"), ("*/*", "text/plain"), ("application/json", "application/json")):
        _, headers, body = one_answer(f"GET / HTTP/1.0\r\nAccept: {accept}\r\n\r\n".encode())
        tap.contains(headers["content-type"], kind)
        tap.contains(body.decode(), "TLS_AES_128_GCM_SHA256" if "AES_128" in body.decode() else "TLS_")
    _, _, body = one_answer(b"GET /json HTTP/1.0\r\n\r\n")
    tap.equal(json.loads(body)["server_name"], "localhost")
    hostile = Serve("--alpn", "<b>&\"x\"")
    connection = python_client(hostile.port, alpn=["<b>&\"x\""])
    connection.sendall(b"GET /facts HTTP/1.0\r\nAccept: text/html\r\n\r\n")
    tap.contains(read_all(connection).decode(), "&lt;b&gt;&amp;&quot;x&quot;")
    connection = python_client(hostile.port, alpn=["<b>&\"x\""])
    connection.sendall(b"GET / HTTP/1.0\r\nAccept: text/html\r\n\r\n")
    page = read_all(connection).decode()
    tap.contains(page, '\\u003cb>&\\"x\\"', "the recording in the page")
    tap.absent(page, "<b>")


@tap.test("a request and close_notify at once are answered")
def half_closed():
    done = connect(server().port, "--quiet", stdin="GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    tap.equal(done.returncode, 0, done.stderr)
    tap.contains(done.stdout, "TLS 1.3")


# ---- the client ----


def answer_with(answer, close_notify=True):
    """A TLS server that answers one request with these bytes; returns its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certs().cert("ec"), certs().key("ec"))
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(LIMIT)

    def serve():
        raw, _ = listener.accept()
        with raw, listener:
            connection = context.wrap_socket(raw, server_side=True)
            connection.recv(65536)
            for part in answer:
                connection.sendall(part)
                time.sleep(0.01)
            if close_notify:
                try:
                    connection.unwrap()
                except (OSError, ssl.SSLError):
                    pass

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


def client_reads(answer, code, stdout, close_notify=True):
    done = connect(answer_with(answer, close_notify), "--quiet", "--http", "/")
    tap.equal((done.returncode, done.stdout), (code, stdout), done.stderr)


for title, answer_, code_, stdout_, notify_ in [
    ("a length", [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"], 0, "hello", True),
    ("chunks", [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n", b"3\r\nllo\r\n0\r\n\r\n"], 0, "hello", True),
    ("the end of the stream", [b"HTTP/1.1 200 OK\r\n\r\nhel", b"lo"], 0, "hello", True),
    ("byte by byte", [bytes([b]) for b in b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"], 0, "ok", True),
    ("an interim answer first", [b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"], 0, "ok", True),
    ("404", [b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone"], 7, "none", True),
    ("too little", [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"], 7, "hello", True),
    ("no HTTP", [b"220 mail.example ESMTP\r\n"], 7, "", True),
    ("nothing", [], 7, "", True),
    ("a stream cut off", [b"HTTP/1.1 200 OK\r\n\r\nhello"], 6, "hello", False),
    ("cut off after all is there", [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"], 0, "hello", False),
]:
    tap.case(f"connect --http: {title}", client_reads, answer_, code_, stdout_, notify_)


@tap.test("connect --http --json: the answer is part of the object; ALPN http/1.1 is offered")
def http_json():
    code, told = connect_json(Serve("--alpn", "http/1.1").port, "--http", "/json")
    tap.equal((code, told["http"]["status"], told["http"]["complete"]), (0, 200, True))
    tap.equal(json.loads(told["http"]["body"])["alpn"], "http/1.1")


tap.main()
