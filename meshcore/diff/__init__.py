"""What a change of configuration changes: in the tables, and for requests."""

from meshcore.diff.decisions import Comparison, Group, compare_decisions
from meshcore.diff.fate import Fate
from meshcore.diff.fields import FieldChange, differing_fields
from meshcore.diff.tables import Change, compare_tables

__all__ = [
    "Change",
    "Comparison",
    "Fate",
    "FieldChange",
    "Group",
    "compare_decisions",
    "compare_tables",
    "differing_fields",
]
