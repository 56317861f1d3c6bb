-- Takes away what constraints.sql made, however far it came.

DROP INDEX IF EXISTS flight_by_aircraft;
DROP INDEX IF EXISTS flight_by_destination;
DROP INDEX IF EXISTS flight_by_origin;

ALTER TABLE IF EXISTS weather_observation
    DROP CONSTRAINT IF EXISTS weather_observation_airport,
    DROP CONSTRAINT IF EXISTS weather_observation_unique;

ALTER TABLE IF EXISTS flight
    DROP CONSTRAINT IF EXISTS flight_destination,
    DROP CONSTRAINT IF EXISTS flight_origin,
    DROP CONSTRAINT IF EXISTS flight_aircraft,
    DROP CONSTRAINT IF EXISTS flight_carrier,
    DROP CONSTRAINT IF EXISTS flight_unique;

ALTER TABLE IF EXISTS airline DROP CONSTRAINT IF EXISTS airline_name_unique;
