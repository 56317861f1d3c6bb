"""What a row of `airline` must be."""

import pandera.polars as pa


class Airline(pa.DataFrameModel):
    """A carrier by its IATA code."""

    code: str = pa.Field(str_matches=r"^(?:[0-9A-Z]{2})$")
    name: str = pa.Field(str_length={"min_value": 3, "max_value": 60})

    class Config:
        """Rules of the whole table."""

        strict = True
        ordered = True
        unique = ["code"]
