"""What a row of `airport` must be."""

import pandera.polars as pa
import polars as pl


class Airport(pa.DataFrameModel):
    """An airport by its FAA code; names are not unique in the old system, and three have no time zone."""

    code: str = pa.Field(str_matches=r"^(?:[0-9A-Z]{3})$")
    name: str = pa.Field(str_length={"min_value": 3, "max_value": 80})
    latitude: float = pa.Field(ge=-90, le=90)
    longitude: float = pa.Field(ge=-180, le=180)
    altitude_feet: pl.Int32 = pa.Field(ge=-1_500, le=30_000)
    utc_offset_hours: pl.Int16 = pa.Field(ge=-12, le=14)
    daylight_saving: str = pa.Field(isin=["us", "none", "unknown"])
    timezone: str = pa.Field(nullable=True, str_matches=r"^(?:[A-Z][A-Za-z_]+/[A-Za-z_/]+)$")

    class Config:
        """Rules of the whole table."""

        strict = True
        ordered = True
        unique = ["code"]
