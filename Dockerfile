FROM python:3.13-slim AS build
WORKDIR /srv
COPY requirements.txt requirements-cluster.txt ./
RUN python -m venv --without-pip .venv \
    && pip --python .venv/bin/python install --no-cache-dir --disable-pip-version-check \
        --only-binary :all: --require-hashes -r requirements.txt -r requirements-cluster.txt

FROM python:3.13-slim AS service
WORKDIR /srv
ENV PATH="/srv/.venv/bin:$PATH"
COPY --from=build /srv/.venv .venv
COPY gunicorn.conf.py wsgi.py ./
COPY app app
# Readable also when it was checked out with a strict umask; a new volume takes over the folder's owner.
RUN chmod -R a+rX gunicorn.conf.py wsgi.py app && install --directory --owner=10001 --group=10001 storage
USER 10001:10001
VOLUME /srv/storage
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "wsgi:app", "--bind", "0.0.0.0:8000"]

# For pages that need a browser, some 800 MB more: docker build --target render
FROM service AS render
USER 0:0
# hadolint ignore=DL3008
RUN apt-get update -q \
    && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends chromium-headless-shell \
    && rm -rf /var/lib/apt/lists/*
USER 10001:10001
ENV DOWNLOADER_BROWSER=/usr/bin/chromium-headless-shell

# What is built unless a target is named.
FROM service
