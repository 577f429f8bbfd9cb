"""``wcflow company``: companies, their customers and their figures."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.cli import describe, output
from wcflow.cli.context import edited_by, open_database_session
from wcflow.cli.find_customer import find_customer
from wcflow.cli.help import Typer
from wcflow.cli.options import (
    AsJson,
    ConfigFile,
    CustomerText,
    Reason,
    StoreName,
    Yes,
    confirm,
    select_store,
)
from wcflow.customers import companies as operations
from wcflow.database import companies
from wcflow.database.companies import Company, CompanyFigures
from wcflow.database.contacts import Contact, load_contacts
from wcflow.database.stores import load_store_row
from wcflow.errors import UsageError
from wcflow.units import to_major

Name = Annotated[str, typer.Argument(metavar="COMPANY", help="The name of the company.")]
Email = Annotated[
    str | None, typer.Option("--email", metavar="ADDRESS", help="Its e-mail address.")
]
VatId = Annotated[str | None, typer.Option("--vat-id", metavar="ID", help="Its VAT id.")]
Billing = Annotated[
    str | None,
    typer.Option(
        "--billing-company",
        metavar="TEXT",
        help="Customers with this company in their billing address belong to it. '' for none.",
    ),
]


def register(app: typer.Typer) -> None:
    family = Typer(no_args_is_help=True, help="Companies: their customers and figures.")
    family.command("list")(list_companies)
    family.command("show")(show)
    family.command("create")(create)
    family.command("edit")(edit)
    family.command("delete")(delete)
    family.command("add")(add)
    family.command("remove")(remove)
    app.add_typer(family, name="company")


def list_companies(
    config: ConfigFile = None, store: StoreName = None, as_json: AsJson = False
) -> None:
    """List the companies, with their customers, paid orders and revenue.

    The figures are those of the last evaluation.
    """
    with open_database_session(config) as session, session.db.reading() as tx:
        found = {
            each.name: [
                (company, companies.load_figures(tx, company))
                for company in companies.load_companies(tx, each.name)
            ]
            for each in session.stores(store)
        }
        currencies = {name: _currency(tx, name) for name in found}
    if as_json:
        output.print_json(
            {
                name: [_json(*pair, currencies[name]) for pair in some]
                for name, some in found.items()
            }
        )
        return
    for name, some in found.items():
        count = output.format_count(len(some), "company", "companies")
        output.print_line(f"{name}: {count}; amounts are in {currencies[name]}", "bold")
        rows = [_row(company, figures, currencies[name]) for company, figures in some]
        if rows:
            output.print_table(("company", "customers", "orders", "revenue", "e-mail"), rows)


def _currency(tx: Connection, store: str) -> str:
    row = load_store_row(tx, store)
    return row.currency if row else ""


def _row(company: Company, figures: CompanyFigures, currency: str) -> tuple[object, ...]:
    revenue = f"{to_major(figures.spent, currency):,f}"
    return company.name, figures.customers, figures.orders, revenue, company.email


def _json(company: Company, figures: CompanyFigures, currency: str) -> dict[str, object]:
    return {
        "name": company.name,
        "email": company.email or None,
        "vat_id": company.vat_id or None,
        "billing_company": company.billing_company or None,
        "customers": figures.customers,
        "orders_count": figures.orders,
        "revenue": to_major(figures.spent, currency),
        "currency": currency,
    }


def show(
    name: Name, config: ConfigFile = None, store: StoreName = None, as_json: AsJson = False
) -> None:
    """Show a company and its customers."""
    with open_database_session(config) as session, session.db.reading() as tx:
        where = select_store(session.config, store).name
        company = operations.find_company(tx, where, name)
        figures, currency = companies.load_figures(tx, company), _currency(tx, where)
        members = companies.load_members(tx, company)
        contacts = load_contacts(tx, where, members)
    if as_json:
        customers = [describe.customer_json(contacts.get(each)) for each in members]
        output.print_json(_json(company, figures, currency) | {"members": customers})
        return
    _print(company, figures, currency)
    rows = [_member_row(contacts[each]) for each in members]
    if rows:
        output.print_table(("customer", "name", "e-mail"), rows)


def _print(company: Company, figures: CompanyFigures, currency: str) -> None:
    output.print_line(company.name, "bold")
    lines = {
        "e-mail": company.email,
        "VAT id": company.vat_id,
        "customers": f"{figures.customers:,}",
        "paid orders": f"{figures.orders:,}",
        "revenue": f"{to_major(figures.spent, currency):,f} {currency}",
        "joined by": f"the billing company {company.billing_company!r}"
        if company.billing_company
        else "hand only",
    }
    for word, value in lines.items():
        if value:
            output.print_line(f"{word + ':':<13} {value}", indent=2)


def _member_row(contact: Contact) -> tuple[object, ...]:
    return str(contact.customer_id or "guest"), contact.name, contact.email


def create(
    name: Name,
    email: Email = None,
    vat_id: VatId = None,
    billing_company: Billing = None,
    config: ConfigFile = None,
    store: StoreName = None,
) -> None:
    """Create a company. Customers with its name as their billing company belong to it at once."""
    with open_database_session(config) as session, session.db.transaction() as tx:
        where = select_store(session.config, store).name
        operations.create_company(
            tx,
            where,
            name,
            edited_by(session),
            email=email or "",
            vat_id=vat_id or "",
            billing_company=name if billing_company is None else billing_company,
        )
        company = operations.find_company(tx, where, name)
        figures = companies.load_figures(tx, company)
    count = output.format_count(figures.customers, "customer")
    output.print_line(f"Created {company.name}, with {count}.", "green")


def edit(
    name: Name,
    new_name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Its new name.")
    ] = None,
    email: Email = None,
    vat_id: VatId = None,
    billing_company: Billing = None,
    config: ConfigFile = None,
    store: StoreName = None,
) -> None:
    """Change a company's details."""
    given = {
        "name": new_name,
        "email": email,
        "vat_id": vat_id,
        "billing_company": billing_company,
    }
    changes = {field: value for field, value in given.items() if value is not None}
    if not changes:
        raise UsageError("nothing to change", "'wcflow company edit --help' lists the options.")
    with open_database_session(config) as session, session.db.transaction() as tx:
        company = operations.find_company(tx, select_store(session.config, store).name, name)
        outcome = operations.change_company(tx, company, edited_by(session), **changes)
    output.print_line(describe.sentence(outcome.words), "green" if outcome.changed else "")


