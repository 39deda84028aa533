"""One statement through PostgreSQL's own client, which is there before any event loop is."""

import os
import subprocess
from urllib.parse import unquote, urlsplit, urlunsplit

from deploy.local.binaries import binaries
from deploy.local.children import environment

CONNECT_SECONDS = "5"


def run(dsn: str, sql: str) -> subprocess.CompletedProcess[str]:
    """The rows come back bare, one a line. The password does not appear in the list of processes."""
    url = urlsplit(dsn)
    user, at, place = url.netloc.rpartition("@")
    bare = urlunsplit(url._replace(netloc=user.partition(":")[0] + at + place))
    env = environment(os.environ) | {"PGCONNECT_TIMEOUT": CONNECT_SECONDS}
    if url.password:
        env["PGPASSWORD"] = unquote(url.password)
    command = [str(binaries() / "psql"), "--no-psqlrc", "--no-password", "-Atc", sql, bare]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)
