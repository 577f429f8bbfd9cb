<?php
/**
 * Whose each order is, and how the list of orders is narrowed by it; part of checks.php.
 *
 * @package wcflow-companion
 */

/**
 * Makes an order in the posts storage and returns its id.
 *
 * @param int    $account Account, or 0.
 * @param string $email   Address.
 * @param string $date    Date.
 */
function make_order( $account, $email, $date = '2026-01-01 10:00:00' ) {
	return wp_insert_post(
		array(
			'post_type'   => 'shop_order',
			'post_title'  => 'order',
			'post_status' => 'publish',
			'post_date'   => $date,
			'meta_input'  => array(
				'_customer_user' => $account,
				'_billing_email' => $email,
			),
		)
	);
}

/**
 * Returns whose orders are, as the table says; null where it does not know an order.
 *
 * @param int[] $orders Ids of orders.
 */
function owners( $orders ) {
	global $wpdb;
	$found = array();
	foreach ( $orders as $order ) {
		$person  = $wpdb->get_var( $wpdb->prepare( 'SELECT person FROM ' . Wcflow_Tables::name( 'orders' ) . ' WHERE order_id = %d', $order ) );
		$found[] = null === $person ? null : (int) $person;
	}
	return $found;
}

/**
 * Returns the ids of the orders that the narrowed list of the posts storage shows, and how many there are.
 *
 * @param string[] $chosen What the address of the list says.
 */
function listed( $chosen ) {
	$_GET                    = $chosen;
	$GLOBALS['pagenow']      = 'edit.php';
	$GLOBALS['wp_the_query'] = new WP_Query();
	$GLOBALS['wp_the_query']->query( array( 'post_type' => 'shop_order', 'posts_per_page' => 2, 'post_status' => 'publish', 'orderby' => 'date', 'order' => 'DESC' ) );
	$_GET = array();
	return array( wp_list_pluck( $GLOBALS['wp_the_query']->posts, 'ID' ), $GLOBALS['wp_the_query']->found_posts );
}

$checks['an order belongs to the person of its account, else of its address'] = function () {
	global $wpdb;
	register_post_type( 'shop_order' );
	call( 'POST', 'people', array( 'generation' => 'g', 'people' => array( card( 801, array( 'accounts' => array( 9801 ), 'emails' => array( 'Öhm@x.example' ) ) ), card( 802 ) ) ) );
	$orders = array( make_order( 9801, 'p802@x.example' ), make_order( 0, 'P802@x.example' ), make_order( 9999, 'öhm@x.example' ), make_order( 0, 'ohm@x.example' ), make_order( 0, '' ) );
	Wcflow_Streams::flush();
	same( array( 801, 802, 801, 0, 0 ), owners( $orders ), 'new orders' );
	same( 0, (int) $wpdb->get_var( 'SELECT COUNT(*) FROM ' . Wcflow_Tables::name( 'orders' ) . " WHERE address LIKE '%@%'" ), 'addresses' );

	call( 'POST', 'people', array( 'generation' => 'g', 'people' => array( card( 801, array( 'emails' => array( 'ohm@x.example' ) ) ), card( 803, array( 'accounts' => array( 9801 ) ) ) ) ) );
	same( array( 803, 802, 0, 801, 0 ), owners( $orders ), 'other cards' );
	call( 'POST', 'people', array( 'generation' => 'g', 'people' => array( card( 804, array( 'email' => '', 'emails' => array() ) ) ), 'gone' => array( 803 ) ) );
	same( array( 802, 802, 0, 801, 0 ), owners( $orders ), 'a person who is gone' );

	update_post_meta( $orders[4], '_billing_email', 'ohm@x.example' );
	wp_delete_post( $orders[3], true );
	Wcflow_Streams::flush();
	same( array( 802, 802, 0, null, 801 ), owners( $orders ), 'changed and deleted orders' );
	array_map( 'wp_delete_post', array_diff( $orders, array( $orders[3] ) ) );
};

$checks['orders that WordPress was not told of are read later'] = function () {
	global $wpdb;
	$table  = Wcflow_Tables::name( 'orders' );
	$orders = array( make_order( 0, 'p802@x.example' ), make_order( 0, 'p802@x.example' ) );
	Wcflow_Streams::flush();
	$wpdb->query( "TRUNCATE `$table`" );
	delete_option( 'wcflow_orders' );
	same( 200, call( 'GET', 'status' )[0], 'status' );
	same( array( 802, 802 ), owners( $orders ), 'from the first on' );
	same( true, get_option( 'wcflow_orders' )['done'], 'done' );

	$wpdb->query( "TRUNCATE `$table`" );
	same( true, Wcflow_Orders::catch_up( 1 ), 'nothing new' );
	same( array( null, null ), owners( $orders ), 'nothing is read twice' );
	Wcflow_Tables::purge();
	same( true, Wcflow_Orders::catch_up( 1 ), 'done stays' );
	same( array( 802, 802 ), owners( $orders ), 'once a day all are read' );
	array_map( 'wp_delete_post', $orders );
};

