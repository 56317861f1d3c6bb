-- Takes away what schema.sql made, however far it came; tables with a foreign key first.

DROP TABLE IF EXISTS weather_observation;
DROP TABLE IF EXISTS flight;
DROP TABLE IF EXISTS aircraft;
DROP TABLE IF EXISTS airport;
DROP TABLE IF EXISTS airline;
