"""nginx `proxy_pass`: what a proxy costs that knows nothing of LLMs and logs nothing."""

import shutil
import subprocess
from pathlib import Path

NAME = "nginx proxy_pass"
LOGS = False
PATH = "/v1/chat/completions"

_CONFIG = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log /dev/null;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream provider {{ server {upstream}; keepalive 256; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""


def headers(upstream: str) -> dict[str, str]:
    return {}


def install(folder: Path) -> None:
    if shutil.which("nginx") is None:
        raise RuntimeError("nginx is not installed")


def start(upstream: str, port: int, folder: Path) -> "subprocess.Popen[bytes]":
    config = folder / "nginx.conf"
    config.write_text(_CONFIG.format(folder=folder, upstream=upstream.partition("://")[2], port=port))
    return subprocess.Popen(["nginx", "-e", "/dev/null", "-c", str(config)])