$checks['the list of orders is narrowed by an index in the posts storage'] = function () {
	global $wpdb;
	require_once WP_PLUGIN_DIR . '/wcflow-companion/includes/admin/class-wcflow-orders-query.php';
	add_filter( 'posts_clauses', array( 'Wcflow_Orders_Query', 'post_clauses' ), 10, 2 );
	$people = array( card( 811, array( 'segment' => 'VIP', 'tags' => array( "O'Neil", 'Gold' ), 'accounts' => array( 9811 ) ) ), card( 812, array( 'segment' => 'New', 'tags' => array( 'Gold' ) ) ), card( 813 ) );
	call( 'POST', 'people', array( 'generation' => 'g', 'people' => $people ) );
	$first = make_order( 9811, 'x@x.example', '2026-01-01 10:00:00' );
	$guest = make_order( 0, 'p812@x.example', '2026-01-02 10:00:00' );
	$third = make_order( 9811, 'p812@x.example', '2026-01-03 10:00:00' );
	$other = make_order( 0, 'p813@x.example', '2026-01-04 10:00:00' );
	Wcflow_Streams::flush();
	$seen = array();
	$note = function ( $sql ) use ( &$seen ) {
		if ( 0 === strpos( ltrim( $sql ), 'SELECT' ) && false !== strpos( $sql, 'wcflow_orders`' ) ) {
			$seen[] = $sql;
		}
		return $sql;
	};
	add_filter( 'query', $note );
	same( array( array( $third, $guest ), 3 ), listed( array( 'wcflow_tag' => 'Gold' ) ), 'tag' );
	same( array( array( $third, $first ), 2 ), listed( array( 'wcflow_tag' => 'Gold', 'wcflow_segment' => 'VIP' ) ), 'tag and segment' );
	same( array( array( $third, $first ), 2 ), listed( array( 'wcflow_tag' => "O\\'Neil" ) ), 'quote' );
	same( array( array(), 0 ), listed( array( 'wcflow_tag' => 'None' ) ), 'nobody' );
	same( array( array( $guest, $third ), 4 ), listed( array( 'orderby' => 'wcflow_segment' ) ), 'sorted' );
	same( array( array( $third, $first ), 4 ), listed( array( 'orderby' => 'wcflow_segment', 'order' => 'desc' ) ), 'sorted down' );
	remove_filter( 'query', $note );
	remove_filter( 'posts_clauses', array( 'Wcflow_Orders_Query', 'post_clauses' ) );
	same( 6, count( $seen ), 'queries' );
	foreach ( $seen as $sql ) {
		foreach ( $wpdb->get_results( "EXPLAIN $sql", ARRAY_A ) as $step ) {
			same( true, null === $step['table'] || null !== $step['key'], "$sql " . wp_json_encode( $step ) );
		}
	}
	same( array( array( $other, $third ), 4 ), listed( array() ), 'not narrowed' );
	array_map( 'wp_delete_post', array( $first, $guest, $third, $other ) );
};

/**
 * The query behind WooCommerce's list of orders, as far as the plugin looks at it.
 */
class Orders_Query_Of_Shop {
	/**
	 * Returns the full name of a table.
	 *
	 * @param string $name Short name.
	 */
	public function get_table_name( $name ) {
		global $wpdb;
		return $wpdb->prefix . 'wc_' . $name;
	}
}

/**
 * Returns the ids of the orders that the narrowed list of WooCommerce's own tables shows, and how many there are.
 *
 * @param string[] $chosen What the address of the list says.
 * @param string[] $seen   Receives the two queries.
 */
function listed_in_tables( $chosen, &$seen ) {
	global $wpdb;
	$_GET    = $chosen;
	$orders  = "{$wpdb->prefix}wc_orders";
	$args    = Wcflow_Orders_Query::prepare( array( 'orderby' => 'date' ) );
	$query   = new Orders_Query_Of_Shop();
	$clauses = array(
		'fields'  => "$orders.id",
		'join'    => '',
		'where'   => "1=1 AND ($orders.status IN ('wc-completed')) AND ($orders.type = 'shop_order')",
		'groupby' => "GROUP BY $orders.id",
		'orderby' => "$orders.date_created_gmt DESC",
		'limits'  => 'LIMIT 0, 2',
	);
	$clauses = apply_filters_ref_array( 'woocommerce_orders_table_query_clauses', array( $clauses, &$query, $args ) );
	$page    = "SELECT {$clauses['fields']} FROM $orders {$clauses['join']} WHERE {$clauses['where']} {$clauses['groupby']} ORDER BY {$clauses['orderby']} {$clauses['limits']}";
	$count   = apply_filters_ref_array( 'woocommerce_orders_table_query_count_sql', array( 'SELECT 77', &$query, $args ) );
	array_push( $seen, $page, $count );
	$listed = array( array_map( 'intval', $wpdb->get_col( $page ) ), (int) $wpdb->get_var( $count ) );
	remove_all_filters( 'woocommerce_orders_table_query_clauses' );
	remove_all_filters( 'woocommerce_orders_table_query_count_sql' );
	$_GET = array();
	return $listed;
}

