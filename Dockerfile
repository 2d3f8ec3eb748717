# Built in two steps: the first has a compiler for the rules engine, the second has only what runs.
# docker build --tag resolve-now .      docs/operations.md says how to run it.
FROM python:3.12.11-slim-bookworm AS build
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/resolve-now
RUN python -m venv .venv
COPY requirements/build.txt requirements/py312.txt requirements/
RUN .venv/bin/pip install --no-cache-dir --require-hashes --requirement requirements/build.txt \
 && .venv/bin/pip install --no-cache-dir --require-hashes --no-build-isolation --requirement requirements/py312.txt
COPY . .
RUN .venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation --no-index --editable . \
 && .venv/bin/python -m compileall -q accounting app bot feeds receivables rules storage sync workspace

FROM python:3.12.11-slim-bookworm
RUN groupadd --gid 10001 resolve-now \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/resolve-now --shell /usr/sbin/nologin resolve-now \
 && install --directory --mode 0700 --owner 10001 --group 10001 /var/lib/resolve-now
COPY --from=build /opt/resolve-now /opt/resolve-now
ENV PATH=/opt/resolve-now/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    RESOLVE_NOW_CONFIG=/etc/resolve-now/resolve-now.toml
USER 10001:10001
WORKDIR /var/lib/resolve-now
VOLUME /var/lib/resolve-now
EXPOSE 8321
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8321/health/live', timeout=4)"]
ENTRYPOINT ["resolve-now"]
CMD ["run"]
