-- What looks across rows and tables, built over the loaded rows: unique keys, foreign keys, indexes.

ALTER TABLE airline ADD CONSTRAINT airline_name_unique UNIQUE (name);

ALTER TABLE flight
    ADD CONSTRAINT flight_unique UNIQUE (carrier_code, flight_number, scheduled_departure),
    ADD CONSTRAINT flight_carrier FOREIGN KEY (carrier_code) REFERENCES airline (code),
    ADD CONSTRAINT flight_aircraft FOREIGN KEY (tail_number) REFERENCES aircraft (tail_number),
    ADD CONSTRAINT flight_origin FOREIGN KEY (origin) REFERENCES airport (code),
    ADD CONSTRAINT flight_destination FOREIGN KEY (destination) REFERENCES airport (code);

ALTER TABLE weather_observation
    ADD CONSTRAINT weather_observation_unique UNIQUE (airport, observed_at),
    ADD CONSTRAINT weather_observation_airport FOREIGN KEY (airport) REFERENCES airport (code);

CREATE INDEX flight_by_origin ON flight (origin, scheduled_departure);
CREATE INDEX flight_by_destination ON flight (destination, scheduled_arrival);
CREATE INDEX flight_by_aircraft ON flight (tail_number) WHERE tail_number IS NOT NULL;