$checks['the list of orders is narrowed by an index in WooCommerce\'s own tables'] = function () {
	global $wpdb;
	$orders = "{$wpdb->prefix}wc_orders";
	eval( 'namespace Automattic\WooCommerce\Utilities; class OrderUtil { public static $on = true; public static function custom_orders_table_usage_is_enabled() { return self::$on; } }' );
	$wpdb->query( "CREATE TABLE $orders (id bigint unsigned NOT NULL PRIMARY KEY, status varchar(20), type varchar(20), customer_id bigint unsigned, billing_email varchar(320), date_created_gmt datetime, KEY date_created (date_created_gmt), KEY type_status_date (type,status,date_created_gmt))" );
	for ( $id = 70001; $id <= 70040; $id++ ) {
		// Of 40 orders 30 are of the person 811.
		$wpdb->insert( $orders, array( 'id' => $id, 'status' => 'wc-completed', 'type' => 'shop_order', 'customer_id' => $id % 4 ? 9811 : 0, 'billing_email' => 'P812@x.example', 'date_created_gmt' => gmdate( 'Y-m-d H:i:s', 1700000000 + $id ) ) );
	}
	$seen = array();
	same( array( array( 70040, 70039 ), 40 ), listed_in_tables( array( 'wcflow_tag' => 'Gold' ), $seen ), 'tag' );
	same( array( 'last' => 70040, 'storage' => 'orders', 'done' => true ), get_option( 'wcflow_orders' ), 'read from the other storage' );
	same( array( array( 70040, 70036 ), 10 ), listed_in_tables( array( 'wcflow_tag' => 'Gold', 'wcflow_segment' => 'New' ), $seen ), 'tag and segment' );
	same( array( array( 70040, 70036 ), 77 ), listed_in_tables( array( 'orderby' => 'wcflow_segment' ), $seen ), 'sorted, and counted by WooCommerce' );
	same( array( array(), 0 ), listed_in_tables( array( 'wcflow_tag' => 'None' ), $seen ), 'nobody' );

	// A tag of so many people that the newest orders are looked through.
	$labels = Wcflow_Tables::name( 'labels' );
	$rows   = array();
	for ( $person = 100000; $person <= 105000; $person++ ) {
		$rows[] = array( $person, 'tag', 'Common' );
	}
	$rows[] = array( 811, 'tag', 'Common' );
	Wcflow_Tables::put( 'labels', array( 'person', 'kind', 'name' ), $rows );
	same( array( array( 70039, 70038 ), 30 ), listed_in_tables( array( 'wcflow_tag' => 'Common' ), $seen ), 'a common tag' );
	same( true, false !== strpos( $seen[8], 'FORCE INDEX (date_created)' ) && false === strpos( $seen[8], 'GROUP BY' ), $seen[8] );
	foreach ( $seen as $sql ) {
		foreach ( 'SELECT 77' === $sql ? array() : $wpdb->get_results( "EXPLAIN $sql", ARRAY_A ) as $step ) {
			same( true, null === $step['table'] || null !== $step['key'], "$sql " . wp_json_encode( $step ) );
		}
	}
	$wpdb->query( "DELETE FROM `$labels` WHERE name = 'Common'" );

	// More orders than are read at once, and all of them are read anew: the list waits for the first thousand only.
	$wpdb->query( "INSERT INTO $orders (id, status, type, customer_id, billing_email) SELECT a.id * 100 + b.id, 'wc-completed', 'shop_order', 9811, '' FROM $orders a JOIN $orders b" );
	Wcflow_Orders::catch_up( 10 );
	Wcflow_Orders::begin_anew();
	listed_in_tables( array( 'wcflow_tag' => 'Gold' ), $seen );
	$ids = $wpdb->get_col( "SELECT id FROM $orders ORDER BY id LIMIT 1000" );
	same( array( 'last' => (int) end( $ids ), 'storage' => 'orders', 'done' => true ), get_option( 'wcflow_orders' ), 'read anew' );
	$wpdb->query( "DROP TABLE $orders" );
	\Automattic\WooCommerce\Utilities\OrderUtil::$on = false;
};
