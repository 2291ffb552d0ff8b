"""The servers of a cluster on one machine: they start empty, keep what they hold over a restart, and leave nothing behind."""

from __future__ import annotations

import psutil
import psycopg2
import pytest
import redis

from refinery.local.servers import PostgresServer, RedisServer


def test_postgres_keeps_its_data_over_a_restart_and_deletes_it_at_the_end():
    with PostgresServer() as server:
        run(server, "create table models (name text); insert into models values ('churn')")
        first = server.pid
        server.stop()
        assert not psutil.pid_exists(first)
        server.start(server.port)
        assert run(server, "select name from models") == [("churn",)]
        pid, folder = server.pid, server.folder
    assert not psutil.pid_exists(pid)
    assert not folder.exists()


def test_postgres_wants_its_password():
    with PostgresServer() as server, pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(
            host="127.0.0.1", port=server.port, user="airflow", password="guess", dbname="airflow"
        )


def test_redis_wants_its_password_and_ends():
    with RedisServer() as server:
        assert redis.Redis.from_url(server.url).ping()
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(host="127.0.0.1", port=server.port).ping()
        pid = server.pid
    assert not psutil.pid_exists(pid)


def run(server, statement):
    connection = psycopg2.connect(f"postgresql:{server.url}")
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else None
    finally:
        connection.close()