def delete(
    name: Name,
    config: ConfigFile = None,
    store: StoreName = None,
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """Delete a company. Its customers and their orders stay."""
    with open_database_session(config) as session:
        where = select_store(session.config, store).name
        with session.db.reading() as tx:
            company = operations.find_company(tx, where, name)
            count = companies.load_figures(tx, company).customers
        question = f"{company.name} has {output.format_count(count, 'customer')}. Delete it?"
        if not confirm(question, yes=yes):
            output.print_line("Cancelled.")
            return
        with session.db.transaction() as tx:
            operations.delete_company(tx, company, edited_by(session, reason))
    output.print_line(f"Deleted {company.name}. Its customers stay.", "green")


def add(
    name: Name, customer: CustomerText, config: ConfigFile = None, store: StoreName = None
) -> None:
    """Put a customer into a company, whatever their billing company is."""
    with open_database_session(config) as session, session.db.transaction() as tx:
        who = find_customer(tx, session, store, " ".join(customer))
        company = operations.find_company(tx, who.settings.name, name)
        outcome = operations.put_into(tx, company, who.person, edited_by(session))
        contact = load_contacts(tx, who.settings.name, [who.person])[who.person]
    output.print_line(f"{contact.short}: {outcome.words}.", "green" if outcome.changed else "")


def remove(
    name: Name, customer: CustomerText, config: ConfigFile = None, store: StoreName = None
) -> None:
    """Take a customer out of a company. Their billing company does not bring them back."""
    with open_database_session(config) as session, session.db.transaction() as tx:
        who = find_customer(tx, session, store, " ".join(customer))
        company = operations.find_company(tx, who.settings.name, name)
        outcome = operations.take_out(tx, company, who.person, edited_by(session))
        contact = load_contacts(tx, who.settings.name, [who.person])[who.person]
    output.print_line(f"{contact.short}: {outcome.words}.", "green")
