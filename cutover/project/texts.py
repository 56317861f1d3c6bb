"""
Texts of a YAML file typed one by one: flags, whole numbers, durations, names.

Each says what was expected and what stands there. Pydantic calls them; its own lenient readings
(`yes`, `1.0`, `on`) never come to bear.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

WHOLE = re.compile(r"[+-]?[0-9]{1,15}")
_DURATION = re.compile(r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,6})?) ?(?P<unit>[a-z]+)")
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0}
_SHARE = re.compile(r"(?P<number>[0-9]{1,3}(?:\.[0-9]{1,6})?)(?P<percent> ?%)?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_SECRETS = re.compile(r"(^|_)(password|passwd|pwd|secret|token|api_?key)(_|$)", re.IGNORECASE)
_VARIABLE = re.compile(r"[a-z][a-z0-9_]*")
_STEP_ID = re.compile(r"[a-z0-9][a-z0-9-]*")


class Strict(BaseModel):
    """Base of every schema: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WrongKey(ValueError):
    """What is wrong with keys taken together, with the key that a person should look at."""

    def __init__(self, key: str, says: str) -> None:
        super().__init__(says)
        self.key = key


def flag(value: Any) -> bool:
    """`true` or `false`, nothing else."""
    if value in ("true", "false"):
        return bool(value == "true")
    raise ValueError(f"must be true or false, not {shown(value)}")


def whole(value: Any) -> int:
    """A whole number in plain digits."""
    if isinstance(value, str) and WHOLE.fullmatch(value):
        return int(value)
    raise ValueError(f"must be a whole number, not {shown(value)}")


def seconds(value: Any) -> float:
    """`20 s`, `3 min`, `2 h`, `21 d`, `500 ms` as seconds."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None or match["unit"] not in _SECONDS:
        raise ValueError(f"must be a duration like 20 s, 3 min, 2 h or 21 d, not {shown(value)}")
    return float(match["number"]) * _SECONDS[match["unit"]]


def whole_days(value: Any) -> int:
    """A duration of whole days, at least one."""
    days = seconds(value) / _SECONDS["d"]
    if days < 1 or days != int(days):
        raise ValueError(f"must be whole days, at least one, like 21 d, not {shown(value)}")
    return int(days)


def share(value: Any) -> float:
    """`80 %` or `0.8` as 0.8."""
    match = _SHARE.fullmatch(value) if isinstance(value, str) else None
    found = float(match["number"]) / (100 if match["percent"] else 1) if match else -1.0
    if not 0 <= found <= 1:
        raise ValueError(f"must be a share like 80 % or 0.8, not {shown(value)}")
    return found


def said_seconds(value: float) -> str:
    """Seconds as a person says them: `90 s` stays, `120` is `2 min`, `3600` is `1 h`."""
    for unit in ("d", "h", "min"):
        if value >= _SECONDS[unit] and value % _SECONDS[unit] == 0:
            return f"{value / _SECONDS[unit]:g} {unit}"
    return f"{value:g} s"


def shown(value: Any) -> str:
    """A wrong value, short enough for a message."""
    if isinstance(value, str):
        return repr(value) if len(value) <= 60 else repr(value[:57] + "…")
    return "a list" if isinstance(value, list | tuple) else "keys with values" if isinstance(value, dict) else "nothing"


def _filled(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def plain_name(value: str) -> str:
    """Letters, digits, `-` and `_`."""
    if not _NAME.fullmatch(value):
        raise ValueError(f"must be letters, digits, '-' and '_', not {shown(value)}")
    return value


def _step_id(value: str) -> str:
    if not _STEP_ID.fullmatch(value):
        raise ValueError(f"must be small letters, digits and '-', like copy-flights, not {shown(value)}")
    return value


def _variable_name(value: str) -> str:
    if _SECRETS.search(value):
        raise ValueError(
            "must not be the name of a secret, because every run records its value; "
            "a password stands beside its database, as env:NAME or file:PATH"
        )
    if not _VARIABLE.fullmatch(value) or value == "wave":
        raise ValueError(f"must be small letters, digits and '_', and not wave, not {shown(value)}")
    return value


def iso_date(value: str) -> str:
    """A day as 2026-11-20."""
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError(f"must be a date like 2026-11-20, not {shown(value)}") from None


def listed(value: Any) -> Any:
    """One text where a list may stand, as a list of one."""
    return [value] if isinstance(value, str) else value


Flag = Annotated[bool, BeforeValidator(flag), WithJsonSchema({"type": "boolean"})]
Whole = Annotated[int, BeforeValidator(whole), WithJsonSchema({"type": "integer"})]
Count = Annotated[int, BeforeValidator(whole), Field(ge=0), WithJsonSchema({"type": "integer", "minimum": 0})]
Share = Annotated[float, BeforeValidator(share), WithJsonSchema({"type": ["number", "string"]})]
Positive = Annotated[int, BeforeValidator(whole), Field(ge=1), WithJsonSchema({"type": "integer", "minimum": 1})]
_DURATION_SCHEMA = {"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9]{1,6})? ?(ms|s|min|h|d)$"}
Duration = Annotated[float, BeforeValidator(seconds), WithJsonSchema(_DURATION_SCHEMA)]
Days = Annotated[int, BeforeValidator(whole_days), WithJsonSchema({"type": "string", "pattern": "^[0-9]+ ?(d|h)$"})]
Filled = Annotated[str, AfterValidator(_filled)]
Name = Annotated[str, AfterValidator(plain_name)]
StepId = Annotated[str, AfterValidator(_step_id)]
VariableName = Annotated[str, AfterValidator(_variable_name)]
IsoDate = Annotated[str, AfterValidator(iso_date)]
Listed = Annotated[tuple[Filled, ...], BeforeValidator(listed, json_schema_input_type=str | list[str])]
