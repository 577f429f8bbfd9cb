SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.alert (
    store character varying NOT NULL,
    kind character varying NOT NULL,
    way character varying NOT NULL,
    told_at bigint NOT NULL,
    is_open boolean NOT NULL
);
CREATE TABLE public.campaign (
    store character varying NOT NULL,
    name character varying NOT NULL,
    state character varying NOT NULL,
    mode character varying DEFAULT 'live'::character varying NOT NULL,
    started_at bigint NOT NULL,
    started_by character varying NOT NULL,
    audience_at bigint NOT NULL,
    "position" bigint NOT NULL,
    queued integer DEFAULT 0 NOT NULL,
    audience integer NOT NULL,
    finished_at bigint,
    approved boolean DEFAULT false NOT NULL,
    changed_at bigint,
    reason text DEFAULT ''::text NOT NULL,
    rules_digest character varying NOT NULL
);
CREATE TABLE public.channel (
    store character varying NOT NULL,
    name character varying NOT NULL,
    hold_reason text NOT NULL,
    held_since bigint,
    approved boolean NOT NULL,
    error text DEFAULT ''::text NOT NULL,
    error_since bigint
);
CREATE TABLE public.codes_file (
    store character varying NOT NULL,
    pool character varying NOT NULL,
    stamp character varying NOT NULL,
    digest character varying NOT NULL,
    imported_at bigint NOT NULL,
    problem text NOT NULL
);
CREATE TABLE public.company (
    id bigint NOT NULL,
    store character varying NOT NULL,
    name character varying NOT NULL,
    folded character varying NOT NULL,
    email character varying NOT NULL,
    vat_id character varying NOT NULL,
    billing_company character varying NOT NULL,
    made_by character varying NOT NULL,
    made_at bigint NOT NULL
);
CREATE SEQUENCE public.company_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.company_id_seq OWNED BY public.company.id;
CREATE TABLE public.company_member (
    store character varying NOT NULL,
    person bigint NOT NULL,
    company bigint NOT NULL,
    since bigint NOT NULL,
    added_by character varying NOT NULL
);
CREATE TABLE public.crowded_second (
    store character varying NOT NULL,
    status character varying NOT NULL,
    second bigint NOT NULL,
    started bigint NOT NULL,
    "position" integer NOT NULL,
    last_id bigint NOT NULL,
    done boolean NOT NULL
);
CREATE TABLE public.customer (
    store character varying NOT NULL,
    id bigint NOT NULL,
    email character varying NOT NULL,
    first_name character varying NOT NULL,
    last_name character varying NOT NULL,
    username character varying NOT NULL,
    role character varying NOT NULL,
    created bigint,
    detail text NOT NULL,
    billing_email character varying DEFAULT ''::character varying NOT NULL,
    odd_fields character varying DEFAULT ''::character varying NOT NULL
);
CREATE TABLE public.customer_group (
    store character varying NOT NULL,
    name character varying NOT NULL,
    made_by character varying NOT NULL,
    made_at bigint NOT NULL
);
CREATE TABLE public.customer_note (
    id bigint NOT NULL,
    store character varying NOT NULL,
    person bigint NOT NULL,
    category character varying NOT NULL,
    text text NOT NULL,
    order_id bigint NOT NULL,
    written_by character varying NOT NULL,
    written_at bigint NOT NULL,
    removed_at bigint
);
CREATE SEQUENCE public.customer_note_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.customer_note_id_seq OWNED BY public.customer_note.id;
CREATE TABLE public.daily_figure (
    store character varying NOT NULL,
    day character varying NOT NULL,
    kind character varying NOT NULL,
    name character varying NOT NULL,
    figure character varying NOT NULL,
    value bigint NOT NULL
);
CREATE TABLE public.edit (
    id bigint NOT NULL,
    store character varying NOT NULL,
    person bigint NOT NULL,
    kind character varying NOT NULL,
    words text NOT NULL,
    edited_by character varying NOT NULL,
    at bigint NOT NULL,
    reason text NOT NULL,
    data text NOT NULL,
    bulk character varying NOT NULL,
    key character varying,
    undoes bigint
);
CREATE SEQUENCE public.edit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.edit_id_seq OWNED BY public.edit.id;
CREATE TABLE public.erased_identity (
    store character varying NOT NULL,
    hash character varying NOT NULL,
    erasure bigint NOT NULL,
    person bigint NOT NULL
);
CREATE TABLE public.erasure (
    id bigint NOT NULL,
    store character varying NOT NULL,
    mode character varying NOT NULL,
    person bigint NOT NULL,
    account bigint NOT NULL,
    counts text NOT NULL,
    erased_by character varying NOT NULL,
    reason text NOT NULL,
    at bigint NOT NULL,
    finished_at bigint
);
CREATE SEQUENCE public.erasure_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.erasure_id_seq OWNED BY public.erasure.id;
CREATE TABLE public.event (
    id bigint NOT NULL,
    store character varying NOT NULL,
    person bigint NOT NULL,
    kind character varying NOT NULL,
    key character varying NOT NULL,
    at bigint NOT NULL,
    source character varying NOT NULL,
    data text NOT NULL
);
CREATE SEQUENCE public.event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.event_id_seq OWNED BY public.event.id;
CREATE TABLE public.group_member (
    store character varying NOT NULL,
    person bigint NOT NULL,
    name character varying NOT NULL,
    since bigint NOT NULL,
    added_by character varying NOT NULL
);
CREATE TABLE public.identity (
    store character varying NOT NULL,
    kind character varying NOT NULL,
    value character varying NOT NULL,
    person bigint NOT NULL
);
CREATE TABLE public.import_range (
    store character varying NOT NULL,
    resource character varying NOT NULL,
    number integer NOT NULL,
    "position" bigint NOT NULL,
    "end" bigint NOT NULL,
    done boolean NOT NULL,
    crowd_position integer DEFAULT 0 NOT NULL,
    crowd_last_id bigint DEFAULT 0 NOT NULL
);
CREATE TABLE public.membership (
    store character varying NOT NULL,
    person bigint NOT NULL,
    segment character varying NOT NULL,
    since bigint NOT NULL
);
CREATE TABLE public.not_same_person (
    store character varying NOT NULL,
    one character varying NOT NULL,
    other character varying NOT NULL,
    said_by character varying NOT NULL,
    at bigint NOT NULL
);
CREATE TABLE public.orders (
    store character varying NOT NULL,
    id bigint NOT NULL,
    number character varying NOT NULL,
    status character varying NOT NULL,
    currency character varying NOT NULL,
    total bigint NOT NULL,
    discount_total bigint NOT NULL,
    customer_id bigint NOT NULL,
    email character varying NOT NULL,
    created bigint NOT NULL,
    modified bigint NOT NULL,
    paid bigint,
    completed bigint,
    payment_method character varying NOT NULL,
    created_via character varying NOT NULL,
    customer_note text NOT NULL,
    detail text NOT NULL,
    history text NOT NULL,
    odd_fields character varying DEFAULT ''::character varying NOT NULL,
    parent_id bigint DEFAULT 0 NOT NULL,
    undated boolean DEFAULT false NOT NULL
);
CREATE TABLE public.outbox (
    id bigint NOT NULL,
    store character varying NOT NULL,
    rule character varying NOT NULL,
    person bigint NOT NULL,
    event character varying NOT NULL,
    step character varying NOT NULL,
    kind character varying NOT NULL,
    channel character varying NOT NULL,
    target_id bigint NOT NULL,
    payload text NOT NULL,
    run_id bigint,
    needs text DEFAULT '[]'::text NOT NULL,
    state character varying NOT NULL,
    due_at bigint NOT NULL,
    queued_at bigint NOT NULL,
    claimed_at bigint,
    claimed_by character varying NOT NULL,
    finished_at bigint,
    attempts integer NOT NULL,
    approved boolean NOT NULL,
    urgent boolean DEFAULT false NOT NULL,
    priority integer DEFAULT 0 NOT NULL,
    marketing boolean DEFAULT false NOT NULL,
    outcome text NOT NULL,
    cancelled_by bigint,
    rules_digest character varying NOT NULL
);
CREATE SEQUENCE public.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.outbox_id_seq OWNED BY public.outbox.id;
CREATE TABLE public.person (
    id bigint NOT NULL,
    store character varying NOT NULL,
    email character varying NOT NULL,
    present boolean NOT NULL,
    dirty integer NOT NULL,
    due_at bigint,
    evaluated_at bigint,
    rules_digest character varying NOT NULL,
    added_by_hand text NOT NULL,
    removed_by_hand text NOT NULL,
    added_by_workflows text NOT NULL,
    kept_forever text NOT NULL,
    current_tags text NOT NULL,
    matching_workflows text NOT NULL,
    written_to_customer text,
    written_to_order text,
    written_order_id bigint NOT NULL,
    total_spent bigint NOT NULL,
    orders_count integer NOT NULL,
    spend_percentile integer,
    orders_percentile integer,
    consent boolean,
    list_key character varying DEFAULT ''::character varying NOT NULL,
    name character varying DEFAULT ''::character varying NOT NULL,
    sort_name character varying DEFAULT ''::character varying NOT NULL,
    phone character varying DEFAULT ''::character varying NOT NULL,
    company character varying DEFAULT ''::character varying NOT NULL,
    last_order bigint,
    since bigint,
    inactive boolean DEFAULT false NOT NULL
);
CREATE SEQUENCE public.person_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.person_id_seq OWNED BY public.person.id;
CREATE TABLE public.points (
    id bigint NOT NULL,
    store character varying NOT NULL,
    person bigint NOT NULL,
    key character varying NOT NULL,
    amount bigint NOT NULL,
    reason text NOT NULL,
    changed_by character varying NOT NULL,
    order_id bigint NOT NULL,
    terms character varying NOT NULL,
    at bigint NOT NULL,
    expires_at bigint,
    undoes bigint,
    run_id bigint
);
CREATE SEQUENCE public.points_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.points_id_seq OWNED BY public.points.id;
CREATE TABLE public.pool_code (
    id bigint NOT NULL,
    store character varying NOT NULL,
    pool character varying NOT NULL,
    code character varying NOT NULL,
    shown character varying NOT NULL,
    state character varying NOT NULL,
    reason text NOT NULL,
    person bigint,
    run_id bigint,
    step character varying NOT NULL,
    changed_at bigint NOT NULL,
    checked_at bigint
);
CREATE SEQUENCE public.pool_code_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.pool_code_id_seq OWNED BY public.pool_code.id;
CREATE TABLE public.product (
    store character varying NOT NULL,
    id bigint NOT NULL,
    name character varying NOT NULL,
    sku character varying NOT NULL,
    categories text NOT NULL,
    tags text NOT NULL,
    modified bigint,
    odd_fields character varying DEFAULT ''::character varying NOT NULL
);
CREATE TABLE public.quarantine (
    store character varying NOT NULL,
    kind character varying NOT NULL,
    id bigint NOT NULL,
    reason text NOT NULL,
    first_seen bigint NOT NULL,
    last_seen bigint NOT NULL
);
CREATE TABLE public.rescan (
    store character varying NOT NULL,
    name character varying NOT NULL,
    started bigint NOT NULL,
    "position" bigint NOT NULL,
    "end" bigint NOT NULL,
    done integer NOT NULL,
    pages integer NOT NULL
);
CREATE TABLE public.rule (
    store character varying NOT NULL,
    kind character varying NOT NULL,
    name character varying NOT NULL,
    digest character varying NOT NULL,
    changed_at bigint NOT NULL
);
CREATE TABLE public.run (
    id bigint NOT NULL,
    store character varying NOT NULL,
    workflow character varying NOT NULL,
    person bigint NOT NULL,
    event character varying NOT NULL,
    event_at bigint NOT NULL,
    order_id bigint NOT NULL,
    purchase_id bigint DEFAULT 0 NOT NULL,
    line_item_id bigint NOT NULL,
    mode character varying NOT NULL,
    state character varying NOT NULL,
    path text NOT NULL,
    due_at bigint,
    steps text NOT NULL,
    variables text NOT NULL,
    progress text DEFAULT '{}'::text NOT NULL,
    reason text NOT NULL,
    rules_digest character varying NOT NULL,
    started_at bigint NOT NULL,
    ended_at bigint
);
CREATE SEQUENCE public.run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.run_id_seq OWNED BY public.run.id;
CREATE TABLE public.same_person (
    store character varying NOT NULL,
    email character varying NOT NULL,
    belongs_to character varying NOT NULL
);
CREATE TABLE public.setting (
    name character varying NOT NULL,
    value text NOT NULL
);
CREATE TABLE public.store (
    name character varying NOT NULL,
    url character varying NOT NULL,
    uid character varying NOT NULL,
    title character varying NOT NULL,
    time_zone character varying NOT NULL,
    currency character varying NOT NULL,
    version character varying NOT NULL,
    uses_hpos boolean NOT NULL,
    can_read_meta boolean NOT NULL,
    key_digest character varying DEFAULT ''::character varying NOT NULL,
    key_read_at bigint,
    meta_write_verified boolean NOT NULL,
    initial_sync_started bigint,
    initial_sync_done bigint,
    child_orders_read boolean DEFAULT false NOT NULL,
    order_cursor bigint,
    has_subscriptions boolean DEFAULT false NOT NULL,
    has_companion boolean DEFAULT false NOT NULL,
    subscription_cursor bigint,
    newest_customer_id bigint NOT NULL,
    customer_rescan_position bigint NOT NULL,
    customer_rescan_started bigint,
    reconciled_at bigint,
    polled_at bigint,
    poll_error text NOT NULL,
    poll_error_since bigint,
    write_error text DEFAULT ''::text NOT NULL,
    write_error_since bigint,
    clock_here bigint,
    clock_store bigint,
    evaluated_at bigint,
    evaluated_before bigint,
    median_order_gap character varying NOT NULL,
    rules_digest character varying NOT NULL,
    full_evaluation_position bigint,
    applied_settings text,
    meta_keys text,
    resyncing character varying NOT NULL,
    empty_answer_approved boolean NOT NULL,
    lease_holder character varying NOT NULL,
    lease_until bigint NOT NULL
);
CREATE TABLE public.subscription (
    store character varying NOT NULL,
    id bigint NOT NULL,
    customer_id bigint NOT NULL,
    email character varying NOT NULL,
    status character varying NOT NULL,
    parent_id bigint NOT NULL,
    created bigint NOT NULL,
    started bigint,
    next_payment bigint,
    cancelled bigint,
    ended bigint,
    modified bigint NOT NULL,
    history text NOT NULL,
    data text NOT NULL
);
CREATE TABLE public.suppression (
    store character varying NOT NULL,
    channel character varying NOT NULL,
    address character varying NOT NULL,
    kind character varying NOT NULL,
    reason text NOT NULL,
    at bigint NOT NULL,
    added_by character varying NOT NULL
);
CREATE TABLE public.task (
    id bigint NOT NULL,
    store character varying NOT NULL,
    key character varying NOT NULL,
    kind character varying NOT NULL,
    person bigint NOT NULL,
    order_id bigint NOT NULL,
    text text NOT NULL,
    assignee character varying NOT NULL,
    state character varying NOT NULL,
    due_at bigint,
    snoozed_until bigint,
    told_at bigint,
    made_by character varying NOT NULL,
    made_at bigint NOT NULL,
    done_by character varying NOT NULL,
    done_at bigint,
    run_id bigint
);
CREATE SEQUENCE public.task_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.task_id_seq OWNED BY public.task.id;
CREATE TABLE public.tier (
    store character varying NOT NULL,
    person bigint NOT NULL,
    tier character varying NOT NULL,
    before character varying NOT NULL,
    since bigint NOT NULL,
    below_since bigint,
    fixed_by character varying NOT NULL,
    fixed character varying NOT NULL
);
CREATE TABLE public.transition (
    id bigint NOT NULL,
    store character varying NOT NULL,
    person bigint NOT NULL,
    segment character varying NOT NULL,
    entered boolean NOT NULL,
    at bigint NOT NULL,
    reason text NOT NULL
);
CREATE SEQUENCE public.transition_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.transition_id_seq OWNED BY public.transition.id;
CREATE TABLE public.unconfirmed (
    store character varying NOT NULL,
    kind character varying NOT NULL,
    id bigint NOT NULL
);
CREATE TABLE public.wcflow_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.workflow (
    store character varying NOT NULL,
    name character varying NOT NULL,
    mode character varying NOT NULL,
    rules_digest character varying NOT NULL,
    active_since bigint NOT NULL,
    paused_at bigint
);
CREATE TABLE public.written_tags (
    store character varying NOT NULL,
    kind character varying NOT NULL,
    id bigint NOT NULL,
    tags text NOT NULL,
    dropped text NOT NULL
);
ALTER TABLE ONLY public.company ALTER COLUMN id SET DEFAULT nextval('public.company_id_seq'::regclass);
ALTER TABLE ONLY public.customer_note ALTER COLUMN id SET DEFAULT nextval('public.customer_note_id_seq'::regclass);
ALTER TABLE ONLY public.edit ALTER COLUMN id SET DEFAULT nextval('public.edit_id_seq'::regclass);
ALTER TABLE ONLY public.erasure ALTER COLUMN id SET DEFAULT nextval('public.erasure_id_seq'::regclass);
ALTER TABLE ONLY public.event ALTER COLUMN id SET DEFAULT nextval('public.event_id_seq'::regclass);
ALTER TABLE ONLY public.outbox ALTER COLUMN id SET DEFAULT nextval('public.outbox_id_seq'::regclass);
ALTER TABLE ONLY public.person ALTER COLUMN id SET DEFAULT nextval('public.person_id_seq'::regclass);
ALTER TABLE ONLY public.points ALTER COLUMN id SET DEFAULT nextval('public.points_id_seq'::regclass);
ALTER TABLE ONLY public.pool_code ALTER COLUMN id SET DEFAULT nextval('public.pool_code_id_seq'::regclass);
ALTER TABLE ONLY public.run ALTER COLUMN id SET DEFAULT nextval('public.run_id_seq'::regclass);
ALTER TABLE ONLY public.task ALTER COLUMN id SET DEFAULT nextval('public.task_id_seq'::regclass);
ALTER TABLE ONLY public.transition ALTER COLUMN id SET DEFAULT nextval('public.transition_id_seq'::regclass);
INSERT INTO public.campaign (store, name, state, mode, started_at, started_by, audience_at, "position", queued, audience, finished_at, approved, changed_at, reason, rules_digest) VALUES ('shop', 'thanks', 'done', 'live', 1781521380, 'by command', 1781521380, 1, 1, 1, 1781521380, true, 1781521560, '', '6390c9a41584bf87f1674572f0a07ca42d843e1e23c4c840ce6d7f8d919d0bc5');
INSERT INTO public.channel (store, name, hold_reason, held_since, approved, error, error_since) VALUES ('shop', 'store', '', NULL, true, '', NULL);
INSERT INTO public.channel (store, name, hold_reason, held_since, approved, error, error_since) VALUES ('shop', 'email', '', NULL, true, '', NULL);
INSERT INTO public.channel (store, name, hold_reason, held_since, approved, error, error_since) VALUES ('shop', 'message', '', NULL, true, '', NULL);
INSERT INTO public.channel (store, name, hold_reason, held_since, approved, error, error_since) VALUES ('shop', 'webhook', '', NULL, true, '', NULL);
INSERT INTO public.company (id, store, name, folded, email, vat_id, billing_company, made_by, made_at) VALUES (1, 'shop', 'Acme', 'acme', '', 'DE1', 'acme ltd', 'root', 1781521740);
INSERT INTO public.company_member (store, person, company, since, added_by) VALUES ('shop', 1, 1, 1781521740, 'root');
INSERT INTO public.customer (store, id, email, first_name, last_name, username, role, created, detail, billing_email, odd_fields) VALUES ('shop', 1, 'anna@example.com', 'Anna', 'Adler', 'anna', 'customer', 1746957600, '{"billing":{"email":"anna@example.com","first_name":"Anna","last_name":"Adler"},"meta":{"wcflow_points":"40","wcflow_segment":"VIP","wcflow_tags":"Came Back, VIP","wcflow_tier":"Gold"},"shipping":{}}', '', '');
INSERT INTO public.customer (store, id, email, first_name, last_name, username, role, created, detail, billing_email, odd_fields) VALUES ('shop', 2, 'dora@example.com', 'Dóra 🌻', '', 'dora', 'customer', 1781521560, '{"billing":{"company":"Acme Ltd","email":"dora@example.com","first_name":"Dóra 🌻","phone":"030 1234"},"meta":{"wcflow_points":"7","wcflow_segment":"Regular","wcflow_tags":"First-time Buyer, Regular"},"shipping":{}}', '', '');
INSERT INTO public.customer_group (store, name, made_by, made_at) VALUES ('shop', 'Press', 'root', 1781521740);
INSERT INTO public.customer_note (id, store, person, category, text, order_id, written_by, written_at, removed_at) VALUES (1, 'shop', 5, 'Meeting', 'Wants a catalogue', 0, 'root', 1781521740, NULL);
INSERT INTO public.edit (id, store, person, kind, words, edited_by, at, reason, data, bulk, key, undoes) VALUES (1, 'shop', 1, 'points', 'gave 40 points', 'root', 1781521380, 'Fair', '{"amount":40,"points":"by hand 2026-06-15T11:03:00.000000Z"}', '', NULL, NULL);
INSERT INTO public.edit (id, store, person, kind, words, edited_by, at, reason, data, bulk, key, undoes) VALUES (2, 'shop', 3, 'tier', 'set the tier to Gold', 'root', 1781521380, '', '{"now":["Gold","Gold","root"],"was":["Silver","",""]}', '', NULL, NULL);
INSERT INTO public.edit (id, store, person, kind, words, edited_by, at, reason, data, bulk, key, undoes) VALUES (3, 'shop', 3, 'task', 'added task 1 for Maria: Send the catalogue', 'root', 1781521380, '', '{"added":true,"task":1}', '', NULL, NULL);
INSERT INTO public.edit (id, store, person, kind, words, edited_by, at, reason, data, bulk, key, undoes) VALUES (4, 'shop', 5, 'fields', 'changed the billing company and billing phone', 'root', 1781521740, '', '{"fields":{"billing.company":{"from":[""],"to":"Acme Ltd"},"billing.phone":{"from":[""],"to":"030 1234"}}}', '', NULL, NULL);
INSERT INTO public.edit (id, store, person, kind, words, edited_by, at, reason, data, bulk, key, undoes) VALUES (5, 'shop', 3, 'status', 'set the status to inactive', 'root', 1781521740, 'Moved away', '{"inactive":false}', '', NULL, NULL);
INSERT INTO public.edit (id, store, person, kind, words, edited_by, at, reason, data, bulk, key, undoes) VALUES (6, 'shop', 0, 'group', 'created the group Press', 'root', 1781521740, '', '{"created":"Press"}', '', NULL, NULL);
INSERT INTO public.edit (id, store, person, kind, words, edited_by, at, reason, data, bulk, key, undoes) VALUES (7, 'shop', 5, 'group_member', 'added to the group Press', 'root', 1781521740, '', '{"added":true,"group":"Press"}', '', NULL, NULL);
INSERT INTO public.edit (id, store, person, kind, words, edited_by, at, reason, data, bulk, key, undoes) VALUES (8, 'shop', 5, 'note', 'wrote note 1 (Meeting)', 'root', 1781521740, '', '{"note":1}', '', NULL, NULL);
INSERT INTO public.edit (id, store, person, kind, words, edited_by, at, reason, data, bulk, key, undoes) VALUES (9, 'shop', 0, 'company', 'created the company Acme', 'root', 1781521740, '', '{"company":1,"was":null}', '', NULL, NULL);
INSERT INTO public.edit (id, store, person, kind, words, edited_by, at, reason, data, bulk, key, undoes) VALUES (10, 'shop', 1, 'company_member', 'put into the company Acme', 'root', 1781521740, '', '{"was":null}', '', NULL, NULL);
INSERT INTO public.edit (id, store, person, kind, words, edited_by, at, reason, data, bulk, key, undoes) VALUES (12, 'shop', 1, 'merge', 'merged anna.adler@example.com into customer 1', 'root', 1781521740, '', '{"consent":null,"email":"anna.adler@example.com","joined":"g:anna.adler@example.com","key":"c1","sides":{"c1":{"consent":null,"groups":[],"ids":{"edit":[1,10],"outbox":[8,1,2],"points":[1],"run":[1]},"listed":{"company":"","last_order":1778925600,"list_key":"000000000000000000001","name":"Anna Adler","orders_count":2,"phone":"","since":1746957600,"sort_name":"anna adler","total_spent":60000},"names":{"added_by_hand":[],"added_by_workflows":[],"current_tags":["Came Back","VIP"],"kept_forever":{"Came Back":["Came Back"]},"matching_workflows":[],"removed_by_hand":[]},"points":{"1":"by hand 2026-06-15T11:03:00.000000Z"}},"g:anna.adler@example.com":{"consent":null,"groups":[],"ids":{"outbox":[3]},"listed":{"company":"","last_order":1779789600,"list_key":"1anna.adler@example.com","name":"","orders_count":1,"phone":"","since":1779789600,"sort_name":"anna.adler@example.com","total_spent":10000},"names":{"added_by_hand":[],"added_by_workflows":[],"current_tags":["Regular"],"kept_forever":{},"matching_workflows":[],"removed_by_hand":[]},"points":{}}}}', '', NULL, NULL);
INSERT INTO public.edit (id, store, person, kind, words, edited_by, at, reason, data, bulk, key, undoes) VALUES (13, 'shop', 0, 'erasure', 'deleted a customer (erasure 1)', 'root', 1781521740, '', '{"erasure":1}', '', NULL, NULL);
INSERT INTO public.erased_identity (store, hash, erasure, person) VALUES ('shop', 'c7e228bbdb492ba119b1b82212a293c05b8bf67ce3463f2cd46bf87706280366', 1, 4);
INSERT INTO public.erasure (id, store, mode, person, account, counts, erased_by, reason, at, finished_at) VALUES (1, 'shop', 'anonymize', 4, 0, '{"accounts":0,"changes":1,"codes":0,"companies":0,"coupons":0,"edits":0,"events":0,"groups":0,"notes":0,"orders":1,"points":0,"runs":0,"segments":1,"suppressed":1,"tasks":0,"tiers":1,"transitions":0}', 'root', '', 1781521740, 1781521740);
INSERT INTO public.event (id, store, person, kind, key, at, source, data) VALUES (1, 'shop', 3, 'coupon_assigned', 'code GIFT-0 of gifts', 1781521560, 'workflow gift', '{"code":"GIFT-0","pool":"gifts","workflow":"gift"}');
INSERT INTO public.event (id, store, person, kind, key, at, source, data) VALUES (2, 'shop', 5, 'coupon_assigned', 'code GIFT-1 of gifts', 1781521560, 'workflow gift', '{"code":"GIFT-1","pool":"gifts","workflow":"gift"}');
INSERT INTO public.group_member (store, person, name, since, added_by) VALUES ('shop', 3, 'Buyers', 1781521560, 'workflow gift');
INSERT INTO public.group_member (store, person, name, since, added_by) VALUES ('shop', 5, 'Buyers', 1781521560, 'workflow gift');
INSERT INTO public.group_member (store, person, name, since, added_by) VALUES ('shop', 5, 'Press', 1781521740, 'root');
INSERT INTO public.group_member (store, person, name, since, added_by) VALUES ('shop', 6, 'Buyers', 1781525520, 'workflow gift');
INSERT INTO public.identity (store, kind, value, person) VALUES ('shop', 'account', '1', 1);
INSERT INTO public.identity (store, kind, value, person) VALUES ('shop', 'email', 'ben@example.com', 3);
INSERT INTO public.identity (store, kind, value, person) VALUES ('shop', 'account', '2', 5);
INSERT INTO public.identity (store, kind, value, person) VALUES ('shop', 'email', 'anna.adler@example.com', 1);
INSERT INTO public.identity (store, kind, value, person) VALUES ('shop', 'email', 'emil@example.com', 6);
INSERT INTO public.import_range (store, resource, number, "position", "end", done, crowd_position, crowd_last_id) VALUES ('shop', 'customers', 0, 1, 1, true, 0, 0);
INSERT INTO public.import_range (store, resource, number, "position", "end", done, crowd_position, crowd_last_id) VALUES ('shop', 'products', 0, 1738317600, 1099511627776, true, 0, 0);
INSERT INTO public.import_range (store, resource, number, "position", "end", done, crowd_position, crowd_last_id) VALUES ('shop', 'orders', 0, 1779789600, 1099511627776, true, 0, 0);
INSERT INTO public.import_range (store, resource, number, "position", "end", done, crowd_position, crowd_last_id) VALUES ('shop', 'trash', 0, 946684800, 1099511627776, true, 0, 0);
INSERT INTO public.import_range (store, resource, number, "position", "end", done, crowd_position, crowd_last_id) VALUES ('shop', 'drafts', 0, 946684800, 1099511627776, true, 0, 0);
INSERT INTO public.import_range (store, resource, number, "position", "end", done, crowd_position, crowd_last_id) VALUES ('shop', 'drafts', 1, 946684800, 1099511627776, true, 0, 0);
INSERT INTO public.membership (store, person, segment, since) VALUES ('shop', 3, 'Regular', 1781517599);
INSERT INTO public.membership (store, person, segment, since) VALUES ('shop', 5, 'Regular', 1781521560);
INSERT INTO public.membership (store, person, segment, since) VALUES ('shop', 1, 'VIP', 1781517599);
INSERT INTO public.membership (store, person, segment, since) VALUES ('shop', 6, 'VIP', 1781525520);
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, odd_fields, parent_id, undated) VALUES ('shop', 2, '2', 'completed', 'USD', 45000, 0, 1, 'anna@example.com', 1755597600, 1755597600, 1755597600, 1755597600, 'stripe', 'checkout', '', '{"billing":{"email":"anna@example.com","first_name":"Anna","last_name":"Adler"},"coupons":[],"items":[{"id":1,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":45000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}', '[["","completed",1755597600]]', '', 0, false);
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, odd_fields, parent_id, undated) VALUES ('shop', 8, '8', 'completed', 'USD', 2550, 7450, 0, 'ben@example.com', 1781521560, 1781521740, 1781521560, 1781521560, 'stripe', 'checkout', '', '{"billing":{"email":"ben@example.com"},"coupons":[],"items":[{"id":7,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":2550,"variation_id":0}],"meta":{"wcflow_points":"7","wcflow_segment":"Regular","wcflow_status":"inactive","wcflow_tags":"Came Back, Regular","wcflow_tier":"Gold"},"refunds":[],"shipping":{}}', '[["","completed",1781521560]]', '', 0, false);
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, odd_fields, parent_id, undated) VALUES ('shop', 4, '4', 'completed', 'USD', 10000, 0, 0, 'anna.adler@example.com', 1779789600, 1781521740, 1779789600, 1779789600, 'stripe', 'checkout', '', '{"billing":{"email":"anna.adler@example.com"},"coupons":[],"items":[{"id":3,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":10000,"variation_id":0}],"meta":{"wcflow_segment":"VIP","wcflow_tags":"Came Back, VIP"},"refunds":[],"shipping":{}}', '[["","completed",1779789600]]', '', 0, false);
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, odd_fields, parent_id, undated) VALUES ('shop', 7, '7', 'completed', 'USD', 2000, 8000, 2, 'dora@example.com', 1781521560, 1781521560, 1781521560, 1781521560, 'stripe', 'checkout', '', '{"billing":{"email":"dora@example.com","first_name":"Dóra 🌻"},"coupons":[],"items":[{"id":6,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":2000,"variation_id":0}],"meta":{"wcflow_segment":"Regular","wcflow_tags":"First-time Buyer, Regular"},"refunds":[],"shipping":{}}', '[["","completed",1781521560]]', '', 0, false);
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, odd_fields, parent_id, undated) VALUES ('shop', 5, '5', 'completed', 'USD', 10000, 0, 0, 'ben@example.com', 1764237600, 1781521560, 1764237600, 1764237600, 'stripe', 'checkout', '', '{"billing":{"email":"ben@example.com"},"coupons":[],"items":[{"id":4,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":10000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}', '[["","completed",1764237600]]', '', 0, false);
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, odd_fields, parent_id, undated) VALUES ('shop', 10, '10', 'completed', 'USD', 70000, 0, 0, 'emil@example.com', 1781525520, 1781525520, 1781525520, 1781525520, 'stripe', 'checkout', '', '{"billing":{"email":"emil@example.com"},"coupons":[],"items":[{"id":8,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":70000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}', '[["","completed",1781525520]]', '', 0, false);
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, odd_fields, parent_id, undated) VALUES ('shop', 6, '6', 'completed', 'USD', 10000, 0, 0, 'deleted@site.invalid', 1764237600, 1781521740, 1764237600, 1764237600, 'stripe', 'checkout', '', '{"billing":{"email":"deleted@site.invalid"},"coupons":[],"items":[{"id":5,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":10000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}', '[["","completed",1764237600]]', '', 0, false);
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, odd_fields, parent_id, undated) VALUES ('shop', 3, '3', 'completed', 'USD', 15000, 0, 1, 'anna@example.com', 1778925600, 1781521740, 1778925600, 1778925600, 'stripe', 'checkout', '', '{"billing":{"email":"anna@example.com","first_name":"Anna","last_name":"Adler"},"coupons":[],"items":[{"id":2,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":15000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}', '[["","completed",1778925600]]', '', 0, false);
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (1, 'shop', 'tags', 1, 'state', 'customer', 'tags_customer', 'store', 1, '{"more":{"wcflow_points":"40","wcflow_tier":"Gold"},"segment":"VIP","wanted":["Came Back","VIP"]}', NULL, '[]', 'done', 1781521380, 1781521380, 1781521380, 'test', 1781521380, 1, true, false, 0, false, 'wcflow_tags = Came Back, VIP; wcflow_segment = VIP; wcflow_points = 40; wcflow_tier = Gold', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (8, 'shop', 'campaign thanks', 1, 'campaign', '1 add_note', 'note', 'store', 3, '{"for_customer":false,"mark":"(ref ZAWPHG)","text":"Thanks to our best customers"}', 1, '[]', 'done', 1781521380, 1781521380, 1781521380, 'test', 1781521380, 1, true, false, 0, false, 'note on order 3', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (9, 'shop', 'workflow rehearsal', 3, 'order 8 paid', '1 add_note', 'note', 'store', 8, '{"for_customer":false,"mark":"(ref HAJ6BZ)","text":"Only played"}', 2, '[]', 'dry_run', 1781521560, 1781521560, NULL, '', NULL, 0, false, true, 0, false, '', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (10, 'shop', 'workflow gift', 3, 'order 8 paid', '1 assign_coupon', 'pool_code', 'wcflow', 0, '{"code":"GIFT-0","id":1,"pool":"gifts","verify":false}', 3, '[]', 'done', 1781521560, 1781521560, NULL, '', 1781521560, 0, false, true, 0, false, 'code GIFT-0 of gifts', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (12, 'shop', 'workflow gift', 3, 'order 8 paid', '3 create_task', 'new_task', 'wcflow', 0, '{"assignee":"","order":8,"text":"Call ben@example.com"}', 3, '[]', 'done', 1781521560, 1781521560, NULL, '', 1781521560, 0, false, true, 0, false, 'task 2', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (13, 'shop', 'workflow gift', 3, 'order 8 paid', '4 add_to_group', 'group_change', 'wcflow', 0, '{"add":"Buyers"}', 3, '[]', 'done', 1781521560, 1781521560, NULL, '', 1781521560, 0, false, true, 0, false, 'added to the group Buyers', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (4, 'shop', 'tags', 3, 'state', 'order 5', 'tags_order', 'store', 5, '{"more":{"wcflow_tier":""},"place":"stale","segment":"","wanted":[]}', NULL, '[]', 'done', 1781521560, 1781521560, 1781521560, 'test', 1781521560, 1, true, true, 0, false, 'no wcflow_tier; no wcflow_tags; no wcflow_segment', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (11, 'shop', 'workflow gift', 3, 'order 8 paid', '2 add_note', 'note', 'store', 8, '{"for_customer":false,"mark":"(ref MTSY78)","text":"Your gift is GIFT-0"}', 3, '["1"]', 'done', 1781521560, 1781521560, 1781521560, 'test', 1781521560, 1, true, true, 0, false, 'note on order 8', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (14, 'shop', 'workflow welcome', 5, 'first order', '2 add_note', 'note', 'store', 7, '{"for_customer":false,"mark":"(ref P3CMCA)","text":"Welcome, dora@example.com"}', 4, '[]', 'done', 1781521560, 1781521560, 1781521560, 'test', 1781521560, 1, true, true, 0, false, 'note on order 7', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (15, 'shop', 'workflow welcome', 5, 'first order', '3 create_coupon', 'coupon', 'store', 0, '{"amount":"10","category_ids":[],"code":"THANKS-P6YAHZ45","description":"wcflow: welcome, first order","emails":["dora@example.com"],"exclude_sale_items":false,"expires":1784152800,"free_shipping":false,"individual_use":false,"key":"ac97cabe65a4e359290a58900931d80c","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}', 4, '[]', 'done', 1781521560, 1781521560, 1781521560, 'test', 1781521560, 1, true, true, 0, false, 'coupon THANKS-P6YAHZ45', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (16, 'shop', 'workflow welcome', 5, 'first order', '4 add_note', 'note', 'store', 7, '{"for_customer":false,"mark":"(ref 225XCT)","text":"Your code is THANKS-P6YAHZ45"}', 4, '["3"]', 'done', 1781521560, 1781521560, 1781521560, 'test', 1781521560, 1, true, true, 0, false, 'note on order 7', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (2, 'shop', 'tags', 1, 'state', 'order 3', 'tags_order', 'store', 3, '{"place":"stale","segment":"","wanted":[]}', NULL, '[]', 'done', 1781521740, 1781521740, 1781521740, 'test', 1781521740, 1, true, false, 0, false, 'no wcflow_tags; no wcflow_segment', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (3, 'shop', 'tags', 1, 'state', 'order 4', 'tags_order', 'store', 4, '{"more":{"wcflow_tier":""},"segment":"VIP","wanted":["Came Back","VIP"]}', NULL, '[]', 'done', 1781521740, 1781521740, 1781521740, 'test', 1781521740, 1, true, false, 0, false, 'no wcflow_tier; wcflow_tags = Came Back, VIP; wcflow_segment = VIP', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (5, 'shop', 'tags', 4, 'state', 'order 6', 'tags_order', 'store', 6, '{"erased":true}', NULL, '[]', 'done', 1781517600, 1781517600, 1781517600, 'test', 1781517600, 1, true, false, 0, false, 'deleted with the customer', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (17, 'shop', 'workflow rehearsal', 5, 'order 7 paid', '1 add_note', 'note', 'store', 7, '{"for_customer":false,"mark":"(ref PK452Y)","text":"Only played"}', 5, '[]', 'dry_run', 1781521560, 1781521560, NULL, '', NULL, 0, false, true, 0, false, '', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (18, 'shop', 'workflow gift', 5, 'order 7 paid', '1 assign_coupon', 'pool_code', 'wcflow', 0, '{"code":"GIFT-1","id":2,"pool":"gifts","verify":false}', 6, '[]', 'done', 1781521560, 1781521560, NULL, '', 1781521560, 0, false, true, 0, false, 'code GIFT-1 of gifts', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (20, 'shop', 'workflow gift', 5, 'order 7 paid', '3 create_task', 'new_task', 'wcflow', 0, '{"assignee":"","order":7,"text":"Call dora@example.com"}', 6, '[]', 'done', 1781521560, 1781521560, NULL, '', 1781521560, 0, false, true, 0, false, 'task 3', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (21, 'shop', 'workflow gift', 5, 'order 7 paid', '4 add_to_group', 'group_change', 'wcflow', 0, '{"add":"Buyers"}', 6, '[]', 'done', 1781521560, 1781521560, NULL, '', 1781521560, 0, false, true, 0, false, 'added to the group Buyers', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (24, 'shop', 'tags', 5, 'state', 'customer', 'tags_customer', 'store', 2, '{"more":{"wcflow_points":"7"},"segment":"Regular","wanted":["First-time Buyer","Regular"]}', NULL, '[]', 'done', 1781521560, 1781521560, 1781521560, 'test', 1781521560, 1, true, true, 0, false, 'wcflow_tags = First-time Buyer, Regular; wcflow_segment = Regular; wcflow_points = 7', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (25, 'shop', 'tags', 5, 'state', 'order 7', 'tags_order', 'store', 7, '{"segment":"Regular","wanted":["First-time Buyer","Regular"]}', NULL, '[]', 'done', 1781521560, 1781521560, 1781521560, 'test', 1781521560, 1, true, true, 0, false, 'wcflow_tags = First-time Buyer, Regular; wcflow_segment = Regular', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (19, 'shop', 'workflow gift', 5, 'order 7 paid', '2 add_note', 'note', 'store', 7, '{"for_customer":false,"mark":"(ref W52CEW)","text":"Your gift is GIFT-1"}', 6, '["1"]', 'done', 1781521560, 1781521560, 1781521560, 'test', 1781521560, 1, true, true, 0, false, 'note on order 7', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (22, 'shop', 'tags', 3, 'state', 'order 8', 'tags_order', 'store', 8, '{"more":{"wcflow_points":"7","wcflow_status":"inactive","wcflow_tier":"Gold"},"segment":"Regular","wanted":["Came Back","Regular"]}', NULL, '[]', 'done', 1781521740, 1781521740, 1781521740, 'test', 1781521740, 1, true, true, 0, false, 'wcflow_tags = Came Back, Regular; wcflow_segment = Regular; wcflow_points = 7; wcflow_status = inactive; wcflow_tier = Gold', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (26, 'shop', 'edit by root', 5, 'edit 4', 'fields', 'customer_fields', 'store', 2, '{"fields":{"billing.company":{"from":[""],"to":"Acme Ltd"},"billing.phone":{"from":[""],"to":"030 1234"}}}', NULL, '[]', 'done', 1781521740, 1781521740, 1781521740, 'test', 1781521740, 1, true, true, 0, false, 'billing company and billing phone', NULL, '');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (27, 'shop', 'erasure 1', 4, 'erasure 1', 'order 6', 'anonymize_order', 'store', 6, '{"erasure":1}', NULL, '[]', 'done', 1781521740, 1781521740, 1781521740, 'test', 1781521740, 1, true, true, 0, false, 'order 6 anonymized', NULL, '');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (35, 'shop', 'workflow rehearsal', 6, 'order 10 paid', '1 add_note', 'note', 'store', 10, '{"for_customer":false,"mark":"(ref Z3TK5G)","text":"Only played"}', 8, '[]', 'dry_run', 1781525520, 1781525520, NULL, '', NULL, 0, false, true, 0, false, '', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (36, 'shop', 'workflow gift', 6, 'order 10 paid', '1 assign_coupon', 'pool_code', 'wcflow', 0, '{"code":"GIFT-2","id":3,"pool":"gifts","verify":false}', 9, '[]', 'done', 1781525520, 1781525520, NULL, '', 1781525520, 0, false, true, 0, false, 'code GIFT-2 of gifts', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (31, 'shop', 'segment VIP', 6, 'VIP entered 2026-06-15', 'note', 'note', 'store', 10, '{"for_customer":false,"mark":"(ref D6FT7Z)","text":"Customer entered the segment VIP: total_spent 700.00 >= 500"}', NULL, '[]', 'due', 1781525520, 1781525520, NULL, '', NULL, 0, true, true, 0, false, '', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (32, 'shop', 'workflow welcome', 6, 'first order', '2 add_note', 'note', 'store', 10, '{"for_customer":false,"mark":"(ref Z2XA9J)","text":"Welcome, emil@example.com"}', 7, '[]', 'due', 1781525520, 1781525520, NULL, '', NULL, 0, true, true, 0, false, '', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (33, 'shop', 'workflow welcome', 6, 'first order', '3 create_coupon', 'coupon', 'store', 0, '{"amount":"10","category_ids":[],"code":"THANKS-8WNPKZEF","description":"wcflow: welcome, first order","emails":["emil@example.com"],"exclude_sale_items":false,"expires":1784152800,"free_shipping":false,"individual_use":false,"key":"de0c299593e6e2e179b08d3ad70cdc2e","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}', 7, '[]', 'due', 1781525520, 1781525520, NULL, '', NULL, 0, true, true, 0, false, '', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (34, 'shop', 'workflow welcome', 6, 'first order', '4 add_note', 'note', 'store', 10, '{"for_customer":false,"mark":"(ref 9AAZ87)","text":"Your code is THANKS-8WNPKZEF"}', 7, '["3"]', 'due', 1781525520, 1781525520, NULL, '', NULL, 0, true, true, 0, false, '', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (38, 'shop', 'workflow gift', 6, 'order 10 paid', '3 create_task', 'new_task', 'wcflow', 0, '{"assignee":"","order":10,"text":"Call emil@example.com"}', 9, '[]', 'done', 1781525520, 1781525520, NULL, '', 1781525520, 0, false, true, 0, false, 'task 4', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (39, 'shop', 'workflow gift', 6, 'order 10 paid', '4 add_to_group', 'group_change', 'wcflow', 0, '{"add":"Buyers"}', 9, '[]', 'done', 1781525520, 1781525520, NULL, '', 1781525520, 0, false, true, 0, false, 'added to the group Buyers', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (37, 'shop', 'workflow gift', 6, 'order 10 paid', '2 add_note', 'note', 'store', 10, '{"for_customer":false,"mark":"(ref JD6CZK)","text":"Your gift is GIFT-2"}', 9, '["1"]', 'due', 1781525520, 1781525520, NULL, '', NULL, 0, true, true, 0, false, '', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, priority, marketing, outcome, cancelled_by, rules_digest) VALUES (40, 'shop', 'tags', 6, 'state', 'order 10', 'tags_order', 'store', 10, '{"more":{"wcflow_points":"75","wcflow_tier":"Gold"},"segment":"VIP","wanted":["First-time Buyer","VIP"]}', NULL, '[]', 'due', 1781525520, 1781525520, NULL, '', NULL, 0, true, true, 0, false, '', NULL, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO public.person (id, store, email, present, dirty, due_at, evaluated_at, rules_digest, added_by_hand, removed_by_hand, added_by_workflows, kept_forever, current_tags, matching_workflows, written_to_customer, written_to_order, written_order_id, total_spent, orders_count, spend_percentile, orders_percentile, consent, list_key, name, sort_name, phone, company, last_order, since, inactive) VALUES (5, 'shop', 'dora@example.com', true, 0, 1781694360, 1781521920, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc', '[]', '[]', '["First-time Buyer"]', '{}', '["First-time Buyer","Regular"]', '[]', '{"more":{"wcflow_points":"7"},"segment":"Regular","tags":["First-time Buyer","Regular"]}', '{"segment":"Regular","tags":["First-time Buyer","Regular"]}', 7, 2000, 1, NULL, NULL, NULL, '000000000000000000002', 'Dóra 🌻', 'dora 🌻', '0301234', 'acme ltd', 1781521560, 1781521560, false);
INSERT INTO public.person (id, store, email, present, dirty, due_at, evaluated_at, rules_digest, added_by_hand, removed_by_hand, added_by_workflows, kept_forever, current_tags, matching_workflows, written_to_customer, written_to_order, written_order_id, total_spent, orders_count, spend_percentile, orders_percentile, consent, list_key, name, sort_name, phone, company, last_order, since, inactive) VALUES (4, 'shop', '', false, 0, NULL, NULL, '', '[]', '[]', '[]', '{}', '[]', '[]', NULL, NULL, 0, 0, 0, NULL, NULL, NULL, '', '', '', '', '', NULL, NULL, false);
INSERT INTO public.person (id, store, email, present, dirty, due_at, evaluated_at, rules_digest, added_by_hand, removed_by_hand, added_by_workflows, kept_forever, current_tags, matching_workflows, written_to_customer, written_to_order, written_order_id, total_spent, orders_count, spend_percentile, orders_percentile, consent, list_key, name, sort_name, phone, company, last_order, since, inactive) VALUES (3, 'shop', 'ben@example.com', true, 0, 1781694360, 1781521740, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc', '[]', '[]', '[]', '{"Came Back":["Came Back"]}', '["Came Back","Regular"]', '[]', NULL, '{"more":{"wcflow_points":"7","wcflow_status":"inactive","wcflow_tier":"Gold"},"segment":"Regular","tags":["Came Back","Regular"]}', 8, 12550, 2, NULL, NULL, NULL, '1ben@example.com', '', 'ben@example.com', '', '', 1781521560, 1764237600, true);
INSERT INTO public.person (id, store, email, present, dirty, due_at, evaluated_at, rules_digest, added_by_hand, removed_by_hand, added_by_workflows, kept_forever, current_tags, matching_workflows, written_to_customer, written_to_order, written_order_id, total_spent, orders_count, spend_percentile, orders_percentile, consent, list_key, name, sort_name, phone, company, last_order, since, inactive) VALUES (1, 'shop', 'anna@example.com', true, 0, 1787176800, 1781521740, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc', '[]', '[]', '[]', '{"Came Back":["Came Back"]}', '["Came Back","VIP"]', '[]', '{"more":{"wcflow_points":"40","wcflow_tier":"Gold"},"segment":"VIP","tags":["Came Back","VIP"]}', '{"segment":"VIP","tags":["Came Back","VIP"]}', 4, 70000, 3, NULL, NULL, NULL, '000000000000000000001', 'Anna Adler', 'anna adler', '', '', 1779789600, 1746957600, false);
INSERT INTO public.person (id, store, email, present, dirty, due_at, evaluated_at, rules_digest, added_by_hand, removed_by_hand, added_by_workflows, kept_forever, current_tags, matching_workflows, written_to_customer, written_to_order, written_order_id, total_spent, orders_count, spend_percentile, orders_percentile, consent, list_key, name, sort_name, phone, company, last_order, since, inactive) VALUES (6, 'shop', 'emil@example.com', true, 0, 1781698320, 1781525520, '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc', '[]', '[]', '["First-time Buyer"]', '{}', '["First-time Buyer","VIP"]', '[]', NULL, NULL, 0, 70000, 1, NULL, NULL, NULL, '1emil@example.com', '', 'emil@example.com', '', '', 1781525520, 1781525520, false);
INSERT INTO public.points (id, store, person, key, amount, reason, changed_by, order_id, terms, at, expires_at, undoes, run_id) VALUES (1, 'shop', 1, 'by hand 2026-06-15T11:03:00.000000Z', 40, 'Fair', 'root', 0, '', 1781521380, NULL, NULL, NULL);
INSERT INTO public.points (id, store, person, key, amount, reason, changed_by, order_id, terms, at, expires_at, undoes, run_id) VALUES (2, 'shop', 3, 'order 8', 7, 'order 8 paid', '[points]', 8, '1 per 10, 5 per order, down', 1781521560, NULL, NULL, NULL);
INSERT INTO public.points (id, store, person, key, amount, reason, changed_by, order_id, terms, at, expires_at, undoes, run_id) VALUES (3, 'shop', 5, 'order 7', 7, 'order 7 paid', '[points]', 7, '1 per 10, 5 per order, down', 1781521560, NULL, NULL, NULL);
INSERT INTO public.points (id, store, person, key, amount, reason, changed_by, order_id, terms, at, expires_at, undoes, run_id) VALUES (4, 'shop', 6, 'order 10', 75, 'order 10 paid', '[points]', 10, '1 per 10, 5 per order, down', 1781525520, NULL, NULL, NULL);
INSERT INTO public.pool_code (id, store, pool, code, shown, state, reason, person, run_id, step, changed_at, checked_at) VALUES (4, 'shop', 'gifts', 'gift-3', 'GIFT-3', 'free', '', NULL, NULL, '', 1781521380, NULL);
INSERT INTO public.pool_code (id, store, pool, code, shown, state, reason, person, run_id, step, changed_at, checked_at) VALUES (5, 'shop', 'gifts', 'gift-4', 'GIFT-4', 'free', '', NULL, NULL, '', 1781521380, NULL);
INSERT INTO public.pool_code (id, store, pool, code, shown, state, reason, person, run_id, step, changed_at, checked_at) VALUES (6, 'shop', 'gifts', 'gift-5', 'GIFT-5', 'free', '', NULL, NULL, '', 1781521380, NULL);
INSERT INTO public.pool_code (id, store, pool, code, shown, state, reason, person, run_id, step, changed_at, checked_at) VALUES (7, 'shop', 'gifts', 'gift-6', 'GIFT-6', 'free', '', NULL, NULL, '', 1781521380, NULL);
INSERT INTO public.pool_code (id, store, pool, code, shown, state, reason, person, run_id, step, changed_at, checked_at) VALUES (8, 'shop', 'gifts', 'gift-7', 'GIFT-7', 'free', '', NULL, NULL, '', 1781521380, NULL);
INSERT INTO public.pool_code (id, store, pool, code, shown, state, reason, person, run_id, step, changed_at, checked_at) VALUES (9, 'shop', 'gifts', 'gift-8', 'GIFT-8', 'free', '', NULL, NULL, '', 1781521380, NULL);
INSERT INTO public.pool_code (id, store, pool, code, shown, state, reason, person, run_id, step, changed_at, checked_at) VALUES (1, 'shop', 'gifts', 'gift-0', 'GIFT-0', 'assigned', '', 3, 3, '1', 1781521560, NULL);
INSERT INTO public.pool_code (id, store, pool, code, shown, state, reason, person, run_id, step, changed_at, checked_at) VALUES (2, 'shop', 'gifts', 'gift-1', 'GIFT-1', 'assigned', '', 5, 6, '1', 1781521560, NULL);
INSERT INTO public.pool_code (id, store, pool, code, shown, state, reason, person, run_id, step, changed_at, checked_at) VALUES (3, 'shop', 'gifts', 'gift-2', 'GIFT-2', 'reserved', '', 6, 9, '1', 1781525520, NULL);
INSERT INTO public.product (store, id, name, sku, categories, tags, modified, odd_fields) VALUES ('shop', 1, 'Wallet', '', '[]', '[]', 1738317600, '');
INSERT INTO public.rescan (store, name, started, "position", "end", done, pages) VALUES ('shop', 'ids', 1781517600, 946684800, 1779789601, 0, 1);
INSERT INTO public.rescan (store, name, started, "position", "end", done, pages) VALUES ('shop', 'customers', 1781517600, 0, 0, 0, 1);
INSERT INTO public.rule (store, kind, name, digest, changed_at) VALUES ('shop', 'segment', 'VIP', '97dd42c73f74c009fcf29dbc61ef1720cbf67adab635651accbb2f92a7745b37', 1781517600);
INSERT INTO public.rule (store, kind, name, digest, changed_at) VALUES ('shop', 'segment', 'Regular', '97dd42c73f74c009fcf29dbc61ef1720cbf67adab635651accbb2f92a7745b37', 1781517600);
INSERT INTO public.rule (store, kind, name, digest, changed_at) VALUES ('shop', 'consent', '', '4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945', 1781517600);
INSERT INTO public.rule (store, kind, name, digest, changed_at) VALUES ('shop', 'points', '', '080a9ed428559ef602668b4c00f114f1a11c3f6b02a435f0bdc154578e4d7f22', 1781517600);
INSERT INTO public.rule (store, kind, name, digest, changed_at) VALUES ('shop', 'tiers', '', 'e10587caf4a35a8acb038b9e386ad856ba5d969156853da128a2f08cbe41bbd2', 1781517600);
INSERT INTO public.rule (store, kind, name, digest, changed_at) VALUES ('shop', 'tags', '', 'e5a127c14aef41e1f57532a1e5a40df4efedab1517193cb0249e3e3f7a76fcbe', 1781517600);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, progress, reason, rules_digest, started_at, ended_at) VALUES (1, 'shop', 'campaign thanks', 1, 'campaign', 1781521380, 0, 0, 0, 'live', 'done', '[1]', NULL, '["add_note Thanks to our best customers"]', '{}', '{}', 'all steps are done', '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc', 1781521380, NULL);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, progress, reason, rules_digest, started_at, ended_at) VALUES (2, 'shop', 'rehearsal', 3, 'order 8 paid', 1781521560, 8, 8, 0, 'dry_run', 'done', '[1]', NULL, '["add_note Only played"]', '{}', '{}', 'all steps are done', '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc', 1781521560, NULL);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, progress, reason, rules_digest, started_at, ended_at) VALUES (3, 'shop', 'gift', 3, 'order 8 paid', 1781521560, 8, 8, 0, 'live', 'waiting', '[5]', 1781694360, '["assign_coupon gifts","add_note Your gift is {{ coupon.code }}","create_task Call {{ email }}","add_to_group Buyers","wait 2d","add_note Two days on"]', '{"code":"GIFT-0","expires":null}', '{}', '', '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc', 1781521560, NULL);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, progress, reason, rules_digest, started_at, ended_at) VALUES (4, 'shop', 'welcome', 5, 'first order', 1781521560, 7, 7, 0, 'live', 'waiting', '[5]', 1781780760, '["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]', '{"code":"THANKS-P6YAHZ45","expires":1784152800}', '{}', '', '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc', 1781521560, NULL);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, progress, reason, rules_digest, started_at, ended_at) VALUES (5, 'shop', 'rehearsal', 5, 'order 7 paid', 1781521560, 7, 7, 0, 'dry_run', 'done', '[1]', NULL, '["add_note Only played"]', '{}', '{}', 'all steps are done', '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc', 1781521560, NULL);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, progress, reason, rules_digest, started_at, ended_at) VALUES (6, 'shop', 'gift', 5, 'order 7 paid', 1781521560, 7, 7, 0, 'live', 'waiting', '[5]', 1781694360, '["assign_coupon gifts","add_note Your gift is {{ coupon.code }}","create_task Call {{ email }}","add_to_group Buyers","wait 2d","add_note Two days on"]', '{"code":"GIFT-1","expires":null}', '{}', '', '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc', 1781521560, NULL);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, progress, reason, rules_digest, started_at, ended_at) VALUES (7, 'shop', 'welcome', 6, 'first order', 1781525520, 10, 10, 0, 'live', 'waiting', '[5]', 1781784720, '["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]', '{"code":"THANKS-8WNPKZEF","expires":1784152800}', '{}', '', '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc', 1781525520, NULL);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, progress, reason, rules_digest, started_at, ended_at) VALUES (8, 'shop', 'rehearsal', 6, 'order 10 paid', 1781525520, 10, 10, 0, 'dry_run', 'done', '[1]', NULL, '["add_note Only played"]', '{}', '{}', 'all steps are done', '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc', 1781525520, NULL);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, progress, reason, rules_digest, started_at, ended_at) VALUES (9, 'shop', 'gift', 6, 'order 10 paid', 1781525520, 10, 10, 0, 'live', 'waiting', '[5]', 1781698320, '["assign_coupon gifts","add_note Your gift is {{ coupon.code }}","create_task Call {{ email }}","add_to_group Buyers","wait 2d","add_note Two days on"]', '{"code":"GIFT-2","expires":null}', '{}', '', '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc', 1781525520, NULL);
INSERT INTO public.same_person (store, email, belongs_to) VALUES ('shop', 'anna.adler@example.com', 'c1');
INSERT INTO public.setting (name, value) VALUES ('secret', '89b471cbf1cec0625288a522f94afe51');
INSERT INTO public.setting (name, value) VALUES ('look_for_writes_until', '1781611920');
INSERT INTO public.store (name, url, uid, title, time_zone, currency, version, uses_hpos, can_read_meta, key_digest, key_read_at, meta_write_verified, initial_sync_started, initial_sync_done, child_orders_read, order_cursor, has_subscriptions, has_companion, subscription_cursor, newest_customer_id, customer_rescan_position, customer_rescan_started, reconciled_at, polled_at, poll_error, poll_error_since, write_error, write_error_since, clock_here, clock_store, evaluated_at, evaluated_before, median_order_gap, rules_digest, full_evaluation_position, applied_settings, meta_keys, resyncing, empty_answer_approved, lease_holder, lease_until) VALUES ('shop', 'https://shop.example', '7b1c5f0e-2a64-4c39-9d6e-0f1a2b3c4d5e', 'Shop', 'Europe/Berlin', 'USD', '10.2.4', true, true, '69bb9a97631f9ac3', 1781525520, true, 1781517600, 1781517600, true, 1781525520, false, false, NULL, 2, 0, 1781517600, NULL, 1781525700, '', NULL, '', NULL, NULL, NULL, 1781525700, NULL, '', '5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc', NULL, '(''by_email'', [], '''', '''', ''latest'', ''respect'')', '["wcflow_points","wcflow_segment","wcflow_status","wcflow_tags","wcflow_tier"]', '', false, '', 0);
INSERT INTO public.suppression (store, channel, address, kind, reason, at, added_by) VALUES ('shop', 'email', 'gil@example.com', 'manual', '', 1781521380, 'root');
INSERT INTO public.task (id, store, key, kind, person, order_id, text, assignee, state, due_at, snoozed_until, told_at, made_by, made_at, done_by, done_at, run_id) VALUES (1, 'shop', 'by hand 2026-06-15T11:03:00.000000Z 3', 'task', 3, 0, 'Send the catalogue', 'Maria', 'open', NULL, NULL, NULL, 'root', 1781521380, '', NULL, NULL);
INSERT INTO public.task (id, store, key, kind, person, order_id, text, assignee, state, due_at, snoozed_until, told_at, made_by, made_at, done_by, done_at, run_id) VALUES (2, 'shop', 'workflow gift, order 8 paid, step 3, person 3', 'task', 3, 8, 'Call ben@example.com', '', 'open', NULL, NULL, NULL, 'workflow gift', 1781521560, '', NULL, 3);
INSERT INTO public.task (id, store, key, kind, person, order_id, text, assignee, state, due_at, snoozed_until, told_at, made_by, made_at, done_by, done_at, run_id) VALUES (3, 'shop', 'workflow gift, order 7 paid, step 3, person 5', 'task', 5, 7, 'Call dora@example.com', '', 'open', NULL, NULL, NULL, 'workflow gift', 1781521560, '', NULL, 6);
INSERT INTO public.task (id, store, key, kind, person, order_id, text, assignee, state, due_at, snoozed_until, told_at, made_by, made_at, done_by, done_at, run_id) VALUES (4, 'shop', 'workflow gift, order 10 paid, step 3, person 6', 'task', 6, 10, 'Call emil@example.com', '', 'open', NULL, NULL, NULL, 'workflow gift', 1781525520, '', NULL, 9);
INSERT INTO public.tier (store, person, tier, before, since, below_since, fixed_by, fixed) VALUES ('shop', 1, 'Gold', 'Gold', 1781517600, NULL, '', '');
INSERT INTO public.tier (store, person, tier, before, since, below_since, fixed_by, fixed) VALUES ('shop', 3, 'Gold', 'Silver', 1781521380, NULL, 'root', 'Gold');
INSERT INTO public.tier (store, person, tier, before, since, below_since, fixed_by, fixed) VALUES ('shop', 5, '', '', 1781517600, NULL, '', '');
INSERT INTO public.tier (store, person, tier, before, since, below_since, fixed_by, fixed) VALUES ('shop', 6, 'Gold', '', 1781525520, NULL, '', '');
INSERT INTO public.transition (id, store, person, segment, entered, at, reason) VALUES (1, 'shop', 5, 'Regular', true, 1781521560, 'orders_count 1 >= 1');
INSERT INTO public.transition (id, store, person, segment, entered, at, reason) VALUES (2, 'shop', 1, 'Regular', false, 1781521740, 'orders_count 3 >= 1; VIP comes first; merged by root');
INSERT INTO public.transition (id, store, person, segment, entered, at, reason) VALUES (3, 'shop', 6, 'VIP', true, 1781525520, 'total_spent 700.00 >= 500');
INSERT INTO public.wcflow_version (version_num) VALUES ('0006');
INSERT INTO public.workflow (store, name, mode, rules_digest, active_since, paused_at) VALUES ('shop', 'welcome', 'live', 'b4dc68b26fbb9c8922040c6c6f4da329314ccba2834c615feb376119ada2c45f', 1781517600, NULL);
INSERT INTO public.workflow (store, name, mode, rules_digest, active_since, paused_at) VALUES ('shop', 'rehearsal', 'dry_run', '67085a83573907c9a594d0f0a5b7f3c2550ce1f51dd967367f65bd10bb59ea71', 1781517600, NULL);
INSERT INTO public.workflow (store, name, mode, rules_digest, active_since, paused_at) VALUES ('shop', 'gift', 'live', '67085a83573907c9a594d0f0a5b7f3c2550ce1f51dd967367f65bd10bb59ea71', 1781517600, NULL);
INSERT INTO public.written_tags (store, kind, id, tags, dropped) VALUES ('shop', 'customer', 1, '["Came Back","VIP"]', '[]');
INSERT INTO public.written_tags (store, kind, id, tags, dropped) VALUES ('shop', 'customer', 2, '["First-time Buyer","Regular"]', '[]');
INSERT INTO public.written_tags (store, kind, id, tags, dropped) VALUES ('shop', 'order', 5, '[]', '[]');
INSERT INTO public.written_tags (store, kind, id, tags, dropped) VALUES ('shop', 'order', 7, '["First-time Buyer","Regular"]', '[]');
INSERT INTO public.written_tags (store, kind, id, tags, dropped) VALUES ('shop', 'order', 8, '["Came Back","Regular"]', '[]');
INSERT INTO public.written_tags (store, kind, id, tags, dropped) VALUES ('shop', 'order', 3, '[]', '[]');
INSERT INTO public.written_tags (store, kind, id, tags, dropped) VALUES ('shop', 'order', 4, '["Came Back","VIP"]', '[]');
SELECT pg_catalog.setval('public.company_id_seq', 1, true);
SELECT pg_catalog.setval('public.customer_note_id_seq', 1, true);
SELECT pg_catalog.setval('public.edit_id_seq', 13, true);
SELECT pg_catalog.setval('public.erasure_id_seq', 1, true);
SELECT pg_catalog.setval('public.event_id_seq', 2, true);
SELECT pg_catalog.setval('public.outbox_id_seq', 40, true);
SELECT pg_catalog.setval('public.person_id_seq', 6, true);
SELECT pg_catalog.setval('public.points_id_seq', 4, true);
SELECT pg_catalog.setval('public.pool_code_id_seq', 9, true);
SELECT pg_catalog.setval('public.run_id_seq', 9, true);
SELECT pg_catalog.setval('public.task_id_seq', 4, true);
SELECT pg_catalog.setval('public.transition_id_seq', 3, true);
ALTER TABLE ONLY public.alert
    ADD CONSTRAINT alert_pkey PRIMARY KEY (store, kind, way);
ALTER TABLE ONLY public.campaign
    ADD CONSTRAINT campaign_pkey PRIMARY KEY (store, name);
ALTER TABLE ONLY public.channel
    ADD CONSTRAINT channel_pkey PRIMARY KEY (store, name);
ALTER TABLE ONLY public.codes_file
    ADD CONSTRAINT codes_file_pkey PRIMARY KEY (store, pool);
ALTER TABLE ONLY public.company_member
    ADD CONSTRAINT company_member_pkey PRIMARY KEY (store, person);
ALTER TABLE ONLY public.company
    ADD CONSTRAINT company_once UNIQUE (store, folded);
ALTER TABLE ONLY public.company
    ADD CONSTRAINT company_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.crowded_second
    ADD CONSTRAINT crowded_second_pkey PRIMARY KEY (store, status, second);
ALTER TABLE ONLY public.customer_group
    ADD CONSTRAINT customer_group_pkey PRIMARY KEY (store, name);
ALTER TABLE ONLY public.customer_note
    ADD CONSTRAINT customer_note_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.customer
    ADD CONSTRAINT customer_pkey PRIMARY KEY (store, id);
ALTER TABLE ONLY public.daily_figure
    ADD CONSTRAINT daily_figure_pkey PRIMARY KEY (store, day, kind, name, figure);
ALTER TABLE ONLY public.edit
    ADD CONSTRAINT edit_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.erased_identity
    ADD CONSTRAINT erased_identity_pkey PRIMARY KEY (store, hash, erasure);
ALTER TABLE ONLY public.erasure
    ADD CONSTRAINT erasure_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_once UNIQUE (store, person, key);
ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.group_member
    ADD CONSTRAINT group_member_pkey PRIMARY KEY (store, person, name);
ALTER TABLE ONLY public.identity
    ADD CONSTRAINT identity_pkey PRIMARY KEY (store, kind, value);
ALTER TABLE ONLY public.import_range
    ADD CONSTRAINT import_range_pkey PRIMARY KEY (store, resource, number);
ALTER TABLE ONLY public.membership
    ADD CONSTRAINT membership_pkey PRIMARY KEY (store, person, segment);
ALTER TABLE ONLY public.not_same_person
    ADD CONSTRAINT not_same_person_pkey PRIMARY KEY (store, one, other);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (store, id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_once UNIQUE (store, rule, person, event, step);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.person
    ADD CONSTRAINT person_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.points
    ADD CONSTRAINT points_once UNIQUE (store, person, key);
ALTER TABLE ONLY public.points
    ADD CONSTRAINT points_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.pool_code
    ADD CONSTRAINT pool_code_once UNIQUE (store, pool, code);
ALTER TABLE ONLY public.pool_code
    ADD CONSTRAINT pool_code_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.product
    ADD CONSTRAINT product_pkey PRIMARY KEY (store, id);
ALTER TABLE ONLY public.quarantine
    ADD CONSTRAINT quarantine_pkey PRIMARY KEY (store, kind, id);
ALTER TABLE ONLY public.rescan
    ADD CONSTRAINT rescan_pkey PRIMARY KEY (store, name);
ALTER TABLE ONLY public.rule
    ADD CONSTRAINT rule_pkey PRIMARY KEY (store, kind, name);
ALTER TABLE ONLY public.run
    ADD CONSTRAINT run_once UNIQUE (store, workflow, person, event);
ALTER TABLE ONLY public.run
    ADD CONSTRAINT run_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.same_person
    ADD CONSTRAINT same_person_pkey PRIMARY KEY (store, email);
ALTER TABLE ONLY public.setting
    ADD CONSTRAINT setting_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.store
    ADD CONSTRAINT store_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.subscription
    ADD CONSTRAINT subscription_pkey PRIMARY KEY (store, id);
ALTER TABLE ONLY public.suppression
    ADD CONSTRAINT suppression_pkey PRIMARY KEY (store, channel, address);
ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_once UNIQUE (store, key);
ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.tier
    ADD CONSTRAINT tier_pkey PRIMARY KEY (store, person);
ALTER TABLE ONLY public.transition
    ADD CONSTRAINT transition_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.unconfirmed
    ADD CONSTRAINT unconfirmed_pkey PRIMARY KEY (store, kind, id);
ALTER TABLE ONLY public.wcflow_version
    ADD CONSTRAINT wcflow_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.workflow
    ADD CONSTRAINT workflow_pkey PRIMARY KEY (store, name);
ALTER TABLE ONLY public.written_tags
    ADD CONSTRAINT written_tags_pkey PRIMARY KEY (store, kind, id);
CREATE INDEX company_by_billing ON public.company USING btree (store, billing_company);
CREATE INDEX company_member_by_company ON public.company_member USING btree (store, company);
CREATE INDEX customer_by_billing_email ON public.customer USING btree (store, billing_email);
CREATE INDEX customer_by_email ON public.customer USING btree (store, email);
CREATE INDEX customer_note_by_person ON public.customer_note USING btree (store, person);
CREATE INDEX customer_odd ON public.customer USING btree (store, odd_fields);
CREATE INDEX edit_by_bulk ON public.edit USING btree (store, bulk);
CREATE UNIQUE INDEX edit_by_key ON public.edit USING btree (store, key);
CREATE INDEX edit_by_person ON public.edit USING btree (store, person);
CREATE INDEX edit_by_undoes ON public.edit USING btree (undoes);
CREATE INDEX erasure_open ON public.erasure USING btree (store, finished_at);
CREATE INDEX group_member_by_name ON public.group_member USING btree (store, name);
CREATE INDEX identity_by_person ON public.identity USING btree (store, person);
CREATE INDEX membership_by_segment ON public.membership USING btree (store, segment, person);
CREATE INDEX orders_by_created ON public.orders USING btree (store, created);
CREATE INDEX orders_by_customer ON public.orders USING btree (store, customer_id, email);
CREATE INDEX orders_by_number ON public.orders USING btree (store, number);
CREATE INDEX orders_by_parent ON public.orders USING btree (store, parent_id);
CREATE INDEX orders_by_status ON public.orders USING btree (store, status, currency);
CREATE INDEX orders_odd ON public.orders USING btree (store, odd_fields);
CREATE INDEX outbox_by_person ON public.outbox USING btree (store, person, state);
CREATE INDEX outbox_by_run ON public.outbox USING btree (run_id);
CREATE INDEX outbox_due ON public.outbox USING btree (store, state, approved, kind, priority, urgent, due_at);
CREATE INDEX person_by_company ON public.person USING btree (store, company);
CREATE INDEX person_by_email ON public.person USING btree (store, email);
CREATE INDEX person_by_id ON public.person USING btree (store, id, present);
CREATE INDEX person_by_last_order ON public.person USING btree (store, last_order);
CREATE INDEX person_by_list_key ON public.person USING btree (store, list_key);
CREATE INDEX person_by_name ON public.person USING btree (store, sort_name, phone);
CREATE INDEX person_by_orders ON public.person USING btree (store, orders_count);
CREATE INDEX person_by_since ON public.person USING btree (store, since);
CREATE INDEX person_by_spent ON public.person USING btree (store, total_spent);
CREATE INDEX person_dirty ON public.person USING btree (store, dirty, due_at);
CREATE INDEX person_inactive ON public.person USING btree (store, inactive);
CREATE INDEX points_by_expiry ON public.points USING btree (store, expires_at);
CREATE INDEX pool_code_by_person ON public.pool_code USING btree (store, person);
CREATE INDEX pool_code_by_run ON public.pool_code USING btree (run_id);
CREATE INDEX pool_code_by_state ON public.pool_code USING btree (store, state, pool, id);
CREATE INDEX product_odd ON public.product USING btree (store, odd_fields);
CREATE INDEX run_by_person ON public.run USING btree (store, person, state);
CREATE INDEX run_by_purchase ON public.run USING btree (store, purchase_id);
CREATE INDEX same_person_by_other ON public.same_person USING btree (store, belongs_to);
CREATE INDEX subscription_by_customer ON public.subscription USING btree (store, customer_id);
CREATE INDEX subscription_by_payment ON public.subscription USING btree (store, next_payment);
CREATE INDEX task_by_person ON public.task USING btree (store, person);
CREATE INDEX task_by_state ON public.task USING btree (store, state, due_at);
CREATE INDEX tier_by_name ON public.tier USING btree (store, tier);
CREATE INDEX transition_by_person ON public.transition USING btree (store, person);
