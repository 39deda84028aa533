"""Every SQL statement of the services, found in their modules, and how often each runs.

A new constant belongs in one of the lists below: the test that reads them says which is missing.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("services", "shared/messaging")
VERB = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\s")
NO_TABLE = ("SELECT now()", "UPDATE 0")

# By module: the statements that run for each message or batch of them, for each batch of due rows, for each page or
# request, or by a clock. None of them may read a whole table.
HOT: Mapping[str, str] = {
    "shared.messaging.gauges": "LETTERS OUTBOX PARKED SWEEPS",
    "shared.messaging.store": """
        CLAIM CLAIMED STORED_SHA REFUSE PARKED PARK UNPARK FAILED_LATELY BURY CONSUMED OFFSETS UNSENT SENT BACKLOG SETTLE_DEAD
        BURIED_LATELY INBOX_PAGES OLD_INBOX OLD_DEAD BEGIN_SWEEP DUE_SWEEP MOVE_SWEEP END_SWEEP BECAME""",
    "shared.messaging.store_erasing": "LOAD NOTE COUNT FIND AMONG FORGOT",
    "shared.messaging.store_operated": "NOTE",
    "services.assessment.store_erasing": "ASKED SESSIONS ERASED",
    "services.supervision.store_audit": "NOTE_BRIEF NOTE_MENTOR OF_SITE NAMES OPERATED",
    "services.supervision.store_erasures": "LOAD DUE OVERDUE REST INSERT UPDATE PAGES FIND WHO ASKED",
    "services.assessment.store": """
        LOAD_MODULES FIND_MODULES INSERT_MODULES UPDATE_MODULES LOAD_SESSIONS FIND_SESSIONS INSERT_SESSIONS UPDATE_SESSIONS
        LOAD_ROSTER INSERT_ROSTER UPDATE_ROSTER LOAD_SITES INSERT_SITES UPDATE_SITES SITES LOAD_TRAININGS INSERT_TRAININGS
        UPDATE_TRAININGS PUT_BOOKMARK INSERT_OPEN_ANSWERS LOAD_SKILLS FIND_SKILLS INSERT_SKILLS UPDATE_SKILLS OPENED
        OPEN_ANSWERS AUDIT""",
    "services.assessment.store_regrades":
        "LOAD_CORRECTIONS FIND_CORRECTIONS INSERT_CORRECTIONS UPDATE_CORRECTIONS INSERT_ASKED ASKED",
    "services.assessment.store_link_requests": "LOAD INSERT UPDATE ASKED",
    "services.assessment.store_records": "OWNER COMPLETED MISSED SESSIONS OF_TRAININGS",
    "services.assessment.store_media": "FIND PIECE KEEP",
    "services.assessment.store_kept": "STANDS",
    "services.content.store_media": "FIND PIECE KEEP",
    "services.assessment.store_editions": "EDITIONS NEWEST",
    "services.assessment.store_reports": "LOAD INSERT UPDATE",
    "services.assessment.store_check_ins": "LOAD INSERT UPDATE ZONES OPENED",
    "services.content.store_statistics": "LOCK INSERT UPDATE ONE NUMBERS",
    "services.content.store": """
        LOCK_PUBLICATIONS VERSIONS NEW_PUBLICATIONS SAVE_VERSIONS OFFERS ITEMS LOCK_LEARNERS PASTS SAME_REQUEST SHOWINGS
        NEW_LEARNERS SAVE_CHOICES CHOSEN NAMED ONE""",
    "services.supervision.reading": """
        STAFF SITE MENTORS BETWEEN NEXT OF_TRAINING OF_SESSIONS OF_MENTOR COMING HOLDS OPEN_RULES
        CONTACTS_OF_SESSIONS CONTACTS_OF_MENTOR CONTACTS_SINCE LAST_TALKS SESSIONS SKILLS ALERTS_IN_STATE ALERTS_BY_ID COUNTS
        EXISTS ERASED CONTACT_BY_ID OPENED OPEN_ABOUT""",
    "services.supervision.reading_contacts": "CADENCE PER_MATCH",
    "services.supervision.reading_ledger": "CASES ENTRIES",
    "services.supervision.reading_trainings": "ANSWERS ITEMS CORRECTED",
    "services.supervision.reading_feed": "HERE CHANGES OF_SITES DAY",
    "services.supervision.store": """
        LOAD_SITES FIND_SITE INSERT_SITE UPDATE_SITE LOAD_PEOPLE LIST_KNOWN HERE SITE_LEADS BACK_UPS INSERT_PEOPLE UPDATE_PEOPLE
        LOAD_MODULES INSERT_MODULES UPDATE_MODULES LOAD_SKILLS INSERT_SKILLS UPDATE_SKILLS LOAD_PREPARATIONS DUE_PREPARATIONS
        OVERDUE_PREPARATIONS DONE INSERT_PREPARATIONS UPDATE_PREPARATIONS REST_PREPARATIONS INSERT_ANSWERS SUPERVISORS""",
    "services.supervision.store_cases": """
        LOAD DUE OVERDUE LOAD_ALERTS LOAD_TALKS INSERT UPDATE REST OF_SUPERVISOR PUT_ALERT ADD_CHANGE ADD_ENTRY
        PUT_CLEARANCE PUT_HOLD PUT_CONTACT
        NEWEST_TRAINING""",
    "services.supervision.store_ledger": "EVIDENCE",
    "services.supervision.store_uploads": "ADD FIND OF_SITE LAST_MAPPING CONFIRM DROP CLAIM WRITTEN END HOLD TOOK FORGET",
    "services.supervision.store_rosters": "LOAD INSERT UPDATE REMOVE OF_SITE",
    "services.supervision.store_subscribers": "LOAD INSERT UPDATE OF_SITES",
    "services.supervision.store_webhooks": "LOAD INSERT UPDATE CLAIM FIND",
    "services.supervision.store_links": "LOAD INSERT UPDATE WAITING EPOCH CHECK_IN_OF_SESSION CHECK_IN_OF_MENTOR",
    "services.supervision.store_regrades": "LOAD_CORRECTIONS INSERT_CORRECTIONS UPDATE_CORRECTIONS REGRADE TALKED",
    "services.supervision.store_check_ins": "LOAD INSERT UPDATE LAST",
    "services.supervision.store_readiness": "LOAD INSERT UPDATE OF_TRAINING",
    "services.supervision.store_absences": "LOAD INSERT UPDATE OF_SITE STAFF",
    "services.supervision.store_budget": "ASKS COUNT ENDED",
    "services.supervision.store_digests": "LOAD DUE OVERDUE INSERT UPDATE REST SENT WAITING LAST",
    "services.supervision.store_days_off": "LOAD DUE OVERDUE INSERT UPDATE REST OF_SITE",
    "services.supervision.store_notices": """
        LOAD ADD SOONER UPDATE CLAIM CLAIM_ASKS HAND_OVER LOAD_REACH INSERT_REACH UPDATE_REACH OF_PERSON ONE CHOICE REACHES""",
    "services.supervision.reading_notices":
        "READER SESSION NEWEST ALERT LISTED UNREACHED UNREACHED_STAFF TOGETHER READS_NOW TWINS",
    "services.supervision.store_console": "FORGET KEEP_LINK USE_LINK PERSON",
    "services.supervision.store_sessions": "FORGET START FIND USED BECOME END OF_PERSON END_ONE END_ALL",
    "services.supervision.store_accounts": "OF_EMAIL BIND OF_ACCOUNT OF_PERSON",
    "services.supervision.store_tokens": "FIND USED",
    "services.trigger.publishers": "LOCK ALL WHOSE USED USES FORGET_USES INSERT UPDATE",
    "services.trigger.store_cancellations": """
        PLANNED LOCK LOAD INSERT UNDO UNDONE_BEFORE TO_CANCEL TO_BRING_BACK LIST""",
    "services.trigger.store_holidays": "LOCK INSERT UPDATE OF_SITE",
    "services.trigger.store_zone_rules": "LOCK INSERT UPDATE",
    "services.trigger.store": """
        LOAD FIND DUE OVERDUE INSERT UPDATE REST_CLOCK HISTORY WAITED_FOR SITES_WAITED_FOR WAITING_FOR_MENTOR WAITING_AT_SITE
        NEARBY IN_ZONES ON_ANOTHER_CLOCK AT_SITE_ON_ANOTHER_CLOCK UNDER_OLDER_POLICY""",
    "services.trigger.store_copies": """
        MENTORS LOCK_MENTORS INSERT_MENTORS UPDATE_MENTORS INSIDE SITES LOCK_SITES INSERT_SITES UPDATE_SITES MEMORY LOCK_SKILLS
        INSERT_SKILLS UPDATE_SKILLS TRAININGS LOCK_TRAININGS INSERT_TRAININGS UPDATE_TRAININGS POLICIES KEEP_POLICIES
        LOCK_POLICIES INSERT_POLICIES UPDATE_POLICIES""",
    "services.trigger.store_feeds": "CLAIM FEED OTHERS ADD ASKED SOON MAP REMOVE",
    "services.trigger.store_imports": """
        TIME_ZONE LAST_SAID LAST_SAID_BY LAST_SAID_OF SAID_IN_ORDER SAVE TAKE ROSTER SOURCE_OF""",
    "services.trigger.store_policies": "PLANNED",
    "services.trigger.store_rejected": "LETTERS SET_ASIDE UNKNOWN",
}
# Seldom, and by somebody who waits for it; or a part of other statements. The reason is for the reader.
SELDOM: Mapping[str, str] = {
    "services.assessment.store.SITE_REVISIONS": "once, when a web process starts",
    "services.assessment.store_calls.FIND_CALL": "when somebody asked for a call; what has not left of the outbox is read",
    "services.content.store.LIST": "the list of all modules, which it shows",
    "services.content.store_statistics.NEWEST": "a page and a command for authors that show every module",
    "services.supervision.store_subscribers.LIST": "commands that list all subscribers",
    "services.supervision.store_webhooks.LIST": "a command that lists all webhooks",
    "services.supervision.reading_network.SITES": "all sites, for the network's page",
    "services.supervision.reading_network.TALKS": "counts a month of all sites, at most every hour in a process",
    "services.supervision.reading_network.TRAININGS": "counts a month of all sites, at most every hour in a process",
    "services.supervision.reading_network.CONTACTS": "counts a month of all sites, at most every hour in a process",
    "services.supervision.reading_network.MISSED": "counts a month of all sites, at most every hour in a process",
    "services.supervision.reading_network.TRAINED": "counts a month of all sites, at most every hour in a process",
    "services.supervision.reading_network.OPEN": "counts all skills of all mentors, at most every hour in a process",
    "services.supervision.reading.PREPARED": "the beginning of others",
    "services.supervision.reading.CONTACT": "the beginning of others",
    "services.supervision.reading.ALERTS": "the beginning of others",
    "services.supervision.reading_site.NEEDING": "all modules, where a site that lacks data is looked at",
    "services.supervision.store.LIST_SITES": "a command that lists all sites",
    "services.supervision.store_webhook_secrets.LIST": "a command that counts what is sealed with each key",
    "services.supervision.store_webhook_secrets.LOCK": "a command that seals all secrets anew; there are few",
    "services.supervision.store_webhook_secrets.PUT": "the same, by its key",
    "services.assessment.store_sealed.COUNT": "a command that counts what is sealed with each key",
    "services.assessment.store_sealed.OTHERS": "a command that seals anew, in steps",
    "services.assessment.store_sealed.PUT": "the same, by its key",
    "services.assessment.store_erasing.WORDS": "a command that hands a mentor what they wrote",
    "services.supervision.store_erasures.OFF": "an erasure; a site has few days off",
    "services.supervision.store_erasures.ONEROSTER": "an erasure: all rows are looked through",
    "services.supervision.store_erasures.ONEROSTER_SELF": "an erasure: all rows are looked through",
    "services.trigger.store.AT_SITE": "a command that lists a site's sessions",
    "services.trigger.store_feeds.FEEDS": "a command that lists all feeds",
    "services.trigger.store_feeds.WAITING": "a page for operators, of the feeds that wait for somebody",
    "shared.messaging.store_erasing.ALL": "an import, and a command that does all erasures again",
    "shared.messaging.store_operated.LAST": "a command that lists what commands were run",
    "shared.messaging.store_erasing.ROWS_OF": "an erasure, of a table that privacy.toml names",
    "shared.messaging.store_erasing.DONE_BY": "an erasure of a member of staff, of a table that privacy.toml names",
    "shared.messaging.store_erasing.INSIDE": "an erasure of a member of staff, of a table that privacy.toml names",
    "shared.messaging.store_erasing.NAMING": "an erasure, of a table that privacy.toml names",
    "shared.messaging.store_erasing.HOW_MANY": "a command that shows what an erasure would take",
    "shared.messaging.store_erasing.HAND_OUT": "a command that hands a person all that is kept",
    "shared.messaging.store_erasing.TOO_OLD": "once an hour, on a connection of its own, of a table that privacy.toml names",
    "shared.messaging.store_erasing.HOW_OLD": "a command that shows what is too old",
    "shared.messaging.store_erasing.FORGET_BY": "calls a function of the schema",
    "shared.messaging.store_erasing.LOG": "a command that lists what was forgotten",
    "shared.messaging.store_erasing.ONE_AT_A_TIME": "takes a lock, reads no table",
    "shared.messaging.store_erasing.LETTERS": "an erasure: all dead letters are looked through",
    "shared.messaging.store_erasing.SITES_LETTERS": "an erasure: all dead letters are looked through",
    "shared.messaging.store_erasing.THESE_LETTERS": "an erasure, letters by their keys",
    "shared.messaging.store_erasing.CAUSES": "an erasure: the few sweeps are looked through",
    "shared.messaging.store_erasing.PARKED": "an erasure: the few parked keys are looked through",
    "shared.messaging.store.OPEN_DEAD": "a command that lists every dead letter that is still open",
    "shared.messaging.letters.COUNT": "a command, by any filter that an operator chooses",
    "shared.messaging.letters.COUNTS": "a command, by any filter that an operator chooses",
    "shared.messaging.letters.IDS": "a command, by any filter that an operator chooses",
    "shared.messaging.letters.LIST": "a command, by any filter that an operator chooses",
    "shared.messaging.letters.PAGE": "a page for operators, by any filter that one chooses",
    "shared.messaging.letters.WHOLE": "one letter, by its key",
    "shared.messaging.letters.BEHIND": "a page for operators, of the open letters only",
    "shared.messaging.letters.GIVEN_UP": "those that an operator gives up, by their keys",
    "services.supervision.store_console.KEEP_PLATFORM_LINK": "when somebody who runs the network asks for a link",
    "services.supervision.store_accounts.FORGET": "a command that lets go of somebody's account",
    "services.supervision.store_accounts.STAFF_OF_EMAIL": "a command that signs somebody out everywhere",
    "services.supervision.store_accounts.STAFF_OF_REFERENCE": "a command that signs somebody out everywhere",
    "services.supervision.store_accounts.ADD": "a command that enters somebody who runs the network",
    "services.supervision.store_accounts.LIST": "a command that lists those who run the network",
    "services.supervision.store_accounts.REMOVE": "a command that removes somebody who runs the network",
    "services.supervision.store_tokens.LIST": "a command that lists all tokens",
    "services.supervision.store_tokens.ADD": "a command that gives one token",
    "services.supervision.store_tokens.REVOKE": "a command that ends one token",
    "services.supervision.store_tokens.UNKNOWN_SITES": "a command that gives one token",
    "shared.messaging.rebuild.TABLES": "looks at the catalog of tables",
    "shared.messaging.rebuild.PRIMARY_KEY": "looks at the catalog of indexes",
    "shared.messaging.rebuild.ERASED": "a command that makes copies again; people who were erased are few",
    "shared.messaging.rebuild.LEAVE": "of a table made aside",
    "shared.messaging.rebuild.COMPARE": "a command that compares a whole table",
    "shared.messaging.rebuild.REMOVE_WRONG": "a command that compares a whole table",
    "shared.messaging.rebuild.INSERT_MADE": "a command that compares a whole table",
    "shared.messaging.relay.RELAYS": "looks at the server's connections, not at a table",
    "shared.messaging.relay.TRY_LOCK": "takes a lock, reads no table",
    "shared.messaging.relay.UNLOCK": "gives back a lock, reads no table",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """`name`: its module and constant, with a number where one constant holds several."""

    name: str
    sql: str

    @property
    def schema(self) -> str:
        return self.name.split(".")[1]


def found() -> list[Statement]:
    """All that are written as constants of modules."""
    return [statement for module in _modules() for statement in _constants(module)]


def hot() -> list[Statement]:
    return [statement for statement in found() if constant_of(statement) in named()]


def named() -> set[str]:
    return {f"{module}.{name}" for module, names in HOT.items() for name in names.split()}


def inside_code() -> list[str]:
    """Statements that are written where they are run: nobody would find them."""
    return [f"{path.relative_to(ROOT)}:{line}" for path in _files() for line in _literals_in_functions(path)]


def constant_of(statement: Statement) -> str:
    return statement.name.partition("[")[0]


def _files() -> list[Path]:
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def _modules() -> list[str]:
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in _files() if path.name != "__init__.py"]


def _constants(module: str) -> Iterator[Statement]:
    values = vars(import_module(module))
    for name in _assigned(ROOT / f"{module.replace('.', '/')}.py"):
        match values[name]:
            case str(sql) if VERB.match(sql) and sql not in NO_TABLE:
                yield Statement(f"{module}.{name}", sql)
            case (*several,) if several and all(isinstance(sql, str) and VERB.match(sql) for sql in several):
                yield from (Statement(f"{module}.{name}[{n}]", sql) for n, sql in enumerate(several))


def _assigned(path: Path) -> list[str]:
    """Names that this very module gives a value: what it imports belongs to another."""
    nodes = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Assign)]
    return [target.id for node in nodes for target in node.targets if isinstance(target, ast.Name)]


def _literals_in_functions(path: Path) -> list[int]:
    nodes = ast.walk(ast.parse(path.read_text()))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    literals = [node for function in functions for node in ast.walk(function) if isinstance(node, ast.Constant)]
    return [node.lineno for node in literals
            if isinstance(node.value, str) and VERB.match(node.value) and node.value not in NO_TABLE]
