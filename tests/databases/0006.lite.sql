BEGIN TRANSACTION;
CREATE TABLE alert (
	store VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	way VARCHAR NOT NULL, 
	told_at BIGINT NOT NULL, 
	is_open BOOLEAN NOT NULL, 
	PRIMARY KEY (store, kind, way)
);
CREATE TABLE campaign (
	store VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	mode VARCHAR DEFAULT 'live' NOT NULL, 
	started_at BIGINT NOT NULL, 
	started_by VARCHAR NOT NULL, 
	audience_at BIGINT NOT NULL, 
	position BIGINT NOT NULL, 
	queued INTEGER DEFAULT 0 NOT NULL, 
	audience INTEGER NOT NULL, 
	finished_at BIGINT, 
	approved BOOLEAN DEFAULT 0 NOT NULL, 
	changed_at BIGINT, 
	reason TEXT DEFAULT '' NOT NULL, 
	rules_digest VARCHAR NOT NULL, 
	PRIMARY KEY (store, name)
);
INSERT INTO "campaign" VALUES('shop','thanks','done','live',1781521380,'by command',1781521380,1,1,1,1781521380,1,1781521560,'','6390c9a41584bf87f1674572f0a07ca42d843e1e23c4c840ce6d7f8d919d0bc5');
CREATE TABLE channel (
	store VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	hold_reason TEXT NOT NULL, 
	held_since BIGINT, 
	approved BOOLEAN NOT NULL, 
	error TEXT DEFAULT '' NOT NULL, 
	error_since BIGINT, 
	PRIMARY KEY (store, name)
);
INSERT INTO "channel" VALUES('shop','store','',NULL,1,'',NULL);
INSERT INTO "channel" VALUES('shop','email','',NULL,1,'',NULL);
INSERT INTO "channel" VALUES('shop','message','',NULL,1,'',NULL);
INSERT INTO "channel" VALUES('shop','webhook','',NULL,1,'',NULL);
CREATE TABLE codes_file (
	store VARCHAR NOT NULL, 
	pool VARCHAR NOT NULL, 
	stamp VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	imported_at BIGINT NOT NULL, 
	problem TEXT NOT NULL, 
	PRIMARY KEY (store, pool)
);
CREATE TABLE company (
	id INTEGER NOT NULL, 
	store VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	folded VARCHAR NOT NULL, 
	email VARCHAR NOT NULL, 
	vat_id VARCHAR NOT NULL, 
	billing_company VARCHAR NOT NULL, 
	made_by VARCHAR NOT NULL, 
	made_at BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT company_once UNIQUE (store, folded)
);
INSERT INTO "company" VALUES(1,'shop','Acme','acme','','DE1','acme ltd','root',1781521740);
CREATE TABLE company_member (
	store VARCHAR NOT NULL, 
	person BIGINT NOT NULL, 
	company BIGINT NOT NULL, 
	since BIGINT NOT NULL, 
	added_by VARCHAR NOT NULL, 
	PRIMARY KEY (store, person)
);
INSERT INTO "company_member" VALUES('shop',1,1,1781521740,'root');
CREATE TABLE crowded_second (
	store VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	second BIGINT NOT NULL, 
	started BIGINT NOT NULL, 
	position INTEGER NOT NULL, 
	last_id BIGINT NOT NULL, 
	done BOOLEAN NOT NULL, 
	PRIMARY KEY (store, status, second)
);
CREATE TABLE customer (
	store VARCHAR NOT NULL, 
	id BIGINT NOT NULL, 
	email VARCHAR NOT NULL, 
	first_name VARCHAR NOT NULL, 
	last_name VARCHAR NOT NULL, 
	username VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	created BIGINT, 
	detail TEXT NOT NULL, 
	billing_email VARCHAR DEFAULT '' NOT NULL, 
	odd_fields VARCHAR DEFAULT '' NOT NULL, 
	PRIMARY KEY (store, id)
);
INSERT INTO "customer" VALUES('shop',1,'anna@example.com','Anna','Adler','anna','customer',1746957600,'{"billing":{"email":"anna@example.com","first_name":"Anna","last_name":"Adler"},"meta":{"wcflow_points":"40","wcflow_segment":"VIP","wcflow_tags":"Came Back, VIP","wcflow_tier":"Gold"},"shipping":{}}','','');
INSERT INTO "customer" VALUES('shop',2,'dora@example.com','Dóra 🌻','','dora','customer',1781521560,'{"billing":{"company":"Acme Ltd","email":"dora@example.com","first_name":"Dóra 🌻","phone":"030 1234"},"meta":{"wcflow_points":"7","wcflow_segment":"Regular","wcflow_tags":"First-time Buyer, Regular"},"shipping":{}}','','');
CREATE TABLE customer_group (
	store VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	made_by VARCHAR NOT NULL, 
	made_at BIGINT NOT NULL, 
	PRIMARY KEY (store, name)
);
INSERT INTO "customer_group" VALUES('shop','Press','root',1781521740);
CREATE TABLE customer_note (
	id INTEGER NOT NULL, 
	store VARCHAR NOT NULL, 
	person BIGINT NOT NULL, 
	category VARCHAR NOT NULL, 
	text TEXT NOT NULL, 
	order_id BIGINT NOT NULL, 
	written_by VARCHAR NOT NULL, 
	written_at BIGINT NOT NULL, 
	removed_at BIGINT, 
	PRIMARY KEY (id)
);
INSERT INTO "customer_note" VALUES(1,'shop',5,'Meeting','Wants a catalogue',0,'root',1781521740,NULL);
CREATE TABLE daily_figure (
	store VARCHAR NOT NULL, 
	day VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	figure VARCHAR NOT NULL, 
	value BIGINT NOT NULL, 
	PRIMARY KEY (store, day, kind, name, figure)
);
CREATE TABLE edit (
	id INTEGER NOT NULL, 
	store VARCHAR NOT NULL, 
	person BIGINT NOT NULL, 
	kind VARCHAR NOT NULL, 
	words TEXT NOT NULL, 
	edited_by VARCHAR NOT NULL, 
	at BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	data TEXT NOT NULL, 
	bulk VARCHAR NOT NULL, 
	"key" VARCHAR, 
	undoes BIGINT, 
	PRIMARY KEY (id)
);
INSERT INTO "edit" VALUES(1,'shop',1,'points','gave 40 points','root',1781521380,'Fair','{"amount":40,"points":"by hand 2026-06-15T11:03:00.000000Z"}','',NULL,NULL);
INSERT INTO "edit" VALUES(2,'shop',3,'tier','set the tier to Gold','root',1781521380,'','{"now":["Gold","Gold","root"],"was":["Silver","",""]}','',NULL,NULL);
INSERT INTO "edit" VALUES(3,'shop',3,'task','added task 1 for Maria: Send the catalogue','root',1781521380,'','{"added":true,"task":1}','',NULL,NULL);
INSERT INTO "edit" VALUES(4,'shop',5,'fields','changed the billing company and billing phone','root',1781521740,'','{"fields":{"billing.company":{"from":[""],"to":"Acme Ltd"},"billing.phone":{"from":[""],"to":"030 1234"}}}','',NULL,NULL);
INSERT INTO "edit" VALUES(5,'shop',3,'status','set the status to inactive','root',1781521740,'Moved away','{"inactive":false}','',NULL,NULL);
INSERT INTO "edit" VALUES(6,'shop',0,'group','created the group Press','root',1781521740,'','{"created":"Press"}','',NULL,NULL);
INSERT INTO "edit" VALUES(7,'shop',5,'group_member','added to the group Press','root',1781521740,'','{"added":true,"group":"Press"}','',NULL,NULL);
INSERT INTO "edit" VALUES(8,'shop',5,'note','wrote note 1 (Meeting)','root',1781521740,'','{"note":1}','',NULL,NULL);
INSERT INTO "edit" VALUES(9,'shop',0,'company','created the company Acme','root',1781521740,'','{"company":1,"was":null}','',NULL,NULL);
INSERT INTO "edit" VALUES(10,'shop',1,'company_member','put into the company Acme','root',1781521740,'','{"was":null}','',NULL,NULL);
INSERT INTO "edit" VALUES(11,'shop',1,'merge','merged anna.adler@example.com into customer 1','root',1781521740,'','{"consent":null,"email":"anna.adler@example.com","joined":"g:anna.adler@example.com","key":"c1","sides":{"c1":{"consent":null,"groups":[],"ids":{"edit":[1,10],"outbox":[1,2,6],"points":[1],"run":[1]},"listed":{"company":"","last_order":1778925600,"list_key":"000000000000000000001","name":"Anna Adler","orders_count":2,"phone":"","since":1746957600,"sort_name":"anna adler","total_spent":60000},"names":{"added_by_hand":[],"added_by_workflows":[],"current_tags":["Came Back","VIP"],"kept_forever":{"Came Back":["Came Back"]},"matching_workflows":[],"removed_by_hand":[]},"points":{"1":"by hand 2026-06-15T11:03:00.000000Z"}},"g:anna.adler@example.com":{"consent":null,"groups":[],"ids":{"outbox":[3]},"listed":{"company":"","last_order":1779789600,"list_key":"1anna.adler@example.com","name":"","orders_count":1,"phone":"","since":1779789600,"sort_name":"anna.adler@example.com","total_spent":10000},"names":{"added_by_hand":[],"added_by_workflows":[],"current_tags":["Regular"],"kept_forever":{},"matching_workflows":[],"removed_by_hand":[]},"points":{}}}}','',NULL,NULL);
INSERT INTO "edit" VALUES(12,'shop',0,'erasure','deleted a customer (erasure 1)','root',1781521740,'','{"erasure":1}','',NULL,NULL);
CREATE TABLE erased_identity (
	store VARCHAR NOT NULL, 
	hash VARCHAR NOT NULL, 
	erasure BIGINT NOT NULL, 
	person BIGINT NOT NULL, 
	PRIMARY KEY (store, hash, erasure)
);
INSERT INTO "erased_identity" VALUES('shop','0a0d3f63736524c41be5e564dcea61eea7ae45369df0c40f59db5f419b859f93',1,4);
CREATE TABLE erasure (
	id INTEGER NOT NULL, 
	store VARCHAR NOT NULL, 
	mode VARCHAR NOT NULL, 
	person BIGINT NOT NULL, 
	account BIGINT NOT NULL, 
	counts TEXT NOT NULL, 
	erased_by VARCHAR NOT NULL, 
	reason TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	finished_at BIGINT, 
	PRIMARY KEY (id)
);
INSERT INTO "erasure" VALUES(1,'shop','anonymize',4,0,'{"accounts":0,"changes":1,"codes":0,"companies":0,"coupons":0,"edits":0,"events":0,"groups":0,"notes":0,"orders":1,"points":0,"runs":0,"segments":1,"suppressed":1,"tasks":0,"tiers":1,"transitions":0}','root','',1781521740,1781521740);
CREATE TABLE event (
	id INTEGER NOT NULL, 
	store VARCHAR NOT NULL, 
	person BIGINT NOT NULL, 
	kind VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	at BIGINT NOT NULL, 
	source VARCHAR NOT NULL, 
	data TEXT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT event_once UNIQUE (store, person, "key")
);
INSERT INTO "event" VALUES(1,'shop',5,'coupon_assigned','code GIFT-0 of gifts',1781521560,'workflow gift','{"code":"GIFT-0","pool":"gifts","workflow":"gift"}');
INSERT INTO "event" VALUES(2,'shop',3,'coupon_assigned','code GIFT-1 of gifts',1781521560,'workflow gift','{"code":"GIFT-1","pool":"gifts","workflow":"gift"}');
CREATE TABLE group_member (
	store VARCHAR NOT NULL, 
	person BIGINT NOT NULL, 
	name VARCHAR NOT NULL, 
	since BIGINT NOT NULL, 
	added_by VARCHAR NOT NULL, 
	PRIMARY KEY (store, person, name)
);
INSERT INTO "group_member" VALUES('shop',5,'Buyers',1781521560,'workflow gift');
INSERT INTO "group_member" VALUES('shop',3,'Buyers',1781521560,'workflow gift');
INSERT INTO "group_member" VALUES('shop',5,'Press',1781521740,'root');
INSERT INTO "group_member" VALUES('shop',6,'Buyers',1781525520,'workflow gift');
CREATE TABLE identity (
	store VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	person BIGINT NOT NULL, 
	PRIMARY KEY (store, kind, value)
);
INSERT INTO "identity" VALUES('shop','account','1',1);
INSERT INTO "identity" VALUES('shop','email','anna.adler@example.com',1);
INSERT INTO "identity" VALUES('shop','email','ben@example.com',3);
INSERT INTO "identity" VALUES('shop','account','2',5);
INSERT INTO "identity" VALUES('shop','email','emil@example.com',6);
CREATE TABLE import_range (
	store VARCHAR NOT NULL, 
	resource VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	position BIGINT NOT NULL, 
	"end" BIGINT NOT NULL, 
	done BOOLEAN NOT NULL, 
	crowd_position INTEGER DEFAULT 0 NOT NULL, 
	crowd_last_id BIGINT DEFAULT 0 NOT NULL, 
	PRIMARY KEY (store, resource, number)
);
INSERT INTO "import_range" VALUES('shop','customers',0,1,1,1,0,0);
INSERT INTO "import_range" VALUES('shop','orders',0,1779789600,1099511627776,1,0,0);
INSERT INTO "import_range" VALUES('shop','products',0,1738317600,1099511627776,1,0,0);
INSERT INTO "import_range" VALUES('shop','trash',0,946684800,1099511627776,1,0,0);
INSERT INTO "import_range" VALUES('shop','drafts',0,946684800,1099511627776,1,0,0);
INSERT INTO "import_range" VALUES('shop','drafts',1,946684800,1099511627776,1,0,0);
CREATE TABLE membership (
	store VARCHAR NOT NULL, 
	person BIGINT NOT NULL, 
	segment VARCHAR NOT NULL, 
	since BIGINT NOT NULL, 
	PRIMARY KEY (store, person, segment)
);
INSERT INTO "membership" VALUES('shop',3,'Regular',1781517599);
INSERT INTO "membership" VALUES('shop',5,'Regular',1781521560);
INSERT INTO "membership" VALUES('shop',1,'VIP',1781517599);
INSERT INTO "membership" VALUES('shop',6,'VIP',1781525520);
CREATE TABLE not_same_person (
	store VARCHAR NOT NULL, 
	one VARCHAR NOT NULL, 
	other VARCHAR NOT NULL, 
	said_by VARCHAR NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (store, one, other)
);
CREATE TABLE orders (
	store VARCHAR NOT NULL, 
	id BIGINT NOT NULL, 
	number VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	currency VARCHAR NOT NULL, 
	total BIGINT NOT NULL, 
	discount_total BIGINT NOT NULL, 
	customer_id BIGINT NOT NULL, 
	email VARCHAR NOT NULL, 
	created BIGINT NOT NULL, 
	modified BIGINT NOT NULL, 
	paid BIGINT, 
	completed BIGINT, 
	payment_method VARCHAR NOT NULL, 
	created_via VARCHAR NOT NULL, 
	customer_note TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	history TEXT NOT NULL, 
	odd_fields VARCHAR DEFAULT '' NOT NULL, 
	parent_id BIGINT DEFAULT 0 NOT NULL, 
	undated BOOLEAN DEFAULT 0 NOT NULL, 
	PRIMARY KEY (store, id)
);
INSERT INTO "orders" VALUES('shop',2,'2','completed','USD',45000,0,1,'anna@example.com',1755597600,1755597600,1755597600,1755597600,'stripe','checkout','','{"billing":{"email":"anna@example.com","first_name":"Anna","last_name":"Adler"},"coupons":[],"items":[{"id":1,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":45000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}','[["","completed",1755597600]]','',0,0);
INSERT INTO "orders" VALUES('shop',5,'5','completed','USD',10000,0,0,'ben@example.com',1764237600,1781521560,1764237600,1764237600,'stripe','checkout','','{"billing":{"email":"ben@example.com"},"coupons":[],"items":[{"id":4,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":10000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}','[["","completed",1764237600]]','',0,0);
INSERT INTO "orders" VALUES('shop',6,'6','completed','USD',10000,0,0,'deleted@site.invalid',1764237600,1781521740,1764237600,1764237600,'stripe','checkout','','{"billing":{"email":"deleted@site.invalid"},"coupons":[],"items":[{"id":5,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":10000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}','[["","completed",1764237600]]','',0,0);
INSERT INTO "orders" VALUES('shop',3,'3','completed','USD',15000,0,1,'anna@example.com',1778925600,1781521740,1778925600,1778925600,'stripe','checkout','','{"billing":{"email":"anna@example.com","first_name":"Anna","last_name":"Adler"},"coupons":[],"items":[{"id":2,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":15000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}','[["","completed",1778925600]]','',0,0);
INSERT INTO "orders" VALUES('shop',4,'4','completed','USD',10000,0,0,'anna.adler@example.com',1779789600,1781521740,1779789600,1779789600,'stripe','checkout','','{"billing":{"email":"anna.adler@example.com"},"coupons":[],"items":[{"id":3,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":10000,"variation_id":0}],"meta":{"wcflow_segment":"VIP","wcflow_tags":"Came Back, VIP"},"refunds":[],"shipping":{}}','[["","completed",1779789600]]','',0,0);
INSERT INTO "orders" VALUES('shop',7,'7','completed','USD',2000,8000,2,'dora@example.com',1781521560,1781521560,1781521560,1781521560,'stripe','checkout','','{"billing":{"email":"dora@example.com","first_name":"Dóra 🌻"},"coupons":[],"items":[{"id":6,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":2000,"variation_id":0}],"meta":{"wcflow_segment":"Regular","wcflow_tags":"First-time Buyer, Regular"},"refunds":[],"shipping":{}}','[["","completed",1781521560]]','',0,0);
INSERT INTO "orders" VALUES('shop',8,'8','completed','USD',2550,7450,0,'ben@example.com',1781521560,1781521740,1781521560,1781521560,'stripe','checkout','','{"billing":{"email":"ben@example.com"},"coupons":[],"items":[{"id":7,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":2550,"variation_id":0}],"meta":{"wcflow_points":"7","wcflow_segment":"Regular","wcflow_status":"inactive","wcflow_tags":"Came Back, Regular","wcflow_tier":"Gold"},"refunds":[],"shipping":{}}','[["","completed",1781521560]]','',0,0);
INSERT INTO "orders" VALUES('shop',10,'10','completed','USD',70000,0,0,'emil@example.com',1781525520,1781525520,1781525520,1781525520,'stripe','checkout','','{"billing":{"email":"emil@example.com"},"coupons":[],"items":[{"id":8,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":70000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}','[["","completed",1781525520]]','',0,0);
CREATE TABLE outbox (
	id INTEGER NOT NULL, 
	store VARCHAR NOT NULL, 
	rule VARCHAR NOT NULL, 
	person BIGINT NOT NULL, 
	event VARCHAR NOT NULL, 
	step VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	channel VARCHAR NOT NULL, 
	target_id BIGINT NOT NULL, 
	payload TEXT NOT NULL, 
	run_id BIGINT, 
	needs TEXT DEFAULT '[]' NOT NULL, 
	state VARCHAR NOT NULL, 
	due_at BIGINT NOT NULL, 
	queued_at BIGINT NOT NULL, 
	claimed_at BIGINT, 
	claimed_by VARCHAR NOT NULL, 
	finished_at BIGINT, 
	attempts INTEGER NOT NULL, 
	approved BOOLEAN NOT NULL, 
	urgent BOOLEAN DEFAULT 0 NOT NULL, 
	priority INTEGER DEFAULT 0 NOT NULL, 
	marketing BOOLEAN DEFAULT 0 NOT NULL, 
	outcome TEXT NOT NULL, 
	cancelled_by BIGINT, 
	rules_digest VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT outbox_once UNIQUE (store, rule, person, event, step)
);
INSERT INTO "outbox" VALUES(1,'shop','tags',1,'state','customer','tags_customer','store',1,'{"more":{"wcflow_points":"40","wcflow_tier":"Gold"},"segment":"VIP","wanted":["Came Back","VIP"]}',NULL,'[]','done',1781521380,1781521380,1781521380,'test',1781521380,1,1,0,0,0,'wcflow_tags = Came Back, VIP; wcflow_segment = VIP; wcflow_points = 40; wcflow_tier = Gold',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(2,'shop','tags',1,'state','order 3','tags_order','store',3,'{"place":"stale","segment":"","wanted":[]}',NULL,'[]','done',1781521740,1781521740,1781521740,'test',1781521740,1,1,0,0,0,'no wcflow_tags; no wcflow_segment',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(3,'shop','tags',1,'state','order 4','tags_order','store',4,'{"more":{"wcflow_tier":""},"segment":"VIP","wanted":["Came Back","VIP"]}',NULL,'[]','done',1781521740,1781521740,1781521740,'test',1781521740,1,1,0,0,0,'no wcflow_tier; wcflow_tags = Came Back, VIP; wcflow_segment = VIP',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(4,'shop','tags',3,'state','order 5','tags_order','store',5,'{"more":{"wcflow_tier":""},"place":"stale","segment":"","wanted":[]}',NULL,'[]','done',1781521560,1781521560,1781521560,'test',1781521560,1,1,1,0,0,'no wcflow_tier; no wcflow_tags; no wcflow_segment',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(5,'shop','tags',4,'state','order 6','tags_order','store',6,'{"erased":true}',NULL,'[]','done',1781517600,1781517600,1781517600,'test',1781517600,1,1,0,0,0,'deleted with the customer',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(6,'shop','campaign thanks',1,'campaign','1 add_note','note','store',3,'{"for_customer":false,"mark":"(ref 6YXYSY)","text":"Thanks to our best customers"}',1,'[]','done',1781521380,1781521380,1781521380,'test',1781521380,1,1,0,0,0,'note on order 3',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(7,'shop','workflow welcome',5,'first order','2 add_note','note','store',7,'{"for_customer":false,"mark":"(ref HXQYJ3)","text":"Welcome, dora@example.com"}',2,'[]','done',1781521560,1781521560,1781521560,'test',1781521560,1,1,1,0,0,'note on order 7',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(8,'shop','workflow welcome',5,'first order','3 create_coupon','coupon','store',0,'{"amount":"10","category_ids":[],"code":"THANKS-3VEK3MY9","description":"wcflow: welcome, first order","emails":["dora@example.com"],"exclude_sale_items":false,"expires":1784152800,"free_shipping":false,"individual_use":false,"key":"c440804bb19fb66215ebde6ef345b867","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}',2,'[]','done',1781521560,1781521560,1781521560,'test',1781521560,1,1,1,0,0,'coupon THANKS-3VEK3MY9',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(9,'shop','workflow welcome',5,'first order','4 add_note','note','store',7,'{"for_customer":false,"mark":"(ref EC8WCK)","text":"Your code is THANKS-3VEK3MY9"}',2,'["3"]','done',1781521560,1781521560,1781521560,'test',1781521560,1,1,1,0,0,'note on order 7',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(10,'shop','workflow rehearsal',5,'order 7 paid','1 add_note','note','store',7,'{"for_customer":false,"mark":"(ref CWADTH)","text":"Only played"}',3,'[]','dry_run',1781521560,1781521560,NULL,'',NULL,0,0,1,0,0,'',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(11,'shop','workflow gift',5,'order 7 paid','1 assign_coupon','pool_code','wcflow',0,'{"code":"GIFT-0","id":1,"pool":"gifts","verify":false}',4,'[]','done',1781521560,1781521560,NULL,'',1781521560,0,0,1,0,0,'code GIFT-0 of gifts',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(12,'shop','workflow gift',5,'order 7 paid','2 add_note','note','store',7,'{"for_customer":false,"mark":"(ref MZ6ZWF)","text":"Your gift is GIFT-0"}',4,'["1"]','done',1781521560,1781521560,1781521560,'test',1781521560,1,1,1,0,0,'note on order 7',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(13,'shop','workflow gift',5,'order 7 paid','3 create_task','new_task','wcflow',0,'{"assignee":"","order":7,"text":"Call dora@example.com"}',4,'[]','done',1781521560,1781521560,NULL,'',1781521560,0,0,1,0,0,'task 2',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(14,'shop','workflow gift',5,'order 7 paid','4 add_to_group','group_change','wcflow',0,'{"add":"Buyers"}',4,'[]','done',1781521560,1781521560,NULL,'',1781521560,0,0,1,0,0,'added to the group Buyers',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(15,'shop','workflow rehearsal',3,'order 8 paid','1 add_note','note','store',8,'{"for_customer":false,"mark":"(ref YEDFRG)","text":"Only played"}',5,'[]','dry_run',1781521560,1781521560,NULL,'',NULL,0,0,1,0,0,'',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(16,'shop','workflow gift',3,'order 8 paid','1 assign_coupon','pool_code','wcflow',0,'{"code":"GIFT-1","id":2,"pool":"gifts","verify":false}',6,'[]','done',1781521560,1781521560,NULL,'',1781521560,0,0,1,0,0,'code GIFT-1 of gifts',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(17,'shop','workflow gift',3,'order 8 paid','2 add_note','note','store',8,'{"for_customer":false,"mark":"(ref 7WAHRH)","text":"Your gift is GIFT-1"}',6,'["1"]','done',1781521560,1781521560,1781521560,'test',1781521560,1,1,1,0,0,'note on order 8',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(18,'shop','workflow gift',3,'order 8 paid','3 create_task','new_task','wcflow',0,'{"assignee":"","order":8,"text":"Call ben@example.com"}',6,'[]','done',1781521560,1781521560,NULL,'',1781521560,0,0,1,0,0,'task 3',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(19,'shop','workflow gift',3,'order 8 paid','4 add_to_group','group_change','wcflow',0,'{"add":"Buyers"}',6,'[]','done',1781521560,1781521560,NULL,'',1781521560,0,0,1,0,0,'added to the group Buyers',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(20,'shop','tags',5,'state','customer','tags_customer','store',2,'{"more":{"wcflow_points":"7"},"segment":"Regular","wanted":["First-time Buyer","Regular"]}',NULL,'[]','done',1781521560,1781521560,1781521560,'test',1781521560,1,1,1,0,0,'wcflow_tags = First-time Buyer, Regular; wcflow_segment = Regular; wcflow_points = 7',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(21,'shop','tags',5,'state','order 7','tags_order','store',7,'{"segment":"Regular","wanted":["First-time Buyer","Regular"]}',NULL,'[]','done',1781521560,1781521560,1781521560,'test',1781521560,1,1,1,0,0,'wcflow_tags = First-time Buyer, Regular; wcflow_segment = Regular',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(22,'shop','tags',3,'state','order 8','tags_order','store',8,'{"more":{"wcflow_points":"7","wcflow_status":"inactive","wcflow_tier":"Gold"},"segment":"Regular","wanted":["Came Back","Regular"]}',NULL,'[]','done',1781521740,1781521740,1781521740,'test',1781521740,1,1,1,0,0,'wcflow_tags = Came Back, Regular; wcflow_segment = Regular; wcflow_points = 7; wcflow_status = inactive; wcflow_tier = Gold',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(23,'shop','edit by root',5,'edit 4','fields','customer_fields','store',2,'{"fields":{"billing.company":{"from":[""],"to":"Acme Ltd"},"billing.phone":{"from":[""],"to":"030 1234"}}}',NULL,'[]','done',1781521740,1781521740,1781521740,'test',1781521740,1,1,1,0,0,'billing company and billing phone',NULL,'');
INSERT INTO "outbox" VALUES(24,'shop','erasure 1',4,'erasure 1','order 6','anonymize_order','store',6,'{"erasure":1}',NULL,'[]','done',1781521740,1781521740,1781521740,'test',1781521740,1,1,1,0,0,'order 6 anonymized',NULL,'');
INSERT INTO "outbox" VALUES(25,'shop','segment VIP',6,'VIP entered 2026-06-15','note','note','store',10,'{"for_customer":false,"mark":"(ref P9WEF5)","text":"Customer entered the segment VIP: total_spent 700.00 >= 500"}',NULL,'[]','due',1781525520,1781525520,NULL,'',NULL,0,1,1,0,0,'',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(26,'shop','workflow welcome',6,'first order','2 add_note','note','store',10,'{"for_customer":false,"mark":"(ref TDKXMZ)","text":"Welcome, emil@example.com"}',7,'[]','due',1781525520,1781525520,NULL,'',NULL,0,1,1,0,0,'',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(27,'shop','workflow welcome',6,'first order','3 create_coupon','coupon','store',0,'{"amount":"10","category_ids":[],"code":"THANKS-6MMS4R4E","description":"wcflow: welcome, first order","emails":["emil@example.com"],"exclude_sale_items":false,"expires":1784152800,"free_shipping":false,"individual_use":false,"key":"3427eec722bc8fbfd09455e559fed810","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}',7,'[]','due',1781525520,1781525520,NULL,'',NULL,0,1,1,0,0,'',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(28,'shop','workflow welcome',6,'first order','4 add_note','note','store',10,'{"for_customer":false,"mark":"(ref RBCBT5)","text":"Your code is THANKS-6MMS4R4E"}',7,'["3"]','due',1781525520,1781525520,NULL,'',NULL,0,1,1,0,0,'',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(29,'shop','workflow rehearsal',6,'order 10 paid','1 add_note','note','store',10,'{"for_customer":false,"mark":"(ref Q89Z4X)","text":"Only played"}',8,'[]','dry_run',1781525520,1781525520,NULL,'',NULL,0,0,1,0,0,'',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(30,'shop','workflow gift',6,'order 10 paid','1 assign_coupon','pool_code','wcflow',0,'{"code":"GIFT-2","id":3,"pool":"gifts","verify":false}',9,'[]','done',1781525520,1781525520,NULL,'',1781525520,0,0,1,0,0,'code GIFT-2 of gifts',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(31,'shop','workflow gift',6,'order 10 paid','2 add_note','note','store',10,'{"for_customer":false,"mark":"(ref VYTXDK)","text":"Your gift is GIFT-2"}',9,'["1"]','due',1781525520,1781525520,NULL,'',NULL,0,1,1,0,0,'',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(32,'shop','workflow gift',6,'order 10 paid','3 create_task','new_task','wcflow',0,'{"assignee":"","order":10,"text":"Call emil@example.com"}',9,'[]','done',1781525520,1781525520,NULL,'',1781525520,0,0,1,0,0,'task 4',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(33,'shop','workflow gift',6,'order 10 paid','4 add_to_group','group_change','wcflow',0,'{"add":"Buyers"}',9,'[]','done',1781525520,1781525520,NULL,'',1781525520,0,0,1,0,0,'added to the group Buyers',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
INSERT INTO "outbox" VALUES(34,'shop','tags',6,'state','order 10','tags_order','store',10,'{"more":{"wcflow_points":"75","wcflow_tier":"Gold"},"segment":"VIP","wanted":["First-time Buyer","VIP"]}',NULL,'[]','due',1781525520,1781525520,NULL,'',NULL,0,1,1,0,0,'',NULL,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc');
CREATE TABLE person (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	store VARCHAR NOT NULL, 
	email VARCHAR NOT NULL, 
	present BOOLEAN NOT NULL, 
	dirty INTEGER NOT NULL, 
	due_at BIGINT, 
	evaluated_at BIGINT, 
	rules_digest VARCHAR NOT NULL, 
	added_by_hand TEXT NOT NULL, 
	removed_by_hand TEXT NOT NULL, 
	added_by_workflows TEXT NOT NULL, 
	kept_forever TEXT NOT NULL, 
	current_tags TEXT NOT NULL, 
	matching_workflows TEXT NOT NULL, 
	written_to_customer TEXT, 
	written_to_order TEXT, 
	written_order_id BIGINT NOT NULL, 
	total_spent BIGINT NOT NULL, 
	orders_count INTEGER NOT NULL, 
	spend_percentile INTEGER, 
	orders_percentile INTEGER, 
	consent BOOLEAN, 
	list_key VARCHAR DEFAULT '' NOT NULL, 
	name VARCHAR DEFAULT '' NOT NULL, 
	sort_name VARCHAR DEFAULT '' NOT NULL, 
	phone VARCHAR DEFAULT '' NOT NULL, 
	company VARCHAR DEFAULT '' NOT NULL, 
	last_order BIGINT, 
	since BIGINT, 
	inactive BOOLEAN DEFAULT 0 NOT NULL
);
INSERT INTO "person" VALUES(1,'shop','anna@example.com',1,0,1787176800,1781521740,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc','[]','[]','[]','{"Came Back":["Came Back"]}','["Came Back","VIP"]','[]','{"more":{"wcflow_points":"40","wcflow_tier":"Gold"},"segment":"VIP","tags":["Came Back","VIP"]}','{"segment":"VIP","tags":["Came Back","VIP"]}',4,70000,3,NULL,NULL,NULL,'000000000000000000001','Anna Adler','anna adler','','',1779789600,1746957600,0);
INSERT INTO "person" VALUES(3,'shop','ben@example.com',1,0,1781694360,1781521740,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc','[]','[]','[]','{"Came Back":["Came Back"]}','["Came Back","Regular"]','[]',NULL,'{"more":{"wcflow_points":"7","wcflow_status":"inactive","wcflow_tier":"Gold"},"segment":"Regular","tags":["Came Back","Regular"]}',8,12550,2,NULL,NULL,NULL,'1ben@example.com','','ben@example.com','','',1781521560,1764237600,1);
INSERT INTO "person" VALUES(4,'shop','',0,0,NULL,NULL,'','[]','[]','[]','{}','[]','[]',NULL,NULL,0,0,0,NULL,NULL,NULL,'','','','','',NULL,NULL,0);
INSERT INTO "person" VALUES(5,'shop','dora@example.com',1,0,1781694360,1781521920,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc','[]','[]','["First-time Buyer"]','{}','["First-time Buyer","Regular"]','[]','{"more":{"wcflow_points":"7"},"segment":"Regular","tags":["First-time Buyer","Regular"]}','{"segment":"Regular","tags":["First-time Buyer","Regular"]}',7,2000,1,NULL,NULL,NULL,'000000000000000000002','Dóra 🌻','dora 🌻','0301234','acme ltd',1781521560,1781521560,0);
INSERT INTO "person" VALUES(6,'shop','emil@example.com',1,0,1781698320,1781525520,'5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc','[]','[]','["First-time Buyer"]','{}','["First-time Buyer","VIP"]','[]',NULL,NULL,0,70000,1,NULL,NULL,NULL,'1emil@example.com','','emil@example.com','','',1781525520,1781525520,0);
CREATE TABLE points (
	id INTEGER NOT NULL, 
	store VARCHAR NOT NULL, 
	person BIGINT NOT NULL, 
	"key" VARCHAR NOT NULL, 
	amount BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	changed_by VARCHAR NOT NULL, 
	order_id BIGINT NOT NULL, 
	terms VARCHAR NOT NULL, 
	at BIGINT NOT NULL, 
	expires_at BIGINT, 
	undoes BIGINT, 
	run_id BIGINT, 
	PRIMARY KEY (id), 
	CONSTRAINT points_once UNIQUE (store, person, "key")
);
INSERT INTO "points" VALUES(1,'shop',1,'by hand 2026-06-15T11:03:00.000000Z',40,'Fair','root',0,'',1781521380,NULL,NULL,NULL);
INSERT INTO "points" VALUES(2,'shop',5,'order 7',7,'order 7 paid','[points]',7,'1 per 10, 5 per order, down',1781521560,NULL,NULL,NULL);
INSERT INTO "points" VALUES(3,'shop',3,'order 8',7,'order 8 paid','[points]',8,'1 per 10, 5 per order, down',1781521560,NULL,NULL,NULL);
INSERT INTO "points" VALUES(4,'shop',6,'order 10',75,'order 10 paid','[points]',10,'1 per 10, 5 per order, down',1781525520,NULL,NULL,NULL);
CREATE TABLE pool_code (
	id INTEGER NOT NULL, 
	store VARCHAR NOT NULL, 
	pool VARCHAR NOT NULL, 
	code VARCHAR NOT NULL, 
	shown VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	reason TEXT NOT NULL, 
	person BIGINT, 
	run_id BIGINT, 
	step VARCHAR NOT NULL, 
	changed_at BIGINT NOT NULL, 
	checked_at BIGINT, 
	PRIMARY KEY (id), 
	CONSTRAINT pool_code_once UNIQUE (store, pool, code)
);
INSERT INTO "pool_code" VALUES(1,'shop','gifts','gift-0','GIFT-0','assigned','',5,4,'1',1781521560,NULL);
INSERT INTO "pool_code" VALUES(2,'shop','gifts','gift-1','GIFT-1','assigned','',3,6,'1',1781521560,NULL);
INSERT INTO "pool_code" VALUES(3,'shop','gifts','gift-2','GIFT-2','reserved','',6,9,'1',1781525520,NULL);
INSERT INTO "pool_code" VALUES(4,'shop','gifts','gift-3','GIFT-3','free','',NULL,NULL,'',1781521380,NULL);
INSERT INTO "pool_code" VALUES(5,'shop','gifts','gift-4','GIFT-4','free','',NULL,NULL,'',1781521380,NULL);
INSERT INTO "pool_code" VALUES(6,'shop','gifts','gift-5','GIFT-5','free','',NULL,NULL,'',1781521380,NULL);
INSERT INTO "pool_code" VALUES(7,'shop','gifts','gift-6','GIFT-6','free','',NULL,NULL,'',1781521380,NULL);
INSERT INTO "pool_code" VALUES(8,'shop','gifts','gift-7','GIFT-7','free','',NULL,NULL,'',1781521380,NULL);
INSERT INTO "pool_code" VALUES(9,'shop','gifts','gift-8','GIFT-8','free','',NULL,NULL,'',1781521380,NULL);
CREATE TABLE product (
	store VARCHAR NOT NULL, 
	id BIGINT NOT NULL, 
	name VARCHAR NOT NULL, 
	sku VARCHAR NOT NULL, 
	categories TEXT NOT NULL, 
	tags TEXT NOT NULL, 
	modified BIGINT, 
	odd_fields VARCHAR DEFAULT '' NOT NULL, 
	PRIMARY KEY (store, id)
);
INSERT INTO "product" VALUES('shop',1,'Wallet','','[]','[]',1738317600,'');
CREATE TABLE quarantine (
	store VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	id BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	first_seen BIGINT NOT NULL, 
	last_seen BIGINT NOT NULL, 
	PRIMARY KEY (store, kind, id)
);
CREATE TABLE rescan (
	store VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	started BIGINT NOT NULL, 
	position BIGINT NOT NULL, 
	"end" BIGINT NOT NULL, 
	done INTEGER NOT NULL, 
	pages INTEGER NOT NULL, 
	PRIMARY KEY (store, name)
);
INSERT INTO "rescan" VALUES('shop','ids',1781517600,946684800,1779789601,0,1);
INSERT INTO "rescan" VALUES('shop','customers',1781517600,0,0,0,1);
CREATE TABLE rule (
	store VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	changed_at BIGINT NOT NULL, 
	PRIMARY KEY (store, kind, name)
);
INSERT INTO "rule" VALUES('shop','segment','VIP','97dd42c73f74c009fcf29dbc61ef1720cbf67adab635651accbb2f92a7745b37',1781517600);
INSERT INTO "rule" VALUES('shop','segment','Regular','97dd42c73f74c009fcf29dbc61ef1720cbf67adab635651accbb2f92a7745b37',1781517600);
INSERT INTO "rule" VALUES('shop','consent','','4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945',1781517600);
INSERT INTO "rule" VALUES('shop','points','','080a9ed428559ef602668b4c00f114f1a11c3f6b02a435f0bdc154578e4d7f22',1781517600);
INSERT INTO "rule" VALUES('shop','tiers','','e10587caf4a35a8acb038b9e386ad856ba5d969156853da128a2f08cbe41bbd2',1781517600);
INSERT INTO "rule" VALUES('shop','tags','','e5a127c14aef41e1f57532a1e5a40df4efedab1517193cb0249e3e3f7a76fcbe',1781517600);
CREATE TABLE run (
	id INTEGER NOT NULL, 
	store VARCHAR NOT NULL, 
	workflow VARCHAR NOT NULL, 
	person BIGINT NOT NULL, 
	event VARCHAR NOT NULL, 
	event_at BIGINT NOT NULL, 
	order_id BIGINT NOT NULL, 
	purchase_id BIGINT DEFAULT 0 NOT NULL, 
	line_item_id BIGINT NOT NULL, 
	mode VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	path TEXT NOT NULL, 
	due_at BIGINT, 
	steps TEXT NOT NULL, 
	variables TEXT NOT NULL, 
	progress TEXT DEFAULT '{}' NOT NULL, 
	reason TEXT NOT NULL, 
	rules_digest VARCHAR NOT NULL, 
	started_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	PRIMARY KEY (id), 
	CONSTRAINT run_once UNIQUE (store, workflow, person, event)
);
INSERT INTO "run" VALUES(1,'shop','campaign thanks',1,'campaign',1781521380,0,0,0,'live','done','[1]',NULL,'["add_note Thanks to our best customers"]','{}','{}','all steps are done','5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc',1781521380,NULL);
INSERT INTO "run" VALUES(2,'shop','welcome',5,'first order',1781521560,7,7,0,'live','waiting','[5]',1781780760,'["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]','{"code":"THANKS-3VEK3MY9","expires":1784152800}','{}','','5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc',1781521560,NULL);
INSERT INTO "run" VALUES(3,'shop','rehearsal',5,'order 7 paid',1781521560,7,7,0,'dry_run','done','[1]',NULL,'["add_note Only played"]','{}','{}','all steps are done','5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc',1781521560,NULL);
INSERT INTO "run" VALUES(4,'shop','gift',5,'order 7 paid',1781521560,7,7,0,'live','waiting','[5]',1781694360,'["assign_coupon gifts","add_note Your gift is {{ coupon.code }}","create_task Call {{ email }}","add_to_group Buyers","wait 2d","add_note Two days on"]','{"code":"GIFT-0","expires":null}','{}','','5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc',1781521560,NULL);
INSERT INTO "run" VALUES(5,'shop','rehearsal',3,'order 8 paid',1781521560,8,8,0,'dry_run','done','[1]',NULL,'["add_note Only played"]','{}','{}','all steps are done','5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc',1781521560,NULL);
INSERT INTO "run" VALUES(6,'shop','gift',3,'order 8 paid',1781521560,8,8,0,'live','waiting','[5]',1781694360,'["assign_coupon gifts","add_note Your gift is {{ coupon.code }}","create_task Call {{ email }}","add_to_group Buyers","wait 2d","add_note Two days on"]','{"code":"GIFT-1","expires":null}','{}','','5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc',1781521560,NULL);
INSERT INTO "run" VALUES(7,'shop','welcome',6,'first order',1781525520,10,10,0,'live','waiting','[5]',1781784720,'["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]','{"code":"THANKS-6MMS4R4E","expires":1784152800}','{}','','5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc',1781525520,NULL);
INSERT INTO "run" VALUES(8,'shop','rehearsal',6,'order 10 paid',1781525520,10,10,0,'dry_run','done','[1]',NULL,'["add_note Only played"]','{}','{}','all steps are done','5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc',1781525520,NULL);
INSERT INTO "run" VALUES(9,'shop','gift',6,'order 10 paid',1781525520,10,10,0,'live','waiting','[5]',1781698320,'["assign_coupon gifts","add_note Your gift is {{ coupon.code }}","create_task Call {{ email }}","add_to_group Buyers","wait 2d","add_note Two days on"]','{"code":"GIFT-2","expires":null}','{}','','5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc',1781525520,NULL);
CREATE TABLE same_person (
	store VARCHAR NOT NULL, 
	email VARCHAR NOT NULL, 
	belongs_to VARCHAR NOT NULL, 
	PRIMARY KEY (store, email)
);
INSERT INTO "same_person" VALUES('shop','anna.adler@example.com','c1');
CREATE TABLE setting (
	name VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "setting" VALUES('secret','46f1cbbd1b1c71bc18007466ab3a26e7');
INSERT INTO "setting" VALUES('look_for_writes_until','1781611920');
CREATE TABLE store (
	name VARCHAR NOT NULL, 
	url VARCHAR NOT NULL, 
	uid VARCHAR NOT NULL, 
	title VARCHAR NOT NULL, 
	time_zone VARCHAR NOT NULL, 
	currency VARCHAR NOT NULL, 
	version VARCHAR NOT NULL, 
	uses_hpos BOOLEAN NOT NULL, 
	can_read_meta BOOLEAN NOT NULL, 
	key_digest VARCHAR DEFAULT '' NOT NULL, 
	key_read_at BIGINT, 
	meta_write_verified BOOLEAN NOT NULL, 
	initial_sync_started BIGINT, 
	initial_sync_done BIGINT, 
	child_orders_read BOOLEAN DEFAULT 0 NOT NULL, 
	order_cursor BIGINT, 
	has_subscriptions BOOLEAN DEFAULT 0 NOT NULL, 
	has_companion BOOLEAN DEFAULT 0 NOT NULL, 
	subscription_cursor BIGINT, 
	newest_customer_id BIGINT NOT NULL, 
	customer_rescan_position BIGINT NOT NULL, 
	customer_rescan_started BIGINT, 
	reconciled_at BIGINT, 
	polled_at BIGINT, 
	poll_error TEXT NOT NULL, 
	poll_error_since BIGINT, 
	write_error TEXT DEFAULT '' NOT NULL, 
	write_error_since BIGINT, 
	clock_here BIGINT, 
	clock_store BIGINT, 
	evaluated_at BIGINT, 
	evaluated_before BIGINT, 
	median_order_gap VARCHAR NOT NULL, 
	rules_digest VARCHAR NOT NULL, 
	full_evaluation_position BIGINT, 
	applied_settings TEXT, 
	meta_keys TEXT, 
	resyncing VARCHAR NOT NULL, 
	empty_answer_approved BOOLEAN NOT NULL, 
	lease_holder VARCHAR NOT NULL, 
	lease_until BIGINT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "store" VALUES('shop','https://shop.example','7b1c5f0e-2a64-4c39-9d6e-0f1a2b3c4d5e','Shop','Europe/Berlin','USD','10.2.4',1,1,'69bb9a97631f9ac3',1781525520,1,1781517600,1781517600,1,1781525520,0,0,NULL,2,0,1781517600,NULL,1781525700,'',NULL,'',NULL,NULL,NULL,1781525700,NULL,'','5c9019ee6d24051038088cfdd53286db68be2498379f259c5fac46b0757e37cc',NULL,'(''by_email'', [], '''', '''', ''latest'', ''respect'')','["wcflow_points","wcflow_segment","wcflow_status","wcflow_tags","wcflow_tier"]','',0,'',0);
CREATE TABLE subscription (
	store VARCHAR NOT NULL, 
	id BIGINT NOT NULL, 
	customer_id BIGINT NOT NULL, 
	email VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	parent_id BIGINT NOT NULL, 
	created BIGINT NOT NULL, 
	started BIGINT, 
	next_payment BIGINT, 
	cancelled BIGINT, 
	ended BIGINT, 
	modified BIGINT NOT NULL, 
	history TEXT NOT NULL, 
	data TEXT NOT NULL, 
	PRIMARY KEY (store, id)
);
CREATE TABLE suppression (
	store VARCHAR NOT NULL, 
	channel VARCHAR NOT NULL, 
	address VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	reason TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	added_by VARCHAR NOT NULL, 
	PRIMARY KEY (store, channel, address)
);
INSERT INTO "suppression" VALUES('shop','email','gil@example.com','manual','',1781521380,'root');
CREATE TABLE task (
	id INTEGER NOT NULL, 
	store VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	person BIGINT NOT NULL, 
	order_id BIGINT NOT NULL, 
	text TEXT NOT NULL, 
	assignee VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	due_at BIGINT, 
	snoozed_until BIGINT, 
	told_at BIGINT, 
	made_by VARCHAR NOT NULL, 
	made_at BIGINT NOT NULL, 
	done_by VARCHAR NOT NULL, 
	done_at BIGINT, 
	run_id BIGINT, 
	PRIMARY KEY (id), 
	CONSTRAINT task_once UNIQUE (store, "key")
);
INSERT INTO "task" VALUES(1,'shop','by hand 2026-06-15T11:03:00.000000Z 3','task',3,0,'Send the catalogue','Maria','open',NULL,NULL,NULL,'root',1781521380,'',NULL,NULL);
INSERT INTO "task" VALUES(2,'shop','workflow gift, order 7 paid, step 3, person 5','task',5,7,'Call dora@example.com','','open',NULL,NULL,NULL,'workflow gift',1781521560,'',NULL,4);
INSERT INTO "task" VALUES(3,'shop','workflow gift, order 8 paid, step 3, person 3','task',3,8,'Call ben@example.com','','open',NULL,NULL,NULL,'workflow gift',1781521560,'',NULL,6);
INSERT INTO "task" VALUES(4,'shop','workflow gift, order 10 paid, step 3, person 6','task',6,10,'Call emil@example.com','','open',NULL,NULL,NULL,'workflow gift',1781525520,'',NULL,9);
CREATE TABLE tier (
	store VARCHAR NOT NULL, 
	person BIGINT NOT NULL, 
	tier VARCHAR NOT NULL, 
	"before" VARCHAR NOT NULL, 
	since BIGINT NOT NULL, 
	below_since BIGINT, 
	fixed_by VARCHAR NOT NULL, 
	fixed VARCHAR NOT NULL, 
	PRIMARY KEY (store, person)
);
INSERT INTO "tier" VALUES('shop',1,'Gold','Gold',1781517600,NULL,'','');
INSERT INTO "tier" VALUES('shop',3,'Gold','Silver',1781521380,NULL,'root','Gold');
INSERT INTO "tier" VALUES('shop',5,'','',1781517600,NULL,'','');
INSERT INTO "tier" VALUES('shop',6,'Gold','',1781525520,NULL,'','');
CREATE TABLE transition (
	id INTEGER NOT NULL, 
	store VARCHAR NOT NULL, 
	person BIGINT NOT NULL, 
	segment VARCHAR NOT NULL, 
	entered BOOLEAN NOT NULL, 
	at BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "transition" VALUES(1,'shop',5,'Regular',1,1781521560,'orders_count 1 >= 1');
INSERT INTO "transition" VALUES(2,'shop',1,'Regular',0,1781521740,'orders_count 3 >= 1; VIP comes first; merged by root');
INSERT INTO "transition" VALUES(3,'shop',6,'VIP',1,1781525520,'total_spent 700.00 >= 500');
CREATE TABLE unconfirmed (
	store VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	id BIGINT NOT NULL, 
	PRIMARY KEY (store, kind, id)
);
CREATE TABLE wcflow_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT wcflow_version_pkc PRIMARY KEY (version_num));
INSERT INTO "wcflow_version" VALUES('0006');
CREATE TABLE workflow (
	store VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	mode VARCHAR NOT NULL, 
	rules_digest VARCHAR NOT NULL, 
	active_since BIGINT NOT NULL, 
	paused_at BIGINT, 
	PRIMARY KEY (store, name)
);
INSERT INTO "workflow" VALUES('shop','welcome','live','b4dc68b26fbb9c8922040c6c6f4da329314ccba2834c615feb376119ada2c45f',1781517600,NULL);
INSERT INTO "workflow" VALUES('shop','rehearsal','dry_run','67085a83573907c9a594d0f0a5b7f3c2550ce1f51dd967367f65bd10bb59ea71',1781517600,NULL);
INSERT INTO "workflow" VALUES('shop','gift','live','67085a83573907c9a594d0f0a5b7f3c2550ce1f51dd967367f65bd10bb59ea71',1781517600,NULL);
CREATE TABLE written_tags (
	store VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	id BIGINT NOT NULL, 
	tags TEXT NOT NULL, 
	dropped TEXT NOT NULL, 
	PRIMARY KEY (store, kind, id)
);
INSERT INTO "written_tags" VALUES('shop','customer',1,'["Came Back","VIP"]','[]');
INSERT INTO "written_tags" VALUES('shop','order',3,'[]','[]');
INSERT INTO "written_tags" VALUES('shop','order',4,'["Came Back","VIP"]','[]');
INSERT INTO "written_tags" VALUES('shop','order',5,'[]','[]');
INSERT INTO "written_tags" VALUES('shop','customer',2,'["First-time Buyer","Regular"]','[]');
INSERT INTO "written_tags" VALUES('shop','order',7,'["First-time Buyer","Regular"]','[]');
INSERT INTO "written_tags" VALUES('shop','order',8,'["Came Back","Regular"]','[]');
CREATE INDEX edit_by_undoes ON edit (undoes) WHERE undoes IS NOT NULL;
CREATE UNIQUE INDEX edit_by_key ON edit (store, "key") WHERE key IS NOT NULL;
CREATE INDEX edit_by_person ON edit (store, person);
CREATE INDEX edit_by_bulk ON edit (store, bulk) WHERE bulk <> '';
CREATE INDEX customer_note_by_person ON customer_note (store, person);
CREATE INDEX company_by_billing ON company (store, billing_company);
CREATE INDEX company_member_by_company ON company_member (store, company);
CREATE INDEX erasure_open ON erasure (store, finished_at) WHERE finished_at IS NULL;
CREATE INDEX same_person_by_other ON same_person (store, belongs_to);
CREATE INDEX person_by_name ON person (store, sort_name, phone);
CREATE INDEX person_by_company ON person (store, company);
CREATE INDEX person_by_tags ON person (store, current_tags);
CREATE INDEX person_by_list_key ON person (store, list_key);
CREATE INDEX person_by_email ON person (store, email);
CREATE INDEX person_by_orders ON person (store, orders_count);
CREATE INDEX person_dirty ON person (store, dirty, due_at);
CREATE INDEX person_by_since ON person (store, since);
CREATE INDEX person_inactive ON person (store, inactive) WHERE inactive = 1;
CREATE INDEX person_by_spent ON person (store, total_spent);
CREATE INDEX person_by_id ON person (store, id, present);
CREATE INDEX person_by_last_order ON person (store, last_order);
CREATE INDEX identity_by_person ON identity (store, person);
CREATE INDEX membership_by_segment ON membership (store, segment, person);
CREATE INDEX transition_by_person ON transition (store, person);
CREATE INDEX orders_by_parent ON orders (store, parent_id) WHERE parent_id <> 0;
CREATE INDEX orders_by_number ON orders (store, number) WHERE number != CAST(id AS TEXT);
CREATE INDEX orders_by_status ON orders (store, status, currency);
CREATE INDEX orders_by_created ON orders (store, created);
CREATE INDEX orders_odd ON orders (store, odd_fields) WHERE odd_fields <> '';
CREATE INDEX orders_by_customer ON orders (store, customer_id, email);
CREATE INDEX customer_by_email ON customer (store, email);
CREATE INDEX customer_by_billing_email ON customer (store, billing_email);
CREATE INDEX customer_odd ON customer (store, odd_fields) WHERE odd_fields <> '';
CREATE INDEX product_odd ON product (store, odd_fields) WHERE odd_fields <> '';
CREATE INDEX points_by_expiry ON points (store, expires_at);
CREATE INDEX tier_by_name ON tier (store, tier);
CREATE INDEX group_member_by_name ON group_member (store, name);
CREATE INDEX task_by_person ON task (store, person);
CREATE INDEX task_by_state ON task (store, state, due_at);
CREATE INDEX pool_code_by_person ON pool_code (store, person) WHERE person IS NOT NULL;
CREATE INDEX pool_code_by_run ON pool_code (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX pool_code_by_state ON pool_code (store, state, pool, id);
CREATE INDEX subscription_by_customer ON subscription (store, customer_id);
CREATE INDEX subscription_by_payment ON subscription (store, next_payment);
CREATE INDEX run_by_purchase ON run (store, purchase_id);
CREATE INDEX run_by_person ON run (store, person, state);
CREATE INDEX outbox_due ON outbox (store, state, approved, kind, priority, urgent, due_at);
CREATE INDEX outbox_by_run ON outbox (run_id);
CREATE INDEX outbox_by_person ON outbox (store, person, state);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('person',6);
COMMIT;
