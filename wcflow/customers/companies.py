"""Companies: the team creates them, and puts customers into them or takes them out."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from wcflow.customers.edits import Outcome, undoes
from wcflow.database import companies, people
from wcflow.database.companies import Company, fold_company
from wcflow.database.edits import Edit, EditedBy, save_edit
from wcflow.errors import UsageError
from wcflow.rules.errors import did_you_mean


def find_company(tx: Connection, store: str, name: str) -> Company:
    """Return the company that an admin means; raises UsageError."""
    found = companies.find_company(tx, store, name)
    if found is None:
        known = [each.name for each in companies.load_companies(tx, store)]
        hint = did_you_mean(name, known) or "'wcflow company list' shows the companies."
        raise UsageError(f"there is no company {name!r}", hint)
    return found


def find_or_create_company(tx: Connection, store: str, name: str, by: EditedBy) -> Company:
    """Return a company, a new one if none has a similar name; raises UsageError."""
    similar = did_you_mean(name, [each.name for each in companies.load_companies(tx, store)])
    if not similar:
        create_company(tx, store, name, by._replace(key=None))  # the key is of the next edit
    return find_company(tx, store, " ".join(name.split()))


def create_company(
    tx: Connection,
    store: str,
    name: str,
    by: EditedBy,
    *,
    email: str = "",
    vat_id: str = "",
    billing_company: str = "",
) -> Outcome:
    """Create a company; customers with its billing company belong to it."""
    clean = " ".join(name.split())
    if not clean:
        raise UsageError("a company needs a name", "")
    if companies.find_company(tx, store, clean) is not None:
        raise UsageError(f"there is a company {clean!r} already", "")
    folded = _free_billing_company(tx, store, billing_company)
    new = Company(0, store, clean, email, vat_id, folded, by.name, by.at)
    number = companies.save_company(tx, new)
    words = f"created the company {clean}"
    data = {"company": number, "was": None}
    return Outcome(words, save_edit(tx, store, 0, "company", words, by, data))


def change_company(tx: Connection, company: Company, by: EditedBy, **changes: str) -> Outcome:
    """Change the name, email, vat_id or billing_company of a company."""
    if "billing_company" in changes:
        billing = changes["billing_company"]
        changes["billing_company"] = _free_billing_company(tx, company.store, billing, company)
    if "name" in changes:
        changes["name"] = " ".join(changes["name"].split())
        same = companies.find_company(tx, company.store, changes["name"])
        if not changes["name"] or (same is not None and same.id != company.id):
            raise UsageError(f"a company cannot be called {changes['name']!r}", "")
    new = _with(company, _fields(company) | changes)
    if new == company:
        return Outcome(f"the company {company.name} is like that already", changed=False)
    companies.save_company(tx, new)
    words = f"changed the company {new.name}"
    data = {"company": company.id, "was": _fields(company)}
    return Outcome(words, save_edit(tx, company.store, 0, "company", words, by, data))


def delete_company(tx: Connection, company: Company, by: EditedBy) -> Outcome:
    """Delete a company; its customers stay."""
    members = companies.delete_company(tx, company)
    words = f"deleted the company {company.name}"
    data = {"company": company.id, "was": _fields(company), "members": members}
    return Outcome(words, save_edit(tx, company.store, 0, "company", words, by, data))


def _free_billing_company(
    tx: Connection, store: str, text: str, company: Company | None = None
) -> str:
    """Return a billing company, folded; raises UsageError if another company has it."""
    folded = fold_company(text)
    taken = companies.find_by_billing(tx, store, folded)
    if taken is not None and (company is None or taken.id != company.id):
        message = f"the billing company {text!r} belongs to the company {taken.name} already"
        raise UsageError(message, "Customers can belong to one company only.")
    return folded


def _fields(company: Company) -> dict[str, str]:
    return {
        "name": company.name,
        "email": company.email,
        "vat_id": company.vat_id,
        "billing_company": company.billing_company,
    }


def _with(company: Company, fields: Mapping[str, str]) -> Company:
    return company._replace(
        name=fields["name"],
        email=fields["email"],
        vat_id=fields["vat_id"],
        billing_company=fields["billing_company"],
    )


@undoes("company")
def _undo_company(tx: Connection, edit: Edit, by: EditedBy) -> str:
    company = companies.load_company(tx, int(edit.data["company"]))
    was = edit.data["was"]
    if was is None:
        if company is not None:
            _delete_empty(tx, company)
        return "deleted the company again"
    number = int(edit.data["company"])
    now = company or Company(number, edit.store, "", "", "", "", by.name, by.at)
    companies.save_company(tx, _with(now, was))
    members = edit.data.get("members", ())
    for person in people.load_memories(tx, edit.store, members):  # those who are still there
        companies.set_by_hand(tx, edit.store, person, number, by.name, by.at)
    return f"gave the company {was['name']} its former details"


def _delete_empty(tx: Connection, company: Company) -> None:
    """Delete a company that nobody was put into by hand."""
    if companies.load_members(tx, company._replace(billing_company="")):
        advice = "'wcflow company delete' deletes it."
        raise UsageError(f"there are customers in {company.name} now", advice)
    companies.delete_company(tx, company)


# Members.


def put_into(tx: Connection, company: Company, person: int, by: EditedBy) -> Outcome:
    """Put a customer into a company by hand, out of any other."""
    current = companies.load_companies_of(tx, company.store, [person]).get(person)
    if current is not None and current.id == company.id:
        return Outcome(f"belongs to {company.name} already", changed=False)
    return _set(tx, company.store, person, company.id, f"put into the company {company.name}", by)


def take_out(tx: Connection, company: Company, person: int, by: EditedBy) -> Outcome:
    """Take a customer out of a company; their billing company does not bring them back."""
    current = companies.load_companies_of(tx, company.store, [person]).get(person)
    if current is None or current.id != company.id:
        where = f"They belong to {current.name}." if current else "They belong to no company."
        raise UsageError(f"this customer does not belong to {company.name}", where)
    return _set(tx, company.store, person, 0, f"taken out of the company {company.name}", by)


def _set(
    tx: Connection, store: str, person: int, company: int, words: str, by: EditedBy
) -> Outcome:
    data = {"was": companies.load_by_hand(tx, store, person)}
    companies.set_by_hand(tx, store, person, company, by.name, by.at)
    return Outcome(words, save_edit(tx, store, person, "company_member", words, by, data))


@undoes("company_member")
def _undo_member(tx: Connection, edit: Edit, by: EditedBy) -> str:
    companies.set_by_hand(tx, edit.store, edit.person, edit.data["was"], by.name, by.at)
    current = companies.load_companies_of(tx, edit.store, [edit.person]).get(edit.person)
    return f"belongs to the company {current.name} again" if current else "belongs to no company"
