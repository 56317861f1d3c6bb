"""
The planted fault: something in the new system that changes one value on its way in.

An event trigger waits for the table `flight` to be made and hangs a row trigger on it, which adds
one minute to the air time of one flight. Every count stays right, every rule and key holds; only
who compares the values with the old system can see it.
"""

from __future__ import annotations

from demo.embedded import Server

FLIGHT = 123_456

_PLANT = f"""
CREATE SCHEMA gremlin;

CREATE FUNCTION gremlin.one_minute_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.flight_id = {FLIGHT} THEN
        NEW.air_minutes := NEW.air_minutes + 1;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION gremlin.lie_in_wait() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'public.flight') THEN
        CREATE TRIGGER gremlin BEFORE INSERT ON public.flight
            FOR EACH ROW EXECUTE FUNCTION gremlin.one_minute_more();
    END IF;
END $$;

CREATE EVENT TRIGGER gremlin ON ddl_command_end WHEN TAG IN ('CREATE TABLE')
    EXECUTE FUNCTION gremlin.lie_in_wait();
"""


def plant(server: Server, database: str) -> None:
    """Plant the fault in an empty database."""
    with server.connect(database) as connection:
        connection.execute(_PLANT)
