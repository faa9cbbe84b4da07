"""Google's services on this machine, for Google's own client, which nobody patches.

A client calls `SERVICE.googleapis.com` over TLS. The environment that is made here names a proxy,
which leads these hosts to a gRPC server of this process; a certificate authority to trust; and the
key of a service account. All three are made anew each time.
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
    """Answers calls while it is open; yields the environment of a process that makes them."""
    authority = trustme.CA()
    # Google's client signs with the key of a service account, which must be RSA.
    leaf = authority.issue_cert(f"*.{_DOMAIN}", key_type=trustme.KeyType.RSA)
    key = leaf.private_key_pem.bytes()
    with TemporaryDirectory() as folder:
        trusted, account = Path(folder, "authority.pem"), Path(folder, "account.json")
        authority.cert_pem.write_to_path(str(trusted))
        account.write_text(json.dumps(_account(key.decode())))
        server = grpc.server(futures.ThreadPoolExecutor(2))
        server.add_generic_rpc_handlers(services)
        chain = b"".join(certificate.bytes() for certificate in leaf.cert_chain_pems)
        credentials = grpc.ssl_server_credentials([(key, chain)])
        port = server.add_secure_port("127.0.0.1:0", credentials)
        server.start()
        with _Proxy(port) as proxy:
            threading.Thread(target=proxy.serve_forever, daemon=True).start()
            environment = {
                # Not https_proxy: whoever fetches something else is to reach it.
                "grpc_proxy": f"http://127.0.0.1:{proxy.server_address[1]}",
                # TensorFlow's workers and Beam's talk by gRPC, too.
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
    """Returns the file of a service account that signs its own tokens: nobody is asked for one."""
    return {
        "type": "service_account",
        "project_id": "rehearsal",
        "private_key_id": "1",
        "private_key": key,
        "client_email": "rehearsal@rehearsal.iam.gserviceaccount.com",
        "token_uri": "http://127.0.0.1/no-token-is-asked-for",
    }


class _Proxy(ThreadingTCPServer):
    """An HTTP proxy that knows CONNECT alone, and one place to which it leads."""

    daemon_threads = True

    def __init__(self, port: int):
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.port = port


class _Tunnel(StreamRequestHandler):
    def handle(self) -> None:
        request = self.rfile.readline().decode().split()
        while self.rfile.readline().strip():
            pass
        if len(request) != 3 or not request[1].endswith(f".{_DOMAIN}:443"):
            self.wfile.write(b"HTTP/1.1 502 only Google's services are here\r\n\r\n")
            return
        assert isinstance(self.server, _Proxy)
        with socket.create_connection(("127.0.0.1", self.server.port)) as there:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            threading.Thread(target=_pump, args=(there, self.connection), daemon=True).start()
            _pump(self.connection, there)


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Hands on what comes, until there is no more of it."""
    with suppress(OSError):
        while content := source.recv(1 << 16):
            target.sendall(content)
        target.shutdown(socket.SHUT_WR)
