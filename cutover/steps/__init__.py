"""One file per step kind; no kind knows another. `cutover.kinds` names them all."""
