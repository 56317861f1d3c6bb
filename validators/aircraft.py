"""What a row of `aircraft` must be."""

import pandera.polars as pa
import polars as pl


class Aircraft(pa.DataFrameModel):
    """An aircraft by its tail number."""

    tail_number: str = pa.Field(str_matches=r"^(?:N[0-9][0-9A-Z]{0,4})$")
    year_built: pl.Int16 = pa.Field(nullable=True, ge=1950, le=2013)
    type: str = pa.Field(isin=["Fixed wing multi engine", "Fixed wing single engine", "Rotorcraft"])
    manufacturer: str = pa.Field(str_length={"min_value": 2, "max_value": 60})
    model: str = pa.Field(str_length={"min_value": 1, "max_value": 40})
    engines: pl.Int16 = pa.Field(ge=1, le=4)
    engine_type: str = pa.Field(
        isin=["4 Cycle", "Reciprocating", "Turbo-fan", "Turbo-jet", "Turbo-prop", "Turbo-shaft"],
    )
    seats: pl.Int16 = pa.Field(ge=1, le=600)
    cruise_speed_mph: pl.Int16 = pa.Field(nullable=True, ge=50, le=700)

    class Config:
        """Rules of the whole table."""

        strict = True
        ordered = True
        unique = ["tail_number"]
