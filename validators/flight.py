"""What a row of `flight` must be."""

from typing import Annotated

import pandera.polars as pa
import polars as pl

Instant = Annotated[pl.Datetime, "us", "UTC"]


class Flight(pa.DataFrameModel):
    """A scheduled flight and what became of it: cancelled, diverted, or flown and timed."""

    flight_id: int = pa.Field(ge=1)
    carrier_code: str = pa.Field(str_matches=r"^(?:[0-9A-Z]{2})$")
    flight_number: pl.Int16 = pa.Field(ge=1, le=9_999)
    tail_number: str = pa.Field(nullable=True, str_matches=r"^(?:N[0-9][0-9A-Z]{0,4})$")
    origin: str = pa.Field(isin=["EWR", "JFK", "LGA"])
    destination: str = pa.Field(str_matches=r"^(?:[0-9A-Z]{3})$")
    scheduled_departure: Instant
    actual_departure: Instant = pa.Field(nullable=True)
    scheduled_arrival: Instant
    actual_arrival: Instant = pa.Field(nullable=True)
    air_minutes: pl.Int16 = pa.Field(nullable=True, ge=15, le=800)
    distance_miles: pl.Int16 = pa.Field(ge=15, le=5_500)
    status: str = pa.Field(isin=["flown", "cancelled", "diverted"])

    class Config:
        """Rules of the whole table."""

        strict = True
        ordered = True
        unique = ["carrier_code", "flight_number", "scheduled_departure"]
