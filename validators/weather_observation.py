"""What a row of `weather_observation` must be."""

from typing import Annotated

import pandera.polars as pa
import polars as pl


class WeatherObservation(pa.DataFrameModel):
    """
    Hourly weather at an airport of departure.

    The strongest wind ever measured on earth was 253 mph: what is faster is a broken instrument.
    """

    observation_id: int = pa.Field(ge=1)
    airport: str = pa.Field(isin=["EWR", "JFK", "LGA"])
    observed_at: Annotated[pl.Datetime, "us", "UTC"]
    temperature_f: float = pa.Field(nullable=True, ge=-40, le=130)
    dew_point_f: float = pa.Field(nullable=True, ge=-60, le=100)
    humidity_percent: float = pa.Field(nullable=True, ge=0, le=100)
    wind_direction_degrees: pl.Int16 = pa.Field(nullable=True, ge=0, le=360)
    wind_speed_mph: float = pa.Field(nullable=True, ge=0, le=253)
    wind_gust_mph: float = pa.Field(nullable=True, ge=0, le=253)
    precipitation_inches: float = pa.Field(ge=0, le=15)
    pressure_millibars: float = pa.Field(nullable=True, ge=870, le=1_085)
    visibility_miles: float = pa.Field(ge=0, le=10)

    class Config:
        """Rules of the whole table."""

        strict = True
        ordered = True
        unique = ["airport", "observed_at"]
