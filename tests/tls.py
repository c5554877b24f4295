# SPDX-License-Identifier: LGPL-2.1-or-later
"""HTTPS for tests: an authority made by openssl(1), servers with its certificates, and a proxy that tunnels to them."""

import contextlib
import http.server
import socket
import socketserver
import ssl
import subprocess
import threading

from catalog import HttpCatalog


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Authority:
    """Vouches for servers: @path has its certificate."""

    def __init__(self, folder, name):
        self.folder, self.name, self.count = folder, name, 0
        self.path, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        openssl(
            "req",
            "-x509",
            *self.new_key(self.key),
            "-subj",
            f"/CN={name}",
            "-days",
            30,
            "-addext",
            "keyUsage=critical,keyCertSign",
            "-out",
            self.path,
        )
        self.path.chmod(0o644)

    @staticmethod
    def new_key(path):
        return "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path

    def sign(self, request, extension, certificate, expired):
        if not expired:
            openssl(
                "x509",
                "-req",
                "-in",
                request,
                "-CA",
                self.path,
                "-CAkey",
                self.key,
                "-CAcreateserial",
                "-days",
                1,
                "-extfile",
                extension,
                "-out",
                certificate,
            )
            return
        # Since version 3.4 `openssl x509` refuses a negative number of days, and before it takes no dates.
        configuration, database = self.folder / "ca.conf", self.folder / "ca.index"
        database.touch()
        configuration.write_text(
            f"[ca]\ndefault_ca = all\n[all]\ndatabase = {database}\nnew_certs_dir = {self.folder}\nrand_serial = yes\n"
            "default_md = sha256\npolicy = any\nunique_subject = no\n[any]\ncommonName = supplied\n"
        )
        openssl(
            "ca",
            "-batch",
            "-config",
            configuration,
            "-cert",
            self.path,
            "-keyfile",
            self.key,
            "-startdate",
            "20200101000000Z",
            "-enddate",
            "20200102000000Z",
            "-extfile",
            extension,
            "-in",
            request,
            "-out",
            certificate,
        )

    def context(self, *names, expired=False):
        """A server's, for these names ("IP:127.0.0.1", "DNS:hive.test")."""
        self.count += 1
        base = self.folder / f"{self.name}-{self.count}"
        key, request, extension, certificate = (base.with_suffix(suffix) for suffix in (".key", ".csr", ".ext", ".crt"))
        extension.write_text(f"subjectAltName={','.join(names)}\n")
        openssl("req", *self.new_key(key), "-subj", "/CN=server", "-out", request)
        self.sign(request, extension, certificate, expired)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context


class HttpsCatalog(HttpCatalog):
    """A catalog over TLS. @host is who it says that it is."""

    def __init__(self, context, host="127.0.0.1"):
        super().__init__()
        self.host, self.sent = host, []
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def port(self):
        return self.server.server_address[1]

    @property
    def url(self):
        return f"https://{self.host}:{self.port}"

    def answer(self, handler, path):
        self.sent.append((path, handler.headers.get("Authorization")))
        super().answer(handler, path)


def redirect(url):
    """An answer that leads there."""

    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", url)
        handler.send_header("Content-Length", "9")
        handler.end_headers()
        handler.wfile.write(b"not here\n")

    return answer


class Proxy:
    """Tunnels by CONNECT: to this machine, whatever the host, because only the proxy knows where that is. @asked: what it was asked for,
    @seen: all that it could read."""

    def __init__(self):
        self.asked, self.seen = [], b""
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_CONNECT(self):  # noqa: N802
                proxy.asked.append(self.path)
                proxy.seen += self.requestline.encode() + bytes(self.headers)
                with socket.create_connection(("127.0.0.1", int(self.path.rpartition(":")[2]))) as other:
                    self.send_response(200)
                    self.end_headers()
                    back = threading.Thread(target=self.pump, args=(other, self.connection), daemon=True)
                    back.start()
                    self.pump(self.connection, other)
                    back.join()
                self.close_connection = True

            @staticmethod
            def pump(one, other):
                with contextlib.suppress(OSError):
                    while data := one.recv(65536):
                        proxy.seen += data
                        other.sendall(data)
                with contextlib.suppress(OSError):
                    other.shutdown(socket.SHUT_WR)

            def do_GET(self):  # noqa: N802
                proxy.asked.append(self.path)
                self.send_error(502)

            def log_message(self, *arguments):
                pass

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
