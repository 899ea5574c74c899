"""Servers of object stores: S3 by moto, Google Cloud Storage by an emulator."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import fsspec
import httpx
import pytest
from gcp_storage_emulator.server import create_server
from moto.server import ThreadedMotoServer

from .service_processes import free_port


@contextmanager
def s3_server(bucket: str, port: int = 0) -> Iterator[str]:
    """A server with one empty bucket, to which the environment leads; its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    httpx.post(f"{url}/moto-api/reset")  # servers of one process share what they hold
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", url)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.delenv("AWS_PROFILE", raising=False)
        # Reading a table opens a file system that fsspec has cached, maybe of another server.
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        fsspec.filesystem("s3", skip_instance_cache=True).mkdir(bucket)
        yield url
        fsspec.get_filesystem_class("s3").clear_instance_cache()
    server.stop()


@contextmanager
def gcs_server(bucket: str) -> Iterator[str]:
    """The same for `gs://`."""
    logging.getLogger("gcp_storage_emulator").setLevel(logging.CRITICAL)
    port = free_port()
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket=bucket)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
        # Nobody has to be asked for credentials.
        patch.setenv("NO_GCE_CHECK", "true")
        yield f"http://127.0.0.1:{port}"
    server.stop()
