"""
Judges rows: the one door to Pandera.

A validator is a Pandera model in `validators/`. `load_contract` compiles it once; `split` judges
the chunks of a copy with it; `check_table` asks the same of a table where it lies, and what no
chunk can answer: uniqueness and references. Knows nothing of runbooks, sources or mappings.
"""

from cutover.validation.checking import check_table
from cutover.validation.contract import (
    Contract,
    Reference,
    Rule,
    RuleCrashed,
    RuleKind,
    RuleResult,
    SchemaMismatch,
    ValidatorError,
)
from cutover.validation.loading import load_contract
from cutover.validation.splitting import Split, split

__all__ = [
    "Contract",
    "Reference",
    "Rule",
    "RuleCrashed",
    "RuleKind",
    "RuleResult",
    "SchemaMismatch",
    "Split",
    "ValidatorError",
    "check_table",
    "load_contract",
    "split",
]
