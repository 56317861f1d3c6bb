"""
Proves that the target holds what the source held, through the declared mapping.

Counts and identity, control totals by each side's own SQL, fingerprints per chunk, and the rows that differ. Every
number is read again now; nothing is taken from what the copy said. Knows nothing of runbooks and runs.
"""

from cutover.reconciliation.coverage import forgotten
from cutover.reconciliation.reconciling import Reconciled, reconcile_table
from cutover.reconciliation.scope import Scope

__all__ = ["Reconciled", "Scope", "forgotten", "reconcile_table"]
