set -e
data=/var/lib/postgresql/18/docker
as="setpriv --reuid postgres --regid postgres --init-groups"
if [ ! -s "$data/PG_VERSION" ]; then
    install --directory --owner postgres --mode 0700 "$data"
    # Root reads the secret, as that entry point does.
    password=$(mktemp)
    cat "$POSTGRES_PASSWORD_FILE" > "$password"
    chown postgres "$password"
    # shellcheck disable=SC2086
    $as initdb --pgdata "$data" --username postgres --pwfile "$password" $POSTGRES_INITDB_ARGS
    echo "host all all all scram-sha-256" >> "$data/pg_hba.conf"
fi
exec $as postgres -D "$data" -c listen_addresses='*'
