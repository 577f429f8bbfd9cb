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
CREATE TABLE public.channel (
    store character varying NOT NULL,
    name character varying NOT NULL,
    hold_reason text NOT NULL,
    held_since bigint,
    approved boolean NOT NULL
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
    orders_percentile integer
);
CREATE SEQUENCE public.person_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.person_id_seq OWNED BY public.person.id;
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
ALTER TABLE ONLY public.event ALTER COLUMN id SET DEFAULT nextval('public.event_id_seq'::regclass);
ALTER TABLE ONLY public.outbox ALTER COLUMN id SET DEFAULT nextval('public.outbox_id_seq'::regclass);
ALTER TABLE ONLY public.person ALTER COLUMN id SET DEFAULT nextval('public.person_id_seq'::regclass);
ALTER TABLE ONLY public.run ALTER COLUMN id SET DEFAULT nextval('public.run_id_seq'::regclass);
ALTER TABLE ONLY public.transition ALTER COLUMN id SET DEFAULT nextval('public.transition_id_seq'::regclass);
INSERT INTO public.channel (store, name, hold_reason, held_since, approved) VALUES ('shop', 'store', 'more than 2 changes at once (max_writes): 15', 1781731980, true);
INSERT INTO public.customer (store, id, email, first_name, last_name, username, role, created, detail, billing_email, odd_fields) VALUES ('shop', 1, 'anna@example.com', 'Anna', '', 'anna', 'customer', 1746957600, '{"billing":{"email":"anna@example.com","first_name":"Anna"},"meta":{"wcflow_segment":"VIP","wcflow_tags":"Came Back, VIP"},"shipping":{}}', '', '');
INSERT INTO public.customer (store, id, email, first_name, last_name, username, role, created, detail, billing_email, odd_fields) VALUES ('shop', 2, 'dora@example.com', 'Dóra 🌻', '', 'dora', 'customer', 1781521380, '{"billing":{"email":"dora@example.com","first_name":"Dóra 🌻"},"meta":{"wcflow_segment":"Regular","wcflow_tags":"By Hand, Regular"},"shipping":{}}', '', '');
INSERT INTO public.customer (store, id, email, first_name, last_name, username, role, created, detail, billing_email, odd_fields) VALUES ('shop', 4, 'emil@example.com', '', '', 'emil', 'customer', 1781525880, '{"billing":{"email":"emil@example.com"},"meta":{"wcflow_segment":"VIP","wcflow_tags":"First-time Buyer, VIP"},"shipping":{}}', '', '');
INSERT INTO public.identity (store, kind, value, person) VALUES ('shop', 'account', '1', 1);
INSERT INTO public.identity (store, kind, value, person) VALUES ('shop', 'email', 'ben@example.com', 2);
INSERT INTO public.identity (store, kind, value, person) VALUES ('shop', 'email', 'cara@example.com', 3);
INSERT INTO public.identity (store, kind, value, person) VALUES ('shop', 'account', '2', 4);
INSERT INTO public.identity (store, kind, value, person) VALUES ('shop', 'email', 'emil@example.com', 5);
INSERT INTO public.identity (store, kind, value, person) VALUES ('shop', 'email', 'gil@example.com', 7);
INSERT INTO public.identity (store, kind, value, person) VALUES ('shop', 'email', 'finn@example.com', 6);
INSERT INTO public.identity (store, kind, value, person) VALUES ('shop', 'account', '4', 5);
INSERT INTO public.identity (store, kind, value, person) VALUES ('shop', 'email', 'hugo@example.com', 8);
INSERT INTO public.identity (store, kind, value, person) VALUES ('shop', 'email', 'ida@example.com', 9);
INSERT INTO public.identity (store, kind, value, person) VALUES ('shop', 'email', 'jo@example.com', 10);
INSERT INTO public.import_range (store, resource, number, "position", "end", done, crowd_position, crowd_last_id) VALUES ('shop', 'customers', 0, 1, 1, true, 0, 0);
INSERT INTO public.import_range (store, resource, number, "position", "end", done, crowd_position, crowd_last_id) VALUES ('shop', 'products', 0, 1738317600, 1099511627776, true, 0, 0);
INSERT INTO public.import_range (store, resource, number, "position", "end", done, crowd_position, crowd_last_id) VALUES ('shop', 'orders', 0, 1778925600, 1099511627776, true, 0, 0);
INSERT INTO public.import_range (store, resource, number, "position", "end", done, crowd_position, crowd_last_id) VALUES ('shop', 'trash', 0, 1780653600, 1099511627776, true, 0, 0);
INSERT INTO public.import_range (store, resource, number, "position", "end", done, crowd_position, crowd_last_id) VALUES ('shop', 'drafts', 0, 946684800, 1099511627776, true, 0, 0);
INSERT INTO public.import_range (store, resource, number, "position", "end", done, crowd_position, crowd_last_id) VALUES ('shop', 'drafts', 1, 946684800, 1099511627776, true, 0, 0);
INSERT INTO public.membership (store, person, segment, since) VALUES ('shop', 1, 'VIP', 1781517599);
INSERT INTO public.membership (store, person, segment, since) VALUES ('shop', 2, 'Regular', 1781517599);
INSERT INTO public.membership (store, person, segment, since) VALUES ('shop', 3, 'Regular', 1781517599);
INSERT INTO public.membership (store, person, segment, since) VALUES ('shop', 4, 'Regular', 1781521380);
INSERT INTO public.membership (store, person, segment, since) VALUES ('shop', 5, 'VIP', 1781525340);
INSERT INTO public.membership (store, person, segment, since) VALUES ('shop', 6, 'Regular', 1781525700);
INSERT INTO public.membership (store, person, segment, since) VALUES ('shop', 8, 'VIP', 1781731800);
INSERT INTO public.membership (store, person, segment, since) VALUES ('shop', 9, 'VIP', 1781731800);
INSERT INTO public.membership (store, person, segment, since) VALUES ('shop', 10, 'VIP', 1781731800);
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, odd_fields, parent_id, undated) VALUES ('shop', 2, '2', 'completed', 'USD', 45000, 0, 1, 'anna@example.com', 1755597600, 1755597600, 1755597600, 1755597600, 'stripe', 'checkout', '', '{"billing":{"email":"anna@example.com","first_name":"Anna"},"coupons":[],"items":[{"id":1,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":45000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}', '[["","completed",1755597600]]', '', 0, false);
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, odd_fields, parent_id, undated) VALUES ('shop', 7, '7', 'failed', 'USD', 10000, 0, 0, '', 1777197600, 1777197600, NULL, NULL, 'stripe', 'checkout', '', '{"billing":{},"coupons":[],"items":[{"id":5,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":10000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}', '[["","failed",1777197600]]', '', 0, false);
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, odd_fields, parent_id, undated) VALUES ('shop', 8, '8', 'trash', 'USD', 10000, 0, 0, 'ben@example.com', 1780653600, 1781517600, 1780653600, 1780653600, 'stripe', 'checkout', '', '{"billing":{"email":"ben@example.com"},"coupons":[],"items":[{"id":6,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":10000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}', '[["","trash",1780653600]]', '', 0, false);
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, odd_fields, parent_id, undated) VALUES ('shop', 5, '5', 'completed', 'USD', 10000, 0, 0, 'cara@example.com', 1772877600, 1781517600, 1772877600, 1772877600, 'stripe', 'checkout', '', '{"billing":{"email":"cara@example.com"},"coupons":[],"items":[{"id":4,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":10000,"variation_id":0}],"meta":{"wcflow_segment":"Regular","wcflow_tags":"Regular"},"refunds":[{"date":1781517600,"id":6,"reason":"","total":3000}],"shipping":{}}', '[["","completed",1772877600]]', '', 0, false);
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, odd_fields, parent_id, undated) VALUES ('shop', 9, '9', 'completed', 'USD', 2000, 8000, 2, 'dora@example.com', 1781521380, 1781521560, 1781521380, 1781521380, 'stripe', 'checkout', '', '{"billing":{"email":"dora@example.com","first_name":"Dóra 🌻"},"coupons":[],"items":[{"id":7,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":2000,"variation_id":0}],"meta":{"wcflow_segment":"Regular","wcflow_tags":"By Hand, Regular"},"refunds":[],"shipping":{}}', '[["","completed",1781521380]]', '', 0, false);
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, odd_fields, parent_id, undated) VALUES ('shop', 3, '3', 'completed', 'USD', 15000, 0, 1, 'anna@example.com', 1778925600, 1781517600, 1778925600, 1778925600, 'stripe', 'checkout', '', '{"billing":{"email":"anna@example.com","first_name":"Anna"},"coupons":[],"items":[{"id":2,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":15000,"variation_id":0}],"meta":{"wcflow_segment":"VIP","wcflow_tags":"Came Back, VIP"},"refunds":[],"shipping":{}}', '[["","completed",1778925600]]', '', 0, false);
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, odd_fields, parent_id, undated) VALUES ('shop', 12, '12', 'completed', 'USD', 70000, 0, 0, 'emil@example.com', 1781525340, 1781525520, 1781525340, 1781525340, 'stripe', 'checkout', '', '{"billing":{"email":"emil@example.com"},"coupons":[],"items":[{"id":9,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":70000,"variation_id":0}],"meta":{"wcflow_segment":"VIP","wcflow_tags":"First-time Buyer, VIP"},"refunds":[],"shipping":{}}', '[["","completed",1781525340]]', '', 0, false);
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, odd_fields, parent_id, undated) VALUES ('shop', 14, '14', 'completed', 'USD', 10000, 0, 0, 'finn@example.com', 1781525700, 1781525880, 1781525700, 1781525700, 'stripe', 'checkout', '', '{"billing":{"email":"finn@example.com"},"coupons":[],"items":[{"id":10,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":10000,"variation_id":0}],"meta":{"wcflow_segment":"Regular","wcflow_tags":"First-time Buyer, Regular"},"refunds":[],"shipping":{}}', '[["","completed",1781525700]]', '', 0, false);
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, odd_fields, parent_id, undated) VALUES ('shop', 10, '10', 'completed', 'USD', 2550, 7450, 0, 'ben@example.com', 1781521380, 1781521380, 1781521380, 1781521380, 'stripe', 'checkout', '', '{"billing":{"email":"ben@example.com"},"coupons":[],"items":[{"id":8,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":2550,"variation_id":0}],"meta":{"wcflow_segment":"Regular","wcflow_tags":"Came Back, Regular"},"refunds":[],"shipping":{}}', '[["","completed",1781521380]]', '', 0, false);
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, odd_fields, parent_id, undated) VALUES ('shop', 4, '4', 'completed', 'USD', 10000, 0, 0, 'ben@example.com', 1764237600, 1781521380, 1764237600, 1764237600, 'stripe', 'checkout', '', '{"billing":{"email":"ben@example.com"},"coupons":[],"items":[{"id":3,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":10000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}', '[["","completed",1764237600]]', '', 0, false);
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, odd_fields, parent_id, undated) VALUES ('shop', 18, '18', 'completed', 'USD', 60000, 0, 0, 'hugo@example.com', 1781731800, 1781731800, 1781731800, 1781731800, 'stripe', 'checkout', '', '{"billing":{"email":"hugo@example.com"},"coupons":[],"items":[{"id":12,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":60000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}', '[["","completed",1781731800]]', '', 0, false);
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, odd_fields, parent_id, undated) VALUES ('shop', 19, '19', 'completed', 'USD', 60000, 0, 0, 'ida@example.com', 1781731800, 1781731800, 1781731800, 1781731800, 'stripe', 'checkout', '', '{"billing":{"email":"ida@example.com"},"coupons":[],"items":[{"id":13,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":60000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}', '[["","completed",1781731800]]', '', 0, false);
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, odd_fields, parent_id, undated) VALUES ('shop', 20, '20', 'completed', 'USD', 60000, 0, 0, 'jo@example.com', 1781731800, 1781731800, 1781731800, 1781731800, 'stripe', 'checkout', '', '{"billing":{"email":"jo@example.com"},"coupons":[],"items":[{"id":14,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":60000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}', '[["","completed",1781731800]]', '', 0, false);
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (4, 'shop', 'tags', 3, 'state', 'order 5', 'tags_order', 'store', 5, '{"segment":"Regular","wanted":["Regular"]}', NULL, '[]', 'done', 1781517600, 1781517600, 1781517600, 'test', 1781517600, 1, true, true, 'wcflow_tags = Regular; wcflow_segment = Regular', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (1, 'shop', 'tags', 1, 'state', 'customer', 'tags_customer', 'store', 1, '{"segment":"VIP","wanted":["Came Back","VIP"]}', NULL, '[]', 'done', 1781517600, 1781517600, 1781517600, 'test', 1781517600, 1, true, false, 'wcflow_tags = Came Back, VIP; wcflow_segment = VIP', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (2, 'shop', 'tags', 1, 'state', 'order 3', 'tags_order', 'store', 3, '{"segment":"VIP","wanted":["Came Back","VIP"]}', NULL, '[]', 'done', 1781517600, 1781517600, 1781517600, 'test', 1781517600, 1, true, false, 'wcflow_tags = Came Back, VIP; wcflow_segment = VIP', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (8, 'shop', 'workflow rehearsal', 4, 'order 9 paid', '1 add_note', 'note', 'store', 9, '{"for_customer":false,"mark":"(ref QTMQ3D)","text":"Only played"}', 2, '[]', 'dry_run', 1781521380, 1781521380, NULL, '', NULL, 0, false, true, '', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (9, 'shop', 'workflow rehearsal', 2, 'order 10 paid', '1 add_note', 'note', 'store', 10, '{"for_customer":false,"mark":"(ref GJR8WC)","text":"Only played"}', 3, '[]', 'dry_run', 1781521380, 1781521380, NULL, '', NULL, 0, false, true, '', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (3, 'shop', 'tags', 2, 'state', 'order 4', 'tags_order', 'store', 4, '{"place":"stale","segment":"","wanted":[]}', NULL, '[]', 'done', 1781521380, 1781521380, 1781521380, 'test', 1781521380, 1, true, true, 'no wcflow_tags; no wcflow_segment', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (11, 'shop', 'tags', 4, 'state', 'order 9', 'tags_order', 'store', 9, '{"segment":"Regular","wanted":["First-time Buyer","Regular"]}', NULL, '[]', 'done', 1781521380, 1781521380, 1781521380, 'test', 1781521380, 1, true, true, 'wcflow_tags = First-time Buyer, Regular; wcflow_segment = Regular', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (12, 'shop', 'tags', 2, 'state', 'order 10', 'tags_order', 'store', 10, '{"segment":"Regular","wanted":["Came Back","Regular"]}', NULL, '[]', 'done', 1781521380, 1781521380, 1781521380, 'test', 1781521380, 1, true, true, 'wcflow_tags = Came Back, Regular; wcflow_segment = Regular', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (5, 'shop', 'workflow welcome', 4, 'first order', '2 add_note', 'note', 'store', 9, '{"for_customer":false,"mark":"(ref PB3X9B)","text":"Welcome, dora@example.com"}', 1, '[]', 'done', 1781521380, 1781521380, 1781521380, 'test', 1781521380, 1, true, true, 'note on order 9', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (6, 'shop', 'workflow welcome', 4, 'first order', '3 create_coupon', 'coupon', 'store', 0, '{"amount":"10","category_ids":[],"code":"THANKS-ASG5FKM4","description":"wcflow: welcome, first order","emails":["dora@example.com"],"exclude_sale_items":false,"expires":1784152800,"free_shipping":false,"individual_use":false,"key":"dfa0bbabfcd66add60a65eafce851f8a","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}', 1, '[]', 'done', 1781521380, 1781521380, 1781521380, 'test', 1781521380, 1, true, true, 'coupon THANKS-ASG5FKM4', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (7, 'shop', 'workflow welcome', 4, 'first order', '4 add_note', 'note', 'store', 9, '{"for_customer":false,"mark":"(ref 8RADV2)","text":"Your code is THANKS-ASG5FKM4"}', 1, '["3"]', 'done', 1781521380, 1781521380, 1781521380, 'test', 1781521380, 1, true, true, 'note on order 9', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (10, 'shop', 'tags', 4, 'state', 'customer', 'tags_customer', 'store', 2, '{"segment":"Regular","wanted":["First-time Buyer","Regular"]}', NULL, '[]', 'done', 1781521560, 1781521560, 1781521560, 'test', 1781521560, 1, true, true, 'wcflow_tags = By Hand, Regular; wcflow_segment = Regular', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (19, 'shop', 'workflow rehearsal', 5, 'order 12 paid', '1 add_note', 'note', 'store', 12, '{"for_customer":false,"mark":"(ref Y36372)","text":"Only played"}', 5, '[]', 'dry_run', 1781525340, 1781525340, NULL, '', NULL, 0, false, true, '', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (15, 'shop', 'segment VIP', 5, 'VIP entered 2026-06-15', 'note', 'note', 'store', 12, '{"for_customer":false,"mark":"(ref C7JCMP)","text":"Customer entered the segment VIP: total_spent 700.00 >= 500"}', NULL, '[]', 'done', 1781525340, 1781525340, 1781525520, 'test', 1781525520, 1, true, true, 'note on order 12', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (16, 'shop', 'workflow welcome', 5, 'first order', '2 add_note', 'note', 'store', 12, '{"for_customer":false,"mark":"(ref N22B88)","text":"Welcome, emil@example.com"}', 4, '[]', 'done', 1781525340, 1781525340, 1781525520, 'test', 1781525520, 1, true, true, 'note on order 12', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (17, 'shop', 'workflow welcome', 5, 'first order', '3 create_coupon', 'coupon', 'store', 0, '{"amount":"10","category_ids":[],"code":"THANKS-CDVW79BV","description":"wcflow: welcome, first order","emails":["emil@example.com"],"exclude_sale_items":false,"expires":1784152800,"free_shipping":false,"individual_use":false,"key":"4a28f71ff0589ac40a80739db52bb398","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}', 4, '[]', 'done', 1781525340, 1781525340, 1781525520, 'test', 1781525520, 1, true, true, 'coupon THANKS-CDVW79BV', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (31, 'shop', 'tags', 7, 'state', 'order 15', 'tags_order', 'store', 15, '{"segment":"Regular","wanted":["First-time Buyer","Regular"]}', NULL, '[]', 'done', 1781525700, 1781525700, 1781525700, 'test', 1781525700, 1, true, true, 'wcflow_tags = First-time Buyer, Regular; wcflow_segment = Regular', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (27, 'shop', 'workflow welcome', 7, 'first order', '4 add_note', 'note', 'store', 15, '{"for_customer":false,"mark":"(ref ZGZ8WZ)","text":"Your code is THANKS-DY4VAD23"}', 8, '["3"]', 'done', 1781525700, 1781525700, 1781525700, 'test', 1781525700, 1, true, true, 'note on order 15', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (42, 'shop', 'workflow rehearsal', 9, 'order 19 paid', '1 add_note', 'note', 'store', 19, '{"for_customer":false,"mark":"(ref 2XHKX4)","text":"Only played"}', 13, '[]', 'dry_run', 1781731800, 1781731800, NULL, '', NULL, 0, false, true, '', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (43, 'shop', 'segment VIP', 10, 'VIP entered 2026-06-17', 'note', 'note', 'store', 20, '{"for_customer":false,"mark":"(ref 4YAXDH)","text":"Customer entered the segment VIP: total_spent 600.00 >= 500"}', NULL, '[]', 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, true, '', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (44, 'shop', 'workflow welcome', 10, 'first order', '2 add_note', 'note', 'store', 20, '{"for_customer":false,"mark":"(ref EMWBRW)","text":"Welcome, jo@example.com"}', 14, '[]', 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, true, '', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (20, 'shop', 'tags', 5, 'state', 'order 12', 'tags_order', 'store', 12, '{"segment":"VIP","wanted":["First-time Buyer","VIP"]}', NULL, '[]', 'done', 1781525340, 1781525340, 1781525520, 'test', 1781525520, 1, true, true, 'wcflow_tags = First-time Buyer, VIP; wcflow_segment = VIP', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (18, 'shop', 'workflow welcome', 5, 'first order', '4 add_note', 'note', 'store', 12, '{"for_customer":false,"mark":"(ref PHRXS9)","text":"Your code is THANKS-CDVW79BV"}', 4, '["3"]', 'done', 1781525340, 1781525340, 1781525520, 'test', 1781525520, 1, true, true, 'note on order 12', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (24, 'shop', 'workflow rehearsal', 6, 'order 14 paid', '1 add_note', 'note', 'store', 14, '{"for_customer":false,"mark":"(ref ET3RJB)","text":"Only played"}', 7, '[]', 'dry_run', 1781525700, 1781525700, NULL, '', NULL, 0, false, true, '', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (28, 'shop', 'workflow rehearsal', 7, 'order 15 paid', '1 add_note', 'note', 'store', 15, '{"for_customer":false,"mark":"(ref 6PPXT9)","text":"Only played"}', 9, '[]', 'dry_run', 1781525700, 1781525700, NULL, '', NULL, 0, false, true, '', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (29, 'shop', 'tags', 6, 'state', 'customer', 'tags_customer', 'store', 3, '{"segment":"Regular","wanted":["First-time Buyer","Regular"]}', NULL, '[]', 'done', 1781525700, 1781525700, 1781525700, 'test', 1781525700, 1, true, true, 'wcflow_tags = First-time Buyer, Regular; wcflow_segment = Regular', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (30, 'shop', 'tags', 6, 'state', 'order 14', 'tags_order', 'store', 14, '{"segment":"Regular","wanted":["First-time Buyer","Regular"]}', NULL, '[]', 'done', 1781525700, 1781525700, 1781525700, 'test', 1781525700, 1, true, true, 'wcflow_tags = First-time Buyer, Regular; wcflow_segment = Regular', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (21, 'shop', 'workflow welcome', 6, 'first order', '2 add_note', 'note', 'store', 14, '{"for_customer":false,"mark":"(ref GE62E9)","text":"Welcome, finn@example.com"}', 6, '[]', 'done', 1781525700, 1781525700, 1781525700, 'test', 1781525700, 1, true, true, 'note on order 14', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (22, 'shop', 'workflow welcome', 6, 'first order', '3 create_coupon', 'coupon', 'store', 0, '{"amount":"10","category_ids":[],"code":"THANKS-KP4SDZR7","description":"wcflow: welcome, first order","emails":["finn@example.com"],"exclude_sale_items":false,"expires":1784152800,"free_shipping":false,"individual_use":false,"key":"61e7faadf2646c2da7d0207dbff88e49","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}', 6, '[]', 'done', 1781525700, 1781525700, 1781525700, 'test', 1781525700, 1, true, true, 'coupon THANKS-KP4SDZR7', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (23, 'shop', 'workflow welcome', 6, 'first order', '4 add_note', 'note', 'store', 14, '{"for_customer":false,"mark":"(ref J222MZ)","text":"Your code is THANKS-KP4SDZR7"}', 6, '["3"]', 'done', 1781525700, 1781525700, 1781525700, 'test', 1781525700, 1, true, true, 'note on order 14', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (25, 'shop', 'workflow welcome', 7, 'first order', '2 add_note', 'note', 'store', 15, '{"for_customer":false,"mark":"(ref 4FZ2FX)","text":"Welcome, gil@example.com"}', 8, '[]', 'done', 1781525700, 1781525700, 1781525700, 'test', 1781525700, 1, true, true, 'note on order 15', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (34, 'shop', 'workflow welcome', 8, 'first order', '2 add_note', 'note', 'store', 18, '{"for_customer":false,"mark":"(ref PET5VA)","text":"Welcome, hugo@example.com"}', 10, '[]', 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, true, '', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (35, 'shop', 'workflow welcome', 8, 'first order', '3 create_coupon', 'coupon', 'store', 0, '{"amount":"10","category_ids":[],"code":"THANKS-A85CADMR","description":"wcflow: welcome, first order","emails":["hugo@example.com"],"exclude_sale_items":false,"expires":1784325600,"free_shipping":false,"individual_use":false,"key":"55c2e68f72ddda385bcc3f7074ea1998","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}', 10, '[]', 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, true, '', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (36, 'shop', 'workflow welcome', 8, 'first order', '4 add_note', 'note', 'store', 18, '{"for_customer":false,"mark":"(ref M3DZ2S)","text":"Your code is THANKS-A85CADMR"}', 10, '["3"]', 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, true, '', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (37, 'shop', 'workflow rehearsal', 8, 'order 18 paid', '1 add_note', 'note', 'store', 18, '{"for_customer":false,"mark":"(ref AG9E3Y)","text":"Only played"}', 11, '[]', 'dry_run', 1781731800, 1781731800, NULL, '', NULL, 0, false, true, '', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (38, 'shop', 'segment VIP', 9, 'VIP entered 2026-06-17', 'note', 'note', 'store', 19, '{"for_customer":false,"mark":"(ref CT2HWG)","text":"Customer entered the segment VIP: total_spent 600.00 >= 500"}', NULL, '[]', 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, true, '', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (39, 'shop', 'workflow welcome', 9, 'first order', '2 add_note', 'note', 'store', 19, '{"for_customer":false,"mark":"(ref 98HXGQ)","text":"Welcome, ida@example.com"}', 12, '[]', 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, true, '', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (40, 'shop', 'workflow welcome', 9, 'first order', '3 create_coupon', 'coupon', 'store', 0, '{"amount":"10","category_ids":[],"code":"THANKS-6DK2827E","description":"wcflow: welcome, first order","emails":["ida@example.com"],"exclude_sale_items":false,"expires":1784325600,"free_shipping":false,"individual_use":false,"key":"5b97b58b764ccf9915dc6c57394a3fb2","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}', 12, '[]', 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, true, '', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (41, 'shop', 'workflow welcome', 9, 'first order', '4 add_note', 'note', 'store', 19, '{"for_customer":false,"mark":"(ref THZDPK)","text":"Your code is THANKS-6DK2827E"}', 12, '["3"]', 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, true, '', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (33, 'shop', 'segment VIP', 8, 'VIP entered 2026-06-17', 'note', 'note', 'store', 18, '{"for_customer":false,"mark":"(ref ZSSHFT)","text":"Customer entered the segment VIP: total_spent 600.00 >= 500"}', NULL, '[]', 'claimed', 1781731800, 1781731800, 1781731980, 'a process that died', NULL, 1, false, true, '', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (26, 'shop', 'workflow welcome', 7, 'first order', '3 create_coupon', 'coupon', 'store', 0, '{"amount":"10","category_ids":[],"code":"THANKS-DY4VAD23","description":"wcflow: welcome, first order","emails":["gil@example.com"],"exclude_sale_items":false,"expires":1784152800,"free_shipping":false,"individual_use":false,"key":"7a05a8e8393c0c9676a05b161ed089b3","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}', 8, '[]', 'done', 1781525700, 1781525700, 1781525700, 'test', 1781525700, 1, true, true, 'coupon THANKS-DY4VAD23', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (32, 'shop', 'tags', 5, 'state', 'customer', 'tags_customer', 'store', 4, '{"segment":"VIP","wanted":["First-time Buyer","VIP"]}', NULL, '[]', 'done', 1781641080, 1781641080, 1781641080, 'test', 1781641080, 1, true, false, 'wcflow_tags = First-time Buyer, VIP; wcflow_segment = VIP', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (45, 'shop', 'workflow welcome', 10, 'first order', '3 create_coupon', 'coupon', 'store', 0, '{"amount":"10","category_ids":[],"code":"THANKS-FR8H9MY7","description":"wcflow: welcome, first order","emails":["jo@example.com"],"exclude_sale_items":false,"expires":1784325600,"free_shipping":false,"individual_use":false,"key":"6a1d33997f9578df8f33d7d71e9d7e71","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}', 14, '[]', 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, true, '', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (46, 'shop', 'workflow welcome', 10, 'first order', '4 add_note', 'note', 'store', 20, '{"for_customer":false,"mark":"(ref V4GXFV)","text":"Your code is THANKS-FR8H9MY7"}', 14, '["3"]', 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, true, '', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (47, 'shop', 'workflow rehearsal', 10, 'order 20 paid', '1 add_note', 'note', 'store', 20, '{"for_customer":false,"mark":"(ref K5RDY5)","text":"Only played"}', 15, '[]', 'dry_run', 1781731800, 1781731800, NULL, '', NULL, 0, false, true, '', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (48, 'shop', 'tags', 8, 'state', 'order 18', 'tags_order', 'store', 18, '{"segment":"VIP","wanted":["First-time Buyer","VIP"]}', NULL, '[]', 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, true, '', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (49, 'shop', 'tags', 9, 'state', 'order 19', 'tags_order', 'store', 19, '{"segment":"VIP","wanted":["First-time Buyer","VIP"]}', NULL, '[]', 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, true, '', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, person, event, step, kind, channel, target_id, payload, run_id, needs, state, due_at, queued_at, claimed_at, claimed_by, finished_at, attempts, approved, urgent, outcome, cancelled_by, rules_digest) VALUES (50, 'shop', 'tags', 10, 'state', 'order 20', 'tags_order', 'store', 20, '{"segment":"VIP","wanted":["First-time Buyer","VIP"]}', NULL, '[]', 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, true, '', NULL, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.person (id, store, email, present, dirty, due_at, evaluated_at, rules_digest, added_by_hand, removed_by_hand, added_by_workflows, kept_forever, current_tags, matching_workflows, written_to_customer, written_to_order, written_order_id, total_spent, orders_count, spend_percentile, orders_percentile) VALUES (1, 'shop', 'anna@example.com', true, 0, NULL, 1781517600, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', '[]', '[]', '[]', '{"Came Back":["Came Back"]}', '["Came Back","VIP"]', '[]', '{"segment":"VIP","tags":["Came Back","VIP"]}', '{"segment":"VIP","tags":["Came Back","VIP"]}', 3, 60000, 2, 79, 86);
INSERT INTO public.person (id, store, email, present, dirty, due_at, evaluated_at, rules_digest, added_by_hand, removed_by_hand, added_by_workflows, kept_forever, current_tags, matching_workflows, written_to_customer, written_to_order, written_order_id, total_spent, orders_count, spend_percentile, orders_percentile) VALUES (2, 'shop', 'ben@example.com', true, 0, NULL, 1781521380, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', '[]', '[]', '[]', '{"Came Back":["Came Back"]}', '["Came Back","Regular"]', '[]', NULL, '{"segment":"Regular","tags":["Came Back","Regular"]}', 10, 12550, 2, 64, 86);
INSERT INTO public.person (id, store, email, present, dirty, due_at, evaluated_at, rules_digest, added_by_hand, removed_by_hand, added_by_workflows, kept_forever, current_tags, matching_workflows, written_to_customer, written_to_order, written_order_id, total_spent, orders_count, spend_percentile, orders_percentile) VALUES (3, 'shop', 'cara@example.com', true, 0, NULL, 1781517600, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', '[]', '[]', '[]', '{}', '["Regular"]', '[]', NULL, '{"segment":"Regular","tags":["Regular"]}', 5, 7000, 1, 21, 36);
INSERT INTO public.person (id, store, email, present, dirty, due_at, evaluated_at, rules_digest, added_by_hand, removed_by_hand, added_by_workflows, kept_forever, current_tags, matching_workflows, written_to_customer, written_to_order, written_order_id, total_spent, orders_count, spend_percentile, orders_percentile) VALUES (4, 'shop', 'dora@example.com', true, 0, 1781780580, 1781521560, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', '["By Hand"]', '["First-time Buyer"]', '["First-time Buyer"]', '{}', '["By Hand","Regular"]', '[]', '{"segment":"Regular","tags":["By Hand","Regular"]}', '{"segment":"Regular","tags":["By Hand","Regular"]}', 9, 2000, 1, 7, 36);
INSERT INTO public.person (id, store, email, present, dirty, due_at, evaluated_at, rules_digest, added_by_hand, removed_by_hand, added_by_workflows, kept_forever, current_tags, matching_workflows, written_to_customer, written_to_order, written_order_id, total_spent, orders_count, spend_percentile, orders_percentile) VALUES (8, 'shop', 'hugo@example.com', true, 0, 1781991000, 1781731800, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', '[]', '[]', '["First-time Buyer"]', '{}', '["First-time Buyer","VIP"]', '[]', NULL, NULL, 0, 60000, 1, NULL, NULL);
INSERT INTO public.person (id, store, email, present, dirty, due_at, evaluated_at, rules_digest, added_by_hand, removed_by_hand, added_by_workflows, kept_forever, current_tags, matching_workflows, written_to_customer, written_to_order, written_order_id, total_spent, orders_count, spend_percentile, orders_percentile) VALUES (9, 'shop', 'ida@example.com', true, 0, 1781991000, 1781731800, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', '[]', '[]', '["First-time Buyer"]', '{}', '["First-time Buyer","VIP"]', '[]', NULL, NULL, 0, 60000, 1, NULL, NULL);
INSERT INTO public.person (id, store, email, present, dirty, due_at, evaluated_at, rules_digest, added_by_hand, removed_by_hand, added_by_workflows, kept_forever, current_tags, matching_workflows, written_to_customer, written_to_order, written_order_id, total_spent, orders_count, spend_percentile, orders_percentile) VALUES (6, 'shop', 'finn@example.com', true, 0, 1781784900, 1781641080, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', '[]', '[]', '["First-time Buyer"]', '{}', '["First-time Buyer","Regular"]', '[]', NULL, '{"segment":"Regular","tags":["First-time Buyer","Regular"]}', 14, 10000, 1, 43, 36);
INSERT INTO public.person (id, store, email, present, dirty, due_at, evaluated_at, rules_digest, added_by_hand, removed_by_hand, added_by_workflows, kept_forever, current_tags, matching_workflows, written_to_customer, written_to_order, written_order_id, total_spent, orders_count, spend_percentile, orders_percentile) VALUES (7, 'shop', '', false, 0, NULL, NULL, '', '[]', '[]', '[]', '{}', '[]', '[]', NULL, NULL, 0, 0, 0, NULL, NULL);
INSERT INTO public.person (id, store, email, present, dirty, due_at, evaluated_at, rules_digest, added_by_hand, removed_by_hand, added_by_workflows, kept_forever, current_tags, matching_workflows, written_to_customer, written_to_order, written_order_id, total_spent, orders_count, spend_percentile, orders_percentile) VALUES (5, 'shop', 'emil@example.com', true, 0, 1781784540, 1781641080, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', '[]', '[]', '["First-time Buyer"]', '{}', '["First-time Buyer","VIP"]', '[]', '{"segment":"VIP","tags":["First-time Buyer","VIP"]}', '{"segment":"VIP","tags":["First-time Buyer","VIP"]}', 12, 70000, 1, 93, 36);
INSERT INTO public.person (id, store, email, present, dirty, due_at, evaluated_at, rules_digest, added_by_hand, removed_by_hand, added_by_workflows, kept_forever, current_tags, matching_workflows, written_to_customer, written_to_order, written_order_id, total_spent, orders_count, spend_percentile, orders_percentile) VALUES (10, 'shop', 'jo@example.com', true, 0, 1781991000, 1781731800, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', '[]', '[]', '["First-time Buyer"]', '{}', '["First-time Buyer","VIP"]', '[]', NULL, NULL, 0, 60000, 1, NULL, NULL);
INSERT INTO public.product (store, id, name, sku, categories, tags, modified, odd_fields) VALUES ('shop', 1, 'Wallet', '', '[]', '[]', 1738317600, '');
INSERT INTO public.rescan (store, name, started, "position", "end", done, pages) VALUES ('shop', 'ids', 1781517600, 946684800, 1781517481, 0, 1);
INSERT INTO public.rescan (store, name, started, "position", "end", done, pages) VALUES ('shop', 'customers', 1781690400, 0, 0, 0, 1);
INSERT INTO public.rule (store, kind, name, digest, changed_at) VALUES ('shop', 'segment', 'VIP', 'f7cdd6151aa30f71d4337cc5c4c4d958008921ca1b3cbea0423e2e289f697e2e', 1781517600);
INSERT INTO public.rule (store, kind, name, digest, changed_at) VALUES ('shop', 'segment', 'Regular', 'f7cdd6151aa30f71d4337cc5c4c4d958008921ca1b3cbea0423e2e289f697e2e', 1781517600);
INSERT INTO public.rule (store, kind, name, digest, changed_at) VALUES ('shop', 'tags', '', '44e8f733b58ca6062b488fdfe5b7099e5e77e4ad9c6034e7b78108a7b0ffe0a4', 1781517600);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, reason, rules_digest, started_at, ended_at) VALUES (1, 'shop', 'welcome', 4, 'first order', 1781521380, 9, 9, 0, 'live', 'waiting', '[5]', 1781780580, '["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]', '{"code":"THANKS-ASG5FKM4","expires":1784152800}', '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781521380, NULL);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, reason, rules_digest, started_at, ended_at) VALUES (2, 'shop', 'rehearsal', 4, 'order 9 paid', 1781521380, 9, 9, 0, 'dry_run', 'done', '[1]', NULL, '["add_note Only played"]', '{}', 'all steps are done', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781521380, NULL);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, reason, rules_digest, started_at, ended_at) VALUES (3, 'shop', 'rehearsal', 2, 'order 10 paid', 1781521380, 10, 10, 0, 'dry_run', 'done', '[1]', NULL, '["add_note Only played"]', '{}', 'all steps are done', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781521380, NULL);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, reason, rules_digest, started_at, ended_at) VALUES (4, 'shop', 'welcome', 5, 'first order', 1781525340, 12, 12, 0, 'live', 'waiting', '[5]', 1781784540, '["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]', '{"code":"THANKS-CDVW79BV","expires":1784152800}', '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781525340, NULL);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, reason, rules_digest, started_at, ended_at) VALUES (5, 'shop', 'rehearsal', 5, 'order 12 paid', 1781525340, 12, 12, 0, 'dry_run', 'done', '[1]', NULL, '["add_note Only played"]', '{}', 'all steps are done', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781525340, NULL);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, reason, rules_digest, started_at, ended_at) VALUES (6, 'shop', 'welcome', 6, 'first order', 1781525700, 14, 14, 0, 'live', 'waiting', '[5]', 1781784900, '["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]', '{"code":"THANKS-KP4SDZR7","expires":1784152800}', '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781525700, NULL);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, reason, rules_digest, started_at, ended_at) VALUES (7, 'shop', 'rehearsal', 6, 'order 14 paid', 1781525700, 14, 14, 0, 'dry_run', 'done', '[1]', NULL, '["add_note Only played"]', '{}', 'all steps are done', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781525700, NULL);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, reason, rules_digest, started_at, ended_at) VALUES (8, 'shop', 'welcome', 7, 'first order', 1781525700, 15, 15, 0, 'live', 'waiting', '[5]', 1781784900, '["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]', '{"code":"THANKS-DY4VAD23","expires":1784152800}', '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781525700, NULL);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, reason, rules_digest, started_at, ended_at) VALUES (9, 'shop', 'rehearsal', 7, 'order 15 paid', 1781525700, 15, 15, 0, 'dry_run', 'done', '[1]', NULL, '["add_note Only played"]', '{}', 'all steps are done', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781525700, NULL);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, reason, rules_digest, started_at, ended_at) VALUES (10, 'shop', 'welcome', 8, 'first order', 1781731800, 18, 18, 0, 'live', 'waiting', '[5]', 1781991000, '["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]', '{"code":"THANKS-A85CADMR","expires":1784325600}', '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781731800, NULL);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, reason, rules_digest, started_at, ended_at) VALUES (11, 'shop', 'rehearsal', 8, 'order 18 paid', 1781731800, 18, 18, 0, 'dry_run', 'done', '[1]', NULL, '["add_note Only played"]', '{}', 'all steps are done', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781731800, NULL);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, reason, rules_digest, started_at, ended_at) VALUES (12, 'shop', 'welcome', 9, 'first order', 1781731800, 19, 19, 0, 'live', 'waiting', '[5]', 1781991000, '["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]', '{"code":"THANKS-6DK2827E","expires":1784325600}', '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781731800, NULL);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, reason, rules_digest, started_at, ended_at) VALUES (13, 'shop', 'rehearsal', 9, 'order 19 paid', 1781731800, 19, 19, 0, 'dry_run', 'done', '[1]', NULL, '["add_note Only played"]', '{}', 'all steps are done', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781731800, NULL);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, reason, rules_digest, started_at, ended_at) VALUES (14, 'shop', 'welcome', 10, 'first order', 1781731800, 20, 20, 0, 'live', 'waiting', '[5]', 1781991000, '["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]', '{"code":"THANKS-FR8H9MY7","expires":1784325600}', '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781731800, NULL);
INSERT INTO public.run (id, store, workflow, person, event, event_at, order_id, purchase_id, line_item_id, mode, state, path, due_at, steps, variables, reason, rules_digest, started_at, ended_at) VALUES (15, 'shop', 'rehearsal', 10, 'order 20 paid', 1781731800, 20, 20, 0, 'dry_run', 'done', '[1]', NULL, '["add_note Only played"]', '{}', 'all steps are done', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781731800, NULL);
INSERT INTO public.setting (name, value) VALUES ('secret', '5ec2e75ec2e75ec2e75ec2e75ec2e7');
INSERT INTO public.setting (name, value) VALUES ('look_for_writes_until', '1781818200');
INSERT INTO public.store (name, url, uid, title, time_zone, currency, version, uses_hpos, can_read_meta, key_digest, key_read_at, meta_write_verified, initial_sync_started, initial_sync_done, child_orders_read, order_cursor, newest_customer_id, customer_rescan_position, customer_rescan_started, reconciled_at, polled_at, poll_error, poll_error_since, write_error, write_error_since, clock_here, clock_store, evaluated_at, evaluated_before, median_order_gap, rules_digest, full_evaluation_position, applied_settings, meta_keys, resyncing, empty_answer_approved, lease_holder, lease_until) VALUES ('shop', 'https://shop.example', '7b1c5f0e-2a64-4c39-9d6e-0f1a2b3c4d5e', 'Shop', 'Europe/Berlin', 'USD', '10.2.4', true, true, '69bb9a97631f9ac3', 1781731800, true, 1781517600, 1781517600, true, 1781731800, 4, 0, 1781690400, 1781612280, 1781731980, '', NULL, '', NULL, NULL, NULL, 1781731980, 1781699220, '235.02', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', NULL, '(''by_email'', [], '''', '''', ''latest'', ''respect'')', '["wcflow_segment","wcflow_tags"]', '', false, '', 0);
INSERT INTO public.transition (id, store, person, segment, entered, at, reason) VALUES (1, 'shop', 4, 'Regular', true, 1781521380, 'orders_count 1 >= 1');
INSERT INTO public.transition (id, store, person, segment, entered, at, reason) VALUES (2, 'shop', 5, 'VIP', true, 1781525340, 'total_spent 700.00 >= 500');
INSERT INTO public.transition (id, store, person, segment, entered, at, reason) VALUES (3, 'shop', 6, 'Regular', true, 1781525700, 'orders_count 1 >= 1');
INSERT INTO public.transition (id, store, person, segment, entered, at, reason) VALUES (4, 'shop', 7, 'Regular', true, 1781525700, 'orders_count 1 >= 1');
INSERT INTO public.transition (id, store, person, segment, entered, at, reason) VALUES (5, 'shop', 7, 'Regular', false, 1781641080, 'orders_count 0 < 1');
INSERT INTO public.transition (id, store, person, segment, entered, at, reason) VALUES (6, 'shop', 8, 'VIP', true, 1781731800, 'total_spent 600.00 >= 500');
INSERT INTO public.transition (id, store, person, segment, entered, at, reason) VALUES (7, 'shop', 9, 'VIP', true, 1781731800, 'total_spent 600.00 >= 500');
INSERT INTO public.transition (id, store, person, segment, entered, at, reason) VALUES (8, 'shop', 10, 'VIP', true, 1781731800, 'total_spent 600.00 >= 500');
INSERT INTO public.wcflow_version (version_num) VALUES ('0004');
INSERT INTO public.workflow (store, name, mode, rules_digest, active_since, paused_at) VALUES ('shop', 'welcome', 'live', 'c6ac31df3f25ca17bdbfdf7bcc6e60b16268a0153f3284351015a41cf42fbdff', 1781517600, NULL);
INSERT INTO public.workflow (store, name, mode, rules_digest, active_since, paused_at) VALUES ('shop', 'rehearsal', 'dry_run', '9483446caa234a7e7e80503ce5d4ddec35716c4393646a59037e6d1b089445cf', 1781517600, NULL);
INSERT INTO public.written_tags (store, kind, id, tags, dropped) VALUES ('shop', 'order', 5, '["Regular"]', '[]');
INSERT INTO public.written_tags (store, kind, id, tags, dropped) VALUES ('shop', 'customer', 1, '["Came Back","VIP"]', '[]');
INSERT INTO public.written_tags (store, kind, id, tags, dropped) VALUES ('shop', 'order', 3, '["Came Back","VIP"]', '[]');
INSERT INTO public.written_tags (store, kind, id, tags, dropped) VALUES ('shop', 'order', 4, '[]', '[]');
INSERT INTO public.written_tags (store, kind, id, tags, dropped) VALUES ('shop', 'order', 9, '["First-time Buyer","Regular"]', '[]');
INSERT INTO public.written_tags (store, kind, id, tags, dropped) VALUES ('shop', 'order', 10, '["Came Back","Regular"]', '[]');
INSERT INTO public.written_tags (store, kind, id, tags, dropped) VALUES ('shop', 'customer', 2, '["Regular"]', '[]');
INSERT INTO public.written_tags (store, kind, id, tags, dropped) VALUES ('shop', 'order', 12, '["First-time Buyer","VIP"]', '[]');
INSERT INTO public.written_tags (store, kind, id, tags, dropped) VALUES ('shop', 'customer', 3, '["First-time Buyer","Regular"]', '[]');
INSERT INTO public.written_tags (store, kind, id, tags, dropped) VALUES ('shop', 'order', 14, '["First-time Buyer","Regular"]', '[]');
INSERT INTO public.written_tags (store, kind, id, tags, dropped) VALUES ('shop', 'order', 15, '["First-time Buyer","Regular"]', '[]');
INSERT INTO public.written_tags (store, kind, id, tags, dropped) VALUES ('shop', 'customer', 4, '["First-time Buyer","VIP"]', '[]');
SELECT pg_catalog.setval('public.event_id_seq', 1, false);
SELECT pg_catalog.setval('public.outbox_id_seq', 50, true);
SELECT pg_catalog.setval('public.person_id_seq', 10, true);
SELECT pg_catalog.setval('public.run_id_seq', 15, true);
SELECT pg_catalog.setval('public.transition_id_seq', 8, true);
ALTER TABLE ONLY public.alert
    ADD CONSTRAINT alert_pkey PRIMARY KEY (store, kind, way);
ALTER TABLE ONLY public.channel
    ADD CONSTRAINT channel_pkey PRIMARY KEY (store, name);
ALTER TABLE ONLY public.crowded_second
    ADD CONSTRAINT crowded_second_pkey PRIMARY KEY (store, status, second);
ALTER TABLE ONLY public.customer
    ADD CONSTRAINT customer_pkey PRIMARY KEY (store, id);
ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_once UNIQUE (store, person, key);
ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.identity
    ADD CONSTRAINT identity_pkey PRIMARY KEY (store, kind, value);
ALTER TABLE ONLY public.import_range
    ADD CONSTRAINT import_range_pkey PRIMARY KEY (store, resource, number);
ALTER TABLE ONLY public.membership
    ADD CONSTRAINT membership_pkey PRIMARY KEY (store, person, segment);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (store, id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_once UNIQUE (store, rule, person, event, step);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.person
    ADD CONSTRAINT person_pkey PRIMARY KEY (id);
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
ALTER TABLE ONLY public.setting
    ADD CONSTRAINT setting_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.store
    ADD CONSTRAINT store_pkey PRIMARY KEY (name);
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
CREATE INDEX customer_by_billing_email ON public.customer USING btree (store, billing_email);
CREATE INDEX customer_by_email ON public.customer USING btree (store, email);
CREATE INDEX customer_odd ON public.customer USING btree (store, odd_fields);
CREATE INDEX identity_by_person ON public.identity USING btree (store, person);
CREATE INDEX membership_by_segment ON public.membership USING btree (store, segment);
CREATE INDEX orders_by_created ON public.orders USING btree (store, created);
CREATE INDEX orders_by_customer ON public.orders USING btree (store, customer_id, email);
CREATE INDEX orders_by_parent ON public.orders USING btree (store, parent_id);
CREATE INDEX orders_by_status ON public.orders USING btree (store, status, currency);
CREATE INDEX orders_odd ON public.orders USING btree (store, odd_fields);
CREATE INDEX outbox_by_person ON public.outbox USING btree (store, person, state);
CREATE INDEX outbox_by_run ON public.outbox USING btree (run_id);
CREATE INDEX outbox_due ON public.outbox USING btree (store, state, approved, kind, urgent, due_at);
CREATE INDEX person_by_email ON public.person USING btree (store, email);
CREATE INDEX person_by_id ON public.person USING btree (store, id, present);
CREATE INDEX person_dirty ON public.person USING btree (store, dirty, due_at);
CREATE INDEX product_odd ON public.product USING btree (store, odd_fields);
CREATE INDEX run_by_person ON public.run USING btree (store, person, state);
CREATE INDEX run_by_purchase ON public.run USING btree (store, purchase_id);
CREATE INDEX transition_by_person ON public.transition USING btree (store, person);
