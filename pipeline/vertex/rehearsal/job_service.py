"""Custom jobs: the part of Vertex's JobService that TFX's Trainer calls, on this machine.

The process that starts a custom job uses Google's own client, over TLS, at
`REGION-aiplatform.googleapis.com`. Nothing in it is patched: its environment names a proxy, which
leads that host to the service here, a certificate authority to trust, and a service account's key.
All three are made for one rehearsal.
"""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent import futures
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from tempfile import TemporaryDirectory

import grpc
import trustme
from google.cloud.aiplatform_v1.types import (
    CreateCustomJobRequest,
    CustomJob,
    GetCustomJobRequest,
    JobState,
)
from google.rpc import status_pb2

from pipeline.vertex.rehearsal.container import ContainerFailed, run_process

_SERVICE = "google.cloud.aiplatform.v1.JobService"
_DOMAIN = "googleapis.com"
# Begins the path of TFX's executors that call the service.
CALLERS = "tfx.extensions.google_cloud_ai_platform."

RunJob = Callable[[Sequence[str], Mapping[str, str]], None]


class JobService:
    """Keeps custom jobs, each of which runs its container's command once it is created."""

    def __init__(self, run: RunJob = run_process):
        """`run` runs a command with an environment, see `run_process`."""
        self._run = run
        self._jobs: dict[str, CustomJob] = {}

    def create(self, request: CreateCustomJobRequest, _: grpc.ServicerContext) -> CustomJob:
        """CreateCustomJob."""
        job = CustomJob(request.custom_job)
        job.name = f"{request.parent}/customJobs/{len(self._jobs) + 1}"
        job.state = JobState.JOB_STATE_RUNNING
        self._jobs[job.name] = job
        threading.Thread(target=self._work, args=(job,), daemon=True).start()
        return job

    def get(self, request: GetCustomJobRequest, context: grpc.ServicerContext) -> CustomJob:
        """GetCustomJob."""
        if request.name not in self._jobs:
            context.abort(grpc.StatusCode.NOT_FOUND, f"no custom job {request.name}")
        return self._jobs[request.name]

    @property
    def jobs(self) -> list[CustomJob]:
        """All jobs, as they were asked for, with their states."""
        return list(self._jobs.values())

    def _work(self, job: CustomJob) -> None:
        """Runs the command of each worker pool, one after another."""
        try:
            for pool in job.job_spec.worker_pool_specs:
                container = pool.container_spec
                own = {variable.name: variable.value for variable in container.env}
                self._run([*container.command, *container.args], {**os.environ, **own})
            job.state = JobState.JOB_STATE_SUCCEEDED
        except ContainerFailed as failure:
            job.error = status_pb2.Status(
                code=grpc.StatusCode.INTERNAL.value[0], message=str(failure)
            )
            job.state = JobState.JOB_STATE_FAILED


@contextmanager
def serving(service: JobService) -> Iterator[dict[str, str]]:
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
        server.add_generic_rpc_handlers([_handlers(service)])
        chain = b"".join(certificate.bytes() for certificate in leaf.cert_chain_pems)
        credentials = grpc.ssl_server_credentials([(key, chain)])
        port = server.add_secure_port("127.0.0.1:0", credentials)
        server.start()
        with _Proxy(port) as proxy:
            threading.Thread(target=proxy.serve_forever, daemon=True).start()
            yield {
                "https_proxy": f"http://127.0.0.1:{proxy.server_address[1]}",
                "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(trusted),
                "GOOGLE_APPLICATION_CREDENTIALS": str(account),
            }
            proxy.shutdown()
        server.stop(None)


def _handlers(service: JobService) -> grpc.GenericRpcHandler:
    """Returns the methods by name; a request that does not parse is refused."""
    methods = {
        "CreateCustomJob": (service.create, CreateCustomJobRequest),
        "GetCustomJob": (service.get, GetCustomJobRequest),
    }
    return grpc.method_handlers_generic_handler(
        _SERVICE,
        {
            name: grpc.unary_unary_rpc_method_handler(
                answer,
                request_deserializer=kind.deserialize,
                response_serializer=CustomJob.serialize,
            )
            for name, (answer, kind) in methods.items()
        },
    )


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
        if len(request) != 3 or not request[1].endswith(f"-aiplatform.{_DOMAIN}:443"):
            self.wfile.write(b"HTTP/1.1 502 a rehearsal leads to Vertex AI alone\r\n\r\n")
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
