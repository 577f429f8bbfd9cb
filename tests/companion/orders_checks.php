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
