"""All tables of the database, with a description of every column.

Times are whole seconds since 1970 in UTC, as precise as WooCommerce's. Amounts are integers in
the currency's minor unit. JSON columns are text, so that SQLite and PostgreSQL treat them alike.
"""

from wcflow.database.tables.companion import (
    CompanionCursorRow,
    CompanionDueRow,
    CompanionPushedRow,
    CompanionRequestRow,
    CompanionRow,
)
from wcflow.database.tables.customers import (
    CompanyMemberRow,
    CompanyRow,
    CustomerNoteRow,
    EditRow,
    ErasedIdentityRow,
    ErasureRow,
    GroupRow,
    NotSamePersonRow,
    SamePersonRow,
)
from wcflow.database.tables.people import (
    PERSON_LIST_COLUMNS,
    EventRow,
    IdentityRow,
    MembershipRow,
    PersonRow,
    SearchTextRow,
    TransitionRow,
)
from wcflow.database.tables.records import (
    CustomerRow,
    OrderRow,
    ProductRow,
    QuarantineRow,
    UnconfirmedRow,
    WrittenTagsRow,
)
from wcflow.database.tables.store import (
    AlertRow,
    ChannelRow,
    CrowdedSecondRow,
    ImportRange,
    RescanRow,
    SettingRow,
    StoreRow,
)
from wcflow.database.tables.team import (
    CampaignRow,
    CodesFileRow,
    DailyFigureRow,
    GroupMemberRow,
    PointsRow,
    PoolCodeRow,
    SubscriptionRow,
    SuppressionRow,
    TaskRow,
    TierRow,
)
from wcflow.database.tables.workflows import OutboxRow, RuleRow, RunRow, WorkflowRow

__all__ = [
    "PERSON_LIST_COLUMNS",
    "AlertRow",
    "CampaignRow",
    "ChannelRow",
    "CodesFileRow",
    "CompanionCursorRow",
    "CompanionDueRow",
    "CompanionPushedRow",
    "CompanionRequestRow",
    "CompanionRow",
    "CompanyMemberRow",
    "CompanyRow",
    "CrowdedSecondRow",
    "CustomerNoteRow",
    "CustomerRow",
    "DailyFigureRow",
    "EditRow",
    "ErasedIdentityRow",
    "ErasureRow",
    "EventRow",
    "GroupMemberRow",
    "GroupRow",
    "IdentityRow",
    "ImportRange",
    "MembershipRow",
    "NotSamePersonRow",
    "OrderRow",
    "OutboxRow",
    "PersonRow",
    "PointsRow",
    "PoolCodeRow",
    "ProductRow",
    "QuarantineRow",
    "RescanRow",
    "RuleRow",
    "RunRow",
    "SamePersonRow",
    "SearchTextRow",
    "SettingRow",
    "StoreRow",
    "SubscriptionRow",
    "SuppressionRow",
    "TaskRow",
    "TierRow",
    "TransitionRow",
    "UnconfirmedRow",
    "WorkflowRow",
    "WrittenTagsRow",
]
