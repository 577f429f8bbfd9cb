BEGIN TRANSACTION;
CREATE TABLE alert (
	store VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	way VARCHAR NOT NULL, 
	told_at BIGINT NOT NULL, 
	is_open BOOLEAN NOT NULL, 
	PRIMARY KEY (store, kind, way)
);
CREATE TABLE channel (
	store VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	hold_reason TEXT NOT NULL, 
	held_since BIGINT, 
	approved BOOLEAN NOT NULL, 
	PRIMARY KEY (store, name)
);
INSERT INTO "channel" VALUES('shop','store','more than 2 changes at once (max_writes): 15',1781731980,1);
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
INSERT INTO "customer" VALUES('shop',1,'anna@example.com','Anna','','anna','customer',1746957600,'{"billing":{"email":"anna@example.com","first_name":"Anna"},"meta":{"wcflow_segment":"VIP","wcflow_tags":"Came Back, VIP"},"shipping":{}}','','');
INSERT INTO "customer" VALUES('shop',2,'dora@example.com','Dóra 🌻','','dora','customer',1781521380,'{"billing":{"email":"dora@example.com","first_name":"Dóra 🌻"},"meta":{"wcflow_segment":"Regular","wcflow_tags":"By Hand, Regular"},"shipping":{}}','','');
INSERT INTO "customer" VALUES('shop',4,'emil@example.com','','','emil','customer',1781525880,'{"billing":{"email":"emil@example.com"},"meta":{"wcflow_segment":"VIP","wcflow_tags":"First-time Buyer, VIP"},"shipping":{}}','','');
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
CREATE TABLE identity (
	store VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	person BIGINT NOT NULL, 
	PRIMARY KEY (store, kind, value)
);
INSERT INTO "identity" VALUES('shop','account','1',1);
INSERT INTO "identity" VALUES('shop','email','ben@example.com',2);
INSERT INTO "identity" VALUES('shop','email','cara@example.com',3);
INSERT INTO "identity" VALUES('shop','account','2',4);
INSERT INTO "identity" VALUES('shop','email','emil@example.com',5);
INSERT INTO "identity" VALUES('shop','email','gil@example.com',7);
INSERT INTO "identity" VALUES('shop','email','finn@example.com',6);
INSERT INTO "identity" VALUES('shop','account','4',5);
INSERT INTO "identity" VALUES('shop','email','hugo@example.com',8);
INSERT INTO "identity" VALUES('shop','email','ida@example.com',9);
INSERT INTO "identity" VALUES('shop','email','jo@example.com',10);
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
INSERT INTO "import_range" VALUES('shop','orders',0,1778925600,1099511627776,1,0,0);
INSERT INTO "import_range" VALUES('shop','products',0,1738317600,1099511627776,1,0,0);
INSERT INTO "import_range" VALUES('shop','trash',0,1780653600,1099511627776,1,0,0);
INSERT INTO "import_range" VALUES('shop','drafts',0,946684800,1099511627776,1,0,0);
INSERT INTO "import_range" VALUES('shop','drafts',1,946684800,1099511627776,1,0,0);
CREATE TABLE membership (
	store VARCHAR NOT NULL, 
	person BIGINT NOT NULL, 
	segment VARCHAR NOT NULL, 
	since BIGINT NOT NULL, 
	PRIMARY KEY (store, person, segment)
);
INSERT INTO "membership" VALUES('shop',1,'VIP',1781517599);
INSERT INTO "membership" VALUES('shop',2,'Regular',1781517599);
INSERT INTO "membership" VALUES('shop',3,'Regular',1781517599);
INSERT INTO "membership" VALUES('shop',4,'Regular',1781521380);
INSERT INTO "membership" VALUES('shop',5,'VIP',1781525340);
INSERT INTO "membership" VALUES('shop',6,'Regular',1781525700);
INSERT INTO "membership" VALUES('shop',8,'VIP',1781731800);
INSERT INTO "membership" VALUES('shop',9,'VIP',1781731800);
INSERT INTO "membership" VALUES('shop',10,'VIP',1781731800);
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
INSERT INTO "orders" VALUES('shop',2,'2','completed','USD',45000,0,1,'anna@example.com',1755597600,1755597600,1755597600,1755597600,'stripe','checkout','','{"billing":{"email":"anna@example.com","first_name":"Anna"},"coupons":[],"items":[{"id":1,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":45000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}','[["","completed",1755597600]]','',0,0);
INSERT INTO "orders" VALUES('shop',4,'4','completed','USD',10000,0,0,'ben@example.com',1764237600,1781521380,1764237600,1764237600,'stripe','checkout','','{"billing":{"email":"ben@example.com"},"coupons":[],"items":[{"id":3,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":10000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}','[["","completed",1764237600]]','',0,0);
INSERT INTO "orders" VALUES('shop',5,'5','completed','USD',10000,0,0,'cara@example.com',1772877600,1781517600,1772877600,1772877600,'stripe','checkout','','{"billing":{"email":"cara@example.com"},"coupons":[],"items":[{"id":4,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":10000,"variation_id":0}],"meta":{"wcflow_segment":"Regular","wcflow_tags":"Regular"},"refunds":[{"date":1781517600,"id":6,"reason":"","total":3000}],"shipping":{}}','[["","completed",1772877600]]','',0,0);
INSERT INTO "orders" VALUES('shop',7,'7','failed','USD',10000,0,0,'',1777197600,1777197600,NULL,NULL,'stripe','checkout','','{"billing":{},"coupons":[],"items":[{"id":5,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":10000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}','[["","failed",1777197600]]','',0,0);
INSERT INTO "orders" VALUES('shop',3,'3','completed','USD',15000,0,1,'anna@example.com',1778925600,1781517600,1778925600,1778925600,'stripe','checkout','','{"billing":{"email":"anna@example.com","first_name":"Anna"},"coupons":[],"items":[{"id":2,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":15000,"variation_id":0}],"meta":{"wcflow_segment":"VIP","wcflow_tags":"Came Back, VIP"},"refunds":[],"shipping":{}}','[["","completed",1778925600]]','',0,0);
INSERT INTO "orders" VALUES('shop',8,'8','trash','USD',10000,0,0,'ben@example.com',1780653600,1781517600,1780653600,1780653600,'stripe','checkout','','{"billing":{"email":"ben@example.com"},"coupons":[],"items":[{"id":6,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":10000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}','[["","trash",1780653600]]','',0,0);
INSERT INTO "orders" VALUES('shop',9,'9','completed','USD',2000,8000,2,'dora@example.com',1781521380,1781521560,1781521380,1781521380,'stripe','checkout','','{"billing":{"email":"dora@example.com","first_name":"Dóra 🌻"},"coupons":[],"items":[{"id":7,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":2000,"variation_id":0}],"meta":{"wcflow_segment":"Regular","wcflow_tags":"By Hand, Regular"},"refunds":[],"shipping":{}}','[["","completed",1781521380]]','',0,0);
INSERT INTO "orders" VALUES('shop',10,'10','completed','USD',2550,7450,0,'ben@example.com',1781521380,1781521380,1781521380,1781521380,'stripe','checkout','','{"billing":{"email":"ben@example.com"},"coupons":[],"items":[{"id":8,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":2550,"variation_id":0}],"meta":{"wcflow_segment":"Regular","wcflow_tags":"Came Back, Regular"},"refunds":[],"shipping":{}}','[["","completed",1781521380]]','',0,0);
INSERT INTO "orders" VALUES('shop',12,'12','completed','USD',70000,0,0,'emil@example.com',1781525340,1781525520,1781525340,1781525340,'stripe','checkout','','{"billing":{"email":"emil@example.com"},"coupons":[],"items":[{"id":9,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":70000,"variation_id":0}],"meta":{"wcflow_segment":"VIP","wcflow_tags":"First-time Buyer, VIP"},"refunds":[],"shipping":{}}','[["","completed",1781525340]]','',0,0);
INSERT INTO "orders" VALUES('shop',14,'14','completed','USD',10000,0,0,'finn@example.com',1781525700,1781525880,1781525700,1781525700,'stripe','checkout','','{"billing":{"email":"finn@example.com"},"coupons":[],"items":[{"id":10,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":10000,"variation_id":0}],"meta":{"wcflow_segment":"Regular","wcflow_tags":"First-time Buyer, Regular"},"refunds":[],"shipping":{}}','[["","completed",1781525700]]','',0,0);
INSERT INTO "orders" VALUES('shop',18,'18','completed','USD',60000,0,0,'hugo@example.com',1781731800,1781731800,1781731800,1781731800,'stripe','checkout','','{"billing":{"email":"hugo@example.com"},"coupons":[],"items":[{"id":12,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":60000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}','[["","completed",1781731800]]','',0,0);
INSERT INTO "orders" VALUES('shop',19,'19','completed','USD',60000,0,0,'ida@example.com',1781731800,1781731800,1781731800,1781731800,'stripe','checkout','','{"billing":{"email":"ida@example.com"},"coupons":[],"items":[{"id":13,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":60000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}','[["","completed",1781731800]]','',0,0);
INSERT INTO "orders" VALUES('shop',20,'20','completed','USD',60000,0,0,'jo@example.com',1781731800,1781731800,1781731800,1781731800,'stripe','checkout','','{"billing":{"email":"jo@example.com"},"coupons":[],"items":[{"id":14,"meta":{},"name":"Wallet","product_id":1,"quantity":1,"sku":"","total":60000,"variation_id":0}],"meta":{},"refunds":[],"shipping":{}}','[["","completed",1781731800]]','',0,0);
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
	outcome TEXT NOT NULL, 
	cancelled_by BIGINT, 
	rules_digest VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT outbox_once UNIQUE (store, rule, person, event, step)
);
INSERT INTO "outbox" VALUES(1,'shop','tags',1,'state','customer','tags_customer','store',1,'{"segment":"VIP","wanted":["Came Back","VIP"]}',NULL,'[]','done',1781517600,1781517600,1781517600,'test',1781517600,1,1,0,'wcflow_tags = Came Back, VIP; wcflow_segment = VIP',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(2,'shop','tags',1,'state','order 3','tags_order','store',3,'{"segment":"VIP","wanted":["Came Back","VIP"]}',NULL,'[]','done',1781517600,1781517600,1781517600,'test',1781517600,1,1,0,'wcflow_tags = Came Back, VIP; wcflow_segment = VIP',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(3,'shop','tags',2,'state','order 4','tags_order','store',4,'{"place":"stale","segment":"","wanted":[]}',NULL,'[]','done',1781521380,1781521380,1781521380,'test',1781521380,1,1,1,'no wcflow_tags; no wcflow_segment',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(4,'shop','tags',3,'state','order 5','tags_order','store',5,'{"segment":"Regular","wanted":["Regular"]}',NULL,'[]','done',1781517600,1781517600,1781517600,'test',1781517600,1,1,1,'wcflow_tags = Regular; wcflow_segment = Regular',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(5,'shop','workflow rehearsal',2,'order 10 paid','1 add_note','note','store',10,'{"for_customer":false,"mark":"(ref GJR8WC)","text":"Only played"}',1,'[]','dry_run',1781521380,1781521380,NULL,'',NULL,0,0,1,'',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(6,'shop','workflow welcome',4,'first order','2 add_note','note','store',9,'{"for_customer":false,"mark":"(ref PB3X9B)","text":"Welcome, dora@example.com"}',2,'[]','done',1781521380,1781521380,1781521380,'test',1781521380,1,1,1,'note on order 9',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(7,'shop','workflow welcome',4,'first order','3 create_coupon','coupon','store',0,'{"amount":"10","category_ids":[],"code":"THANKS-ASG5FKM4","description":"wcflow: welcome, first order","emails":["dora@example.com"],"exclude_sale_items":false,"expires":1784152800,"free_shipping":false,"individual_use":false,"key":"dfa0bbabfcd66add60a65eafce851f8a","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}',2,'[]','done',1781521380,1781521380,1781521380,'test',1781521380,1,1,1,'coupon THANKS-ASG5FKM4',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(8,'shop','workflow welcome',4,'first order','4 add_note','note','store',9,'{"for_customer":false,"mark":"(ref 8RADV2)","text":"Your code is THANKS-ASG5FKM4"}',2,'["3"]','done',1781521380,1781521380,1781521380,'test',1781521380,1,1,1,'note on order 9',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(9,'shop','workflow rehearsal',4,'order 9 paid','1 add_note','note','store',9,'{"for_customer":false,"mark":"(ref QTMQ3D)","text":"Only played"}',3,'[]','dry_run',1781521380,1781521380,NULL,'',NULL,0,0,1,'',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(10,'shop','tags',2,'state','order 10','tags_order','store',10,'{"segment":"Regular","wanted":["Came Back","Regular"]}',NULL,'[]','done',1781521380,1781521380,1781521380,'test',1781521380,1,1,1,'wcflow_tags = Came Back, Regular; wcflow_segment = Regular',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(11,'shop','tags',4,'state','customer','tags_customer','store',2,'{"segment":"Regular","wanted":["First-time Buyer","Regular"]}',NULL,'[]','done',1781521560,1781521560,1781521560,'test',1781521560,1,1,1,'wcflow_tags = By Hand, Regular; wcflow_segment = Regular',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(12,'shop','tags',4,'state','order 9','tags_order','store',9,'{"segment":"Regular","wanted":["First-time Buyer","Regular"]}',NULL,'[]','done',1781521380,1781521380,1781521380,'test',1781521380,1,1,1,'wcflow_tags = First-time Buyer, Regular; wcflow_segment = Regular',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(13,'shop','segment VIP',5,'VIP entered 2026-06-15','note','note','store',12,'{"for_customer":false,"mark":"(ref C7JCMP)","text":"Customer entered the segment VIP: total_spent 700.00 >= 500"}',NULL,'[]','done',1781525340,1781525340,1781525520,'test',1781525520,1,1,1,'note on order 12',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(14,'shop','workflow welcome',5,'first order','2 add_note','note','store',12,'{"for_customer":false,"mark":"(ref N22B88)","text":"Welcome, emil@example.com"}',4,'[]','done',1781525340,1781525340,1781525520,'test',1781525520,1,1,1,'note on order 12',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(15,'shop','workflow welcome',5,'first order','3 create_coupon','coupon','store',0,'{"amount":"10","category_ids":[],"code":"THANKS-CDVW79BV","description":"wcflow: welcome, first order","emails":["emil@example.com"],"exclude_sale_items":false,"expires":1784152800,"free_shipping":false,"individual_use":false,"key":"4a28f71ff0589ac40a80739db52bb398","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}',4,'[]','done',1781525340,1781525340,1781525520,'test',1781525520,1,1,1,'coupon THANKS-CDVW79BV',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(16,'shop','workflow welcome',5,'first order','4 add_note','note','store',12,'{"for_customer":false,"mark":"(ref PHRXS9)","text":"Your code is THANKS-CDVW79BV"}',4,'["3"]','done',1781525340,1781525340,1781525520,'test',1781525520,1,1,1,'note on order 12',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(17,'shop','workflow rehearsal',5,'order 12 paid','1 add_note','note','store',12,'{"for_customer":false,"mark":"(ref Y36372)","text":"Only played"}',5,'[]','dry_run',1781525340,1781525340,NULL,'',NULL,0,0,1,'',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(18,'shop','tags',5,'state','order 12','tags_order','store',12,'{"segment":"VIP","wanted":["First-time Buyer","VIP"]}',NULL,'[]','done',1781525340,1781525340,1781525520,'test',1781525520,1,1,1,'wcflow_tags = First-time Buyer, VIP; wcflow_segment = VIP',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(19,'shop','workflow welcome',6,'first order','2 add_note','note','store',14,'{"for_customer":false,"mark":"(ref GE62E9)","text":"Welcome, finn@example.com"}',6,'[]','done',1781525700,1781525700,1781525700,'test',1781525700,1,1,1,'note on order 14',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(20,'shop','workflow welcome',6,'first order','3 create_coupon','coupon','store',0,'{"amount":"10","category_ids":[],"code":"THANKS-KP4SDZR7","description":"wcflow: welcome, first order","emails":["finn@example.com"],"exclude_sale_items":false,"expires":1784152800,"free_shipping":false,"individual_use":false,"key":"61e7faadf2646c2da7d0207dbff88e49","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}',6,'[]','done',1781525700,1781525700,1781525700,'test',1781525700,1,1,1,'coupon THANKS-KP4SDZR7',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(21,'shop','workflow welcome',6,'first order','4 add_note','note','store',14,'{"for_customer":false,"mark":"(ref J222MZ)","text":"Your code is THANKS-KP4SDZR7"}',6,'["3"]','done',1781525700,1781525700,1781525700,'test',1781525700,1,1,1,'note on order 14',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(22,'shop','workflow rehearsal',6,'order 14 paid','1 add_note','note','store',14,'{"for_customer":false,"mark":"(ref ET3RJB)","text":"Only played"}',7,'[]','dry_run',1781525700,1781525700,NULL,'',NULL,0,0,1,'',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(23,'shop','workflow welcome',7,'first order','2 add_note','note','store',15,'{"for_customer":false,"mark":"(ref 4FZ2FX)","text":"Welcome, gil@example.com"}',8,'[]','done',1781525700,1781525700,1781525700,'test',1781525700,1,1,1,'note on order 15',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(24,'shop','workflow welcome',7,'first order','3 create_coupon','coupon','store',0,'{"amount":"10","category_ids":[],"code":"THANKS-DY4VAD23","description":"wcflow: welcome, first order","emails":["gil@example.com"],"exclude_sale_items":false,"expires":1784152800,"free_shipping":false,"individual_use":false,"key":"7a05a8e8393c0c9676a05b161ed089b3","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}',8,'[]','done',1781525700,1781525700,1781525700,'test',1781525700,1,1,1,'coupon THANKS-DY4VAD23',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(25,'shop','workflow welcome',7,'first order','4 add_note','note','store',15,'{"for_customer":false,"mark":"(ref ZGZ8WZ)","text":"Your code is THANKS-DY4VAD23"}',8,'["3"]','done',1781525700,1781525700,1781525700,'test',1781525700,1,1,1,'note on order 15',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(26,'shop','workflow rehearsal',7,'order 15 paid','1 add_note','note','store',15,'{"for_customer":false,"mark":"(ref 6PPXT9)","text":"Only played"}',9,'[]','dry_run',1781525700,1781525700,NULL,'',NULL,0,0,1,'',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(27,'shop','tags',6,'state','customer','tags_customer','store',3,'{"segment":"Regular","wanted":["First-time Buyer","Regular"]}',NULL,'[]','done',1781525700,1781525700,1781525700,'test',1781525700,1,1,1,'wcflow_tags = First-time Buyer, Regular; wcflow_segment = Regular',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(28,'shop','tags',6,'state','order 14','tags_order','store',14,'{"segment":"Regular","wanted":["First-time Buyer","Regular"]}',NULL,'[]','done',1781525700,1781525700,1781525700,'test',1781525700,1,1,1,'wcflow_tags = First-time Buyer, Regular; wcflow_segment = Regular',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(29,'shop','tags',7,'state','order 15','tags_order','store',15,'{"segment":"Regular","wanted":["First-time Buyer","Regular"]}',NULL,'[]','done',1781525700,1781525700,1781525700,'test',1781525700,1,1,1,'wcflow_tags = First-time Buyer, Regular; wcflow_segment = Regular',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(30,'shop','tags',5,'state','customer','tags_customer','store',4,'{"segment":"VIP","wanted":["First-time Buyer","VIP"]}',NULL,'[]','done',1781641080,1781641080,1781641080,'test',1781641080,1,1,0,'wcflow_tags = First-time Buyer, VIP; wcflow_segment = VIP',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(31,'shop','segment VIP',8,'VIP entered 2026-06-17','note','note','store',18,'{"for_customer":false,"mark":"(ref ZSSHFT)","text":"Customer entered the segment VIP: total_spent 600.00 >= 500"}',NULL,'[]','claimed',1781731800,1781731800,1781731980,'a process that died',NULL,1,0,1,'',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(32,'shop','workflow welcome',8,'first order','2 add_note','note','store',18,'{"for_customer":false,"mark":"(ref PET5VA)","text":"Welcome, hugo@example.com"}',10,'[]','due',1781731800,1781731800,NULL,'',NULL,0,0,1,'',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(33,'shop','workflow welcome',8,'first order','3 create_coupon','coupon','store',0,'{"amount":"10","category_ids":[],"code":"THANKS-A85CADMR","description":"wcflow: welcome, first order","emails":["hugo@example.com"],"exclude_sale_items":false,"expires":1784325600,"free_shipping":false,"individual_use":false,"key":"55c2e68f72ddda385bcc3f7074ea1998","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}',10,'[]','due',1781731800,1781731800,NULL,'',NULL,0,0,1,'',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(34,'shop','workflow welcome',8,'first order','4 add_note','note','store',18,'{"for_customer":false,"mark":"(ref M3DZ2S)","text":"Your code is THANKS-A85CADMR"}',10,'["3"]','due',1781731800,1781731800,NULL,'',NULL,0,0,1,'',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(35,'shop','workflow rehearsal',8,'order 18 paid','1 add_note','note','store',18,'{"for_customer":false,"mark":"(ref AG9E3Y)","text":"Only played"}',11,'[]','dry_run',1781731800,1781731800,NULL,'',NULL,0,0,1,'',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(36,'shop','segment VIP',9,'VIP entered 2026-06-17','note','note','store',19,'{"for_customer":false,"mark":"(ref CT2HWG)","text":"Customer entered the segment VIP: total_spent 600.00 >= 500"}',NULL,'[]','due',1781731800,1781731800,NULL,'',NULL,0,0,1,'',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(37,'shop','workflow welcome',9,'first order','2 add_note','note','store',19,'{"for_customer":false,"mark":"(ref 98HXGQ)","text":"Welcome, ida@example.com"}',12,'[]','due',1781731800,1781731800,NULL,'',NULL,0,0,1,'',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(38,'shop','workflow welcome',9,'first order','3 create_coupon','coupon','store',0,'{"amount":"10","category_ids":[],"code":"THANKS-6DK2827E","description":"wcflow: welcome, first order","emails":["ida@example.com"],"exclude_sale_items":false,"expires":1784325600,"free_shipping":false,"individual_use":false,"key":"5b97b58b764ccf9915dc6c57394a3fb2","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}',12,'[]','due',1781731800,1781731800,NULL,'',NULL,0,0,1,'',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(39,'shop','workflow welcome',9,'first order','4 add_note','note','store',19,'{"for_customer":false,"mark":"(ref THZDPK)","text":"Your code is THANKS-6DK2827E"}',12,'["3"]','due',1781731800,1781731800,NULL,'',NULL,0,0,1,'',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(40,'shop','workflow rehearsal',9,'order 19 paid','1 add_note','note','store',19,'{"for_customer":false,"mark":"(ref 2XHKX4)","text":"Only played"}',13,'[]','dry_run',1781731800,1781731800,NULL,'',NULL,0,0,1,'',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(41,'shop','segment VIP',10,'VIP entered 2026-06-17','note','note','store',20,'{"for_customer":false,"mark":"(ref 4YAXDH)","text":"Customer entered the segment VIP: total_spent 600.00 >= 500"}',NULL,'[]','due',1781731800,1781731800,NULL,'',NULL,0,0,1,'',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(42,'shop','workflow welcome',10,'first order','2 add_note','note','store',20,'{"for_customer":false,"mark":"(ref EMWBRW)","text":"Welcome, jo@example.com"}',14,'[]','due',1781731800,1781731800,NULL,'',NULL,0,0,1,'',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(43,'shop','workflow welcome',10,'first order','3 create_coupon','coupon','store',0,'{"amount":"10","category_ids":[],"code":"THANKS-FR8H9MY7","description":"wcflow: welcome, first order","emails":["jo@example.com"],"exclude_sale_items":false,"expires":1784325600,"free_shipping":false,"individual_use":false,"key":"6a1d33997f9578df8f33d7d71e9d7e71","maximum_amount":"","minimum_amount":"","product_ids":[],"type":"percent","usage_limit":1,"usage_limit_per_user":1}',14,'[]','due',1781731800,1781731800,NULL,'',NULL,0,0,1,'',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(44,'shop','workflow welcome',10,'first order','4 add_note','note','store',20,'{"for_customer":false,"mark":"(ref V4GXFV)","text":"Your code is THANKS-FR8H9MY7"}',14,'["3"]','due',1781731800,1781731800,NULL,'',NULL,0,0,1,'',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(45,'shop','workflow rehearsal',10,'order 20 paid','1 add_note','note','store',20,'{"for_customer":false,"mark":"(ref K5RDY5)","text":"Only played"}',15,'[]','dry_run',1781731800,1781731800,NULL,'',NULL,0,0,1,'',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(46,'shop','tags',8,'state','order 18','tags_order','store',18,'{"segment":"VIP","wanted":["First-time Buyer","VIP"]}',NULL,'[]','due',1781731800,1781731800,NULL,'',NULL,0,0,1,'',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(47,'shop','tags',9,'state','order 19','tags_order','store',19,'{"segment":"VIP","wanted":["First-time Buyer","VIP"]}',NULL,'[]','due',1781731800,1781731800,NULL,'',NULL,0,0,1,'',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
INSERT INTO "outbox" VALUES(48,'shop','tags',10,'state','order 20','tags_order','store',20,'{"segment":"VIP","wanted":["First-time Buyer","VIP"]}',NULL,'[]','due',1781731800,1781731800,NULL,'',NULL,0,0,1,'',NULL,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f');
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
	orders_percentile INTEGER
);
INSERT INTO "person" VALUES(1,'shop','anna@example.com',1,0,NULL,1781517600,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f','[]','[]','[]','{"Came Back":["Came Back"]}','["Came Back","VIP"]','[]','{"segment":"VIP","tags":["Came Back","VIP"]}','{"segment":"VIP","tags":["Came Back","VIP"]}',3,60000,2,79,86);
INSERT INTO "person" VALUES(2,'shop','ben@example.com',1,0,NULL,1781521380,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f','[]','[]','[]','{"Came Back":["Came Back"]}','["Came Back","Regular"]','[]',NULL,'{"segment":"Regular","tags":["Came Back","Regular"]}',10,12550,2,64,86);
INSERT INTO "person" VALUES(3,'shop','cara@example.com',1,0,NULL,1781517600,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f','[]','[]','[]','{}','["Regular"]','[]',NULL,'{"segment":"Regular","tags":["Regular"]}',5,7000,1,21,36);
INSERT INTO "person" VALUES(4,'shop','dora@example.com',1,0,1781780580,1781521560,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f','["By Hand"]','["First-time Buyer"]','["First-time Buyer"]','{}','["By Hand","Regular"]','[]','{"segment":"Regular","tags":["By Hand","Regular"]}','{"segment":"Regular","tags":["By Hand","Regular"]}',9,2000,1,7,36);
INSERT INTO "person" VALUES(5,'shop','emil@example.com',1,0,1781784540,1781641080,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f','[]','[]','["First-time Buyer"]','{}','["First-time Buyer","VIP"]','[]','{"segment":"VIP","tags":["First-time Buyer","VIP"]}','{"segment":"VIP","tags":["First-time Buyer","VIP"]}',12,70000,1,93,36);
INSERT INTO "person" VALUES(6,'shop','finn@example.com',1,0,1781784900,1781641080,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f','[]','[]','["First-time Buyer"]','{}','["First-time Buyer","Regular"]','[]',NULL,'{"segment":"Regular","tags":["First-time Buyer","Regular"]}',14,10000,1,43,36);
INSERT INTO "person" VALUES(7,'shop','',0,0,NULL,NULL,'','[]','[]','[]','{}','[]','[]',NULL,NULL,0,0,0,NULL,NULL);
INSERT INTO "person" VALUES(8,'shop','hugo@example.com',1,0,1781991000,1781731800,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f','[]','[]','["First-time Buyer"]','{}','["First-time Buyer","VIP"]','[]',NULL,NULL,0,60000,1,NULL,NULL);
INSERT INTO "person" VALUES(9,'shop','ida@example.com',1,0,1781991000,1781731800,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f','[]','[]','["First-time Buyer"]','{}','["First-time Buyer","VIP"]','[]',NULL,NULL,0,60000,1,NULL,NULL);
INSERT INTO "person" VALUES(10,'shop','jo@example.com',1,0,1781991000,1781731800,'ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f','[]','[]','["First-time Buyer"]','{}','["First-time Buyer","VIP"]','[]',NULL,NULL,0,60000,1,NULL,NULL);
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
INSERT INTO "rescan" VALUES('shop','ids',1781517600,946684800,1781517481,0,1);
INSERT INTO "rescan" VALUES('shop','customers',1781690400,0,0,0,1);
CREATE TABLE rule (
	store VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	changed_at BIGINT NOT NULL, 
	PRIMARY KEY (store, kind, name)
);
INSERT INTO "rule" VALUES('shop','segment','VIP','f7cdd6151aa30f71d4337cc5c4c4d958008921ca1b3cbea0423e2e289f697e2e',1781517600);
INSERT INTO "rule" VALUES('shop','segment','Regular','f7cdd6151aa30f71d4337cc5c4c4d958008921ca1b3cbea0423e2e289f697e2e',1781517600);
INSERT INTO "rule" VALUES('shop','tags','','44e8f733b58ca6062b488fdfe5b7099e5e77e4ad9c6034e7b78108a7b0ffe0a4',1781517600);
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
	reason TEXT NOT NULL, 
	rules_digest VARCHAR NOT NULL, 
	started_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	PRIMARY KEY (id), 
	CONSTRAINT run_once UNIQUE (store, workflow, person, event)
);
INSERT INTO "run" VALUES(1,'shop','rehearsal',2,'order 10 paid',1781521380,10,10,0,'dry_run','done','[1]',NULL,'["add_note Only played"]','{}','all steps are done','ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f',1781521380,NULL);
INSERT INTO "run" VALUES(2,'shop','welcome',4,'first order',1781521380,9,9,0,'live','waiting','[5]',1781780580,'["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]','{"code":"THANKS-ASG5FKM4","expires":1784152800}','','ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f',1781521380,NULL);
INSERT INTO "run" VALUES(3,'shop','rehearsal',4,'order 9 paid',1781521380,9,9,0,'dry_run','done','[1]',NULL,'["add_note Only played"]','{}','all steps are done','ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f',1781521380,NULL);
INSERT INTO "run" VALUES(4,'shop','welcome',5,'first order',1781525340,12,12,0,'live','waiting','[5]',1781784540,'["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]','{"code":"THANKS-CDVW79BV","expires":1784152800}','','ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f',1781525340,NULL);
INSERT INTO "run" VALUES(5,'shop','rehearsal',5,'order 12 paid',1781525340,12,12,0,'dry_run','done','[1]',NULL,'["add_note Only played"]','{}','all steps are done','ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f',1781525340,NULL);
INSERT INTO "run" VALUES(6,'shop','welcome',6,'first order',1781525700,14,14,0,'live','waiting','[5]',1781784900,'["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]','{"code":"THANKS-KP4SDZR7","expires":1784152800}','','ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f',1781525700,NULL);
INSERT INTO "run" VALUES(7,'shop','rehearsal',6,'order 14 paid',1781525700,14,14,0,'dry_run','done','[1]',NULL,'["add_note Only played"]','{}','all steps are done','ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f',1781525700,NULL);
INSERT INTO "run" VALUES(8,'shop','welcome',7,'first order',1781525700,15,15,0,'live','waiting','[5]',1781784900,'["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]','{"code":"THANKS-DY4VAD23","expires":1784152800}','','ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f',1781525700,NULL);
INSERT INTO "run" VALUES(9,'shop','rehearsal',7,'order 15 paid',1781525700,15,15,0,'dry_run','done','[1]',NULL,'["add_note Only played"]','{}','all steps are done','ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f',1781525700,NULL);
INSERT INTO "run" VALUES(10,'shop','welcome',8,'first order',1781731800,18,18,0,'live','waiting','[5]',1781991000,'["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]','{"code":"THANKS-A85CADMR","expires":1784325600}','','ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f',1781731800,NULL);
INSERT INTO "run" VALUES(11,'shop','rehearsal',8,'order 18 paid',1781731800,18,18,0,'dry_run','done','[1]',NULL,'["add_note Only played"]','{}','all steps are done','ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f',1781731800,NULL);
INSERT INTO "run" VALUES(12,'shop','welcome',9,'first order',1781731800,19,19,0,'live','waiting','[5]',1781991000,'["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]','{"code":"THANKS-6DK2827E","expires":1784325600}','','ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f',1781731800,NULL);
INSERT INTO "run" VALUES(13,'shop','rehearsal',9,'order 19 paid',1781731800,19,19,0,'dry_run','done','[1]',NULL,'["add_note Only played"]','{}','all steps are done','ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f',1781731800,NULL);
INSERT INTO "run" VALUES(14,'shop','welcome',10,'first order',1781731800,20,20,0,'live','waiting','[5]',1781991000,'["add_tag First-time Buyer","add_note Welcome, {{ email }}","create_coupon thanks","add_note Your code is {{ coupon.code }}","wait 3d","add_note Three days on"]','{"code":"THANKS-FR8H9MY7","expires":1784325600}','','ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f',1781731800,NULL);
INSERT INTO "run" VALUES(15,'shop','rehearsal',10,'order 20 paid',1781731800,20,20,0,'dry_run','done','[1]',NULL,'["add_note Only played"]','{}','all steps are done','ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f',1781731800,NULL);
CREATE TABLE setting (
	name VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "setting" VALUES('secret','5ec2e75ec2e75ec2e75ec2e75ec2e7');
INSERT INTO "setting" VALUES('look_for_writes_until','1781818200');
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
INSERT INTO "store" VALUES('shop','https://shop.example','7b1c5f0e-2a64-4c39-9d6e-0f1a2b3c4d5e','Shop','Europe/Berlin','USD','10.2.4',1,1,'69bb9a97631f9ac3',1781731800,1,1781517600,1781517600,1,1781731800,4,0,1781690400,1781612280,1781731980,'',NULL,'',NULL,NULL,NULL,1781731980,1781699220,'235.02','ca45ed091fc14817b270961bb65cfe742890b72dd16c7882131fcc65b5b0134f',NULL,'(''by_email'', [], '''', '''', ''latest'', ''respect'')','["wcflow_segment","wcflow_tags"]','',0,'',0);
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
INSERT INTO "transition" VALUES(1,'shop',4,'Regular',1,1781521380,'orders_count 1 >= 1');
INSERT INTO "transition" VALUES(2,'shop',5,'VIP',1,1781525340,'total_spent 700.00 >= 500');
INSERT INTO "transition" VALUES(3,'shop',6,'Regular',1,1781525700,'orders_count 1 >= 1');
INSERT INTO "transition" VALUES(4,'shop',7,'Regular',1,1781525700,'orders_count 1 >= 1');
INSERT INTO "transition" VALUES(5,'shop',7,'Regular',0,1781641080,'orders_count 0 < 1');
INSERT INTO "transition" VALUES(6,'shop',8,'VIP',1,1781731800,'total_spent 600.00 >= 500');
INSERT INTO "transition" VALUES(7,'shop',9,'VIP',1,1781731800,'total_spent 600.00 >= 500');
INSERT INTO "transition" VALUES(8,'shop',10,'VIP',1,1781731800,'total_spent 600.00 >= 500');
CREATE TABLE unconfirmed (
	store VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	id BIGINT NOT NULL, 
	PRIMARY KEY (store, kind, id)
);
CREATE TABLE wcflow_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT wcflow_version_pkc PRIMARY KEY (version_num));
INSERT INTO "wcflow_version" VALUES('0004');
CREATE TABLE workflow (
	store VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	mode VARCHAR NOT NULL, 
	rules_digest VARCHAR NOT NULL, 
	active_since BIGINT NOT NULL, 
	paused_at BIGINT, 
	PRIMARY KEY (store, name)
);
INSERT INTO "workflow" VALUES('shop','welcome','live','c6ac31df3f25ca17bdbfdf7bcc6e60b16268a0153f3284351015a41cf42fbdff',1781517600,NULL);
INSERT INTO "workflow" VALUES('shop','rehearsal','dry_run','9483446caa234a7e7e80503ce5d4ddec35716c4393646a59037e6d1b089445cf',1781517600,NULL);
CREATE TABLE written_tags (
	store VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	id BIGINT NOT NULL, 
	tags TEXT NOT NULL, 
	dropped TEXT NOT NULL, 
	PRIMARY KEY (store, kind, id)
);
INSERT INTO "written_tags" VALUES('shop','order',5,'["Regular"]','[]');
INSERT INTO "written_tags" VALUES('shop','customer',1,'["Came Back","VIP"]','[]');
INSERT INTO "written_tags" VALUES('shop','order',3,'["Came Back","VIP"]','[]');
INSERT INTO "written_tags" VALUES('shop','order',4,'[]','[]');
INSERT INTO "written_tags" VALUES('shop','customer',2,'["Regular"]','[]');
INSERT INTO "written_tags" VALUES('shop','order',9,'["First-time Buyer","Regular"]','[]');
INSERT INTO "written_tags" VALUES('shop','order',10,'["Came Back","Regular"]','[]');
INSERT INTO "written_tags" VALUES('shop','order',12,'["First-time Buyer","VIP"]','[]');
INSERT INTO "written_tags" VALUES('shop','customer',3,'["First-time Buyer","Regular"]','[]');
INSERT INTO "written_tags" VALUES('shop','order',14,'["First-time Buyer","Regular"]','[]');
INSERT INTO "written_tags" VALUES('shop','order',15,'["First-time Buyer","Regular"]','[]');
INSERT INTO "written_tags" VALUES('shop','customer',4,'["First-time Buyer","VIP"]','[]');
CREATE INDEX person_dirty ON person (store, dirty, due_at);
CREATE INDEX person_by_id ON person (store, id, present);
CREATE INDEX person_by_email ON person (store, email);
CREATE INDEX identity_by_person ON identity (store, person);
CREATE INDEX membership_by_segment ON membership (store, segment);
CREATE INDEX transition_by_person ON transition (store, person);
CREATE INDEX orders_by_status ON orders (store, status, currency);
CREATE INDEX orders_by_parent ON orders (store, parent_id) WHERE parent_id <> 0;
CREATE INDEX orders_by_created ON orders (store, created);
CREATE INDEX orders_by_customer ON orders (store, customer_id, email);
CREATE INDEX orders_odd ON orders (store, odd_fields) WHERE odd_fields <> '';
CREATE INDEX customer_odd ON customer (store, odd_fields) WHERE odd_fields <> '';
CREATE INDEX customer_by_email ON customer (store, email);
CREATE INDEX customer_by_billing_email ON customer (store, billing_email);
CREATE INDEX product_odd ON product (store, odd_fields) WHERE odd_fields <> '';
CREATE INDEX run_by_purchase ON run (store, purchase_id);
CREATE INDEX run_by_person ON run (store, person, state);
CREATE INDEX outbox_by_person ON outbox (store, person, state);
CREATE INDEX outbox_due ON outbox (store, state, approved, kind, urgent, due_at);
CREATE INDEX outbox_by_run ON outbox (run_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('person',10);
COMMIT;
