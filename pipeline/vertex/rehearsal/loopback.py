"""Serves Google's APIs locally to Google's own, unpatched client.

A client calls `SERVICE.googleapis.com` over TLS. Environment variables name a proxy, which connects
these hosts to a gRPC server in this process; a certificate authority to trust; and the key of a
service account. All three are created for each call of `loopback`.
"""

import json
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent import futures
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from tempfile import TemporaryDirectory

import grpc
import trustme

_DOMAIN = "googleapis.com"


@contextmanager
def loopback(services: Sequence[grpc.GenericRpcHandler]) -> Iterator[dict[str, str]]:
    """Serves calls while the context is open; yields the environment variables for a client."""
    authority = trustme.CA()
    # Google's client requires an RSA key for a service account.
    leaf = authority.issue_cert(f"*.{_DOMAIN}", key_type=trustme.KeyType.RSA)
    key = leaf.private_key_pem.bytes()
    with TemporaryDirectory() as folder:
        trusted, account = Path(folder, "authority.pem"), Path(folder, "account.json")
        authority.cert_pem.write_to_path(str(trusted))
        account.write_text(json.dumps(_account(key.decode())), encoding="utf-8")
        server = grpc.server(futures.ThreadPoolExecutor(2))
        server.add_generic_rpc_handlers(services)
        chain = b"".join(certificate.bytes() for certificate in leaf.cert_chain_pems)
        credentials = grpc.ssl_server_credentials([(key, chain)])
        port = server.add_secure_port("127.0.0.1:0", credentials)
        server.start()
        with _Proxy(port) as proxy:
            threading.Thread(target=proxy.serve_forever, daemon=True).start()
            environment = {
                # Unlike https_proxy it affects gRPC only, so other downloads still work.
                "grpc_proxy": f"http://127.0.0.1:{proxy.server_address[1]}",
                # The workers of TensorFlow and Beam use gRPC as well.
                "no_grpc_proxy": "localhost,127.0.0.1",
                "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(trusted),
                "GOOGLE_APPLICATION_CREDENTIALS": str(account),
            }
            try:
                yield environment
            finally:
                proxy.shutdown()
                server.stop(None)


def _account(key: str) -> dict[str, str]:
    """Returns the key file of a service account, which signs its own tokens."""
    return {
        "type": "service_account",
        "project_id": "rehearsal",
        "private_key_id": "1",
        "private_key": key,
        "client_email": "rehearsal@rehearsal.iam.gserviceaccount.com",
        "token_uri": "http://127.0.0.1/no-token-is-asked-for",
    }


class _Proxy(ThreadingTCPServer):
    """An HTTP proxy for CONNECT requests, all of which it connects to one local port."""

    daemon_threads = True

    def __init__(self, port: int):
        super().__init__(("127.0.0.1", 0), _Connection)
        self.port = port


class _Connection(StreamRequestHandler):
    def handle(self) -> None:
        request = self.rfile.readline().decode().split()
        while self.rfile.readline().strip():
            pass
        if len(request) != 3 or not request[1].endswith(f".{_DOMAIN}:443"):
            self.wfile.write(b"HTTP/1.1 502 only Google's services are available\r\n\r\n")
            return
        assert isinstance(self.server, _Proxy)
        with socket.create_connection(("127.0.0.1", self.server.port)) as server:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            threading.Thread(target=_forward, args=(server, self.connection), daemon=True).start()
            _forward(self.connection, server)


def _forward(source: socket.socket, target: socket.socket) -> None:
    """Forwards data until the source is closed."""
    with suppress(OSError):
        while content := source.recv(1 << 16):
            target.sendall(content)
        target.shutdown(socket.SHUT_WR)
