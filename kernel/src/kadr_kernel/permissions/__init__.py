"""Permissions: what plugins may do. Manifest AND grant AND policy; deny beats allow."""

from __future__ import annotations

from kadr_kernel.permissions.builtin import default_policy
from kadr_kernel.permissions.gate import PermissionGate
from kadr_kernel.permissions.grant import Grant, Term
from kadr_kernel.permissions.grants import Grants
from kadr_kernel.permissions.policy import Policy, Rule
from kadr_kernel.permissions.policy_file import read_policy
from kadr_kernel.permissions.prompt import Decision, Question, Status, read_answer
from kadr_kernel.permissions.subject import Subject, distribution_publisher, folder_publisher

__all__ = [
    "Decision",
    "Grant",
    "Grants",
    "PermissionGate",
    "Policy",
    "Question",
    "Rule",
    "Status",
    "Subject",
    "Term",
    "default_policy",
    "distribution_publisher",
    "folder_publisher",
    "read_answer",
    "read_policy",
]
