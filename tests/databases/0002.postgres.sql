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
CREATE TABLE public.aside (
    store character varying NOT NULL,
    kind character varying NOT NULL,
    id bigint NOT NULL,
    reason text NOT NULL,
    first_seen bigint NOT NULL,
    last_seen bigint NOT NULL
);
CREATE TABLE public.census_slice (
    store character varying NOT NULL,
    part character varying NOT NULL,
    number integer NOT NULL,
    "position" bigint NOT NULL,
    "end" bigint NOT NULL,
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
    detail text NOT NULL
);
CREATE TABLE public.doubt (
    store character varying NOT NULL,
    kind character varying NOT NULL,
    id bigint NOT NULL
);
CREATE TABLE public.membership (
    store character varying NOT NULL,
    subject character varying NOT NULL,
    segment character varying NOT NULL,
    since bigint NOT NULL
);
CREATE TABLE public.move (
    id bigint NOT NULL,
    store character varying NOT NULL,
    subject character varying NOT NULL,
    segment character varying NOT NULL,
    entered boolean NOT NULL,
    at bigint NOT NULL,
    reason text NOT NULL
);
CREATE SEQUENCE public.move_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.move_id_seq OWNED BY public.move.id;
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
    country character varying
);
CREATE TABLE public.outbox (
    id bigint NOT NULL,
    store character varying NOT NULL,
    rule character varying NOT NULL,
    subject character varying NOT NULL,
    occurrence character varying NOT NULL,
    step character varying NOT NULL,
    kind character varying NOT NULL,
    target bigint NOT NULL,
    payload text NOT NULL,
    run_id bigint,
    state character varying NOT NULL,
    due_at bigint NOT NULL,
    queued_at bigint NOT NULL,
    claimed_at bigint,
    claimed_by character varying NOT NULL,
    done_at bigint,
    attempts integer NOT NULL,
    released boolean NOT NULL,
    outcome text NOT NULL,
    digest character varying NOT NULL
);
CREATE SEQUENCE public.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.outbox_id_seq OWNED BY public.outbox.id;
CREATE TABLE public.person (
    store character varying NOT NULL,
    subject character varying NOT NULL,
    email character varying NOT NULL,
    touched integer NOT NULL,
    due_at bigint,
    evaluated_at bigint,
    digest character varying NOT NULL,
    by_hand text NOT NULL,
    refused text NOT NULL,
    granted text NOT NULL,
    kept text NOT NULL,
    worn text NOT NULL,
    matched text NOT NULL,
    written_customer text,
    written_order text,
    written_order_id bigint NOT NULL,
    spent bigint NOT NULL,
    orders_count integer NOT NULL,
    spend_percentile integer,
    orders_percentile integer
);
CREATE TABLE public.product (
    store character varying NOT NULL,
    id bigint NOT NULL,
    name character varying NOT NULL,
    sku character varying NOT NULL,
    categories text NOT NULL,
    tags text NOT NULL,
    modified bigint
);
CREATE TABLE public.run (
    id bigint NOT NULL,
    store character varying NOT NULL,
    workflow character varying NOT NULL,
    subject character varying NOT NULL,
    occurrence character varying NOT NULL,
    at bigint NOT NULL,
    order_id bigint NOT NULL,
    item_id bigint NOT NULL,
    mode character varying NOT NULL,
    state character varying NOT NULL,
    step integer NOT NULL,
    due_at bigint,
    steps text NOT NULL,
    memory text NOT NULL,
    reason text NOT NULL,
    digest character varying NOT NULL,
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
    zone character varying NOT NULL,
    currency character varying NOT NULL,
    version character varying NOT NULL,
    hpos boolean NOT NULL,
    reads_meta boolean NOT NULL,
    meta_checked boolean NOT NULL,
    census_started bigint,
    census_done bigint,
    order_cursor bigint,
    newest_customer bigint NOT NULL,
    sweep_position bigint NOT NULL,
    sweep_started bigint,
    reconciled_at bigint,
    polled_at bigint,
    error text NOT NULL,
    error_since bigint,
    held text NOT NULL,
    held_since bigint,
    accepted boolean NOT NULL,
    order_gap character varying NOT NULL,
    lease_holder character varying NOT NULL,
    lease_until bigint NOT NULL
);
CREATE TABLE public.wcflow_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.workflow (
    store character varying NOT NULL,
    name character varying NOT NULL,
    mode character varying NOT NULL,
    digest character varying NOT NULL,
    since bigint NOT NULL
);
CREATE TABLE public.written (
    store character varying NOT NULL,
    kind character varying NOT NULL,
    id bigint NOT NULL,
    tags text NOT NULL,
    dropped text NOT NULL
);
ALTER TABLE ONLY public.move ALTER COLUMN id SET DEFAULT nextval('public.move_id_seq'::regclass);
ALTER TABLE ONLY public.outbox ALTER COLUMN id SET DEFAULT nextval('public.outbox_id_seq'::regclass);
ALTER TABLE ONLY public.run ALTER COLUMN id SET DEFAULT nextval('public.run_id_seq'::regclass);
INSERT INTO public.census_slice (store, part, number, "position", "end", done) VALUES ('shop', 'customers', 0, 1, 1, true);
INSERT INTO public.census_slice (store, part, number, "position", "end", done) VALUES ('shop', 'products', 0, 1738317600, 1099511627776, true);
INSERT INTO public.census_slice (store, part, number, "position", "end", done) VALUES ('shop', 'orders', 0, 1778925600, 1099511627776, true);
INSERT INTO public.census_slice (store, part, number, "position", "end", done) VALUES ('shop', 'trash', 0, 1780653600, 1099511627776, true);
INSERT INTO public.census_slice (store, part, number, "position", "end", done) VALUES ('shop', 'drafts', 0, 946684800, 1099511627776, true);
INSERT INTO public.census_slice (store, part, number, "position", "end", done) VALUES ('shop', 'drafts', 1, 946684800, 1099511627776, true);
INSERT INTO public.customer (store, id, email, first_name, last_name, username, role, created, detail) VALUES ('shop', 1, 'anna@example.com', 'Anna', '', 'anna', 'customer', 1746957600, '{"billing":{"email":"anna@example.com","first_name":"Anna"},"meta":{"wcflow_segment":"VIP","wcflow_tags":"Came Back, VIP"},"shipping":{}}');
INSERT INTO public.customer (store, id, email, first_name, last_name, username, role, created, detail) VALUES ('shop', 2, 'dora@example.com', 'Dóra 🌻', '', 'dora', 'customer', 1781521380, '{"billing":{"email":"dora@example.com","first_name":"Dóra 🌻"},"meta":{"wcflow_segment":"Regular","wcflow_tags":"By Hand, Regular"},"shipping":{}}');
INSERT INTO public.customer (store, id, email, first_name, last_name, username, role, created, detail) VALUES ('shop', 4, 'emil@example.com', '', '', 'emil', 'customer', 1781525880, '{"billing":{"email":"emil@example.com"},"meta":{"wcflow_segment":"VIP","wcflow_tags":"First-time Buyer, VIP"},"shipping":{}}');
INSERT INTO public.membership (store, subject, segment, since) VALUES ('shop', 'c1', 'VIP', 1781517599);
INSERT INTO public.membership (store, subject, segment, since) VALUES ('shop', 'g:ben@example.com', 'Regular', 1781517599);
INSERT INTO public.membership (store, subject, segment, since) VALUES ('shop', 'g:cara@example.com', 'Regular', 1781517599);
INSERT INTO public.membership (store, subject, segment, since) VALUES ('shop', 'c2', 'Regular', 1781521380);
INSERT INTO public.membership (store, subject, segment, since) VALUES ('shop', 'g:finn@example.com', 'Regular', 1781525700);
INSERT INTO public.membership (store, subject, segment, since) VALUES ('shop', 'c4', 'VIP', 1781525340);
INSERT INTO public.membership (store, subject, segment, since) VALUES ('shop', 'g:hugo@example.com', 'VIP', 1781731800);
INSERT INTO public.membership (store, subject, segment, since) VALUES ('shop', 'g:ida@example.com', 'VIP', 1781731800);
INSERT INTO public.membership (store, subject, segment, since) VALUES ('shop', 'g:jo@example.com', 'VIP', 1781731800);
INSERT INTO public.move (id, store, subject, segment, entered, at, reason) VALUES (1, 'shop', 'c2', 'Regular', true, 1781521380, 'orders_count 1 >= 1');
INSERT INTO public.move (id, store, subject, segment, entered, at, reason) VALUES (4, 'shop', 'g:gil@example.com', 'Regular', true, 1781525700, 'orders_count 1 >= 1');
INSERT INTO public.move (id, store, subject, segment, entered, at, reason) VALUES (3, 'shop', 'g:finn@example.com', 'Regular', true, 1781525700, 'orders_count 1 >= 1');
INSERT INTO public.move (id, store, subject, segment, entered, at, reason) VALUES (2, 'shop', 'c4', 'VIP', true, 1781525340, 'total_spent 700.00 >= 500');
INSERT INTO public.move (id, store, subject, segment, entered, at, reason) VALUES (5, 'shop', 'g:gil@example.com', 'Regular', false, 1781641080, 'orders_count 0 < 1');
INSERT INTO public.move (id, store, subject, segment, entered, at, reason) VALUES (6, 'shop', 'g:hugo@example.com', 'VIP', true, 1781731800, 'total_spent 600.00 >= 500');
INSERT INTO public.move (id, store, subject, segment, entered, at, reason) VALUES (7, 'shop', 'g:ida@example.com', 'VIP', true, 1781731800, 'total_spent 600.00 >= 500');
INSERT INTO public.move (id, store, subject, segment, entered, at, reason) VALUES (8, 'shop', 'g:jo@example.com', 'VIP', true, 1781731800, 'total_spent 600.00 >= 500');
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, country) VALUES ('shop', 2, '2', 'completed', 'USD', 45000, 0, 1, 'anna@example.com', 1755597600, 1755597600, 1755597600, 1755597600, 'stripe', 'checkout', '', '{"billing":{"email":"anna@example.com","first_name":"Anna"},"coupons":[],"items":[{"id":1,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":45000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}', '[["","completed",1755597600]]', '');
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, country) VALUES ('shop', 7, '7', 'failed', 'USD', 10000, 0, 0, '', 1777197600, 1777197600, NULL, NULL, 'stripe', 'checkout', '', '{"billing":{},"coupons":[],"items":[{"id":5,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":10000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}', '[["","failed",1777197600]]', '');
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, country) VALUES ('shop', 8, '8', 'trash', 'USD', 10000, 0, 0, 'ben@example.com', 1780653600, 1781517600, 1780653600, 1780653600, 'stripe', 'checkout', '', '{"billing":{"email":"ben@example.com"},"coupons":[],"items":[{"id":6,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":10000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}', '[["","trash",1780653600]]', '');
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, country) VALUES ('shop', 18, '18', 'completed', 'USD', 60000, 0, 0, 'hugo@example.com', 1781731800, 1781731800, 1781731800, 1781731800, 'stripe', 'checkout', '', '{"billing":{"email":"hugo@example.com"},"coupons":[],"items":[{"id":12,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":60000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}', '[["","completed",1781731800]]', '');
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, country) VALUES ('shop', 5, '5', 'completed', 'USD', 10000, 0, 0, 'cara@example.com', 1772877600, 1781517600, 1772877600, 1772877600, 'stripe', 'checkout', '', '{"billing":{"email":"cara@example.com"},"coupons":[],"items":[{"id":4,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":10000,"variation_id":0}],"meta":{"wcflow_segment":"Regular","wcflow_tags":"Regular"},"refunds":[{"date":1781517600,"id":6,"reason":"","total":3000}],"shipping":{}}', '[["","completed",1772877600]]', '');
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, country) VALUES ('shop', 12, '12', 'completed', 'USD', 70000, 0, 0, 'emil@example.com', 1781525340, 1781525520, 1781525340, 1781525340, 'stripe', 'checkout', '', '{"billing":{"email":"emil@example.com"},"coupons":[],"items":[{"id":9,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":70000,"variation_id":0}],"meta":{"wcflow_segment":"VIP","wcflow_tags":"First-time Buyer, VIP"},"refunds":[],"shipping":{}}', '[["","completed",1781525340]]', '');
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, country) VALUES ('shop', 4, '4', 'completed', 'USD', 10000, 0, 0, 'ben@example.com', 1764237600, 1781517600, 1764237600, 1764237600, 'stripe', 'checkout', '', '{"billing":{"email":"ben@example.com"},"coupons":[],"items":[{"id":3,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":10000,"variation_id":0}],"meta":{"wcflow_segment":"Regular","wcflow_tags":"Regular"},"refunds":[],"shipping":{}}', '[["","completed",1764237600]]', '');
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, country) VALUES ('shop', 3, '3', 'completed', 'USD', 15000, 0, 1, 'anna@example.com', 1778925600, 1781517600, 1778925600, 1778925600, 'stripe', 'checkout', '', '{"billing":{"email":"anna@example.com","first_name":"Anna"},"coupons":[],"items":[{"id":2,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":15000,"variation_id":0}],"meta":{"wcflow_segment":"VIP","wcflow_tags":"Came Back, VIP"},"refunds":[],"shipping":{}}', '[["","completed",1778925600]]', '');
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, country) VALUES ('shop', 10, '10', 'completed', 'USD', 2550, 7450, 0, 'ben@example.com', 1781521380, 1781521380, 1781521380, 1781521380, 'stripe', 'checkout', '', '{"billing":{"email":"ben@example.com"},"coupons":[],"items":[{"id":8,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":2550,"variation_id":0}],"meta":{"wcflow_segment":"Regular","wcflow_tags":"Came Back, Regular"},"refunds":[],"shipping":{}}', '[["","completed",1781521380]]', '');
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, country) VALUES ('shop', 9, '9', 'completed', 'USD', 2000, 8000, 2, 'dora@example.com', 1781521380, 1781521560, 1781521380, 1781521380, 'stripe', 'checkout', '', '{"billing":{"email":"dora@example.com","first_name":"Dóra 🌻"},"coupons":[],"items":[{"id":7,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":2000,"variation_id":0}],"meta":{"wcflow_segment":"Regular","wcflow_tags":"By Hand, Regular"},"refunds":[],"shipping":{}}', '[["","completed",1781521380]]', '');
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, country) VALUES ('shop', 19, '19', 'completed', 'USD', 60000, 0, 0, 'ida@example.com', 1781731800, 1781731800, 1781731800, 1781731800, 'stripe', 'checkout', '', '{"billing":{"email":"ida@example.com"},"coupons":[],"items":[{"id":13,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":60000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}', '[["","completed",1781731800]]', '');
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, country) VALUES ('shop', 14, '14', 'completed', 'USD', 10000, 0, 0, 'finn@example.com', 1781525700, 1781525880, 1781525700, 1781525700, 'stripe', 'checkout', '', '{"billing":{"email":"finn@example.com"},"coupons":[],"items":[{"id":10,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":10000,"variation_id":0}],"meta":{"wcflow_segment":"Regular","wcflow_tags":"First-time Buyer, Regular"},"refunds":[],"shipping":{}}', '[["","completed",1781525700]]', '');
INSERT INTO public.orders (store, id, number, status, currency, total, discount_total, customer_id, email, created, modified, paid, completed, payment_method, created_via, customer_note, detail, history, country) VALUES ('shop', 20, '20', 'completed', 'USD', 60000, 0, 0, 'jo@example.com', 1781731800, 1781731800, 1781731800, 1781731800, 'stripe', 'checkout', '', '{"billing":{"email":"jo@example.com"},"coupons":[],"items":[{"id":14,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":60000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}', '[["","completed",1781731800]]', '');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (1, 'shop', 'tags', 'c1', 'state', 'customer', 'tags_customer', 1, '{"segment":"VIP","wanted":["Came Back","VIP"]}', NULL, 'done', 1781517600, 1781517600, 1781517600, 'test', 1781517600, 1, true, 'wcflow_tags = Came Back, VIP; wcflow_segment = VIP', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (2, 'shop', 'tags', 'c1', 'state', 'order 3', 'tags_order', 3, '{"segment":"VIP","wanted":["Came Back","VIP"]}', NULL, 'done', 1781517600, 1781517600, 1781517600, 'test', 1781517600, 1, true, 'wcflow_tags = Came Back, VIP; wcflow_segment = VIP', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (3, 'shop', 'tags', 'g:ben@example.com', 'state', 'order 4', 'tags_order', 4, '{"segment":"Regular","wanted":["Regular"]}', NULL, 'done', 1781517600, 1781517600, 1781517600, 'test', 1781517600, 1, true, 'wcflow_tags = Regular; wcflow_segment = Regular', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (4, 'shop', 'tags', 'g:cara@example.com', 'state', 'order 5', 'tags_order', 5, '{"segment":"Regular","wanted":["Regular"]}', NULL, 'done', 1781517600, 1781517600, 1781517600, 'test', 1781517600, 1, true, 'wcflow_tags = Regular; wcflow_segment = Regular', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (8, 'shop', 'workflow rehearsal', 'c2', 'order 9 paid', '1 add_note', 'note', 9, '{"for_customer":false,"mark":"(ref SXJYKT)","text":"Only played"}', 2, 'dry_run', 1781521380, 1781521380, NULL, '', NULL, 0, false, '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (9, 'shop', 'workflow rehearsal', 'g:ben@example.com', 'order 10 paid', '1 add_note', 'note', 10, '{"for_customer":false,"mark":"(ref WR78XD)","text":"Only played"}', 3, 'dry_run', 1781521380, 1781521380, NULL, '', NULL, 0, false, '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (5, 'shop', 'workflow welcome', 'c2', 'first order', '2 add_note', 'note', 9, '{"for_customer":false,"mark":"(ref MANM2P)","text":"Welcome, dora@example.com"}', 1, 'done', 1781521380, 1781521380, 1781521380, 'test', 1781521380, 1, true, 'note on order 9', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (6, 'shop', 'workflow welcome', 'c2', 'first order', '3 create_coupon', 'coupon', 0, '{"amount":"10","category_ids":[],"code":"THANKS-8F9CWYXQ","description":"wcflow: welcome, first order","emails":["dora@example.com"],"exclude_sale_items":false,"expires":1784113380,"free_shipping":false,"individual_use":false,"key":"b4894656c692036dd20f3f5423ffbd38","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}', 1, 'done', 1781521380, 1781521380, 1781521380, 'test', 1781521380, 1, true, 'coupon THANKS-8F9CWYXQ', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (10, 'shop', 'tags', 'c2', 'state', 'customer', 'tags_customer', 2, '{"segment":"Regular","wanted":["First-time Buyer","Regular"]}', NULL, 'done', 1781521560, 1781521560, 1781521560, 'test', 1781521560, 1, true, 'wcflow_tags = By Hand, Regular; wcflow_segment = Regular', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (11, 'shop', 'tags', 'c2', 'state', 'order 9', 'tags_order', 9, '{"segment":"Regular","wanted":["First-time Buyer","Regular"]}', NULL, 'done', 1781521380, 1781521380, 1781521380, 'test', 1781521380, 1, true, 'wcflow_tags = First-time Buyer, Regular; wcflow_segment = Regular', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (12, 'shop', 'tags', 'g:ben@example.com', 'state', 'order 10', 'tags_order', 10, '{"segment":"Regular","wanted":["Came Back","Regular"]}', NULL, 'done', 1781521380, 1781521380, 1781521380, 'test', 1781521380, 1, true, 'wcflow_tags = Came Back, Regular; wcflow_segment = Regular', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (7, 'shop', 'workflow welcome', 'c2', 'first order', '4 add_note', 'note', 9, '{"for_customer":false,"mark":"(ref 3J2KMT)","text":"Your code is THANKS-8F9CWYXQ"}', 1, 'done', 1781521380, 1781521380, 1781521380, 'test', 1781521380, 1, true, 'note on order 9', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (20, 'shop', 'workflow welcome', 'g:finn@example.com', 'first order', '2 add_note', 'note', 14, '{"for_customer":false,"mark":"(ref 54MFQ9)","text":"Welcome, finn@example.com"}', 6, 'done', 1781525700, 1781525700, 1781525700, 'test', 1781525700, 1, true, 'note on order 14', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (21, 'shop', 'workflow welcome', 'g:finn@example.com', 'first order', '3 create_coupon', 'coupon', 0, '{"amount":"10","category_ids":[],"code":"THANKS-YBJ39C67","description":"wcflow: welcome, first order","emails":["finn@example.com"],"exclude_sale_items":false,"expires":1784117700,"free_shipping":false,"individual_use":false,"key":"b3ba65e98931d10184d3100bd2fd9f92","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}', 6, 'done', 1781525700, 1781525700, 1781525700, 'test', 1781525700, 1, true, 'coupon THANKS-YBJ39C67', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (22, 'shop', 'workflow welcome', 'g:finn@example.com', 'first order', '4 add_note', 'note', 14, '{"for_customer":false,"mark":"(ref 68F57Z)","text":"Your code is THANKS-YBJ39C67"}', 6, 'done', 1781525700, 1781525700, 1781525700, 'test', 1781525700, 1, true, 'note on order 14', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (19, 'shop', 'tags', 'c4', 'state', 'order 12', 'tags_order', 12, '{"segment":"VIP","wanted":["First-time Buyer","VIP"]}', NULL, 'done', 1781525340, 1781525340, 1781525520, 'test', 1781525520, 1, true, 'wcflow_tags = First-time Buyer, VIP; wcflow_segment = VIP', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (14, 'shop', 'segment VIP', 'c4', 'VIP entered 2026-06-15', 'note', 'note', 12, '{"for_customer":false,"mark":"(ref C7JCMP)","text":"Customer entered the segment VIP: total_spent 700.00 >= 500"}', NULL, 'done', 1781525340, 1781525340, 1781525520, 'test', 1781525520, 1, true, 'note on order 12', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (15, 'shop', 'workflow welcome', 'c4', 'first order', '2 add_note', 'note', 12, '{"for_customer":false,"mark":"(ref RJ2YHD)","text":"Welcome, emil@example.com"}', 4, 'done', 1781525340, 1781525340, 1781525520, 'test', 1781525520, 1, true, 'note on order 12', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (17, 'shop', 'workflow welcome', 'c4', 'first order', '4 add_note', 'note', 12, '{"for_customer":false,"mark":"(ref 2PE98H)","text":"Your code is THANKS-PWB6GNMA"}', 4, 'done', 1781525340, 1781525340, 1781525520, 'test', 1781525520, 1, true, 'note on order 12', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (27, 'shop', 'workflow rehearsal', 'g:gil@example.com', 'order 15 paid', '1 add_note', 'note', 15, '{"for_customer":false,"mark":"(ref MNSZDW)","text":"Only played"}', 9, 'dry_run', 1781525700, 1781525700, NULL, '', NULL, 0, false, '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (30, 'shop', 'tags', 'g:gil@example.com', 'state', 'order 15', 'tags_order', 15, '{"segment":"Regular","wanted":["First-time Buyer","Regular"]}', NULL, 'done', 1781525700, 1781525700, 1781525700, 'test', 1781525700, 1, true, 'wcflow_tags = First-time Buyer, Regular; wcflow_segment = Regular', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (24, 'shop', 'workflow welcome', 'g:gil@example.com', 'first order', '2 add_note', 'note', 15, '{"for_customer":false,"mark":"(ref N75GWC)","text":"Welcome, gil@example.com"}', 8, 'done', 1781525700, 1781525700, 1781525700, 'test', 1781525700, 1, true, 'note on order 15', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (25, 'shop', 'workflow welcome', 'g:gil@example.com', 'first order', '3 create_coupon', 'coupon', 0, '{"amount":"10","category_ids":[],"code":"THANKS-3BQET5TR","description":"wcflow: welcome, first order","emails":["gil@example.com"],"exclude_sale_items":false,"expires":1784117700,"free_shipping":false,"individual_use":false,"key":"a2134571d26ed239d7a45cbe4a15caa3","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}', 8, 'done', 1781525700, 1781525700, 1781525700, 'test', 1781525700, 1, true, 'coupon THANKS-3BQET5TR', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (26, 'shop', 'workflow welcome', 'g:gil@example.com', 'first order', '4 add_note', 'note', 15, '{"for_customer":false,"mark":"(ref 9GV89R)","text":"Your code is THANKS-3BQET5TR"}', 8, 'done', 1781525700, 1781525700, 1781525700, 'test', 1781525700, 1, true, 'note on order 15', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (28, 'shop', 'tags', 'g:finn@example.com', 'state', 'customer', 'tags_customer', 3, '{"segment":"Regular","wanted":["First-time Buyer","Regular"]}', NULL, 'done', 1781525700, 1781525700, 1781525700, 'test', 1781525700, 1, true, 'wcflow_tags = First-time Buyer, Regular; wcflow_segment = Regular', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (29, 'shop', 'tags', 'g:finn@example.com', 'state', 'order 14', 'tags_order', 14, '{"segment":"Regular","wanted":["First-time Buyer","Regular"]}', NULL, 'done', 1781525700, 1781525700, 1781525700, 'test', 1781525700, 1, true, 'wcflow_tags = First-time Buyer, Regular; wcflow_segment = Regular', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (23, 'shop', 'workflow rehearsal', 'g:finn@example.com', 'order 14 paid', '1 add_note', 'note', 14, '{"for_customer":false,"mark":"(ref 6KWBTA)","text":"Only played"}', 7, 'dry_run', 1781525700, 1781525700, NULL, '', NULL, 0, false, '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (16, 'shop', 'workflow welcome', 'c4', 'first order', '3 create_coupon', 'coupon', 0, '{"amount":"10","category_ids":[],"code":"THANKS-PWB6GNMA","description":"wcflow: welcome, first order","emails":["emil@example.com"],"exclude_sale_items":false,"expires":1784117340,"free_shipping":false,"individual_use":false,"key":"18dd2ea9fe7daac1afa431ca91f7dea4","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}', 4, 'done', 1781525340, 1781525340, 1781525520, 'test', 1781525520, 1, true, 'coupon THANKS-PWB6GNMA', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (18, 'shop', 'workflow rehearsal', 'c4', 'order 12 paid', '1 add_note', 'note', 12, '{"for_customer":false,"mark":"(ref KXM472)","text":"Only played"}', 5, 'dry_run', 1781525340, 1781525340, NULL, '', NULL, 0, false, '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (31, 'shop', 'tags', 'c4', 'state', 'customer', 'tags_customer', 4, '{"segment":"VIP","wanted":["First-time Buyer","VIP"]}', NULL, 'done', 1781641080, 1781641080, 1781641080, 'test', 1781641080, 1, true, 'wcflow_tags = First-time Buyer, VIP; wcflow_segment = VIP', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (33, 'shop', 'workflow welcome', 'g:hugo@example.com', 'first order', '2 add_note', 'note', 18, '{"for_customer":false,"mark":"(ref ZMM6QR)","text":"Welcome, hugo@example.com"}', 11, 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (34, 'shop', 'workflow welcome', 'g:hugo@example.com', 'first order', '3 create_coupon', 'coupon', 0, '{"amount":"10","category_ids":[],"code":"THANKS-DE9ZD9DB","description":"wcflow: welcome, first order","emails":["hugo@example.com"],"exclude_sale_items":false,"expires":1784323800,"free_shipping":false,"individual_use":false,"key":"0b94acd687ca5249066792c1e854e8b7","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}', 11, 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (35, 'shop', 'workflow welcome', 'g:hugo@example.com', 'first order', '4 add_note', 'note', 18, '{"for_customer":false,"mark":"(ref DR5XJT)","text":"Your code is THANKS-DE9ZD9DB"}', 11, 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (36, 'shop', 'workflow rehearsal', 'g:hugo@example.com', 'order 18 paid', '1 add_note', 'note', 18, '{"for_customer":false,"mark":"(ref 4FBC4G)","text":"Only played"}', 12, 'dry_run', 1781731800, 1781731800, NULL, '', NULL, 0, false, '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (37, 'shop', 'segment VIP', 'g:ida@example.com', 'VIP entered 2026-06-17', 'note', 'note', 19, '{"for_customer":false,"mark":"(ref CT2HWG)","text":"Customer entered the segment VIP: total_spent 600.00 >= 500"}', NULL, 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (38, 'shop', 'workflow welcome', 'g:ida@example.com', 'first order', '2 add_note', 'note', 19, '{"for_customer":false,"mark":"(ref PXPS94)","text":"Welcome, ida@example.com"}', 13, 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (39, 'shop', 'workflow welcome', 'g:ida@example.com', 'first order', '3 create_coupon', 'coupon', 0, '{"amount":"10","category_ids":[],"code":"THANKS-PG8CG4YY","description":"wcflow: welcome, first order","emails":["ida@example.com"],"exclude_sale_items":false,"expires":1784323800,"free_shipping":false,"individual_use":false,"key":"6d2161eafb56af35307009ad204a3e20","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}', 13, 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (40, 'shop', 'workflow welcome', 'g:ida@example.com', 'first order', '4 add_note', 'note', 19, '{"for_customer":false,"mark":"(ref VNRS5S)","text":"Your code is THANKS-PG8CG4YY"}', 13, 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (41, 'shop', 'workflow rehearsal', 'g:ida@example.com', 'order 19 paid', '1 add_note', 'note', 19, '{"for_customer":false,"mark":"(ref HA7T6B)","text":"Only played"}', 14, 'dry_run', 1781731800, 1781731800, NULL, '', NULL, 0, false, '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (42, 'shop', 'segment VIP', 'g:jo@example.com', 'VIP entered 2026-06-17', 'note', 'note', 20, '{"for_customer":false,"mark":"(ref 4YAXDH)","text":"Customer entered the segment VIP: total_spent 600.00 >= 500"}', NULL, 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (43, 'shop', 'workflow welcome', 'g:jo@example.com', 'first order', '2 add_note', 'note', 20, '{"for_customer":false,"mark":"(ref K9KK6D)","text":"Welcome, jo@example.com"}', 15, 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (44, 'shop', 'workflow welcome', 'g:jo@example.com', 'first order', '3 create_coupon', 'coupon', 0, '{"amount":"10","category_ids":[],"code":"THANKS-K2RAE5R2","description":"wcflow: welcome, first order","emails":["jo@example.com"],"exclude_sale_items":false,"expires":1784323800,"free_shipping":false,"individual_use":false,"key":"c2e58424cf6b53ea7cda13dbf6748b09","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}', 15, 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (45, 'shop', 'workflow welcome', 'g:jo@example.com', 'first order', '4 add_note', 'note', 20, '{"for_customer":false,"mark":"(ref M2ZR7P)","text":"Your code is THANKS-K2RAE5R2"}', 15, 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (46, 'shop', 'workflow rehearsal', 'g:jo@example.com', 'order 20 paid', '1 add_note', 'note', 20, '{"for_customer":false,"mark":"(ref N5KEWJ)","text":"Only played"}', 16, 'dry_run', 1781731800, 1781731800, NULL, '', NULL, 0, false, '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (47, 'shop', 'tags', 'g:hugo@example.com', 'state', 'order 18', 'tags_order', 18, '{"segment":"VIP","wanted":["First-time Buyer","VIP"]}', NULL, 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (48, 'shop', 'tags', 'g:ida@example.com', 'state', 'order 19', 'tags_order', 19, '{"segment":"VIP","wanted":["First-time Buyer","VIP"]}', NULL, 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (49, 'shop', 'tags', 'g:jo@example.com', 'state', 'order 20', 'tags_order', 20, '{"segment":"VIP","wanted":["First-time Buyer","VIP"]}', NULL, 'due', 1781731800, 1781731800, NULL, '', NULL, 0, false, '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.outbox (id, store, rule, subject, occurrence, step, kind, target, payload, run_id, state, due_at, queued_at, claimed_at, claimed_by, done_at, attempts, released, outcome, digest) VALUES (32, 'shop', 'segment VIP', 'g:hugo@example.com', 'VIP entered 2026-06-17', 'note', 'note', 18, '{"for_customer":false,"mark":"(ref ZSSHFT)","text":"Customer entered the segment VIP: total_spent 600.00 >= 500"}', NULL, 'claimed', 1781731800, 1781731800, 1781731980, 'a process that died', NULL, 1, false, '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.person (store, subject, email, touched, due_at, evaluated_at, digest, by_hand, refused, granted, kept, worn, matched, written_customer, written_order, written_order_id, spent, orders_count, spend_percentile, orders_percentile) VALUES ('shop', 'c1', 'anna@example.com', 0, NULL, 1781517600, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', '[]', '[]', '[]', '{"Came Back":["Came Back"]}', '["Came Back","VIP"]', '[]', '{"segment":"VIP","tags":["Came Back","VIP"]}', '{"segment":"VIP","tags":["Came Back","VIP"]}', 3, 60000, 2, 90, 80);
INSERT INTO public.person (store, subject, email, touched, due_at, evaluated_at, digest, by_hand, refused, granted, kept, worn, matched, written_customer, written_order, written_order_id, spent, orders_count, spend_percentile, orders_percentile) VALUES ('shop', 'g:ben@example.com', 'ben@example.com', 0, NULL, 1781521380, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', '[]', '[]', '[]', '{"Came Back":["Came Back"]}', '["Came Back","Regular"]', '[]', NULL, '{"segment":"Regular","tags":["Came Back","Regular"]}', 10, 12550, 2, 70, 80);
INSERT INTO public.person (store, subject, email, touched, due_at, evaluated_at, digest, by_hand, refused, granted, kept, worn, matched, written_customer, written_order, written_order_id, spent, orders_count, spend_percentile, orders_percentile) VALUES ('shop', 'g:cara@example.com', 'cara@example.com', 0, NULL, 1781517600, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', '[]', '[]', '[]', '{}', '["Regular"]', '[]', NULL, '{"segment":"Regular","tags":["Regular"]}', 5, 7000, 1, 30, 30);
INSERT INTO public.person (store, subject, email, touched, due_at, evaluated_at, digest, by_hand, refused, granted, kept, worn, matched, written_customer, written_order, written_order_id, spent, orders_count, spend_percentile, orders_percentile) VALUES ('shop', 'c2', 'dora@example.com', 0, 1781780580, 1781521560, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', '["By Hand"]', '["First-time Buyer"]', '["First-time Buyer"]', '{}', '["By Hand","Regular"]', '[]', '{"segment":"Regular","tags":["By Hand","Regular"]}', '{"segment":"Regular","tags":["By Hand","Regular"]}', 9, 2000, 1, 10, 30);
INSERT INTO public.person (store, subject, email, touched, due_at, evaluated_at, digest, by_hand, refused, granted, kept, worn, matched, written_customer, written_order, written_order_id, spent, orders_count, spend_percentile, orders_percentile) VALUES ('shop', 'g:hugo@example.com', 'hugo@example.com', 0, 1781991000, 1781731800, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', '[]', '[]', '["First-time Buyer"]', '{}', '["First-time Buyer","VIP"]', '[]', NULL, NULL, 0, 60000, 1, NULL, NULL);
INSERT INTO public.person (store, subject, email, touched, due_at, evaluated_at, digest, by_hand, refused, granted, kept, worn, matched, written_customer, written_order, written_order_id, spent, orders_count, spend_percentile, orders_percentile) VALUES ('shop', 'g:ida@example.com', 'ida@example.com', 0, 1781991000, 1781731800, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', '[]', '[]', '["First-time Buyer"]', '{}', '["First-time Buyer","VIP"]', '[]', NULL, NULL, 0, 60000, 1, NULL, NULL);
INSERT INTO public.person (store, subject, email, touched, due_at, evaluated_at, digest, by_hand, refused, granted, kept, worn, matched, written_customer, written_order, written_order_id, spent, orders_count, spend_percentile, orders_percentile) VALUES ('shop', 'g:jo@example.com', 'jo@example.com', 0, 1781991000, 1781731800, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', '[]', '[]', '["First-time Buyer"]', '{}', '["First-time Buyer","VIP"]', '[]', NULL, NULL, 0, 60000, 1, NULL, NULL);
INSERT INTO public.person (store, subject, email, touched, due_at, evaluated_at, digest, by_hand, refused, granted, kept, worn, matched, written_customer, written_order, written_order_id, spent, orders_count, spend_percentile, orders_percentile) VALUES ('shop', 'g:finn@example.com', 'finn@example.com', 0, 1781784900, 1781641080, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', '[]', '[]', '["First-time Buyer"]', '{}', '["First-time Buyer","Regular"]', '[]', NULL, '{"segment":"Regular","tags":["First-time Buyer","Regular"]}', 14, 10000, 1, NULL, NULL);
INSERT INTO public.person (store, subject, email, touched, due_at, evaluated_at, digest, by_hand, refused, granted, kept, worn, matched, written_customer, written_order, written_order_id, spent, orders_count, spend_percentile, orders_percentile) VALUES ('shop', 'c4', 'emil@example.com', 0, 1781784540, 1781641080, 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', '[]', '[]', '["First-time Buyer"]', '{}', '["First-time Buyer","VIP"]', '[]', '{"segment":"VIP","tags":["First-time Buyer","VIP"]}', '{"segment":"VIP","tags":["First-time Buyer","VIP"]}', 12, 70000, 1, NULL, NULL);
INSERT INTO public.product (store, id, name, sku, categories, tags, modified) VALUES ('shop', 1, 'Wallet', '', '[]', '[]', 1738317600);
INSERT INTO public.run (id, store, workflow, subject, occurrence, at, order_id, item_id, mode, state, step, due_at, steps, memory, reason, digest, started_at, ended_at) VALUES (1, 'shop', 'welcome', 'c2', 'first order', 1781521380, 9, 0, 'live', 'waiting', 5, 1781780580, '["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]', '{"code":"THANKS-8F9CWYXQ","expires":1784113380}', '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781521380, NULL);
INSERT INTO public.run (id, store, workflow, subject, occurrence, at, order_id, item_id, mode, state, step, due_at, steps, memory, reason, digest, started_at, ended_at) VALUES (2, 'shop', 'rehearsal', 'c2', 'order 9 paid', 1781521380, 9, 0, 'dry_run', 'done', 0, NULL, '["add_note Only played"]', '{}', 'all steps were taken', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781521380, NULL);
INSERT INTO public.run (id, store, workflow, subject, occurrence, at, order_id, item_id, mode, state, step, due_at, steps, memory, reason, digest, started_at, ended_at) VALUES (3, 'shop', 'rehearsal', 'g:ben@example.com', 'order 10 paid', 1781521380, 10, 0, 'dry_run', 'done', 0, NULL, '["add_note Only played"]', '{}', 'all steps were taken', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781521380, NULL);
INSERT INTO public.run (id, store, workflow, subject, occurrence, at, order_id, item_id, mode, state, step, due_at, steps, memory, reason, digest, started_at, ended_at) VALUES (8, 'shop', 'welcome', 'g:gil@example.com', 'first order', 1781525700, 15, 0, 'live', 'waiting', 5, 1781784900, '["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]', '{"code":"THANKS-3BQET5TR","expires":1784117700}', '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781525700, NULL);
INSERT INTO public.run (id, store, workflow, subject, occurrence, at, order_id, item_id, mode, state, step, due_at, steps, memory, reason, digest, started_at, ended_at) VALUES (9, 'shop', 'rehearsal', 'g:gil@example.com', 'order 15 paid', 1781525700, 15, 0, 'dry_run', 'done', 0, NULL, '["add_note Only played"]', '{}', 'all steps were taken', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781525700, NULL);
INSERT INTO public.run (id, store, workflow, subject, occurrence, at, order_id, item_id, mode, state, step, due_at, steps, memory, reason, digest, started_at, ended_at) VALUES (6, 'shop', 'welcome', 'g:finn@example.com', 'first order', 1781525700, 14, 0, 'live', 'waiting', 5, 1781784900, '["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]', '{"code":"THANKS-YBJ39C67","expires":1784117700}', '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781525700, NULL);
INSERT INTO public.run (id, store, workflow, subject, occurrence, at, order_id, item_id, mode, state, step, due_at, steps, memory, reason, digest, started_at, ended_at) VALUES (7, 'shop', 'rehearsal', 'g:finn@example.com', 'order 14 paid', 1781525700, 14, 0, 'dry_run', 'done', 0, NULL, '["add_note Only played"]', '{}', 'all steps were taken', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781525700, NULL);
INSERT INTO public.run (id, store, workflow, subject, occurrence, at, order_id, item_id, mode, state, step, due_at, steps, memory, reason, digest, started_at, ended_at) VALUES (4, 'shop', 'welcome', 'c4', 'first order', 1781525340, 12, 0, 'live', 'waiting', 5, 1781784540, '["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]', '{"code":"THANKS-PWB6GNMA","expires":1784117340}', '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781525340, NULL);
INSERT INTO public.run (id, store, workflow, subject, occurrence, at, order_id, item_id, mode, state, step, due_at, steps, memory, reason, digest, started_at, ended_at) VALUES (5, 'shop', 'rehearsal', 'c4', 'order 12 paid', 1781525340, 12, 0, 'dry_run', 'done', 0, NULL, '["add_note Only played"]', '{}', 'all steps were taken', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781525340, NULL);
INSERT INTO public.run (id, store, workflow, subject, occurrence, at, order_id, item_id, mode, state, step, due_at, steps, memory, reason, digest, started_at, ended_at) VALUES (10, 'shop', 'welcome', 'g:emil@example.com', 'first order', 1781525340, 12, 0, 'live', 'skipped', 5, NULL, '["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]', '{"code":"THANKS-PWB6GNMA","expires":1784117340}', 'this guest became c4', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781525340, NULL);
INSERT INTO public.run (id, store, workflow, subject, occurrence, at, order_id, item_id, mode, state, step, due_at, steps, memory, reason, digest, started_at, ended_at) VALUES (11, 'shop', 'welcome', 'g:hugo@example.com', 'first order', 1781731800, 18, 0, 'live', 'waiting', 5, 1781991000, '["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]', '{"code":"THANKS-DE9ZD9DB","expires":1784323800}', '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781731800, NULL);
INSERT INTO public.run (id, store, workflow, subject, occurrence, at, order_id, item_id, mode, state, step, due_at, steps, memory, reason, digest, started_at, ended_at) VALUES (12, 'shop', 'rehearsal', 'g:hugo@example.com', 'order 18 paid', 1781731800, 18, 0, 'dry_run', 'done', 0, NULL, '["add_note Only played"]', '{}', 'all steps were taken', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781731800, NULL);
INSERT INTO public.run (id, store, workflow, subject, occurrence, at, order_id, item_id, mode, state, step, due_at, steps, memory, reason, digest, started_at, ended_at) VALUES (13, 'shop', 'welcome', 'g:ida@example.com', 'first order', 1781731800, 19, 0, 'live', 'waiting', 5, 1781991000, '["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]', '{"code":"THANKS-PG8CG4YY","expires":1784323800}', '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781731800, NULL);
INSERT INTO public.run (id, store, workflow, subject, occurrence, at, order_id, item_id, mode, state, step, due_at, steps, memory, reason, digest, started_at, ended_at) VALUES (14, 'shop', 'rehearsal', 'g:ida@example.com', 'order 19 paid', 1781731800, 19, 0, 'dry_run', 'done', 0, NULL, '["add_note Only played"]', '{}', 'all steps were taken', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781731800, NULL);
INSERT INTO public.run (id, store, workflow, subject, occurrence, at, order_id, item_id, mode, state, step, due_at, steps, memory, reason, digest, started_at, ended_at) VALUES (15, 'shop', 'welcome', 'g:jo@example.com', 'first order', 1781731800, 20, 0, 'live', 'waiting', 5, 1781991000, '["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]', '{"code":"THANKS-K2RAE5R2","expires":1784323800}', '', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781731800, NULL);
INSERT INTO public.run (id, store, workflow, subject, occurrence, at, order_id, item_id, mode, state, step, due_at, steps, memory, reason, digest, started_at, ended_at) VALUES (16, 'shop', 'rehearsal', 'g:jo@example.com', 'order 20 paid', 1781731800, 20, 0, 'dry_run', 'done', 0, NULL, '["add_note Only played"]', '{}', 'all steps were taken', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781731800, NULL);
INSERT INTO public.setting (name, value) VALUES ('secret', '5ec2e75ec2e75ec2e75ec2e75ec2e7');
INSERT INTO public.setting (name, value) VALUES ('meta_keys shop', '["wcflow_segment","wcflow_tags"]');
INSERT INTO public.setting (name, value) VALUES ('round ids shop', '{"done":0,"end":1781517481,"pages":1,"position":946684800,"started":1781517600}');
INSERT INTO public.setting (name, value) VALUES ('settings shop', '(''by_email'', [], '''', '''', ''latest'', ''respect'')');
INSERT INTO public.setting (name, value) VALUES ('digest shop', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO public.setting (name, value) VALUES ('sweep shop', '[1781690400,0,1]');
INSERT INTO public.store (name, url, uid, title, zone, currency, version, hpos, reads_meta, meta_checked, census_started, census_done, order_cursor, newest_customer, sweep_position, sweep_started, reconciled_at, polled_at, error, error_since, held, held_since, accepted, order_gap, lease_holder, lease_until) VALUES ('shop', 'https://shop.example', '7b1c5f0e-2a64-4c39-9d6e-0f1a2b3c4d5e', 'Shop', 'Europe/Berlin', 'USD', '10.2.4', true, true, true, 1781517600, 1781517600, 1781731800, 4, 0, 1781690400, 1781612280, 1781731980, '', NULL, '15 writes at once are more than 2 (max_writes)', 1781731980, true, '235.02', '', 0);
INSERT INTO public.wcflow_version (version_num) VALUES ('0002');
INSERT INTO public.workflow (store, name, mode, digest, since) VALUES ('shop', 'welcome', 'live', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781517600);
INSERT INTO public.workflow (store, name, mode, digest, since) VALUES ('shop', 'rehearsal', 'dry_run', 'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f', 1781517600);
INSERT INTO public.written (store, kind, id, tags, dropped) VALUES ('shop', 'customer', 1, '["Came Back","VIP"]', '[]');
INSERT INTO public.written (store, kind, id, tags, dropped) VALUES ('shop', 'order', 3, '["Came Back","VIP"]', '[]');
INSERT INTO public.written (store, kind, id, tags, dropped) VALUES ('shop', 'order', 4, '["Regular"]', '[]');
INSERT INTO public.written (store, kind, id, tags, dropped) VALUES ('shop', 'order', 5, '["Regular"]', '[]');
INSERT INTO public.written (store, kind, id, tags, dropped) VALUES ('shop', 'order', 9, '["First-time Buyer","Regular"]', '[]');
INSERT INTO public.written (store, kind, id, tags, dropped) VALUES ('shop', 'order', 10, '["Came Back","Regular"]', '[]');
INSERT INTO public.written (store, kind, id, tags, dropped) VALUES ('shop', 'customer', 2, '["Regular"]', '[]');
INSERT INTO public.written (store, kind, id, tags, dropped) VALUES ('shop', 'order', 12, '["First-time Buyer","VIP"]', '[]');
INSERT INTO public.written (store, kind, id, tags, dropped) VALUES ('shop', 'customer', 3, '["First-time Buyer","Regular"]', '[]');
INSERT INTO public.written (store, kind, id, tags, dropped) VALUES ('shop', 'order', 14, '["First-time Buyer","Regular"]', '[]');
INSERT INTO public.written (store, kind, id, tags, dropped) VALUES ('shop', 'order', 15, '["First-time Buyer","Regular"]', '[]');
INSERT INTO public.written (store, kind, id, tags, dropped) VALUES ('shop', 'customer', 4, '["First-time Buyer","VIP"]', '[]');
SELECT pg_catalog.setval('public.move_id_seq', 8, true);
SELECT pg_catalog.setval('public.outbox_id_seq', 49, true);
SELECT pg_catalog.setval('public.run_id_seq', 16, true);
ALTER TABLE ONLY public.aside
    ADD CONSTRAINT aside_pkey PRIMARY KEY (store, kind, id);
ALTER TABLE ONLY public.census_slice
    ADD CONSTRAINT census_slice_pkey PRIMARY KEY (store, part, number);
ALTER TABLE ONLY public.customer
    ADD CONSTRAINT customer_pkey PRIMARY KEY (store, id);
ALTER TABLE ONLY public.doubt
    ADD CONSTRAINT doubt_pkey PRIMARY KEY (store, kind, id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT effect_once UNIQUE (store, rule, subject, occurrence, step);
ALTER TABLE ONLY public.membership
    ADD CONSTRAINT membership_pkey PRIMARY KEY (store, subject, segment);
ALTER TABLE ONLY public.move
    ADD CONSTRAINT move_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (store, id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.person
    ADD CONSTRAINT person_pkey PRIMARY KEY (store, subject);
ALTER TABLE ONLY public.product
    ADD CONSTRAINT product_pkey PRIMARY KEY (store, id);
ALTER TABLE ONLY public.run
    ADD CONSTRAINT run_once UNIQUE (store, workflow, subject, occurrence);
ALTER TABLE ONLY public.run
    ADD CONSTRAINT run_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.setting
    ADD CONSTRAINT setting_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.store
    ADD CONSTRAINT store_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.wcflow_version
    ADD CONSTRAINT wcflow_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.workflow
    ADD CONSTRAINT workflow_pkey PRIMARY KEY (store, name);
ALTER TABLE ONLY public.written
    ADD CONSTRAINT written_pkey PRIMARY KEY (store, kind, id);
CREATE INDEX customer_by_email ON public.customer USING btree (store, email);
CREATE INDEX membership_by_segment ON public.membership USING btree (store, segment);
CREATE INDEX move_by_subject ON public.move USING btree (store, subject);
CREATE INDEX orders_by_created ON public.orders USING btree (store, created);
CREATE INDEX orders_by_customer ON public.orders USING btree (store, customer_id, email);
CREATE INDEX orders_by_status ON public.orders USING btree (store, status);
CREATE INDEX outbox_by_run ON public.outbox USING btree (run_id);
CREATE INDEX outbox_by_subject ON public.outbox USING btree (store, subject, state);
CREATE INDEX outbox_due ON public.outbox USING btree (store, state, released, kind, due_at);
CREATE INDEX person_by_email ON public.person USING btree (store, email);
CREATE INDEX person_touched ON public.person USING btree (store, touched, due_at);
CREATE INDEX run_by_order ON public.run USING btree (store, order_id);
CREATE INDEX run_by_subject ON public.run USING btree (store, subject, state);
