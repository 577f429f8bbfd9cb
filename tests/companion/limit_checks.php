<?php
/**
 * The limit of addresses that visitors type at the checkout.
 *
 * @package wcflow-companion
 */

$checks['so many new addresses an hour are taken, and the others are counted'] = function () {
	global $wpdb;
	delete_transient( 'wcflow_visitor_limit' );
	same( 60, Wcflow_Limit::per_hour(), 'limit' );
	$taken = 0;
	for ( $number = 0; $number < 70; $number++ ) {
		$taken += (int) Wcflow_Limit::takes( 0 );
	}
	same( array( 60, 10 ), array( $taken, Wcflow_Limit::dropped() ), 'taken and dropped' );
	same( 10, call( 'GET', 'status' )[1]['dropped_emails'], 'status' );
	$like = $wpdb->esc_like( 'wcflow_visitors_' ) . '%';
	$wpdb->query( $wpdb->prepare( "DELETE FROM $wpdb->options WHERE option_name LIKE %s", $like ) );
	same( array( true, false, 1 ), array( Wcflow_Limit::takes( 9 ), Wcflow_Limit::takes( 10 ), Wcflow_Limit::dropped() ), 'of one visit' );
	$rows = $wpdb->get_results( $wpdb->prepare( "SELECT option_value, autoload FROM $wpdb->options WHERE option_name LIKE %s", $like ), ARRAY_A );
	same( array( array( 'option_value' => '1', 'autoload' => 'no' ) ), array_values( array_unique( $rows, SORT_REGULAR ) ), 'only numbers, not loaded with every page' );
};

$checks['numbers of past days are forgotten'] = function () {
	global $wpdb;
	foreach ( array( 2, 24, 30, 900 ) as $hours ) {
		$wpdb->insert( $wpdb->options, array( 'option_name' => 'wcflow_visitors_' . gmdate( 'YmdH', time() - $hours * HOUR_IN_SECONDS ) . 'dropped', 'option_value' => '5', 'autoload' => 'no' ) );
	}
	same( 6, Wcflow_Limit::dropped(), 'of the last 24 hours' );
	Wcflow_Tables::purge();
	same( 4, (int) $wpdb->get_var( "SELECT COUNT(*) FROM $wpdb->options WHERE option_name LIKE 'wcflow\\_visitors\\_2%'" ), 'left' );
};

$checks['a shop with many customers takes more'] = function () {
	global $wpdb;
	$table = Wcflow_Tables::name( 'people' );
	$wpdb->query( "INSERT INTO $table (person, tags, groups_json, reasons, generation, updated_at) SELECT 1000000 + a.n * 200 + b.n, '[]', '[]', '[]', 'limit', NOW() FROM (SELECT ROW_NUMBER() OVER () AS n FROM information_schema.COLUMNS LIMIT 200) a JOIN (SELECT ROW_NUMBER() OVER () AS n FROM information_schema.COLUMNS LIMIT 200) b" );
	delete_transient( 'wcflow_visitor_limit' );
	same( (int) ceil( Wcflow_People::count() / 500 ), Wcflow_Limit::per_hour(), 'limit' );
	same( true, Wcflow_Limit::per_hour() >= 80, 'more than 60' );
	$wpdb->query( "DELETE FROM $table WHERE generation = 'limit'" );
	delete_transient( 'wcflow_visitor_limit' );
};
