"""What to ask the user before a plugin runs: a pure decision, and the words of the question.

- Only what is missing is asked: what the policy trusts or the user granted is not.
- No terminal means no: the refusal names the command that grants.
- The default answer is no, and whatever is not understood is no.
- An update that asks for more waits for a yes.
- A yes to a part of what was asked stands: the rest is refused when it is used, not asked
  about at every start.
- A Python plugin is asked about even where it wants nothing: it runs with the rights of the
  account, and the question says so instead of promising a fence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from kadr_sdk.permissions import PermissionSet
from kadr_sdk.text import printable

from kadr_kernel.permissions.grant import Term
from kadr_kernel.permissions.policy import Policy, Verdict
from kadr_kernel.permissions.remedy import enable_command
from kadr_kernel.permissions.subject import Subject

__all__ = ["Decision", "Question", "Standing", "Status", "because", "decide", "read_answer"]


class Status(StrEnum):
    """What to do with a plugin."""

    GRANTED = "granted"
    ASK = "ask"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the user has said about a subject so far.

    Attributes:
        held: what is granted and counts now.
        consented: a yes to the subject as it is.
        earlier: what was asked in a version the user said yes to, None where there is none.
        changed: a yes to this version, when it had other files.
    """

    held: PermissionSet = field(default_factory=PermissionSet)
    consented: bool = False
    earlier: PermissionSet | None = None
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A question to show as it is: the text is safe to print.

    Attributes:
        text: lines without the choices.
        wanted: what a yes grants.
        terms: how long it may hold; besides them there is always no, the default.
    """

    text: str
    wanted: PermissionSet
    terms: tuple[Term, ...]

    @property
    def choices(self) -> str:
        """``[no] / once / version / publisher``; the brackets mark the default."""
        return " / ".join(["[no]", *(term.value for term in self.terms)])


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, the question where one is to be put, and the reason of a refusal."""

    status: Status
    question: Question | None = None
    reason: str = ""
    remedy: str = ""


def decide(subject: Subject, policy: Policy, standing: Standing, *, interactive: bool) -> Decision:
    """Whether the plugin may run, may not, or the user is to be asked.

    Args:
        subject: the plugin.
        policy: of the host.
        standing: what the user has said so far.
        interactive: somebody sits at a terminal or a page and can answer.
    """
    name = f"plugin {subject.plugin!r}"
    if exclusion := policy.exclusion(subject):
        return Decision(
            Status.REFUSED, reason=f"the policy forbids {name}", remedy=because(exclusion, policy)
        )
    missing = _missing(subject, policy, standing.held)
    harmless = subject.confined and not missing
    if policy.trusts(subject) or standing.consented or harmless:
        return Decision(Status.GRANTED)
    if not interactive:
        who = f"{name} has other files than those that you allowed; it" if standing.changed else name
        reason = f"{who} needs your permission, and there is no terminal to ask for it"
        return Decision(Status.REFUSED, reason=reason, remedy=enable_command(subject.plugin, missing))
    terms = tuple(Term) if subject.has_publisher else (Term.ONCE, Term.VERSION)
    return Decision(Status.ASK, Question(_text(subject, missing, standing), missing, terms))


def read_answer(question: Question, text: str) -> Term | None:
    """The term that the user typed, None for no; ``yes`` is this version and no more."""
    word = text.strip().lower()
    if word in ("y", "yes"):
        return Term.VERSION
    return next((term for term in question.terms if term.value == word), None)


def because(verdict: Verdict, policy: Policy) -> str:
    """Why the policy says so, for the one who is refused."""
    where = f" in {printable(policy.origin)}" if policy.origin else ""
    if verdict.rule is None:
        return f"the policy{where} denies what no rule allows"
    reason = f": {printable(verdict.rule.reason)}" if verdict.rule.reason else ""
    return f"rule '{printable(verdict.rule)}'{where}{reason}"


def _missing(subject: Subject, policy: Policy, held: PermissionSet) -> PermissionSet:
    return PermissionSet(
        tuple(
            p
            for p in subject.asked
            if not held.covers(p)
            and policy.verdict(subject, p).effect != "trust"
            and not policy.forbids(subject, p)
        )
    )


def _text(subject: Subject, missing: PermissionSet, standing: Standing) -> str:
    title = f" “{printable(subject.title, 80)}”" if subject.title else ""
    who = f"{printable(subject.plugin)} {printable(subject.version, 40)}{title}"
    lines = [f"{who} from {printable(subject.publisher)} {_verb(subject, missing, standing)}"]
    lines += [f"  - {printable(p.sentence())}" for p in missing]
    lines.append(_honest(subject))
    return "\n".join(lines)


def _verb(subject: Subject, missing: PermissionSet, standing: Standing) -> str:
    if standing.earlier is not None and subject.asked.beyond(standing.earlier):
        return "is an update that asks for more than you allowed before. It wants to:"
    if standing.changed:
        wants = " It wants to:" if missing else ""
        return f"has other files than those that you allowed.{wants}"
    return "wants to:" if missing else "wants to run."


def _honest(subject: Subject) -> str:
    if subject.runtime == "data":
        return "It has no code: nothing of it runs."
    if subject.confined:
        return "It runs in a sandbox: kadr holds it to this."
    return (
        "It is Python code and runs inside kadr with all the rights of your account: "
        "the list is its author's word, which kadr cannot enforce."
    )
