FROM python:3.12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN python -m venv /opt/perihelion && /opt/perihelion/bin/pip install --no-cache-dir '.[mcp]'

FROM python:3.12-slim
COPY --from=build /opt/perihelion /opt/perihelion
RUN useradd --create-home --uid 10001 perihelion && mkdir /data && chown perihelion /data
USER perihelion
VOLUME /data
ENV PATH=/opt/perihelion/bin:$PATH PERIHELION_DATA=/data
EXPOSE 8787 8788
HEALTHCHECK CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8787/readyz'); u.urlopen('http://127.0.0.1:8788/readyz')"]
# Both planes listen on loopback by default: run with the host's network, or set the hosts, and auth.mode = required.
CMD ["perihelion", "serve"]
