#!/bin/sh
# Starts PostgreSQL as its official image does: the first time, with a database and a user of the password.
set -eu
cd /var/lib/postgresql/data
bin=$(echo /usr/lib/postgresql/*/bin)
if [ ! -s PG_VERSION ]; then
    echo "$POSTGRES_PASSWORD" >/tmp/password
    "$bin/initdb" --pgdata . --username "$POSTGRES_USER" --pwfile /tmp/password --auth scram-sha-256 --encoding UTF8
    echo "host all all all scram-sha-256" >>pg_hba.conf
fi
exec "$bin/postgres" -D . -c listen_addresses='*'
