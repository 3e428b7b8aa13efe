/* What stands in a report.
 *
 *   covered            one row: the last event that the report knows, and the state digest behind it
 *   drops              one row a drop; counts as the engine keeps them
 *   orders             every accepted order that is kept, cancelled ones among them; order_id is its
 * event cancellations      one row a cancelled order source             one row: which data directory a
 * mirror tells of about              what each table and view is, for who opens the file
 *
 * orders and cancellations are views of order_rows and cancellation_rows. A mirror that is far behind
 * writes rows ahead of what is covered, in many short transactions, and the drops with the new `covered`
 * in the last one; and it takes the rows of removed drops away piece by piece. The views show neither, so
 * that they tell at all times what was true behind the one event that `covered` names.
 *
 * Views are the interface that stays: orders, cancellations, standing_orders, winners, drop_totals,
 * orders_by_minute; and of the tables covered and drops.
 *
 * Numbers are signed 64-bit in SQLite: a drop_id above 2^63 - 1 appears negative; times are cut to what
 * fits. order_key and digest are 16 hex digits. Times are microseconds since 1970, 0 for none. */
#include "report/schema.h"

const char slc_report_schema[] =
    "CREATE TABLE covered (id INTEGER PRIMARY KEY CHECK (id = 1), sequence INTEGER NOT NULL,"
    " digest TEXT) STRICT;"
    "CREATE TABLE source (id INTEGER PRIMARY KEY CHECK (id = 1), data_directory TEXT NOT NULL) STRICT;"
    "CREATE TABLE drops (drop_id INTEGER PRIMARY KEY, name TEXT NOT NULL, stock INTEGER NOT NULL,"
    " sold INTEGER NOT NULL, remaining INTEGER NOT NULL, per_user_limit INTEGER NOT NULL,"
    " opens_at_us INTEGER NOT NULL, closes_at_us INTEGER NOT NULL,"
    " closed INTEGER NOT NULL CHECK (closed IN (0, 1)), orders INTEGER NOT NULL,"
    " cancelled INTEGER NOT NULL) STRICT;"
    "CREATE TABLE order_rows (order_id INTEGER PRIMARY KEY, drop_id INTEGER NOT NULL, user TEXT NOT NULL,"
    " quantity INTEGER NOT NULL, order_key TEXT, time_us INTEGER NOT NULL) STRICT;"
    "CREATE TABLE cancellation_rows (order_id INTEGER PRIMARY KEY, drop_id INTEGER NOT NULL,"
    " sequence INTEGER NOT NULL, time_us INTEGER NOT NULL) STRICT;"
    "CREATE TABLE removed (drop_id INTEGER PRIMARY KEY, until_order_id INTEGER NOT NULL) STRICT;"
    "CREATE TABLE about (name TEXT PRIMARY KEY, meaning TEXT NOT NULL) STRICT;"
    "CREATE VIEW orders AS"
    " SELECT order_id, drop_id, user, quantity, order_key, time_us FROM order_rows o"
    " WHERE order_id <= (SELECT sequence FROM covered) AND NOT EXISTS"
    " (SELECT 1 FROM removed r WHERE r.drop_id = o.drop_id AND r.until_order_id >= o.order_id);"
    "CREATE VIEW cancellations AS"
    " SELECT order_id, drop_id, sequence, time_us FROM cancellation_rows c"
    " WHERE sequence <= (SELECT sequence FROM covered) AND NOT EXISTS"
    " (SELECT 1 FROM removed r WHERE r.drop_id = c.drop_id AND r.until_order_id >= c.order_id);"
    "CREATE VIEW standing_orders AS"
    " SELECT o.* FROM orders o WHERE NOT EXISTS"
    " (SELECT 1 FROM cancellations c WHERE c.order_id = o.order_id);"
    "CREATE VIEW winners AS"
    " SELECT drop_id, user, count(*) AS orders, sum(quantity) AS units, min(order_id) AS first_order_id,"
    " min(time_us) AS first_time_us,"
    " row_number() OVER (PARTITION BY drop_id ORDER BY min(order_id)) AS place"
    " FROM standing_orders GROUP BY drop_id, user;"
    "CREATE VIEW drop_totals AS"
    " SELECT d.drop_id, d.name, d.stock, d.sold, d.remaining, d.orders, d.cancelled,"
    " d.orders - d.cancelled AS standing,"
    " (SELECT count(DISTINCT s.user) FROM standing_orders s WHERE s.drop_id = d.drop_id) AS winners,"
    " (SELECT min(o.time_us) FROM orders o WHERE o.drop_id = d.drop_id) AS first_order_us,"
    " (SELECT max(o.time_us) FROM orders o WHERE o.drop_id = d.drop_id) AS last_order_us"
    " FROM drops d;"
    "CREATE VIEW orders_by_minute AS"
    " SELECT drop_id, strftime('%Y-%m-%dT%H:%MZ', minute * 60, 'unixepoch') AS minute,"
    " sum(orders) AS orders, sum(units) AS units, sum(cancellations) AS cancellations,"
    " sum(units_back) AS units_back FROM ("
    "SELECT drop_id, time_us / 60000000 AS minute, count(*) AS orders, sum(quantity) AS units,"
    " 0 AS cancellations, 0 AS units_back FROM orders GROUP BY 1, 2"
    " UNION ALL "
    "SELECT c.drop_id, c.time_us / 60000000, 0, 0, count(*), sum(o.quantity)"
    " FROM cancellations c JOIN orders o USING (order_id) GROUP BY 1, 2)"
    " GROUP BY drop_id, minute;"
    "INSERT INTO about VALUES"
    " ('covered', 'one row: sequence of the last event that is in here, and the state digest behind it;"
    " no row: a mirror is still writing its first state'),"
    " ('source', 'one row: identity of the data directory that a mirror (--report) tells of'),"
    " ('drops', 'one row a drop; opens_at_us 0 is at once, closes_at_us 0 is never, per_user_limit 0 is"
    " none; times in microseconds since 1970'),"
    " ('orders', 'view: every accepted order, cancelled ones among them; order_key in 16 hex digits, NULL"
    " without one'),"
    " ('cancellations', 'view: orders taken back; sequence is the event that did it'),"
    " ('order_rows', 'inside: rows of orders, also those ahead of what is covered; read orders'),"
    " ('cancellation_rows', 'inside: likewise of cancellations'),"
    " ('removed', 'inside: purged drops whose rows are being taken away'),"
    " ('standing_orders', 'view: orders that are not cancelled'),"
    " ('winners', 'view: who holds how many units of which drop, place by the first standing order'),"
    " ('drop_totals', 'view: one row a drop with its counts, winners, first and last order'),"
    " ('orders_by_minute', 'view: by drop and minute (UTC): orders, units, cancellations, units back');";

const char slc_report_indexes[] =
    "CREATE INDEX IF NOT EXISTS orders_by_drop_user ON order_rows (drop_id, user);";

const char slc_report_live_indexes[] =
    "CREATE INDEX IF NOT EXISTS orders_by_drop ON order_rows (drop_id);"
    "CREATE INDEX IF NOT EXISTS cancellations_by_sequence ON cancellation_rows (sequence);";
